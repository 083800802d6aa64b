"""One character class, `[a-z]`, read as git reads it: byte by byte.

The rule: a class that git would read otherwise than it looks, or that no byte is in, is refused.
"""

from __future__ import annotations

from typing import NamedTuple

from reconciler.boundaries.refusal import PatternError

SLASH = ord("/")
ANY_BYTE = frozenset(range(1, 256)) - {SLASH}
"""What `?` matches."""

_DIGITS = frozenset(b"0123456789")
_UPPER = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER = frozenset(b"abcdefghijklmnopqrstuvwxyz")
_GRAPH = frozenset(range(0x21, 0x7F))
_NAMED = {
    "alnum": _UPPER | _LOWER | _DIGITS,
    "alpha": _UPPER | _LOWER,
    "blank": frozenset(b" \t"),
    "cntrl": frozenset(range(0x20)) | {0x7F},
    "digit": _DIGITS,
    "graph": _GRAPH,
    "lower": _LOWER,
    "print": _GRAPH | {0x20},
    "punct": _GRAPH - _UPPER - _LOWER - _DIGITS,
    "space": frozenset(b" \t\n\r"),  # git's own idea of it
    "upper": _UPPER,
    "xdigit": _DIGITS | frozenset(b"abcdefABCDEF"),
}


class CharacterClass(NamedTuple):
    """The bytes that a class matches, and the offset behind its `]`."""

    members: frozenset[int]
    end: int


class _Member(NamedTuple):
    """A piece of a class: its bytes, where a range that follows would begin, and the offset behind it."""

    members: frozenset[int]
    low: int | None
    end: int


def read(text: str, start: int) -> CharacterClass:
    """Read the class that opens at an offset.

    Raises:
        PatternError: it is none, or not what it seems.
    """
    is_negated = text[start + 1 : start + 2] in {"!", "^"}
    offset = first = start + 1 + is_negated
    members: frozenset[int] = frozenset()
    low: int | None = None
    while offset == first or text[offset] != "]":
        piece = _member(text, start, offset, low)
        members, low, offset = members | piece.members, piece.low, piece.end
        _require_more(text, start, offset)
    return CharacterClass(ANY_BYTE - members if is_negated else members & ANY_BYTE, offset + 1)


def _member(text: str, start: int, offset: int, low: int | None) -> _Member:
    character, end = _character(text, start, offset)
    if text[offset] == "-" and low is not None and text[end : end + 1] not in {"]", ""}:
        return _range(text, start, end, low)
    if text[offset] == "[" and text[end : end + 1] == ":":
        return _named(text, start, offset) or _Member(frozenset({character}), character, end)
    return _Member(frozenset({character}), character, end)


def _character(text: str, start: int, offset: int) -> tuple[int, int]:
    """One character, that may be escaped, and the offset behind it."""
    _require_more(text, start, offset)
    if text[offset] == "\\":
        offset += 1
        _require_more(text, start, offset)
    character = text[offset]
    if character == "/":
        raise PatternError("a character class never matches `/`", offset, "write `/` outside of the brackets")
    if not character.isascii():
        message = f"git reads a character class byte by byte, and `{character}` is several bytes"
        raise PatternError(message, offset, "write one pattern for each character")
    return ord(character), offset + 1


def _range(text: str, start: int, offset: int, low: int) -> _Member:
    high, end = _character(text, start, offset)
    if high < low:
        raise PatternError(f"nothing is between `{chr(low)}` and `{chr(high)}`", offset, "write the lower one first")
    return _Member(frozenset(range(low, high + 1)), None, end)


def _named(text: str, start: int, offset: int) -> _Member | None:
    """Read `[:digit:]`; None where git takes the bracket for itself."""
    end = text.find("]", offset)
    _require_more(text, start, end)
    name = text[offset + 2 : end - 1]
    if end < offset + 3 or text[end - 1] != ":":
        return None
    if name not in _NAMED:
        hint = "known are the POSIX ones, for example `[:digit:]`"
        raise PatternError(f"git knows no character class `{text[offset : end + 1]}`", offset, hint)
    return _Member(_NAMED[name], None, end + 1)


def _require_more(text: str, start: int, offset: int) -> None:
    if not 0 <= offset < len(text):
        raise PatternError("`[` opens a character class that never ends", start, "write `\\[` for the character itself")
