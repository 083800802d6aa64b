"""What is to become of a dependency. Pure: what decided the last installation against what would decide it now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from reconciler.kinds.dependency.spec import DependencyActual, DependencySpec
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.phrases import some


def decide(address: Address, spec: DependencySpec, actual: DependencyActual | None) -> Change:
    """Compare a declared dependency with what was found of it."""
    if actual is None:
        actual = DependencyActual(spec.tree)
    observed = {"installed": _installed(actual)}
    if actual.blocked and not actual.is_late:
        return Change(address, Action.CONFLICT, actual.blocked, hint=actual.hint, observed=observed)
    wanted = {**spec.declared, **actual.facts}
    if observed["installed"] == "no":
        fields = tuple(FieldChange(name, None, value) for name, value in spec.declared.items())
        risk = f"replaces {some(actual.foreign)}, which orchestra did not install" if actual.foreign else ""
        reason = _why_not_installed(actual)
        return Change(address, Action.CREATE, reason, fields, observed=observed, touches_work=risk)
    fields = differences(actual.applied, wanted)
    if not fields:
        return Change(address, Action.NO_OP, observed=observed)
    reason = f"changed since it was {'run' if spec.provider == 'run' else 'installed'}: {some(_names(fields))}"
    return Change(address, Action.UPDATE, reason, fields, observed=observed)


def decide_removal(address: Address, actual: DependencyActual) -> Change:
    """Say what removing a dependency would be: what was installed goes, what a command made stays."""
    observed = {"installed": _installed(actual)}
    what = f"removes {some(actual.removable)}" if actual.removable else "forgotten; nothing in the tree is removed"
    return Change(address, Action.DELETE, what, orphan=True, observed=observed)


def differences(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[FieldChange, ...]:
    """Field by field, in the order of their names."""
    names = sorted(before.keys() | after.keys())
    pairs = ((name, before.get(name), after.get(name)) for name in names)
    return tuple(FieldChange(name, old, new) for name, old, new in pairs if old != new)


def _installed(actual: DependencyActual) -> str:
    """What there is, as a fact to compare a plan by: all that is not whole counts as nothing."""
    if not actual.is_complete or actual.missing:
        return "no"
    return hashlib.sha256(json.dumps(dict(actual.applied), sort_keys=True).encode()).hexdigest()


def _why_not_installed(actual: DependencyActual) -> str:
    if actual.is_complete:
        return f"removed by hand: {some(actual.missing)}"
    if actual.is_failed:
        return "its last installation failed"
    if actual.is_replaced:
        return "another one was installed in its place"
    return "its installation was interrupted" if actual.is_marked else "declared, and not installed"


def _names(fields: tuple[FieldChange, ...]) -> tuple[str, ...]:
    return tuple(field.path for field in fields)
