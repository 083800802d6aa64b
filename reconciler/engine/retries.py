"""One policy for all that may pass by itself: which errors are tried again, how often, and how long the wait is.

Only a `TransientError` is; who raises one has decided so where the error was first seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from reconciler.errors import TransientError
from reconciler.model.settings import Settings

ResultT = TypeVar("ResultT")


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed and will be followed by another."""

    attempt: int
    error: TransientError
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class Retries:
    """The policy, with everything it needs from outside.

    Attributes:
        sleep: waits; may return early when the user interrupts.
        is_stopped: whether the user interrupted; then there is no further attempt.
    """

    settings: Settings
    sleep: Callable[[float], None]
    is_stopped: Callable[[], bool]

    def call(self, work: Callable[[], ResultT], on_failure: Callable[[Failure], None]) -> ResultT:
        """Do the work until it succeeds.

        Raises:
            TransientError: the last attempt's, when there are no more or the user interrupted.
            Exception: whatever else the work raises, at once.
        """
        return self._build(on_failure)(work)

    def _build(self, on_failure: Callable[[Failure], None]) -> Retrying:
        failures: list[Failure] = []

        def note(state: RetryCallState) -> None:
            failures.append(_failure(state))
            on_failure(failures[-1])

        def sleep(seconds: float) -> None:
            self.sleep(seconds)
            if self.is_stopped():
                raise failures[-1].error

        return Retrying(
            retry=retry_if_exception_type(TransientError),
            stop=self._is_last,
            wait=wait_exponential_jitter(
                multiplier=self.settings.first_wait_seconds,
                max=self.settings.longest_wait_seconds,
                jitter=self.settings.first_wait_seconds,
            ),
            sleep=sleep,
            before_sleep=note,
            reraise=True,
        )

    def _is_last(self, state: RetryCallState) -> bool:
        return self.is_stopped() or stop_after_attempt(self.settings.attempts)(state)


def _failure(state: RetryCallState) -> Failure:
    error = state.outcome.exception() if state.outcome else None
    if not isinstance(error, TransientError):
        raise TypeError(f"only a TransientError is tried again, not {error!r}")
    wait_seconds = state.next_action.sleep if state.next_action else 0.0
    return Failure(state.attempt_number, error, wait_seconds)
