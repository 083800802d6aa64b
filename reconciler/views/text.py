"""How text is laid out: indentation, ages. What comes from strangers is escaped before (`model.escaping`)."""

from __future__ import annotations

from collections.abc import Sequence


def indent(lines: Sequence[str], by: str) -> list[str]:
    """Put `by` before every line that is not empty."""
    return [by + line if line else line for line in lines]


def age(seconds: float) -> str:
    """How long ago, to the unit a person would say it in."""
    if seconds < 1:
        return "now"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{int(seconds)} s ago"


def joined(lines: Sequence[str]) -> str:
    """One text that ends with exactly one newline; empty for no lines."""
    return "\n".join(lines) + "\n" if lines else ""
