"""The table of what changed and what apply does, as pure functions from declaration and findings to a change."""

from __future__ import annotations

from dataclasses import replace

from reconciler.clients.trees import Standing
from reconciler.kinds.workspace.present import base_notes, behind_note, bring_back, decide_present, sparse_text
from reconciler.kinds.workspace.spec import BEING_MADE, Surroundings, TreeActual, WorkspaceActual, WorkspaceSpec
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange, Mode

LEFT_ALONE = "left alone, as requested"
"""What a plan was made from that starts over although an archive waits."""


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
        change = decide_present(address, spec, actual, actual.tree)
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
    if actual.parked and actual.comes_back:
        reason = _from_archive(actual).removeprefix(", ")
    return Change(
        address,
        Action.CREATE,
        reason,
        (
            FieldChange("path", None, str(spec.path)),
            FieldChange("branch", None, _branch(spec, actual)),
            *_checkout_field(spec),
        ),
        notes=(
            *_other_branch_note(spec, actual),
            *_left_parked_note(spec, actual),
            *(base_notes(actual.base) if not around.branch_commit else behind_note(actual.base)),
        ),
    )


def _other_branch_note(spec: WorkspaceSpec, actual: WorkspaceActual) -> tuple[str, ...]:
    back = actual.comes_back
    if back is None or back.is_renamed or back.branch == spec.branch:
        return ()
    where = f"on branch {back.branch}" if back.branch else "on no branch"
    return (f"comes back {where}, as it was left; declared is {spec.branch}",)


def _left_parked_note(spec: WorkspaceSpec, actual: WorkspaceActual) -> tuple[str, ...]:
    if actual.parked is None or actual.comes_back:
        return ()
    why = "as requested" if spec.fresh else "since its branch is not where it was then"
    restore = f"`orchestra archive restore {spec.name}` brings it back beside it"
    return (f"the archive of {actual.parked.when:%Y-%m-%d %H:%M} UTC is left alone, {why}; {restore}",)


def _from_archive(actual: WorkspaceActual) -> str:
    if actual.parked is None:
        return ""
    held = actual.parked.summary.phrase if actual.parked.summary else "it cannot be read"
    return f", from the archive of {actual.parked.when:%Y-%m-%d %H:%M} UTC: {held}"


def _branch(spec: WorkspaceSpec, actual: WorkspaceActual) -> str:
    back = actual.comes_back
    if back is None:
        return f"{spec.branch} ({_start(spec, actual)})"
    if back.branch is None:
        return f"none (HEAD is detached at {back.head[:9]})"
    came = f"renamed from {back.branch}" if back.is_renamed else "exists" if back.exists else "made again"
    return f"{spec.branch if back.is_renamed else back.branch} ({came}, at {back.head[:9]})"


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
    if around.checked_out_at and not _is_elsewhere(spec, actual):
        return _refuse(address, *_why_taken(spec, around))
    if around.ref_in_the_way:
        message = f"git cannot keep branch {spec.branch} beside branch {around.ref_in_the_way}"
        return _refuse(address, message, "rename one of them, or name another `branch:`")
    has_start = around.branch_commit or around.remote or actual.comes_back
    return None if has_start else _no_start(address, spec, actual)


def _is_elsewhere(spec: WorkspaceSpec, actual: WorkspaceActual) -> bool:
    """Whether it comes back and leaves the declared branch alone."""
    return actual.comes_back is not None and actual.comes_back.branch != spec.branch


def _why_taken(spec: WorkspaceSpec, around: Surroundings) -> tuple[str, str]:
    """Why the branch cannot be checked out, and the way out."""
    message = f"branch {spec.branch} is already checked out at {around.checked_out_at}"
    other = "name another `branch:`"
    if around.is_gone:
        return f"{message}, which is gone", f"run `git worktree prune`, or {other}"
    if around.is_cut_off:
        hint = f"if the clone it belonged to is gone, `git worktree repair` takes its trees over; or {other}"
        return f"{message}, which belongs to a clone that is gone", hint
    if around.is_in_main:
        return message, f"switch the main worktree to another branch, or {other}"
    return message, f"adopt that tree with `orchestra adopt {around.checked_out_at}`, or {other}"


def _no_start(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual) -> Change | None:
    """Whether there is no commit that a new branch could start from."""
    remotes, base = actual.around.remotes, actual.base
    if len(remotes) > 1:
        message = f"branch {spec.branch} is on several remotes: {', '.join(remotes)}"
        return _refuse(address, message, "say which with `git config checkout.defaultRemote NAME`")
    if spec.level == 1 and not spec.stacked and base is not None and base.commit is None:
        if base.is_known:
            return _refuse(address, f"base {base.name} does not exist", "make it, fetch it, or name another `base:`")
        return _refuse(address, "there is no default branch to start from", "make a first commit, or name a `base:`")
    return None


def _refuse(address: Address, reason: str, hint: str) -> Change:
    return Change(address, Action.CONFLICT, reason, hint=hint)


# --- there is a record, but no whole tree ----------------------------------------------------------------------------


