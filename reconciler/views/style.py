"""Colour. Rule: it only adds; the same text without it says the same."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.change import Action

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "magenta": "35", "cyan": "36"}
_OF_ACTION = {
    Action.CREATE: "green",
    Action.UPDATE: "yellow",
    Action.DELETE: "red",
    Action.CONFLICT: "magenta",
    Action.NO_OP: "dim",
}


@dataclass(frozen=True, slots=True)
class Style:
    """Paints, or does not.

    Attributes:
        enabled: whether the stream takes colour; the command line decides.
    """

    enabled: bool = False

    def paint(self, text: str, *colours: str) -> str:
        """Wrap text in the colours, when enabled."""
        if not (self.enabled and text):
            return text
        return f"\x1b[{';'.join(_CODES[colour] for colour in colours)}m{text}\x1b[0m"

    def action(self, action: Action, text: str) -> str:
        """Paint text as its action is painted everywhere."""
        return self.paint(text, _OF_ACTION[action])


PLAIN = Style()
