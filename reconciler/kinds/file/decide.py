"""What is to become of a file. Pure. An edit by hand is kept and shown, and replaced only on request."""

from __future__ import annotations

from dataclasses import replace

from reconciler.clients.files import Entry
from reconciler.kinds.file.copied import decide_copy
from reconciler.kinds.file.spec import FileActual, FileSpec
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange

_CONCEALED_BEFORE = "(what it held is a secret)\n"
_CONCEALED = "(what it holds is a secret)\n"


def decide(address: Address, spec: FileSpec, actual: FileActual) -> Change:
    """Compare a declared file with what was found of it."""
    spec = spec.as_found(actual)
    if spec.source:
        return decide_copy(address, spec, spec.source, actual)
    return _conceal(_decide(address, spec, actual)) if spec.secret or actual.secret else _decide(address, spec, actual)


def _conceal(change: Change) -> Change:
    """Show of a file with a secret, of the one before too, no more than that it is there."""
    fields = (
        replace(f, before=f.before and _CONCEALED_BEFORE, after=f.after and _CONCEALED) for f in change.fields if f.text
    )
    return replace(change, fields=(*fields, *(field for field in change.fields if not field.text)))


def _decide(address: Address, spec: FileSpec, actual: FileActual) -> Change:
    found = actual.digest or None
    observed = {"path": actual.path, "content": actual.digest}
    if actual.blocked:
        return Change(address, Action.CONFLICT, actual.blocked, hint=actual.hint, observed=observed)
    notes = _aside_note(actual)
    if found is None:
        reason = "it was deleted by hand" if actual.applied else "declared, and does not exist"
        fields = (FieldChange("content", None, _shown(Entry(spec.content, spec.link)), text=True),)
        return Change(address, Action.CREATE, reason, fields, notes=notes, observed=observed)
    is_marked = found == spec.digest == actual.applied
    belongs_to_others = spec.seed and found not in {spec.digest, actual.applied}
    if belongs_to_others or (is_marked and actual.hidden):
        return Change(address, Action.NO_OP, observed=observed)
    if found == spec.digest:
        what, reason = "record", "it is there, and its mark is not"
        if is_marked:
            what, reason = "ignored", "what git ignores in its tree is not as it should be"
        fields = (FieldChange(what, "incomplete", "complete"),)
        return Change(address, Action.UPDATE, reason, fields, notes=notes, observed=observed)
    return replace(_decide_differing(address, spec, actual, found), observed=observed)


def _decide_differing(address: Address, spec: FileSpec, actual: FileActual, found: str) -> Change:
    notes = _aside_note(actual)
    is_empty = actual.entry is not None and actual.entry.content == b""  # a loss of power leaves files empty
    edited = found != actual.applied and not is_empty
    if edited and not spec.replace:
        if actual.brought_back:  # with its tree, in this very run: what was planned is done
            return Change(address, Action.NO_OP, notes=(*notes, "edited by hand before it was archived; kept"))
        stale = " (and what is declared changed since)" if actual.applied != spec.digest else ""
        drift = f"edited by hand{stale}; kept, `orchestra apply --replace {address}` replaces it"
        return Change(address, Action.NO_OP, notes=notes, drift=(drift,))
    reason = "edited by hand; replaced as requested" if edited else "its content is declared otherwise than before"
    reason = "it is empty" if is_empty else reason
    before = _shown(actual.entry) if actual.entry else None
    fields = (FieldChange("content", before, _shown(Entry(spec.content, spec.link)), text=True),)
    return Change(address, Action.UPDATE, reason, fields, notes=notes)


def _aside_note(actual: FileActual) -> tuple[str, ...]:
    return (f"lies at {actual.path}: {actual.moved_aside}",) if actual.moved_aside else ()


def decide_removal(address: Address, actual: FileActual) -> Change:
    """Say what removing a file would be: a deletion, or kept when somebody edited it."""
    return _conceal(_decide_removal(address, actual)) if actual.secret else _decide_removal(address, actual)


def _decide_removal(address: Address, actual: FileActual) -> Change:
    observed = {"path": actual.path, "content": actual.digest}
    if actual.blocked:
        return Change(address, Action.NO_OP, f"kept: {actual.blocked}", orphan=True, observed=observed)
    if actual.entry and actual.digest != actual.applied:
        return Change(address, Action.NO_OP, "kept: edited by hand", orphan=True, observed=observed)
    if actual.entry and actual.is_only_copy:
        reason = "kept: what it was copied from does not hold the same any more"
        return Change(address, Action.NO_OP, reason, orphan=True, observed=observed)
    before = _shown(actual.entry) if actual.entry else None
    fields = (FieldChange("content", before, None, text=True),)
    return Change(address, Action.DELETE, "nobody edited it", fields, orphan=True, observed=observed)


def _shown(entry: Entry) -> str:
    if entry.link is not None:
        return f"link to {entry.link}\n"
    return entry.content.decode("utf-8", "replace") if entry.content is not None else "(not a file)\n"
