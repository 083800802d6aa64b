"""What a person can do where a rename or a move is left to them. Rule: a command is named only where it works. Pure."""

from __future__ import annotations

import shlex

from reconciler.kinds.workspace.spec import TreeActual, WorkspaceActual, WorkspaceSpec

_OTHERWISE = "put `path:` back, or let `orchestra destroy` take it down first"


def steps(spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> tuple[str, ...]:
    """Say what is to be done by hand; what only then becomes possible is left to the next apply."""
    moves, around = tree.path != spec.path, actual.around
    if moves and around.step_aside:
        command = _quoted(*_unlock(tree), *_move(*around.step_aside), *_left_between(spec, tree))
        return (f"by hand, first: {command}; then apply, until the plan is empty",)
    blocked = [*_branch_blocked(spec, actual, tree), *([_move_blocked(actual, tree)] if moves else [])]
    if any(blocked):
        return tuple(f"by hand: {why}" for why in blocked if why)
    commands = [*_switch(spec, actual, tree), *([*_unlock(tree), *_move(tree.path, spec.path)] if moves else [])]
    return (f"by hand: {_quoted(*commands)}",) if commands else ()


def _branch_blocked(spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> list[str]:
    around = actual.around
    if not tree.branch or tree.branch == spec.branch:
        return []
    if around.checked_out_at:
        where = f"branch {spec.branch} is checked out at {around.checked_out_at}"
        return [f"{where}: rename it there first, or name another `branch:`"]
    if around.ref_in_the_way:
        return [f"rename branch {around.ref_in_the_way} first, or name another `branch:`"]
    return []


def _move_blocked(actual: WorkspaceActual, tree: TreeActual) -> str:
    if actual.around.obstacle:
        return actual.around.obstacle_hint
    if tree.has_submodules:
        return f"git moves no worktree with submodules: {_OTHERWISE}"
    return f"git moves no worktree to another disk: {_OTHERWISE}" if tree.is_on_another_disk else ""


def _switch(spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> list[list[str]]:
    if not tree.branch or tree.branch == spec.branch:
        return []
    if actual.around.branch_commit is not None:
        return [["git", "-C", str(tree.path), "switch", spec.branch]]
    return [["git", "branch", "-m", tree.branch, spec.branch]]


def _unlock(tree: TreeActual) -> list[list[str]]:
    return [["git", "worktree", "unlock", str(tree.path)]] if tree.locked is not None else []


def _move(source: object, target: object) -> list[list[str]]:
    return [["git", "worktree", "move", str(source), str(target)]]


def _left_between(spec: WorkspaceSpec, tree: TreeActual) -> list[list[str]]:
    """Where a tree goes up to a directory that it lay in: the ones between, which git leaves empty."""
    if spec.path not in tree.path.parents:
        return []
    between = [path for path in tree.path.parents if spec.path in path.parents]
    return [["rmdir", *map(str, between)]] if between else []


def _quoted(*commands: list[str]) -> str:
    return f"`{' && '.join(map(shlex.join, commands))}`"
