"""What is to become of the containers of a workspace. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping

from reconciler.kinds.containers.spec import ARCHIVE, KEEP, REMOVE, ContainersActual, ContainersSpec, policy_of
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange, Mode
from reconciler.model.phrases import some


def decide(address: Address, spec: ContainersSpec, actual: ContainersActual) -> Change:
    """Compare declared containers with what was found of them."""
    observed = {"containers": _fingerprint(actual)}
    if actual.blocked:
        return Change(address, Action.CONFLICT, actual.blocked, hint=actual.hint, observed=observed)
    if not (actual.is_complete or actual.found.containers):
        reason = "their last start was interrupted" if actual.is_marked else "declared, and none are there"
        fields = tuple(FieldChange(f"service {name}", None, "running") for name in spec.services)
        return Change(address, Action.CREATE, reason, fields, notes=_brought_back(actual), observed=observed)
    drift = actual.drift
    changed = tuple(_differences(actual.applied, {**spec.declared, **actual.facts}))
    if actual.is_complete and not (drift or changed):
        return Change(address, Action.NO_OP, observed=observed)
    fields = (*_repairs(actual), *_services(actual), *changed)
    reason = _why(actual, drift, changed)
    mode = Mode.RESTART if actual.found.containers else Mode.IN_PLACE
    return Change(address, Action.UPDATE, reason, fields, mode=mode, notes=_brought_back(actual), observed=observed)


def _why(actual: ContainersActual, drift: Mapping[str, str], changed: tuple[FieldChange, ...]) -> str:
    said = [f"{name} is {state}" for name, state in drift.items()]
    if not actual.is_complete:
        said.append("their last start was interrupted")
    elif changed:
        said.append(f"changed since they were started: {some(tuple(field.path for field in changed))}")
    return "; ".join(said)


def _repairs(actual: ContainersActual) -> Iterator[FieldChange]:
    for name, state in actual.drift.items():
        wanted = actual.expected[name]
        yield FieldChange(f"service {name}", state, "running" if wanted == "running" else "run again")


def _services(actual: ContainersActual) -> Iterator[FieldChange]:
    """Which services a changed file makes anew; the others are left alone."""
    if actual.services is None:
        return
    before = {each.service: each.declared for each in actual.found.containers}
    for name in sorted(before.keys() | actual.services.keys()):
        if name in actual.drift:
            continue
        if name not in actual.services:
            yield FieldChange(f"service {name}", "running", None)
        elif name not in before:
            yield FieldChange(f"service {name}", None, "running")
        elif before[name] != actual.services[name]:
            yield FieldChange(f"service {name}", "as it was declared", "replaced")


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[FieldChange]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield FieldChange(name, before.get(name), after.get(name))


def _brought_back(actual: ContainersActual) -> tuple[str, ...]:
    there = {volume.key for volume in actual.found.volumes}
    coming = tuple(key for key in actual.archives if key not in there)
    return (f"brings back from its archive: {some(coming)}",) if coming else ()


def _fingerprint(actual: ContainersActual) -> str:
    """What was there when it was planned, but for what changes by itself: that something becomes healthy."""
    containers = sorted((each.service, each.id, each.declared) for each in actual.found.containers)
    things = [containers, sorted(actual.drift.items()), sorted(actual.applied.items()), actual.is_complete]
    return hashlib.sha256(json.dumps(things).encode()).hexdigest()


def decide_removal(address: Address, actual: ContainersActual) -> Change:
    """Say what removing them would be, and what becomes of each volume."""
    observed = {"containers": _fingerprint(actual)}
    if actual.blocked:
        reason = f"kept: {actual.blocked}"
        return Change(address, Action.NO_OP, reason, hint=actual.hint, orphan=True, observed=observed)
    fates = {REMOVE: None, KEEP: "kept", ARCHIVE: "archived and removed"}
    policies = {each: policy_of(each.key, {"": each.policy, **actual.policies}) for each in actual.found.volumes}
    fields = (
        *(FieldChange(f"service {each.service}", each.state, None) for each in actual.found.containers),
        *(FieldChange(f"volume {each.key}", each.name, fates.get(policy)) for each, policy in policies.items()),
        *(FieldChange(f"network {each.name}", each.name, None) for each in actual.found.networks),
    )
    gone = [each.key for each, policy in policies.items() if policy == REMOVE]
    risk = f"the data in {some(tuple(gone))} is lost, as the manifest says" if gone else ""
    return Change(address, Action.DELETE, "containers go", fields, orphan=True, observed=observed, touches_work=risk)
