"""A tree that is there against its declaration: what differs, what is drift, and what is left to a person. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.kinds.workspace.by_hand import steps
from reconciler.kinds.workspace.spec import Base, TreeActual, WorkspaceActual, WorkspaceSpec
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange, Mode


def decide_present(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> Change:
    """Compare field by field; what was changed by hand is told from what is declared otherwise than it was applied."""
    was_declared = tree.mark.declared
    fields: list[FieldChange] = []
    notes: list[str] = []
    drift: list[str] = []
    if tree.marked_as != spec.name:
        fields.append(FieldChange("name", tree.marked_as, spec.name))
    if tree.lost is not None:
        drift.append(f"branch {tree.branch} was deleted; {bring_back(tree)}")
    _compare_branch(spec, tree, fields, drift)
    _compare_path(spec, tree, fields, drift)
    _compare_sparse(spec, tree, fields, drift)
    fields.extend(_said_otherwise(spec, tree))
    fields.extend(_other_fields(spec, actual, tree))
    notes.extend(_rebase_note(spec, actual, was_declared.get("base")))
    notes.extend(behind_note(actual.base))
    if not fields:
        return Change(address, Action.NO_OP, notes=tuple(notes), drift=tuple(drift))
    moves = [field for field in fields if field.path in {"branch", "path"}]
    blockers = _in_place_blockers(spec, actual, tree) if moves else []
    if blockers:
        notes.extend((f"not renamed or moved in place: {'; '.join(blockers)}", *steps(spec, actual, tree)))
        rest = tuple(field for field in fields if field not in moves)
        return replace(_refuse_moves(address, tuple(moves), rest, tuple(notes)), drift=tuple(drift))
    touches = f"{tree.path} changes its place or branch under whoever works there" if moves else ""
    change = Change(address, Action.UPDATE, _reason(fields), tuple(fields), notes=tuple(notes), touches_work=touches)
    return replace(change, drift=tuple(drift))


def _refuse_moves(
    address: Address, moves: tuple[FieldChange, ...], rest: tuple[FieldChange, ...], notes: tuple[str, ...]
) -> Change:
    """Leave the moves to a person; what else differs is done nevertheless."""
    if rest:
        return Change(address, Action.UPDATE, _reason(rest), rest, notes=notes)
    return Change(address, Action.UPDATE, "declared otherwise than before", moves, mode=Mode.PERSON, notes=notes)


def _reason(fields: Sequence[FieldChange]) -> str:
    paths = {field.path for field in fields}
    if "name" in paths:
        return "renamed in the manifest"
    if paths & {"branch", "path", "checkout"} or any(path.startswith("declared") for path in paths):
        return "declared otherwise than before"
    return "not as declared"


def _compare_branch(spec: WorkspaceSpec, tree: TreeActual, fields: list[FieldChange], drift: list[str]) -> None:
    before = tree.mark.declared.get("branch")
    if tree.branch == spec.branch:
        if before != spec.branch:
            fields.append(FieldChange("declared branch", before, spec.branch))
    elif before == spec.branch or tree.branch != before:
        place = f"branch {tree.branch}" if tree.branch else f"commit {(tree.head or '?')[:9]}"
        drift.append(f"its tree is on {place}, declared is {spec.branch}; a tree is never switched back")
    else:
        fields.append(FieldChange("branch", tree.branch, spec.branch))


def _compare_path(spec: WorkspaceSpec, tree: TreeActual, fields: list[FieldChange], drift: list[str]) -> None:
    before = tree.mark.declared.get("path")
    if tree.path == spec.path:
        if before != str(spec.path):
            fields.append(FieldChange("declared path", before, str(spec.path)))
    elif before == str(spec.path):
        lost = (
            ", where git does not find its submodules: move it back, or fill them anew" if tree.has_submodules else ""
        )
        drift.append(f"its tree was moved by hand to {tree.path}, declared is {spec.path}; it stays there{lost}")
    else:
        fields.append(FieldChange("path", str(tree.path), str(spec.path)))


def _compare_sparse(spec: WorkspaceSpec, tree: TreeActual, fields: list[FieldChange], drift: list[str]) -> None:
    before = tree.mark.declared.get("sparse")
    declared = None if before is None else tuple(before)
    if tree.sparse == spec.sparse:
        if declared != spec.sparse:
            fields.append(FieldChange("declared checkout", sparse_text(declared), sparse_text(spec.sparse)))
    elif declared == spec.sparse and not tree.filling:
        text = f"its checkout was changed by hand to {sparse_text(tree.sparse)}"
        drift.append(f"{text}, declared is {sparse_text(spec.sparse)}; it is kept")
    else:
        fields.append(FieldChange("checkout", sparse_text(tree.sparse), sparse_text(spec.sparse)))


def _said_otherwise(spec: WorkspaceSpec, tree: TreeActual) -> list[FieldChange]:
    """What only the mark keeps, for commands that read no manifest."""
    said = {"owner": None, "protect": None, "scratch": [], **tree.mark.declared}
    wanted = {**spec.declared, "protect": said["protect"] if spec.protect is None else spec.protect}  # it sticks
    pairs = {key: (said[key], wanted[key]) for key in ("owner", "protect", "scratch")}
    return [FieldChange(f"declared {key}", _plain(a), _plain(b)) for key, (a, b) in pairs.items() if a != b]


def _plain(value: object) -> str | None:
    return " ".join(map(str, value)) or None if isinstance(value, list) else None if value is None else str(value)


def _other_fields(spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> list[FieldChange]:
    fields = []
    if spec.submodules and tree.empty_submodules:
        fields.append(FieldChange("submodules", "empty: " + " ".join(tree.empty_submodules), "filled"))
    if actual.desk is False:
        fields.append(FieldChange("desk", None, f"{spec.host}/{spec.desk}"))
    return fields


def sparse_text(lines: tuple[str, ...] | None) -> str:
    """Name a checkout: full, or the lines of a sparse one."""
    return "full" if lines is None else "sparse: " + " ".join(lines)


def _rebase_note(spec: WorkspaceSpec, actual: WorkspaceActual, before: object) -> tuple[str, ...]:
    if before == spec.base or spec.level > 1 or actual.base is None:
        return ()
    sync = f"`orchestra sync {spec.name}`"
    old, new = before or "the default branch", actual.base.name
    return (f"`base:` changed from {old} to {new}; a tree is never replaced for that: {sync} brings it in",)


def _in_place_blockers(spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> list[str]:
    renamed = tree.branch != spec.branch and tree.mark.declared.get("branch") != spec.branch
    moved = tree.path != spec.path and tree.mark.declared.get("path") != str(spec.path)
    around = actual.around
    is_begun = around.branch_is_ours and around.branch_commit == tree.head  # a rename that was killed
    checks = [
        (bool(tree.users) and (renamed or moved), f"in use by {', '.join(tree.users)}"),
        (tree.lost is not None, f"branch {tree.branch} was deleted"),
        (tree.locked is not None, f"locked ({tree.locked or 'no reason given'})"),
        (renamed and tree.published, f"branch {tree.branch} is published"),
        (renamed and around.branch_commit is not None and not is_begun, f"branch {spec.branch} exists already"),
        (renamed and bool(around.ref_in_the_way), f"branch {around.ref_in_the_way} is in the way of {spec.branch}"),
        (moved and tree.has_submodules, "it has submodules"),
        (moved and tree.is_on_another_disk, f"{spec.path} is on another disk"),
        (moved and bool(around.obstacle), around.obstacle),
        (moved and around.holds is not None, f"the worktree {around.holds} lies in it"),
    ]
    return [reason for applies, reason in checks if applies]


def bring_back(tree: TreeActual) -> str:
    """How a branch that was deleted under its tree comes back."""
    return f"`git update-ref refs/heads/{tree.branch} {tree.lost or 'COMMIT'}` brings it back"


def behind_note(base: Base | None) -> tuple[str, ...]:
    """Say how far a branch is behind its base."""
    if base is None or not base.behind:
        return ()
    return (f"{_commits(base.behind)} behind {base.name} ({(base.commit or '')[:9]})",)


def base_notes(base: Base | None) -> tuple[str, ...]:
    """Say how far a base is behind what it follows itself."""
    if base is None or not base.behind_upstream:
        return ()
    return (f"its base {base.name} is {_commits(base.behind_upstream)} behind the branch it follows",)


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count} commits"
