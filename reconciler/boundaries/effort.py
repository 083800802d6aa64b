"""What deciding may cost. The rule: what is too costly is refused, never guessed; steps are counted, not time."""

from __future__ import annotations

from reconciler.boundaries.pattern import Pattern

MOST_STEPS = 1_000_000
"""Of one decision: about a second."""

MOST_STEPS_TOGETHER = 5 * MOST_STEPS
"""Of all decisions about one manifest."""


class OutOfEffortError(Exception):
    """The bounds are reached."""


class TooCostlyError(Exception):
    """A question could not be decided within the bounds.

    Attributes:
        pattern: the one that makes it costly.
    """

    def __init__(self, pattern: Pattern) -> None:
        super().__init__(f"too costly to decide: {pattern}")
        self.pattern = pattern


class Effort:
    """Counts what the decisions about one manifest cost.

    Attributes:
        decisions: questions that had to be searched for.
        steps: all of them together.
    """

    def __init__(self) -> None:
        self.decisions = 0
        self.steps = 0
        self._most = MOST_STEPS

    @property
    def is_spent(self) -> bool:
        """Whether nothing more can be decided."""
        return self.steps > MOST_STEPS_TOGETHER

    def begin(self) -> None:
        """Begin a decision."""
        self.decisions += 1
        self._most = min(self.steps + MOST_STEPS, MOST_STEPS_TOGETHER)

    def spend(self, steps: int) -> None:
        """Take note of steps.

        Raises:
            OutOfEffortError: these are too many.
        """
        self.steps += steps
        if self.steps > self._most:
            raise OutOfEffortError
