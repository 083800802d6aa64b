"""The words for actions and outcomes, the same in every view. Rule: a plan orders, a report states."""

from __future__ import annotations

from reconciler.model.change import Action, Change
from reconciler.model.escaping import escape
from reconciler.model.event import Finished, Interrupted, Retried
from reconciler.model.outcome import Outcome, Status

_DOING = {
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.DELETE: "destroying",
    Action.NO_OP: "looking",
    Action.CONFLICT: "looking",
}
_DONE = {Status.DELETED: "destroyed"}
_OF_MANY = (
    ("it needs ", "they need "),
    ("it is ", "they are "),
    ("what it waits for waits for it", "what they wait for waits for them"),
)


def doing(change: Change) -> str:
    """`creating`."""
    return _DOING[change.action]


def done(status: Status) -> str:
    """`created`; what was deleted is said to be destroyed, as in the plan."""
    return _DONE.get(status, status.value)


def because(outcome: Outcome) -> str:
    """Why it failed or was skipped, on one line; empty when nothing is known."""
    text = outcome.reason or (outcome.error.message if outcome.error else "")
    return escape(text.strip().split("\n")[0])


def skipped(why: str, *, many: bool = False) -> str:
    """`skipped, because it needs workspace:auth, which failed`; of many, `because they need ...`."""
    for one, more in _OF_MANY if many else ():
        if why.startswith(one):
            return f"skipped, because {more}{why.removeprefix(one)}"
    if why.startswith(("it ", "what ")):  # a clause
        return f"skipped, because {why}"
    return f"skipped: {why}" if why else "skipped"


def finished_line(event: Finished) -> str:
    """`workspace:auth: created after 1.2s`."""
    outcome = event.outcome
    address, why = escape(str(outcome.address)), because(outcome)
    if outcome.status is Status.SKIPPED:
        return f"{address}: {skipped(why)}"
    if outcome.status is Status.FAILED:
        return f"{address}: failed after {outcome.seconds:.1f}s" + (f": {why}" if why else "")
    return f"{address}: {done(outcome.status)} after {outcome.seconds:.1f}s" + (f": {why}" if why else "")


def retried_line(event: Retried, attempts: int) -> str:
    """`workspace:auth: retrying (2 of 5) in 0.4s: reason`."""
    why = escape(event.error.message.split("\n")[0])
    address = escape(str(event.change.address))
    return f"{address}: retrying ({event.attempt + 1} of {attempts}) in {event.wait_seconds:.1f}s: {why}"


def interrupted_line(event: Interrupted) -> str:
    """What Ctrl-C led to, and what a second one would."""
    if event.forced:
        return f"Interrupted again: stopping {event.running} running."
    return f"Interrupted: finishing {event.running} running, starting nothing new. Ctrl-C again stops them."
