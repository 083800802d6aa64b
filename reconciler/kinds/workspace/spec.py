"""What is wanted of a workspace, and what was found of it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.clients.marks import Mark
from reconciler.clients.trees import Standing, TreeRecord
from reconciler.vault.archive import Archive

KIND = "workspace"
BEING_MADE = "initializing"
"""Why git locks a worktree while it adds it; a git that outlived its orchestra takes that off at any moment."""


@dataclass(frozen=True, slots=True)
class WorkspaceSpec:
    """A declared workspace.

    Attributes:
        name: its full name, `auth--test` for the helper `test` of `auth`.
        level: 1 main agent, 2 helper, 3 a helper's helper.
        branch: short name of the branch its tree is on.
        base: where the branch starts when it does not exist; None is the repository's default branch.
        path: where its tree is, absolute.
        tree: it has a tree of its own now (a helper that is not eager gets one when it is started).
        host: the tree that its desk lies in; None on level 1.
        desk: where its desk lies in `host`, `/`-separated; empty on level 1.
        sparse: the lines of the sparse checkout; None checks out everything.
        submodules: fill the tree's submodules.
        was: its full name before it was renamed.
        owner: whose it is; None is nobody's in particular.
        scratch: git globs of what no archive holds.
        protect: its tree is kept whatever is destroyed; None leaves it as it was applied last.
        stacked: its base is the branch of a workspace that it waits for, so that the base may come in the same apply.
        fresh: make it anew although an archive of it waits to be brought back.
    """

    name: str
    level: int
    branch: str
    base: str | None
    path: Path
    tree: bool = True
    host: Path | None = None
    desk: str = ""
    sparse: tuple[str, ...] | None = None
    submodules: bool = False
    was: str | None = None
    owner: str | None = None
    scratch: tuple[str, ...] = ()
    protect: bool | None = None
    stacked: bool = False
    fresh: bool = False

    @property
    def declared(self) -> Mapping[str, Any]:
        """The declaration as its mark keeps it."""
        sparse = None if self.sparse is None else list(self.sparse)
        return {
            "branch": self.branch,
            "base": self.base,
            "path": str(self.path),
            "tree": self.tree,
            "sparse": sparse,
            "owner": self.owner,
            "submodules": self.submodules,
            "scratch": list(self.scratch),
            "protect": self.protect,
        }


@dataclass(frozen=True, slots=True)
class Base:
    """Where a branch starts, or started.

    Attributes:
        name: a branch, local or remote-tracking; in words where there is none.
        commit: its tip; None when it does not exist.
        behind: how many of its commits the workspace's branch does not have; None when that was not counted.
        behind_upstream: how many commits the base itself lacks of the branch it follows; None likewise.
        is_known: something says which branch it is; not so of the default branch of a repository without commits.
    """

    name: str
    commit: str | None
    behind: int | None = None
    behind_upstream: int | None = None
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands around a workspace that is not there yet, or is to be renamed or moved.

    Attributes:
        branch_commit: the tip of the wanted branch, when it exists here.
        branch_is_ours: the wanted branch bears this workspace's mark.
        remote: `origin/auth` and its tip, when the branch exists on one remote.
        remotes: all remotes that have the branch.
        checked_out_at: another worktree that has the branch.
        is_gone: nothing is at that place any more.
        is_cut_off: what is there names a git directory that is gone, and does not bear our mark.
        is_in_main: that is the main worktree.
        ref_in_the_way: a branch whose name cannot live beside the wanted one (`feature` and `feature/x`).
        is_recorded: a record that came with a copied git directory claims the branch: the other clone's, not ours.
        obstacle: what stands at the wanted path, in words; empty when the path is free.
        obstacle_hint: the way out of that.
        holds: another worktree that lies inside this one, which is wanted elsewhere.
        step_aside: what a person has to move out of the way before the tree can be moved, and a place that is free.
    """

    branch_commit: str | None = None
    branch_is_ours: bool = False
    remote: tuple[str, str] | None = None
    remotes: tuple[str, ...] = ()
    checked_out_at: Path | None = None
    is_in_main: bool = False
    is_gone: bool = False
    is_cut_off: bool = False
    ref_in_the_way: str = ""
    is_recorded: bool = False
    obstacle: str = ""
    obstacle_hint: str = ""
    holds: Path | None = None
    step_aside: tuple[Path, Path] | None = None


@dataclass(frozen=True, slots=True)
class TreeActual:
    """A tree that bears a workspace's mark.

    Attributes:
        filling: its files are still to be written, or what comes after them.
        mark: the mark; its declaration is what was last applied.
        published: the branch is on a remote.
        users: processes that stand in it, in words.
        sparse: the lines of its sparse checkout; None when it is full.
        empty_submodules: paths of submodules that are not filled, although git would fill them.
        has_submodules: git refuses to move it.
        is_on_another_disk: the system refuses to move it to where it is declared.
        lost: the commit that its branch, which was deleted, was at; empty when nothing tells; None when it is there.
    """

    git_dir: Path
    path: Path
    branch: str | None
    head: str | None
    locked: str | None
    standing: Standing
    filling: bool
    mark: Mark
    marked_as: str
    published: bool = False
    users: tuple[str, ...] = ()
    sparse: tuple[str, ...] | None = None
    empty_submodules: tuple[str, ...] = ()
    has_submodules: bool = False
    is_on_another_disk: bool = False
    lost: str | None = None

    @classmethod
    def of(cls, record: TreeRecord, mark: Mark, marked_as: str) -> TreeActual:
        """What git's record and the mark say of it."""
        return cls(
            git_dir=record.git_dir,
            path=record.path,
            branch=record.branch,
            head=record.head,
            locked=record.locked,
            standing=record.standing,
            filling=mark.state != "ready",
            mark=mark,
            marked_as=marked_as,
        )


@dataclass(frozen=True, slots=True)
class ComesBack:
    """How an archive comes back.

    Attributes:
        head: the commit.
        branch: where to; None for no branch, as it was.
        exists: the branch is there, at that commit.
        is_renamed: it is the workspace's own branch under its old name, and gets the new one then.
    """

    head: str
    branch: str | None
    exists: bool = False
    is_renamed: bool = False


@dataclass(frozen=True, slots=True)
class WorkspaceActual:
    """What was found of a workspace.

    Attributes:
        tree: its tree; None when there is none.
        desk: its desk is there, with its mark; None where no desk belongs.
        desk_blocked: why a desk cannot be there, in words.
        around: what matters for making, renaming and moving it.
        base: where its branch starts, or started.
        kept_because: reasons not to remove it, in words; only filled in when removal was asked about.
        delete_branch: its branch is to be removed with its tree; likewise.
        fate: why its tree may go, and what is saved of it; likewise.
        parked: the archive that the next apply brings back; None when there is none, or when there is a tree.
        comes_back: how; None when it cannot.
        branch: its branch, when that is all that is left of it.
    """

    tree: TreeActual | None = None
    desk: bool | None = None
    desk_blocked: str = ""
    around: Surroundings = Surroundings()
    base: Base | None = None
    branch_made: bool = False
    kept_because: tuple[str, ...] = ()
    host: Path | None = None
    desk_path: str = ""
    branch: str | None = None
    fate: str = ""
    delete_branch: bool = False
    parked: Archive | None = None
    comes_back: ComesBack | None = None
