"""What stands around a workspace: its branch elsewhere, and whatever is at the path that its tree is wanted at."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from reconciler.clients.files import is_temporary
from reconciler.clients.survey import Survey
from reconciler.clients.trees import Standing, TreeRecord, linked_git_dir
from reconciler.kinds.workspace.spec import KIND, Surroundings, TreeActual, WorkspaceSpec
from reconciler.model.address import Address

_ON_DISK = frozenset({Standing.PRESENT, Standing.MOVED, Standing.CUT_OFF})


def surroundings(survey: Survey, spec: WorkspaceSpec, tree: TreeActual | None) -> Surroundings:
    """Look at what matters for making, renaming or moving a workspace's tree."""
    branch = survey.branches.get(spec.branch)
    remotes = survey.remotes_with(spec.branch)
    place = _checked_out_elsewhere(survey, spec.branch)
    obstacle, hint = _obstacle(survey, spec, tree)
    holds = _held_by(survey, tree) if tree else None
    return Surroundings(
        branch_commit=branch.commit if branch else None,
        branch_is_ours=branch is not None and branch.mark == Address(KIND, spec.name),
        remote=(remotes[0], survey.remotes[remotes[0]]) if len(remotes) == 1 else None,
        remotes=remotes,
        checked_out_at=place,
        is_gone=place is not None and not os.path.lexists(place),
        is_cut_off=any(r.path == place and r.standing is Standing.CUT_OFF for r in survey.records),
        is_in_main=spec.branch == survey.main_branch,
        ref_in_the_way=_ref_in_the_way(survey, spec.branch, tree),
        is_recorded=any(r.branch == spec.branch and r.standing is Standing.FOREIGN for r in survey.records),
        obstacle=obstacle,
        obstacle_hint=hint,
        holds=holds,
        step_aside=_step_aside(survey, spec, tree, holds) if tree and (obstacle or holds) else None,
    )


def _checked_out_elsewhere(survey: Survey, branch: str) -> Path | None:
    place = survey.checked_out.get(branch)
    record = survey.record_at(place) if place else None
    return None if record and record.standing is Standing.FOREIGN else place


def _ref_in_the_way(survey: Survey, branch: str, tree: TreeActual | None) -> str:
    own = tree.branch if tree else None
    for other in survey.branches:
        if other != own and (other.startswith(branch + "/") or branch.startswith(other + "/")):
            return other
    return ""


def _obstacle(survey: Survey, spec: WorkspaceSpec, tree: TreeActual | None) -> tuple[str, str]:
    """Say what stands at the wanted path that is not this workspace's own tree, and the way out."""
    record = survey.record_at(spec.path)
    if record is not None and not (tree and record.git_dir == tree.git_dir):
        return _record_obstacle(spec, record)
    enclosed = _enclosing_obstacle(survey, spec, tree)
    if enclosed:
        return enclosed
    if not os.path.lexists(spec.path) or (record and record.standing is not Standing.MISSING):
        return "", ""
    return _path_obstacle(spec, survey.repository.common_dir, is_recorded=record is not None)


def _enclosing_obstacle(survey: Survey, spec: WorkspaceSpec, tree: TreeActual | None) -> tuple[str, str] | None:
    """Say what lies around the wanted path so that no tree may be there, and the way out."""
    outer = next((path for path in spec.path.parents if survey.record_at(path)), None)
    if outer is not None and tree and outer == tree.path:
        return f"{spec.path} lies inside the tree itself", "name another `path:`"
    if outer is not None:
        return f"{spec.path} lies inside the worktree {outer}, with which git would delete it", "name another `path:`"
    around = _superproject(survey.repository.common_dir, spec.path)
    if around is not None:
        message = f"{spec.path} lies inside {around}, the repository that this one is a submodule of"
        return message, "name a `path:` outside of it"
    above = next((path for path in spec.path.parents if os.path.lexists(path)), None)
    if above is not None and not above.is_dir():
        hint = f"move {above} away, or name another `path:`"
        return f"{above} is in the way of {spec.path}: it is no directory", hint
    return None


