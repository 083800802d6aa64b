"""What guard is wanted, and what was found of it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.boundaries.area import Area
from reconciler.model.address import Address

KIND = "guard"
IN_FORCE = "in_force"
"""The field that changes where a guard was put out of force."""


@dataclass(frozen=True, slots=True)
class GuardSpec:
    """The guard of one workspace.

    Attributes:
        workspace: its full name.
        tree: its tree.
        branch: its branch, the one that is held to the area.
        area: what it may change.
        bases: the names of what it starts from, the nearest first; of all but the last the branch is declared, and
            None is the default branch.
        was: its address before the workspace was renamed.
    """

    workspace: str
    tree: Path
    branch: str
    area: Area
    bases: tuple[str | None, ...] = (None,)
    was: Address | None = None

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The names by which its tree may be marked."""
        return (self.workspace, self.was.name) if self.was else (self.workspace,)

    @property
    def declared(self) -> dict[str, Any]:
        """What the mark keeps of it; the branch is the workspace's."""
        allowed, denied = self.area.allowed, self.area.deny
        return {"modify": [str(p) for p in allowed], "deny": [str(p) for p in denied]}


@dataclass(frozen=True, slots=True)
class GuardActual:
    """What was found of a guard.

    Attributes:
        tree: where the tree is.
        git_dir: its private git directory.
        is_marked: a guard was put there.
        applied: the declaration that it was made from.
        faults: what is not as it was made, in words; empty when it is in force.
        is_tried: it was seen to refuse what it must.
        former: the name that its workspace had when it was put there, where it has another by now.
    """

    tree: Path
    git_dir: Path
    is_marked: bool = False
    applied: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    is_tried: bool = False
    former: str | None = None
