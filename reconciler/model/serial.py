"""A plan as a document, `orchestra.plan/1`: what `plan --json` prints and `--out` saves. Values in, values out.

Within version 1 keys are only added; a reader passes over those it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.model.change import Action, Change, FieldChange, Mode
from reconciler.model.plan import Plan

PLAN_FORMAT = "orchestra.plan/1"
ACTION_NAMES = {
    Action.NO_OP: "no-op",
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.DELETE: "delete",
    Action.CONFLICT: "conflict",
}
MODE_NAMES = {Mode.IN_PLACE: "in-place", Mode.RESTART: "restart", Mode.PERSON: "person"}


@dataclass(frozen=True, slots=True)
class Origin:
    """What a plan was made from.

    Attributes:
        command: `apply` or `destroy`: which of them the plan is for.
        manifest_digest: of the bytes of every file that was read; empty when there was none.
        clone: the identity of the clone; a plan is for no other.
        orchestra: the version that made it.
        created: when, as ISO 8601 with an offset.
    """

    command: str
    manifest_digest: str
    clone: str
    orchestra: str
    created: str


def as_it_is(text: str) -> str:
    """Redact nothing."""
    return text


def plan_document(plan: Plan, origin: Origin, redact: Callable[[str], str] = as_it_is) -> dict[str, object]:
    """Describe a plan in what JSON can hold.

    Args:
        plan: every change, unchanged resources too.
        origin: what it was made from.
        redact: takes secrets out of a text; applied to everything that may hold one.
    """
    summary = plan.summary
    return {
        "format": PLAN_FORMAT,
        "command": origin.command,
        "orchestra": origin.orchestra,
        "created": origin.created,
        "clone": origin.clone,
        "manifest_digest": origin.manifest_digest,
        "summary": {
            "add": summary.add,
            "change": summary.change,
            "destroy": summary.destroy,
            "conflicts": len(plan.conflicts),
        },
        "notes": [redact(note) for note in plan.notes],
        "changes": [change_document(change, redact) for change in plan.changes],
    }


def change_document(change: Change, redact: Callable[[str], str] = as_it_is) -> dict[str, object]:
    """Describe one change."""
    return {
        "address": str(change.address),
        "action": ACTION_NAMES[change.action],
        "mode": MODE_NAMES[change.mode],
        "reason": redact(change.reason),
        "fields": [_field_document(field, redact) for field in change.fields],
        "waits_for": [str(address) for address in change.waits_for],
        "notes": [redact(note) for note in change.notes],
        "orphan": change.orphan,
        "observed": {name: redact(value) for name, value in sorted(change.observed.items())},
        "touches_work": redact(change.touches_work),
        "hint": redact(change.hint),
        "drift": [redact(drift) for drift in change.drift],
    }


def _field_document(field: FieldChange, redact: Callable[[str], str]) -> dict[str, object]:
    before, after = (None if side is None else redact(side) for side in (field.before, field.after))
    return {"path": field.path, "before": before, "after": after, "text": field.text}
