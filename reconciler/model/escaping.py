"""Make text from strangers safe to show. Rule: nothing reaches a terminal that was not printable or escaped."""

from __future__ import annotations

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
