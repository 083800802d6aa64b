"""What a plan learned about the world that a second look would not find, or would pay too much for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.clients.excludes import never_ignored
from reconciler.clients.survey import Survey
from reconciler.clients.trees import Standing, TreeRecord, is_displaced, linked_git_dir
from reconciler.model.address import Address

if TYPE_CHECKING:
    from reconciler.vault.unsaveable import Appraisal  # its import is slow, and a plan that removes nothing has none

_MOST_SEEN = 200_000  # files; a guess: they take half a kilobyte each


@dataclass(frozen=True, slots=True)
class Located:
    """Declared paths of trees, and their records: a tree that was moved by hand is worked on where it is."""

    found: dict[Path, TreeRecord] = field(default_factory=dict)

    def learn(self, survey: Survey, declared: Path, *names: str | None) -> None:
        """Remember where the tree of a workspace is, by its mark under any of its names."""
        for name in names:
            hit = survey.marks.get(Address("workspace", name)) if name else None
            if hit:
                self.found.setdefault(declared, hit[0])

    def resolve(self, declared: Path) -> Path:
        """Where it was found, if it is still there; else the declared path."""
        record = self.found.get(declared)
        return record.path if record and linked_git_dir(record.path) else declared

    def git_dir_of(self, declared: Path) -> Path | None:
        """The private git directory of a tree; also while the two do not name each other, as the plan will mend.

        None where a file stands in its place.
        """
        here = self.resolve(declared)
        named = linked_git_dir(here)
        record = self.found.get(declared)
        if record is None or (named and named.exists()):
            return named
        return None if is_displaced(here) else record.git_dir

    def is_cut_off(self, declared: Path) -> bool:
        """Whether the tree names a git directory that is gone, which only the apply will mend."""
        named = linked_git_dir(self.resolve(declared))
        return named is not None and not named.exists()


@dataclass(frozen=True, slots=True)
class SeenTrees:
    """What the plan saw of trees that are to be removed, as far as there is room: to look is what costs most of it."""

    found: dict[Path, Appraisal] = field(default_factory=dict)

    def keep(self, git_dir: Path, seen: Appraisal | None) -> None:
        """Keep it, if a save may be made of it later."""
        sightings = [each.sighting for each in (seen, *self.found.values()) if each and each.sighting]
        if seen and seen.sighting and seen.sighting.is_complete and sum(s.files for s in sightings) <= _MOST_SEEN:
            self.found[git_dir] = seen

    def take(self, git_dir: Path) -> Appraisal | None:
        """Give it, once."""
        return self.found.pop(git_dir, None)


@dataclass(frozen=True, slots=True)
class Memory:
    """Shared by the kinds from the plan to the end of its apply.

    Attributes:
        tracked: what the repository itself has by a name of ours, per tree and path, as it was planned.
        never_ignored: per tree, what its `.gitignore` takes out of all that is ignored.
        starts: per workspace, the commit of its base that the plan showed.
        brought_back: files of ours that came back with a tree from its archive, since somebody had edited them.
        parked: workspaces of which an archive waits to be brought back.
        without_tree: dependencies that were planned before there was a tree to look into.
        numbers: per workspace the ports that it will have after this plan.
        volumes: per workspace that is to be destroyed, what the manifest says now of its volumes.
        kept: workspaces that are no longer declared, or to be destroyed, and whose trees stay.
        drifted: declared paths of trees that were moved by hand, and where they are.
        bases: per declared path of a tree with a guard, what names the commits that count as its base.
        seen: per private git directory of a tree that is to be removed, what was seen of it.
    """

    located: Located = field(default_factory=Located)
    tracked: dict[tuple[Path, str], bool] = field(default_factory=dict)
    never_ignored: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    starts: dict[str, str] = field(default_factory=dict)
    drifted: dict[Path, Path] = field(default_factory=dict)
    numbers: dict[str, dict[str, int]] = field(default_factory=dict)
    volumes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    parked: set[str] = field(default_factory=set)
    brought_back: set[Address] = field(default_factory=set)
    without_tree: set[Address] = field(default_factory=set)
    bases: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    seen: SeenTrees = field(default_factory=SeenTrees)

    def learn_never_ignored(self, survey: Survey, tree: Path) -> None:
        """Remember what the `.gitignore` of a tree, or of the one that it starts from, takes out of what is ignored."""
        here = self.located.resolve(tree)
        top = here if linked_git_dir(here) else survey.main
        self.never_ignored[tree] = never_ignored(top) if top else ()

    def learn_drift(self, survey: Survey, workspace: str, declared: Path) -> None:
        """Remember where a tree is that is not where it is declared, and that no edit of the manifest will move."""
        hit = survey.marks.get(Address("workspace", workspace))
        is_there = hit is not None and hit[0].standing in {Standing.PRESENT, Standing.MOVED}
        if hit and is_there and hit[0].path != declared and hit[1].declared.get("path") == str(declared):
            self.drifted[declared] = hit[0].path
