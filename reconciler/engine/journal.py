"""What is written down of a run: before each change that it will be tried, after it what became of it.

The journal is a history for people. Nothing is ever decided by it: what exists is found by looking.
"""

from __future__ import annotations

from typing import Protocol

from reconciler.model.change import Change
from reconciler.model.outcome import Outcome


class Journal(Protocol):
    """Who writes it down. Called from one thread, in order; what cannot be tried has a `done` alone."""

    def intent(self, change: Change) -> None:
        """Write down that a change is about to be tried.

        Raises:
            OrchestraError: it could not be written; the change is then not tried.
        """

    def done(self, outcome: Outcome) -> None:
        """Write down what became of it.

        Raises:
            OrchestraError: it could not be written; the outcome stands nevertheless.
        """


class NoJournal:
    """Writes nothing down."""

    def intent(self, change: Change) -> None:
        """Forget it."""

    def done(self, outcome: Outcome) -> None:
        """Forget it."""
