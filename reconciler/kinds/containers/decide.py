"""What is to become of the containers of a workspace. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reconciler.kinds.containers.spec import ARCHIVE, BUILT, KEEP, REMOVE, ContainersActual, ContainersSpec, policy_for
from reconciler.kinds.installed import DEPENDENCY
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange, Mode
from reconciler.model.phrases import some

_READ = frozenset({"file", DEPENDENCY})


def decide(address: Address, spec: ContainersSpec, actual: ContainersActual) -> Change:
    """Compare declared containers with what was found of them."""
    observed = {"containers": _fingerprint(actual)}
    if actual.blocked:
        return Change(address, Action.CONFLICT, actual.blocked, hint=actual.hint, observed=observed)
    if not (actual.is_complete or actual.is_there):
        reason = "their last start was interrupted" if actual.is_marked else "declared, and none are there"
        fields = tuple(FieldChange(f"service {name}", None, "running") for name in spec.services)
        return Change(address, Action.CREATE, reason, fields, notes=_notes(spec, actual), observed=observed)
    drift = actual.drift
    changed = tuple(_differences(actual.applied, {**spec.declared, **actual.facts})) if actual.is_complete else ()
    if actual.is_complete and not (drift or changed or actual.lost_networks):
        return Change(address, Action.NO_OP, observed=observed)
    built, changed = _built(changed), tuple(each for each in changed if not each.path.startswith(BUILT))
    fields = (*_repairs(actual), *_services(actual, built), *changed)
    reason = _why(actual, built, changed)
    mode = Mode.RESTART if actual.is_there else Mode.IN_PLACE
    return Change(address, Action.UPDATE, reason, fields, mode=mode, notes=_notes(spec, actual), observed=observed)


def _built(changed: tuple[FieldChange, ...]) -> tuple[str, ...]:
    """The services of which the image is older than what it is built from."""
    return tuple(each.path.removeprefix(BUILT) for each in changed if each.path.startswith(BUILT) and each.after)


def _why(actual: ContainersActual, built: tuple[str, ...], changed: tuple[FieldChange, ...]) -> str:
    said = [f"{name} is {state}" for name, state in actual.drift.items()]
    said += [f"the image of {name} is older than its build context" for name in built]
    said += [f"network {name} is removed" for name in actual.lost_networks]
    if not actual.is_complete:
        said.append("their last start was interrupted")
    elif changed:
        said.append(f"changed since they were started: {some(tuple(field.path for field in changed))}")
    return "; ".join(said)


def _repairs(actual: ContainersActual) -> Iterator[FieldChange]:
    for name, state in actual.drift.items():
        wanted = actual.expected[name]
        yield FieldChange(f"service {name}", state, "run again" if wanted == "done" else wanted)
    for name in actual.lost_networks:
        yield FieldChange(f"network {name}", "removed", f"made again, with new containers of {actual.networks[name]}")


def _services(actual: ContainersActual, built: tuple[str, ...]) -> Iterator[FieldChange]:
    """Which services a changed file, or another image, makes anew; the others are left alone."""
    if actual.services is None:
        return
    before = actual.declared
    for name in sorted(before.keys() | actual.services.keys()):
        if name in actual.drift:
            continue
        if name not in actual.services:
            yield FieldChange(f"service {name}", "running", None)
        elif name not in before:
            yield FieldChange(f"service {name}", None, "running")
        elif before[name] != actual.services[name]:
            how = "updated" if actual.place.is_swarm else "replaced"
            yield FieldChange(f"service {name}", "as it was declared", how)
        elif name in built:
            yield FieldChange(f"service {name}", "older than its build context", "built anew, and replaced")


def _differences(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[FieldChange]:
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield FieldChange(name, before.get(name), after.get(name))


def _notes(spec: ContainersSpec, actual: ContainersActual) -> tuple[str, ...]:
    moved = (f"moves from {actual.left_at}, with what its volumes hold",) if actual.left_at else ()
    here = f"mounted from the tree, which the other nodes of the swarm do not have: {some(spec.mounted)}"
    return (*spec.notes, *_brought_back(actual), *moved, *((here,) if spec.mounted and actual.found.nodes > 1 else ()))


def _brought_back(actual: ContainersActual) -> tuple[str, ...]:
    there = {volume.key for volume in actual.found.volumes}
    coming = tuple(key for key in actual.archives if key not in there)
    return (f"brings back from its archive: {some(coming)}",) if coming else ()


def _running(actual: ContainersActual) -> Iterator[FieldChange]:
    if actual.place.is_swarm:
        yield from (FieldChange(f"service {each.service}", each.replicas, None) for each in actual.found.services)
    else:
        yield from (FieldChange(f"service {each.service}", each.state, None) for each in actual.found.containers)


def _fingerprint(actual: ContainersActual) -> str:
    """What was there when it was planned, but for what changes by itself: that something becomes healthy.

    A swarm replaces containers by itself.
    """
    things: list[object] = [sorted(actual.applied.items()), actual.is_complete]
    if actual.place.is_swarm:
        things += sorted((each.service, each.id, each.made_as, each.wanted) for each in actual.found.services)
    else:
        things.append(sorted((each.service, each.id, each.declared) for each in actual.found.containers))
        things.append([*sorted(actual.drift.items()), *actual.lost_networks])
    return hashlib.sha256(json.dumps(things).encode()).hexdigest()


def follow(change: Change, before: Iterable[Address]) -> Change:
    """Plan what would stay as it is, when the same plan changes what it waits for: a file that is read, or made."""
    anew = tuple(str(address) for address in before if address.kind in _READ)
    if change.action is not Action.NO_OP or not anew:
        return change
    fields = tuple(FieldChange(each, "as it was read", "made anew") for each in anew)
    reason = f"reads what this plan makes anew: {some(anew)}"
    return replace(change, action=Action.UPDATE, reason=reason, fields=fields, mode=Mode.RESTART)


def decide_removal(address: Address, actual: ContainersActual) -> Change:
    """Say what removing them would be, and what becomes of each volume."""
    observed = {"containers": _fingerprint(actual)}
    if actual.blocked:
        reason = f"kept: {actual.blocked}"
        return Change(address, Action.NO_OP, reason, hint=actual.hint, orphan=True, observed=observed)
    fates = {REMOVE: None, KEEP: "kept", ARCHIVE: "archived and removed"}
    policies = {each: policy_for(each, actual.policies) for each in actual.found.volumes}
    fields = (
        *_running(actual),
        *(FieldChange(f"volume {each.key}", each.name, fates.get(policy)) for each, policy in policies.items()),
        *(FieldChange(f"network {each.name}", "there", None) for each in actual.found.networks),
    )
    gone = [each.key for each, policy in policies.items() if policy == REMOVE]
    risk = f"the data in {some(tuple(gone))} is lost: `volumes: remove` was applied" if gone else ""
    return Change(address, Action.DELETE, "containers go", fields, orphan=True, observed=observed, touches_work=risk)
