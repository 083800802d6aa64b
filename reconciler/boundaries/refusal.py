"""What is said of a pattern that cannot mean what it says."""

from __future__ import annotations


class PatternError(ValueError):
    """A pattern that cannot mean what it says.

    Attributes:
        message: what is wrong, one sentence.
        offset: where in the text, counted from 0 in characters.
        hint: one way out.
        better: the pattern that the hint proposes; empty when it proposes none.
    """

    def __init__(self, message: str, offset: int, hint: str = "", *, better: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint
        self.better = better
