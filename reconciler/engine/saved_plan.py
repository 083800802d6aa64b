"""Plans that outlive a process: written as text, read back without trust, and held against the world of today.

A saved plan is a permission, never an instruction: what is carried out is always a change of the fresh plan, and only
where the saved one ordered the same from the same facts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reconciler.engine.drift import PLAN_AGAIN, describe_drift, describe_order, is_reached
from reconciler.engine.plan_reader import Unreadable, read_document
from reconciler.errors import UsageError
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.plan import Plan
from reconciler.model.serial import Origin, as_it_is, change_document, plan_document


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """A plan and what it was made from."""

    origin: Origin
    plan: Plan

    @property
    def is_pruning(self) -> bool:
        """Whether it removes something; the fresh plan must then be made with `prune`, too."""
        return self.plan.summary.destroy > 0


def dump_plan(plan: Plan, origin: Origin, redact: Callable[[str], str] = as_it_is) -> str:
    """Write a plan as text, in ASCII."""
    return json.dumps(plan_document(plan, origin, redact), indent=2) + "\n"


def load_plan(text: str | bytes, file: str) -> SavedPlan:
    """Read a saved plan.

    Args:
        text: the content; anything at all.
        file: its name, for messages.

    Raises:
        UsageError: it is not a saved plan, or one of a version that is not known here.
    """
    try:
        origin, plan = read_document(json.loads(text))
    except Unreadable as problem:
        raise _refusal(file, str(problem)) from None
    except RecursionError:
        raise _refusal(file, "it is nested too deeply") from None
    except ValueError:  # malformed JSON, bytes in no encoding, a number of a million digits
        raise _refusal(file, "it is not JSON") from None
    return SavedPlan(origin, plan)


def _refusal(file: str, why: str) -> UsageError:
    return UsageError(f"{file} is not a saved plan: {why}", hint="save one with `orchestra plan --out FILE`")


def restrict(fresh: Plan, saved: Plan, redact: Callable[[str], str] = as_it_is) -> Plan:
    """Keep of a fresh plan what a saved one ordered from the same facts.

    What is as ordered by now is a no-op; where the order or a fact of it differs, a conflict names the field, what was
    planned from, and what was found; what was not ordered is left out.

    Args:
        fresh: the plan of today, made for the same command; its changes are what is carried out.
        saved: the plan that was approved.
        redact: what secrets were taken out of the saved plan with.
    """
    ordered = {change.address: change for change in saved.pending}
    changes = [change for found in fresh.changes if (change := _hold_against(ordered, found, redact))]
    present = {change.address for change in fresh.changes}
    changes += [_absent(change) for change in ordered.values() if change.address not in present]
    return Plan(_without_unordered(_behind_conflicts(changes, ordered)), fresh.notes)


def _hold_against(ordered: dict[Address, Change], found: Change, redact: Callable[[str], str]) -> Change | None:
    """Keep a fresh change, make it a conflict, or leave it out."""
    planned = ordered.get(found.address)
    if planned is None:
        return found if found.action is Action.NO_OP else None
    told = replace(found, drift=tuple(map(redact, found.drift)))
    if planned.action is not Action.DELETE and not found.orphan and is_reached(planned, told):
        return found  # what was to be removed is reached only when it is gone
    difference = _difference(planned, found, redact)
    return _conflict(found, difference) if difference else found


def _difference(planned: Change, found: Change, redact: Callable[[str], str]) -> str:
    """Name what moved since the plan was saved; empty when nothing did."""
    observed = {name: redact(value) for name, value in found.observed.items()}
    has_facts = bool(observed) or found.action is not Action.NO_OP
    drift = describe_drift(planned.observed, observed) if has_facts else ""
    return drift or describe_order(planned, found) or _other_fields(planned, found, redact)


def _other_fields(planned: Change, found: Change, redact: Callable[[str], str]) -> str:
    """Name the fields that would become something else by now, and what; of whole texts only that they would."""
    before, after = change_document(planned)["fields"], change_document(found, redact)["fields"]
    if before == after:
        return ""
    sides = ((planned.fields, as_it_is), (found.fields, redact))
    then, now = ({field.path: _say(field, how) for field in fields} for fields, how in sides)
    moved = sorted(path for path in then.keys() | now.keys() if then.get(path) != now.get(path))
    said = (f"{path}: planned {then.get(path, 'nothing')}, now {now.get(path, 'nothing')}" for path in moved)
    return f"it would change otherwise now: {'; '.join(said) or ', '.join(sorted(now))}"


def _say(field: FieldChange, redact: Callable[[str], str]) -> str:
    """A field in one line; of a whole text only that it is one."""
    sides = ("a text" if field.text else repr(redact(side)) for side in (field.before, field.after) if side is not None)
    return " to ".join(sides)


def _conflict(found: Change, difference: str) -> Change:
    return replace(
        found, action=Action.CONFLICT, reason=f"the saved plan is stale: {difference}", fields=(), hint=PLAN_AGAIN
    )


def _absent(planned: Change) -> Change:
    """Judge what was ordered and is neither declared nor there."""
    if planned.action is Action.DELETE:
        return replace(planned, action=Action.NO_OP, reason="already gone", fields=(), waits_for=())
    return _conflict(replace(planned, waits_for=()), "it is no longer declared")


def _behind_conflicts(changes: list[Change], ordered: Mapping[Address, Change]) -> list[Change]:
    """Let what was to wait for something that is refused now wait for it still: it is skipped."""
    conflicts = {change.address for change in changes if change.action is Action.CONFLICT}
    return [_wait(change, ordered.get(change.address), conflicts) for change in changes]


def _wait(change: Change, planned: Change | None, conflicts: set[Address]) -> Change:
    refused = [needed for needed in (planned.waits_for if planned else ()) if needed in conflicts]
    if planned is None or not refused or change.action is Action.NO_OP:
        return change
    order = planned if change.action is Action.CONFLICT else change
    return replace(order, waits_for=tuple(dict.fromkeys((*change.waits_for, *refused))))


def _without_unordered(changes: list[Change]) -> tuple[Change, ...]:
    """Refuse what needs something that today has to be made first and that the saved plan did not order."""
    present = {change.address for change in changes}
    return tuple(_refuse_unordered(change, present) for change in changes)


def _refuse_unordered(change: Change, present: set[Address]) -> Change:
    unordered = next((needed for needed in change.waits_for if needed not in present), None)
    if unordered is None:
        return change
    waits_for = tuple(needed for needed in change.waits_for if needed in present)
    refused = _conflict(change, f"it needs {unordered} to be changed first, which the saved plan did not order")
    return replace(refused, waits_for=waits_for)
