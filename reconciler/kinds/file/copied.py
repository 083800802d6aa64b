"""What is to become of a copy. Pure. It is made once; what differs later is kept, shown, and copied on request."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.kinds.file.spec import FileActual, FileSpec, Source
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange


def decide_copy(address: Address, spec: FileSpec, source: Source, actual: FileActual) -> Change:
    """Compare a copy with what it is a copy of. Nothing that either holds is told, but for its size."""
    observed = _observed(spec, actual)
    if actual.blocked:
        return Change(address, Action.CONFLICT, actual.blocked, hint=actual.hint, observed=observed)
    if actual.moved_aside:  # nobody's edit: what is there was never ours
        return Change(address, Action.NO_OP, notes=(f"not copied: {actual.moved_aside}",), observed=observed)
    if actual.entry is None:
        return _decide_missing(address, spec, source, actual, observed)
    if source.is_there and actual.digest == spec.digest:
        return _decide_equal(address, spec, source, actual, observed)
    return _decide_differing(address, spec, source, actual, observed)


def _decide_missing(
    address: Address, spec: FileSpec, source: Source, actual: FileActual, observed: Mapping[str, str]
) -> Change:
    if not source.is_there and actual.may_come_back:
        reason = "gone from the main worktree; it comes back with its tree, if the archive of that holds it"
        return Change(address, Action.CREATE, reason, observed=observed)
    if not source.is_there:
        hint = f"make it, or take it out of `copy` ({source.where})"
        reason = f"there is no {spec.path} to copy in {source.root}"
        return Change(address, Action.CONFLICT, reason, hint=hint, observed=observed)
    reason = "it was deleted by hand" if actual.applied else "declared, and does not exist"
    fields = (FieldChange("copy", None, _described(spec, source)),)
    return Change(address, Action.CREATE, reason, fields, observed=observed)


def _decide_equal(
    address: Address, spec: FileSpec, source: Source, actual: FileActual, observed: Mapping[str, str]
) -> Change:
    is_marked = actual.applied == spec.digest
    if is_marked and actual.hidden:
        return _decide_mode(address, spec, source, actual, observed)
    what, reason = "record", "it is there, and its mark is not"
    if is_marked:
        what, reason = "ignored", "what git ignores in its tree is not as it should be"
    return Change(address, Action.UPDATE, reason, (FieldChange(what, "incomplete", "complete"),), observed=observed)


def _decide_mode(
    address: Address, spec: FileSpec, source: Source, actual: FileActual, observed: Mapping[str, str]
) -> Change:
    here, there = actual.mode, source.mode
    if here == there:
        return Change(address, Action.NO_OP, observed=observed)
    if spec.replace:
        fields = (FieldChange("mode", f"{here:04o}", f"{there:04o}"),)
        return Change(
            address, Action.UPDATE, "its mode is another; copied again as requested", fields, observed=observed
        )
    what = f"its mode was changed by hand to {here:04o}, at its source it is {there:04o}"
    if here == actual.applied_mode:
        what = f"its mode changed at its source from {here:04o} to {there:04o}"
    return _kept(address, source, actual, what, observed)


def _decide_differing(
    address: Address, spec: FileSpec, source: Source, actual: FileActual, observed: Mapping[str, str]
) -> Change:
    what = _difference(source, actual)
    if source.is_there and _is_left_empty(actual):
        fields = (FieldChange("copy", "0 bytes", _described(spec, source)),)
        return Change(address, Action.UPDATE, "it is empty", fields, observed=observed)
    if spec.replace and source.is_there:
        before = _size(actual.entry.content) if actual.entry else None
        fields = (FieldChange("copy", before, _described(spec, source)),)
        return Change(address, Action.UPDATE, f"{what}; copied again as requested", fields, observed=observed)
    return _kept(address, source, actual, what, observed)


def _kept(address: Address, source: Source, actual: FileActual, what: str, observed: Mapping[str, str]) -> Change:
    if actual.brought_back:  # with its tree, in this very run: what was planned is done
        return Change(address, Action.NO_OP, notes=(f"{what} before it was archived; kept",), observed=observed)
    way_out = f", `orchestra apply --replace {address}` copies it again" if source.is_there else ""
    return Change(address, Action.NO_OP, drift=(f"{what}; kept{way_out}",), observed=observed)


def _is_left_empty(actual: FileActual) -> bool:
    """Whether a loss of power took what was copied."""
    is_empty = actual.entry is not None and actual.entry.content == b""
    return is_empty and actual.applied is not None and actual.applied != actual.digest and not actual.brought_back


def _difference(source: Source, actual: FileActual) -> str:
    changed = "changed at its source" if source.is_there else f"gone from {source.root}"
    if actual.digest == actual.applied:
        return changed
    return f"edited by hand (and {changed} since)" if not source.is_there else "edited by hand"


def _observed(spec: FileSpec, actual: FileActual) -> dict[str, str]:
    """What the change is planned from. Without a salt a digest would tell a short secret to who can guess it."""
    said = actual.digest if actual.salt else "as its source" if actual.digest == spec.digest else "not a copy"
    mode = f"{actual.mode:04o}" if actual.entry else ""
    return {"path": actual.path, "content": said if actual.entry else "", "mode": mode}


def _described(spec: FileSpec, source: Source) -> str:
    if not source.is_known:
        return "of the main worktree's file, which is not looked at here"
    return f"{_size(spec.content)}, mode {source.mode:04o}"


def _size(content: bytes | None) -> str:
    return "1 byte" if content is not None and len(content) == 1 else f"{len(content or b'')} bytes"
