"""What is to become of the ports of a workspace. Pure. A number that was given stays; an edited file is kept."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.clients.files import Entry
from reconciler.kinds.digest import digest
from reconciler.kinds.ports.spec import PortsActual, PortsSpec
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange

RECORD = FieldChange("record", "incomplete", "complete")


def decide(address: Address, spec: PortsSpec, actual: PortsActual) -> Change:
    """Compare declared ports with what was found of them."""
    observed = {"path": spec.env_file, "content": "" if actual.brought_back else actual.digest}
    if actual.blocked:
        return Change(address, Action.CONFLICT, actual.blocked, hint=actual.hint, observed=observed)
    fields = tuple(_fields(spec, actual))
    is_left_empty = actual.entry is not None and actual.entry.content == b""
    is_given_again = actual.brought_back and (bool(fields) or is_left_empty or not actual.listed)
    is_new = actual.path is None or is_given_again
    if is_new or (actual.entry is None and actual.path == spec.env_file):
        reason = "declared, and none are given" if is_new or not actual.exists else "its file was deleted by hand"
        file = FieldChange("env_file", None, spec.env_file)
        return Change(address, Action.CREATE, reason, (*_all(spec, actual), file), observed=observed)
    if fields:
        return Change(address, Action.UPDATE, _why(spec, actual), fields, observed=observed)
    return _decide_file(address, spec, actual, observed)


def _decide_file(address: Address, spec: PortsSpec, actual: PortsActual, observed: dict[str, str]) -> Change:
    """All numbers are given: what is left is the file that tells them."""
    content = spec.content(actual.numbers, actual.clone, actual.machine)
    wanted = digest(Entry(content))
    if not actual.listed:
        reason = "the host's list of ports does not have them"
        return Change(address, Action.UPDATE, reason, (RECORD,), observed=observed)
    if actual.digest == wanted:
        if actual.applied == wanted and actual.path == spec.env_file and actual.hidden:
            return Change(address, Action.NO_OP, observed=observed)
        return Change(
            address, Action.UPDATE, "its record or what git ignores is not complete", (RECORD,), observed=observed
        )
    if actual.is_edited and not spec.replace:
        if actual.brought_back:
            note = f"{spec.env_file} was edited by hand before it was archived; kept"
            return Change(address, Action.NO_OP, notes=(note,), observed=observed)
        drift = f"{spec.env_file} was edited by hand; kept, `orchestra apply --replace {address}` replaces it"
        return Change(address, Action.NO_OP, drift=(drift,), observed=observed)
    reason = f"{spec.env_file} was edited by hand; replaced as requested" if actual.is_edited else "its text is another"
    shown = actual.entry.content.decode("utf-8", "replace") if actual.entry and actual.entry.content else ""
    field = FieldChange("content", shown, content.decode(), text=True)
    return Change(address, Action.UPDATE, reason, (field,), observed=observed)


def _all(spec: PortsSpec, actual: PortsActual) -> Iterator[FieldChange]:
    numbers = {**actual.proposed, **actual.kept(spec)}
    return (FieldChange(name, None, _said(numbers.get(name))) for name in spec.names)


def _fields(spec: PortsSpec, actual: PortsActual) -> Iterator[FieldChange]:
    """The numbers that change, and the place of the file."""
    kept = actual.kept(spec)
    for name in dict.fromkeys((*spec.names, *actual.numbers)):
        if name not in kept:
            before = str(actual.numbers[name]) if name in actual.numbers else None
            after = _said(actual.proposed.get(name)) if name in spec.names else None
            yield FieldChange(name, before, after)
    if actual.path is not None and actual.path != spec.env_file:
        yield FieldChange("env_file", actual.path, spec.env_file)


def _why(spec: PortsSpec, actual: PortsActual) -> str:
    low, high = spec.span
    lost = [f"{actual.numbers[name]} is {who}" for name, who in actual.lost.items() if name in spec.names]
    outside = [str(n) for name, n in actual.numbers.items() if name in spec.names and not low <= n <= high]
    said = [*lost, *(f"{number} is not between {low} and {high}" for number in outside)]
    return "; ".join(said) or "declared otherwise than before"


def _said(number: int | None) -> str:
    return "a free number" if number is None else str(number)


def decide_removal(address: Address, actual: PortsActual) -> Change:
    """Say what giving them up would be: kept while somebody's edit is in the file."""
    observed = {"path": actual.path or "", "content": actual.digest}
    if actual.blocked:
        return Change(address, Action.NO_OP, f"kept: {actual.blocked}", orphan=True, observed=observed)
    if actual.is_edited:
        return Change(address, Action.NO_OP, f"kept: {actual.path} was edited by hand", orphan=True, observed=observed)
    fields = (*(FieldChange(name, str(n), None) for name, n in actual.numbers.items()),)
    file = FieldChange("env_file", actual.path, None)
    return Change(address, Action.DELETE, "nobody edited it", (*fields, file), orphan=True, observed=observed)
