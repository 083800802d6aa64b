"""One change carried out: look again, act, look once more. Runs in any thread; shares nothing that changes.

An exception from a kind becomes an `Outcome`; an exception from here is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.engine.drift import PLAN_AGAIN, is_reached, require_same
from reconciler.engine.graph import Graph
from reconciler.engine.observer import Kinds
from reconciler.engine.retries import Failure, Retries
from reconciler.errors import ConflictError, OrchestraError, PermanentError
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.outcome import Outcome, Status

_ACHIEVED = {Action.CREATE: Status.CREATED, Action.UPDATE: Status.UPDATED, Action.DELETE: Status.DELETED}


@dataclass(slots=True)
class _Progress:
    """How far a change has come.

    Attributes:
        attempts: how many were begun.
        is_touched: the kind was told to act, so what is found next may be our own half-done work.
        said: what the kind told of how it was done.
    """

    change: Change
    attempts: int = 0
    is_touched: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True)
class Worker:
    """What it takes to carry out any change of a plan.

    Attributes:
        graph: what is declared.
        actuals: what was found when the plan was made; the removal of what is no longer declared starts from it.
        clock: seconds from any fixed moment on.
    """

    graph: Graph
    kinds: Kinds
    actuals: Mapping[Address, Any]
    retries: Retries
    clock: Callable[[], float]
    on_failure: Callable[[Change, Failure], None] = field(default=lambda _change, _failure: None)

    def carry_out(self, change: Change) -> Outcome:
        """Try a change until it succeeds or cannot; never raises what a kind raised."""
        started = self.clock()
        progress = _Progress(change)
        try:
            status = self.retries.call(lambda: self._try(progress), lambda failure: self.on_failure(change, failure))
        except OrchestraError as error:
            return self._failed(progress, error, started)
        except Exception as error:  # noqa: BLE001 (whatever a kind raises is an outcome)
            return self._failed(progress, _wrap(error), started)
        return Outcome(change.address, status, progress.said, None, progress.attempts, self.clock() - started)

    def exclusive_key(self, change: Change) -> str | None:
        """Name what a change must have for itself; None when nothing."""
        resource = self.graph.resources.get(change.address)
        return self.kinds[change.address.kind].exclusive_key(change.address, resource.spec if resource else None)

    def _failed(self, progress: _Progress, error: OrchestraError, started: float) -> Outcome:
        seconds = self.clock() - started
        return Outcome(progress.change.address, Status.FAILED, error.message, error, progress.attempts, seconds)

    def _try(self, progress: _Progress) -> Status:
        progress.attempts += 1
        if progress.change.action is Action.DELETE:
            return self._remove(progress)
        return self._converge(progress)

    def _remove(self, progress: _Progress) -> Status:
        """Remove what is declared no longer.

        There is no declaration to look with, so its kind compares the world with the actual that was planned from,
        refuses when it moved, and returns only when the thing is gone.
        """
        address = progress.change.address
        actual = self.actuals.get(address)
        if actual is None:
            return Status.UNCHANGED
        progress.said = self.kinds[address.kind].destroy(address, actual) or ""
        return Status.DELETED

    def _converge(self, progress: _Progress) -> Status:
        change = progress.change
        kind = self.kinds[change.address.kind]
        resource = self.graph.resources[change.address]
        actual = kind.look(resource)
        fresh = kind.diff(resource, actual)
        if is_reached(change, fresh):
            return _ACHIEVED[change.action] if progress.is_touched else Status.UNCHANGED
        order = _confirm_again(change, fresh) if progress.is_touched else _confirm(change, fresh)
        progress.is_touched = True
        progress.said = kind.apply(order, resource, actual) or ""
        _require_seen(change, kind.diff(resource, kind.look(resource)))
        return _ACHIEVED[change.action]


def _confirm(planned: Change, fresh: Change) -> Change:
    """Order what was planned, if the world is still as it was then."""
    require_same(planned, fresh)
    return planned


def _confirm_again(planned: Change, fresh: Change) -> Change:
    """Order what is left to do after an attempt of ours that failed half-way."""
    if not fresh.is_pending or fresh.action is Action.DELETE:
        message = f"{planned.address} cannot be finished: {fresh.reason or fresh.mode.value}"
        raise ConflictError(message, hint=fresh.hint or PLAN_AGAIN)
    return fresh


def _require_seen(change: Change, after: Change) -> None:
    """Believe only what is seen; what is left to a person does not count.

    Raises:
        PermanentError: the wanted state is not there.
    """
    if after.is_pending or after.action is Action.CONFLICT:
        left = "; ".join(_say(field) for field in after.fields) or after.reason
        done = _ACHIEVED[change.action].value
        raise PermanentError(f"{change.address} was not seen after it was {done}: {left}", hint=PLAN_AGAIN)


def _say(change: FieldChange) -> str:
    if change.text:
        return f"{change.path} differs"
    return f"{change.path} is {change.before!r}, not {change.after!r}"


def _wrap(error: Exception) -> PermanentError:
    """Give an error that nobody expected a place in our tree, its traceback kept."""
    wrapped = PermanentError(f"{type(error).__name__}: {error}", hint="this is a bug in orchestra; please report it")
    wrapped.__cause__ = error
    return wrapped
