"""What is to become of a guard. Pure. Whatever is not as it was put there is put there again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.kinds.guard.spec import IN_FORCE, GuardActual, GuardSpec
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange


def decide(address: Address, spec: GuardSpec, actual: GuardActual | None) -> Change:
    """Compare a declared guard with what was found of it."""
    if actual is None or not actual.is_marked:
        fields = tuple(_fields({}, spec.declared))
        return Change(address, Action.CREATE, "declared, and nothing holds the tree to its area", fields)
    fields = tuple(_fields(actual.applied, spec.declared))
    if not fields and not actual.faults and not actual.former:
        return Change(address, Action.NO_OP)
    if actual.former:
        renamed = FieldChange("name", actual.former, spec.workspace)
        return Change(address, Action.UPDATE, "renamed in the manifest", (renamed, *fields))
    if fields:
        return Change(address, Action.UPDATE, "declared otherwise than before", fields)
    in_force = FieldChange(IN_FORCE, "no", "yes")
    return Change(address, Action.UPDATE, f"it is not in force: {'; '.join(actual.faults)}", (in_force,))


def decide_removal(address: Address, actual: GuardActual) -> Change:
    """Say what taking it off would be."""
    fields = tuple(_fields(actual.applied, {}))
    return Change(address, Action.DELETE, "no area is declared", fields, orphan=True)


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for key in dict.fromkeys((*before, *after)):
        if key != "before" and _said(before.get(key)) != _said(after.get(key)):
            yield FieldChange(key, _said(before.get(key)), _said(after.get(key)))


def _said(value: object) -> str | None:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or None
    return None if value is None else str(value)
