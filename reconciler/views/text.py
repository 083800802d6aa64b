"""Make text from strangers safe to show. Rule: nothing reaches a terminal that was not printable or escaped."""

from __future__ import annotations

from collections.abc import Sequence

_JOINERS = "\u200d\ufe0f"  # inside emoji; they move no cursor


def escape(text: str, *, keep: str = "") -> str:
    r"""Write every character that could steer a terminal as `\x1b`, so that a name cannot rewrite the screen.

    Args:
        text: anything, for example a path with bytes that are no UTF-8.
        keep: characters to leave as they are, for example tabs in a diff.
    """
    if text.isprintable():
        return text
    return "".join(character if _is_harmless(character, keep) else _escaped(character) for character in text)


def _is_harmless(character: str, keep: str) -> bool:
    return character.isprintable() or character in keep or character in _JOINERS


def _escaped(character: str) -> str:
    if "\udc80" <= character <= "\udcff":  # a byte that is no UTF-8, as the operating system handed it over
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")


def plural(count: int, one: str, many: str = "") -> str:
    """`1 problem`, `2 problems`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


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
