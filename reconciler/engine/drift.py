"""What a change was planned from against what is found now: its fingerprint, compared in words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.errors import ConflictError
from reconciler.model.change import Action, Change, Mode

_ORDERS = {
    Action.NO_OP: "leave it as it is",
    Action.CREATE: "create it",
    Action.UPDATE: "update it",
    Action.DELETE: "remove it",
    Action.CONFLICT: "stop at a conflict",
}
_HASH = re.compile(r"(?<![0-9a-f])([0-9a-f]{9})[0-9a-f]{31,55}(?![0-9a-f])")
PLAN_AGAIN = "run `orchestra plan` again and look at the difference"


def describe_drift(planned_from: Mapping[str, str], found: Mapping[str, str]) -> str:
    """Name each field that moved, what was planned from and what was found; empty when none did.

    What only one of the two has is named only where nothing else tells them apart: a tree that is gone has no branch.
    """
    differing = {field for field in planned_from.keys() | found.keys() if planned_from.get(field) != found.get(field)}
    moved = sorted(differing & planned_from.keys() & found.keys() or differing)
    return "; ".join(f"{f}: planned from {_say(planned_from.get(f))}, found {_say(found.get(f))}" for f in moved)


def is_reached(planned: Change, fresh: Change) -> bool:
    """Whether nothing is left to do because it is as ordered, and not because somebody made it otherwise meanwhile."""
    return fresh.action is Action.NO_OP and set(fresh.drift) <= set(planned.drift)


def require_same(planned: Change, fresh: Change) -> None:
    """Make sure that the world did not move under a change.

    Raises:
        ConflictError: it did; names the field, what was planned from and what was found.
    """
    drift = describe_drift(planned.observed, fresh.observed) or describe_order(planned, fresh)
    if drift:
        raise ConflictError(
            f"{planned.address} is not what it was planned from: {drift}", hint=fresh.hint or PLAN_AGAIN
        )


def describe_order(planned: Change, fresh: Change) -> str:
    """Say how the order itself differs; empty when it does not."""
    if (planned.action, planned.mode) == (fresh.action, fresh.mode):
        return ""
    why = (fresh.reason, *(() if fresh.is_pending else (*fresh.drift, *fresh.notes)))
    because = f" ({'; '.join(filter(None, why))})" if any(why) else ""
    return f"planned to {_order(planned)}, now to {_order(fresh)}{because}"


def _order(change: Change) -> str:
    where = "" if change.mode is Mode.IN_PLACE else f" {change.mode.value}"
    return _ORDERS[change.action] + where


def _say(value: str | None) -> str:
    return repr(_HASH.sub(r"\1", value)) if value else "nothing"
