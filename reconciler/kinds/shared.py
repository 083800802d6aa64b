"""Answers about the world that several workers ask for at the same time.

The rule: whoever asks gets an answer that was begun after the question; what was true before is never told again.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from threading import Lock
from typing import Generic, TypeVar

AnswerT = TypeVar("AnswerT")


class Shared(Generic[AnswerT]):
    """Asks for one answer at a time, and gives it to all who have been waiting for it since before it was begun."""

    def __init__(self) -> None:
        self._clock = count(1)
        self._lock = Lock()
        self._begun = 0
        self._answers: list[AnswerT] = []

    def get(self, ask: Callable[[], AnswerT]) -> AnswerT:
        """Give an answer to a question that is the same for all who ask here; raises what `ask` raises."""
        asked = next(self._clock)
        with self._lock:
            if self._begun < asked:
                begun = next(self._clock)
                self._answers[:] = [ask()]
                self._begun = begun
            return self._answers[0]