def _superproject(common_dir: Path, path: Path) -> Path | None:
    """The tree around a path whose git directory holds this one's, as that of a submodule; its status would show it."""
    if "modules" not in common_dir.parts:
        return None
    for tree in path.parents:
        git_dir = linked_git_dir(tree) or tree / ".git"
        if Path(os.path.realpath(git_dir)) in common_dir.parents:
            return tree
    return None


def _held_by(survey: Survey, tree: TreeActual) -> Path | None:
    """Another worktree inside of a tree: git loses sight of it when the outer one is moved."""
    there = (record.path for record in survey.records if record.standing in _ON_DISK)
    return next((path for path in there if tree.path in path.parents), None)


def _step_aside(survey: Survey, spec: WorkspaceSpec, tree: TreeActual, holds: Path | None) -> tuple[Path, Path] | None:
    """What has to go to a third name first: a tree inside; or this one, where it changes places with another or itself.

    A tree that stands aside already waits for the other to leave.
    """
    if holds is not None:
        return holds, _free_place(survey, spec, holds)
    other = survey.record_at(spec.path)
    is_others = other is not None and other.book is not None and any(a.kind == KIND for a in other.book.marks)
    is_nested = spec.path in tree.path.parents or tree.path in spec.path.parents
    if not (is_nested or (is_others and tree.mark.declared.get("path") == str(tree.path))):
        return None
    return tree.path, _free_place(survey, spec, tree.path)


def _free_place(survey: Survey, spec: WorkspaceSpec, path: Path) -> Path:
    """A free name beside a tree, inside of no worktree and not where a tree is wanted."""
    taken = {spec.path, *(record.path for record in survey.records)}
    parent = next(each for each in path.parents if not taken.intersection((each, *each.parents)))
    names = (f"{path.name}-aside{number or ''}" for number in count())
    return next(place for name in names if not os.path.lexists(place := parent / name) and place != spec.path)


def _path_obstacle(spec: WorkspaceSpec, common_dir: Path, *, is_recorded: bool) -> tuple[str, str]:
    linked = linked_git_dir(spec.path)
    if linked and linked.parent == common_dir / "worktrees":
        if linked.is_dir():  # somebody makes the tree just now, after git was asked
            return "", ""
        hint = f"move {spec.path} away, apply, and copy back what you need"
        return f"git's record of the worktree at {spec.path} was pruned; its files are still there", hint
    if linked:
        return f"{spec.path} is a worktree of another clone or repository", "name another `path:` or `project:`"
    if spec.path.is_symlink() or not spec.path.is_dir():
        return f"{spec.path} exists and is no directory", f"move {spec.path} away, or name another `path:`"
    if _has_content(spec.path):
        hint = f"move {spec.path} away, or name another `path:`"
        if is_recorded:
            hint = f"if that is the tree and only its `.git` file is gone, run `git worktree repair`; else {hint}"
        return f"{spec.path} exists and is not empty", hint
    return "", ""


def _has_content(directory: Path) -> bool:
    try:
        return any(not is_temporary(entry.name) for entry in directory.iterdir())
    except OSError:
        return True


def _record_obstacle(spec: WorkspaceSpec, record: TreeRecord) -> tuple[str, str]:
    on = f"branch {record.branch}" if record.branch else "no branch"
    if record.standing is Standing.FOREIGN:
        return (
            f"{spec.path} is a worktree of the clone that this one was copied from",
            "name another `path:` or `project:`",
        )
    if record.standing is Standing.MISSING:
        return f"git still has a record of a deleted worktree at {spec.path}", "run `git worktree prune`"
    owner = next((str(a) for a in sorted(record.book.marks) if a.kind == KIND), None) if record.book else None
    if owner:
        return f"{spec.path} is the tree of {owner}", "say `was:` if it was renamed, or name another `path:`"
    if record.branch == spec.branch:
        return f"a worktree on {on} is at {spec.path}, made without orchestra", f"run `orchestra adopt {spec.name}`"
    return f"a worktree on {on} is at {spec.path}, made without orchestra", "name another `path:`"