def _decide_broken(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> Change:
    """Mend it, and in the same go whatever else differs and may be changed."""
    if tree.lost is not None and (tree.filling or tree.standing is Standing.MISSING):
        return _refuse(address, f"branch {tree.branch} was deleted under its tree {tree.path}", bring_back(tree))
    if tree.standing is Standing.MISSING:
        return _decide_missing(address, spec, actual, tree)
    rest = decide_present(address, spec, actual, tree)
    path = FieldChange("path", None, str(tree.path))
    if tree.filling:
        return _mend(rest, Action.CREATE, f"half made: its files are completed{_from_archive(actual)}", path)
    if tree.standing is Standing.MOVED:
        reason = f"its tree was moved by hand to {tree.path}; git's record is repaired"
        if tree.path == spec.path:
            reason = "repository and tree were moved; git's record and link are repaired"
        record = FieldChange("record", "elsewhere", str(tree.path))
        return _mend(rest, Action.UPDATE, reason, record)
    reason = "the repository was moved; git's link from the tree is repaired"
    return _mend(rest, Action.UPDATE, reason, FieldChange("link", "broken", str(tree.path)))


def _mend(rest: Change, action: Action, reason: str, *fields: FieldChange) -> Change:
    """What else differs comes along, unless it is left to a person."""
    more = rest.fields if rest.mode is Mode.IN_PLACE else ()
    return replace(rest, action=action, reason=reason, fields=(*fields, *more), mode=Mode.IN_PLACE)


def _decide_missing(address: Address, spec: WorkspaceSpec, actual: WorkspaceActual, tree: TreeActual) -> Change:
    """Make it again where it is declared: that it was moved by hand is over when it is gone."""
    if actual.around.obstacle:
        return _refuse(address, actual.around.obstacle, actual.around.obstacle_hint)
    if tree.locked is not None and tree.head is not None:
        message = f"its tree {tree.path} was deleted by hand, but is locked ({tree.locked or 'no reason given'})"
        return _refuse(address, message, f"`git worktree unlock {tree.path}` if it may be made again")
    rest = decide_present(address, spec, actual, _at(tree, spec))
    path = FieldChange("path", None, str(spec.path))
    if tree.filling:
        return _mend(rest, Action.CREATE, f"half made: it is made again{_from_archive(actual)}", path)
    what = "branch" if tree.branch else "commit"
    branch = FieldChange("tree", None, f"{tree.branch or tree.head} (with what was staged)")
    reason = f"its tree was deleted by hand; it is made again from its {what}"
    change = _mend(rest, Action.CREATE, reason, path, branch)
    note = f"if it was only moved, say so first: `git worktree repair NEW_PLACE` (it was at {tree.path})"
    return replace(change, notes=(*change.notes, note))


def _at(tree: TreeActual, spec: WorkspaceSpec) -> TreeActual:
    declared = {**tree.mark.declared, "path": str(spec.path)}
    return replace(tree, path=spec.path, mark=replace(tree.mark, declared=declared))


def _observed(spec: WorkspaceSpec, actual: WorkspaceActual) -> dict[str, str]:
    """What a change is planned from. The base is no part of it: a branch starts from where that was.

    Nor is the desk: one that is ours and there already, since its host's tree came back with it, is what is wanted.
    """
    tree, around = actual.tree, actual.around
    if tree is not None:
        return {
            "tree": "filling" if tree.filling else tree.standing.value,
            "path": str(tree.path),
            "branch": tree.branch or "none",
            "locked": "no" if tree.locked in {None, BEING_MADE} else tree.locked or "no reason given",
            "checkout": sparse_text(tree.sparse),
        }
    return {
        "tree": "absent",
        "remote": " at ".join(around.remote) if around.remote and not around.branch_commit else "",
        f"branch {spec.branch}": f"at {around.branch_commit}" if around.branch_commit else "absent",
        "obstacle": around.obstacle,
        "archive": _archive_said(spec, actual),
        "checked out at": str(around.checked_out_at or ""),
    }


def _archive_said(spec: WorkspaceSpec, actual: WorkspaceActual) -> str:
    if actual.parked is None:
        return "none"
    return LEFT_ALONE if spec.fresh else actual.parked.commit


def decide_removal(address: Address, actual: WorkspaceActual) -> Change:
    """Say what removing a workspace would be: a deletion, or kept and why."""
    desk = f"{actual.host}/{actual.desk_path}" if actual.desk else None
    where = str(actual.tree.path) if actual.tree else desk or str(actual.branch)
    if actual.kept_because:
        reason = f"kept: {'; '.join(actual.kept_because)}"
        note = f"it is at {where}" if actual.tree or desk else f"its branch is {where}"
        return Change(address, Action.NO_OP, reason, notes=(note,), orphan=True, observed={"path": where})
    places = {"path": str(actual.tree.path) if actual.tree else None, "desk": desk, "branch": _branch_fate(actual)}
    fields = tuple(FieldChange(what, place, None) for what, place in places.items() if place)
    is_archived = actual.tree is None and actual.delete_branch
    gone = "its tree is gone, an archive has its work" if is_archived else "its tree is gone, no work in it"
    reason = actual.fate or (gone if actual.branch else "no work in it")
    return Change(address, Action.DELETE, reason, fields, orphan=True, observed={"path": where})


def _branch_fate(actual: WorkspaceActual) -> str | None:
    if actual.tree is None:
        return actual.branch
    if actual.tree.branch is None:
        return None
    fate = "stays, since orchestra did not make it"
    if actual.branch_made:
        fate = "archived and removed" if actual.delete_branch else "removed if its base has all of it"
    return f"{actual.tree.branch} ({fate})"
