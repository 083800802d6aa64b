"""The table of what changed and what apply does, as pure functions from declaration and findings to a change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.clients.trees import Standing
from reconciler.kinds.workspace.spec import Base, TreeActual, WorkspaceActual, WorkspaceSpec
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange, Mode


def decide(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual) -> Change:
    """Compare a declared workspace with what was found of it."""
    if actual.desk_blocked:
        hint = "orchestra keeps desks there; replace it by a directory"
        return Change(address, Action.CONFLICT, actual.desk_blocked, hint=hint, observed={"desk": actual.desk_blocked})
    if not spec.tree:
        return _decide_desk(address, spec, actual)
    if actual.tree is None:
        change = _decide_absent(address, spec, actual)
    elif actual.tree.standing in {Standing.MISSING, Standing.MOVED, Standing.CUT_OFF} or actual.tree.filling:
        change = _decide_broken(address, spec, actual, actual.tree)
    else:
        change = _decide_present(address, spec, actual, actual.tree)
    return replace(change, observed={**_observed(spec, actual), **change.observed})


def _decide_desk(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual) -> Change:
    observed = {"desk": str(actual.desk)}
    notes = (f"has a tree at {actual.tree.path}; it stays",) if actual.tree else ()
    if actual.desk:
        return Change(address, Action.NO_OP, notes=notes, observed=observed)
    fields = (FieldChange("desk", None, f"{spec.host}/{spec.desk}"),)
    return Change(address, Action.CREATE, "declared, and does not exist", fields, notes=notes, observed=observed)


# --- there is no tree ------------------------------------------------------------------------------------------------


def _decide_absent(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual) -> Change:
    conflict = _conflict(address, spec, actual)
    if conflict:
        return conflict
    around = actual.around
    reason = "declared, and does not exist"
    if around.branch_is_ours:
        reason = "its worktree is gone; it is made again from its branch"
    return Change(
        address,
        Action.CREATE,
        reason,
        (
            FieldChange("path", None, str(spec.path)),
            FieldChange("branch", None, f"{spec.branch} ({_start(spec, actual)})"),
            *_checkout_field(spec),
        ),
        notes=_base_notes(actual.base) if not around.branch_commit else _behind_note(actual.base),
    )


def _start(spec: WorkspaceSpec, actual: WorkspaceActual) -> str:
    """Say where the branch comes from."""
    around, base = actual.around, actual.base
    if around.branch_commit:
        return f"exists, at {around.branch_commit[:9]}"
    if around.remote:
        return f"new, from {around.remote[0]} at {around.remote[1][:9]}"
    if base is None or base.commit is None:
        return f"new, from {base.name if base else spec.base or 'the default branch'}"
    return f"new, from {base.name} at {base.commit[:9]}"


def _checkout_field(spec: WorkspaceSpec) -> tuple[FieldChange, ...]:
    return (FieldChange("checkout", None, "sparse: " + " ".join(spec.sparse)),) if spec.sparse is not None else ()


def _conflict(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual) -> Change | None:
    """What stands in the way of making the tree; nothing of it is ours to change."""
    around = actual.around
    if around.obstacle:
        return _refuse(address, around.obstacle, around.obstacle_hint)
    if around.checked_out_at:
        message = f"branch {spec.branch} is already checked out at {around.checked_out_at}"
        other = "name another `branch:`"
        if around.is_gone:
            return _refuse(address, f"{message}, which is gone", f"run `git worktree prune`, or {other}")
        if around.is_in_main:
            return _refuse(address, message, f"switch the main worktree to another branch, or {other}")
        return _refuse(address, message, f"adopt that tree with `orchestra adopt {around.checked_out_at}`, or {other}")
    if around.ref_in_the_way:
        message = f"git cannot keep branch {spec.branch} beside branch {around.ref_in_the_way}"
        return _refuse(address, message, "rename one of them, or name another `branch:`")
    return None if around.branch_commit or around.remote else _no_start(address, spec, actual)


def _no_start(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual) -> Change | None:
    """Whether there is no commit that a new branch could start from."""
    remotes, base = actual.around.remotes, actual.base
    if len(remotes) > 1:
        message = f"branch {spec.branch} is on several remotes: {', '.join(remotes)}"
        return _refuse(address, message, "say which with `git config checkout.defaultRemote NAME`")
    if spec.level == 1 and base is not None and base.commit is None:
        hint = "make a first commit, fetch it, or name another `base:`"
        return _refuse(address, f"base {base.name} does not exist", hint)
    return None


def _refuse(address: Address, reason: str, hint: str) -> Change:
    return Change(address, Action.CONFLICT, reason, hint=hint)


# --- there is a record, but no whole tree ----------------------------------------------------------------------------


def _decide_broken(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> Change:
    """Mend it, and in the same go whatever else differs and may be changed."""
    if tree.standing is Standing.MISSING:
        return _decide_missing(address, spec, actual, tree)
    path = FieldChange("path", None, str(tree.path))
    if tree.filling:
        return _mend(address, spec, actual, tree, Action.CREATE, "half made: its files are completed", path)
    if tree.standing is Standing.MOVED:
        reason = f"its tree was moved by hand to {tree.path}; git's record is repaired"
        if tree.path == spec.path:
            reason = "repository and tree were moved; git's record and link are repaired"
        record = FieldChange("record", "elsewhere", str(tree.path))
        return _mend(address, spec, actual, tree, Action.UPDATE, reason, record)
    reason = "the repository was moved; git's link from the tree is repaired"
    return _mend(address, spec, actual, tree, Action.UPDATE, reason, FieldChange("link", "broken", str(tree.path)))


def _mend(
    address: Address,
    spec: WorkspaceSpec,
    actual: WorkspaceActual,
    tree: TreeActual,
    action: Action,
    reason: str,
    *fields: FieldChange,
) -> Change:
    rest = _decide_present(address, spec, actual, tree)
    more = rest.fields if rest.mode is Mode.IN_PLACE else ()
    return replace(rest, action=action, reason=reason, fields=(*fields, *more), mode=Mode.IN_PLACE)


def _decide_missing(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> Change:
    """Make it again where it is declared: that it was moved by hand is over when it is gone."""
    if actual.around.obstacle:
        return _refuse(address, actual.around.obstacle, actual.around.obstacle_hint)
    if tree.locked is not None and tree.head is not None:
        message = f"its tree {tree.path} was deleted by hand, but is locked ({tree.locked or 'no reason given'})"
        return _refuse(address, message, f"`git worktree unlock {tree.path}` if it may be made again")
    path = FieldChange("path", None, str(spec.path))
    if tree.filling:
        return _mend(address, spec, actual, _at(tree, spec), Action.CREATE, "half made: it is made again", path)
    what = "branch" if tree.branch else "commit"
    branch = FieldChange("tree", None, f"{tree.branch or tree.head} (with what was staged)")
    reason = f"its tree was deleted by hand; it is made again from its {what}"
    change = _mend(address, spec, actual, _at(tree, spec), Action.CREATE, reason, path, branch)
    note = f"if it was only moved, say so first: `git worktree repair NEW_PLACE` (it was at {tree.path})"
    return replace(change, notes=(*change.notes, note))


def _at(tree: TreeActual, spec: WorkspaceSpec) -> TreeActual:
    declared = {**tree.mark.declared, "path": str(spec.path)}
    return replace(tree, path=spec.path, mark=replace(tree.mark, declared=declared))


# --- there is a tree -------------------------------------------------------------------------------------------------


def _decide_present(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> Change:
    was_declared = tree.mark.declared
    fields: list[FieldChange] = []
    notes: list[str] = []
    if tree.marked_as != spec.name:
        fields.append(FieldChange("name", tree.marked_as, spec.name))
    _compare_branch(spec, tree, fields, notes)
    _compare_path(spec, tree, fields, notes)
    _compare_sparse(spec, tree, fields, notes)
    fields.extend(_other_fields(spec, actual, tree))
    notes.extend(_rebase_note(spec, actual, was_declared.get("base")))
    notes.extend(_behind_note(actual.base))
    if not fields:
        return Change(address, Action.NO_OP, notes=tuple(notes))
    moves = [field for field in fields if field.path in {"branch", "path"}]
    blockers = _in_place_blockers(spec, actual, tree) if moves else []
    if blockers:
        notes.extend((f"not renamed or moved in place: {'; '.join(blockers)}", *_by_hand(spec, actual, tree)))
        rest = tuple(field for field in fields if field not in moves)
        return _refuse_moves(address, tuple(moves), rest, tuple(notes))
    touches = f"{tree.path} changes its place or branch under whoever works there" if moves else ""
    return Change(address, Action.UPDATE, _reason(fields), tuple(fields), notes=tuple(notes), touches_work=touches)


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


def _compare_branch(spec: WorkspaceSpec, tree: TreeActual, fields: list[FieldChange], notes: list[str]) -> None:
    before = tree.mark.declared.get("branch")
    if tree.branch == spec.branch:
        if before != spec.branch:
            fields.append(FieldChange("declared branch", before, spec.branch))
    elif before == spec.branch or tree.branch != before:
        place = f"branch {tree.branch}" if tree.branch else f"commit {(tree.head or '?')[:9]}"
        notes.append(f"drift: its tree is on {place}, declared is {spec.branch}; a tree is never switched back")
    else:
        fields.append(FieldChange("branch", tree.branch, spec.branch))


def _compare_path(spec: WorkspaceSpec, tree: TreeActual, fields: list[FieldChange], notes: list[str]) -> None:
    before = tree.mark.declared.get("path")
    if tree.path == spec.path:
        if before != str(spec.path):
            fields.append(FieldChange("declared path", before, str(spec.path)))
    elif before == str(spec.path):
        notes.append(f"drift: its tree was moved by hand to {tree.path}, declared is {spec.path}; it stays there")
    else:
        fields.append(FieldChange("path", str(tree.path), str(spec.path)))


def _compare_sparse(spec: WorkspaceSpec, tree: TreeActual, fields: list[FieldChange], notes: list[str]) -> None:
    before = tree.mark.declared.get("sparse")
    declared = None if before is None else tuple(before)
    if tree.sparse == spec.sparse:
        if declared != spec.sparse:
            fields.append(FieldChange("declared checkout", _sparse_text(declared), _sparse_text(spec.sparse)))
    elif declared == spec.sparse and not tree.filling:
        text = f"drift: its checkout was changed by hand to {_sparse_text(tree.sparse)}"
        notes.append(f"{text}, declared is {_sparse_text(spec.sparse)}; it is kept")
    else:
        fields.append(FieldChange("checkout", _sparse_text(tree.sparse), _sparse_text(spec.sparse)))


def _other_fields(spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> list[FieldChange]:
    fields = []
    if spec.submodules and tree.empty_submodules:
        fields.append(FieldChange("submodules", "empty: " + " ".join(tree.empty_submodules), "filled"))
    if actual.desk is False:
        fields.append(FieldChange("desk", None, f"{spec.host}/{spec.desk}"))
    return fields


def _sparse_text(lines: tuple[str, ...] | None) -> str:
    return "full" if lines is None else "sparse: " + " ".join(lines)


def _rebase_note(spec: WorkspaceSpec, actual: WorkspaceActual, before: object) -> tuple[str, ...]:
    if before == spec.base or spec.level > 1 or actual.base is None:
        return ()
    sync = f"`orchestra sync {spec.name}`"
    old, new = before or "the default branch", actual.base.name
    return (f"`base:` changed from {old} to {new}; a tree is never replaced for that: {sync} brings it in",)


def _behind_note(base: Base | None) -> tuple[str, ...]:
    if base is None or not base.behind:
        return ()
    return (f"{_commits(base.behind)} behind {base.name} ({(base.commit or '')[:9]})",)


def _base_notes(base: Base | None) -> tuple[str, ...]:
    if base is None or not base.behind_upstream:
        return ()
    return (f"its base {base.name} is {_commits(base.behind_upstream)} behind the branch it follows",)


def _commits(count: int) -> str:
    return "1 commit" if count == 1 else f"{count} commits"


def _in_place_blockers(spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> list[str]:
    renamed = tree.branch != spec.branch and tree.mark.declared.get("branch") != spec.branch
    moved = tree.path != spec.path and tree.mark.declared.get("path") != str(spec.path)
    around = actual.around
    checks = [
        (bool(tree.users) and (renamed or moved), f"in use by {', '.join(tree.users)}"),
        (tree.locked is not None, f"locked ({tree.locked or 'no reason given'})"),
        (renamed and tree.published, f"branch {tree.branch} is published"),
        (renamed and around.branch_commit is not None, f"branch {spec.branch} exists already"),
        (renamed and bool(around.ref_in_the_way), f"branch {around.ref_in_the_way} is in the way of {spec.branch}"),
        (moved and tree.has_submodules, "it has submodules"),
        (moved and bool(around.obstacle), around.obstacle),
    ]
    return [reason for applies, reason in checks if applies]


def _by_hand(spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> tuple[str, ...]:
    commands = []
    if tree.branch and tree.branch != spec.branch:
        is_there = actual.around.branch_commit is not None
        rename = f"git branch -m {tree.branch} {spec.branch}"
        commands.append(f"git -C {tree.path} switch {spec.branch}" if is_there else rename)
    if tree.path != spec.path:
        commands.append(f"git worktree move {tree.path} {spec.path}")
    return (f"by hand: {' && '.join(commands)}",) if commands else ()


def _observed(spec: WorkspaceSpec, actual: WorkspaceActual) -> dict[str, str]:
    """What a change is planned from. A base that this very apply makes (a parent's branch) is not part of it."""
    tree, around = actual.tree, actual.around
    facts = {"desk": str(actual.desk)}
    if tree is not None:
        return {
            **facts,
            "tree": "filling" if tree.filling else tree.standing.value,
            "path": str(tree.path),
            "branch": str(tree.branch),
            "locked": str(tree.locked),
        }
    start = (actual.base.commit if actual.base else None) if spec.level == 1 else None
    return {
        **facts,
        "tree": "absent",
        "branch": str(around.branch_commit),
        "base": str(around.branch_commit or (around.remote[1] if around.remote else start)),
        "obstacle": around.obstacle,
        "checked out at": str(around.checked_out_at),
    }


def decide_removal(address: Address, actual: WorkspaceActual) -> Change:
    """Say what removing a workspace would be: a deletion, or kept and why."""
    if actual.branch:
        left = (FieldChange("branch", actual.branch, None),)
        return Change(address, Action.DELETE, "its tree is gone, no work in it", left, orphan=True)
    where = str(actual.tree.path) if actual.tree else f"{actual.host}/{actual.desk_path}"
    observed = {"path": where}
    if actual.kept_because:
        return Change(
            address,
            Action.NO_OP,
            f"kept: {'; '.join(actual.kept_because)}",
            notes=(f"{where} is kept: {'; '.join(actual.kept_because)}",),
            orphan=True,
            observed=observed,
        )
    fields: tuple[FieldChange, ...] = (FieldChange("path" if actual.tree else "desk", where, None),)
    if actual.tree and actual.tree.branch:
        fate = "removed with it" if actual.branch_made else "stays"
        fields = (*fields, FieldChange("branch", f"{actual.tree.branch} ({fate})", None))
    return Change(address, Action.DELETE, "no work in it", fields, orphan=True, observed=observed)
