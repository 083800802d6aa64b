"""What a plan learned about the world that a second look would not find, or would pay too much for."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from reconciler.clients.survey import Survey, linked_git_dir
from reconciler.model.address import Address


@dataclass(frozen=True, slots=True)
class Located:
    """Declared paths of trees, and where they were found: a tree that was moved by hand is worked on where it is."""

    found: dict[Path, Path] = field(default_factory=dict)

    def learn(self, survey: Survey, declared: Path, *names: str | None) -> None:
        """Remember where the tree of a workspace is, by its mark under any of its names."""
        for name in names:
            hit = survey.marks.get(Address("workspace", name)) if name else None
            if hit:
                self.found.setdefault(declared, hit[0].path)

    def resolve(self, declared: Path) -> Path:
        """The declared path when a tree is there, else where it was found."""
        return declared if linked_git_dir(declared) else self.found.get(declared, declared)


@dataclass(frozen=True, slots=True)
class Memory:
    """Shared by the kinds from the plan to the end of its apply.

    Attributes:
        tracked: what the repository itself has by a name of ours, per tree and path, as it was planned.
    """

    located: Located = field(default_factory=Located)
    tracked: dict[tuple[Path, str], bool] = field(default_factory=dict)
