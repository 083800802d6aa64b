"""A pattern for git itself. The rule: git lists for it just the language of the pattern.

Git also takes a pattern with wildcards for the name of one file or directory: `docs/*.md` lists all below a directory
that is really called `*.md`. A class that holds `//`, which stands in no path, keeps it from that and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from reconciler.boundaries import classes
from reconciler.boundaries.pattern import Pattern

_NOWHERE = "//"


@lru_cache(1 << 14)
def of(pattern: Pattern) -> str:
    """The pathspec of a pattern."""
    return f":(top,glob){_text(pattern)}"


def excluding(pattern: Pattern) -> str:
    """The pathspec that takes the language of a pattern out again."""
    return f":(top,glob,exclude){_text(pattern)}"


def _text(pattern: Pattern) -> str:
    if pattern.literal:
        return pattern.text.rstrip("/")
    if pattern.text.endswith("/**") and Pattern.is_plain(pattern.text[:-3]):
        return pattern.text  # what a directory of that name holds is in the language anyway
    return _guarded(pattern.text)


def _guarded(text: str) -> str:
    """Put the class in at the place where it reads best; git is quick as long as the literal beginning stays.

    Where git compares trees, it takes segments for names one by one, and the rest for a pattern: so it must not get
    beyond the first segment whose text is not in its own language.
    """
    places = list(_places(text))
    if not places:  # `**` alone and the like: every path is in the language
        return text
    start, end = _first_wild(text)
    places = [place for place in places if start <= place.start and place.end <= end] or places
    best = min(places, key=lambda place: (place.rank, -place.start))
    return text[: best.start] + best.written + text[best.end :]


def _first_wild(text: str) -> tuple[int, int]:
    """Where the first segment is that has wildcards and is not `**`; all of it where there is none."""
    start = 0
    for segment in text.split("/"):
        if segment != "**" and not Pattern.is_plain(segment):
            return start, start + len(segment)
        start += len(segment) + 1
    return 0, len(text)


class _Place(NamedTuple):
    """What can be written with a class, and how ugly that is."""

    rank: int
    start: int
    end: int
    written: str


def _places(text: str) -> Iterator[_Place]:
    offset, is_wild = 0, False
    while offset < len(text):
        place = _place(text, offset, is_wild=is_wild)
        if place.written:
            yield place
        is_wild = is_wild or text[offset] in "*?[\\"
        offset = place.end


def _place(text: str, offset: int, *, is_wild: bool) -> _Place:
    character = text[offset]
    if character in "*/":
        beside = {text[offset - 1 : offset], text[offset + 1 : offset + 2]}
        is_whole = character == "*" and beside <= {"", "/"}
        return _Place(2, offset, offset + 1, f"[^{_NOWHERE}]*" if is_whole else "")
    if character == "?":
        return _Place(1, offset, offset + 1, f"[^{_NOWHERE}]")
    if character == "[":
        return _class(text, offset)
    if character == "\\":
        return _Place(5, offset, offset + 2, f"[{text[offset : offset + 2]}{_NOWHERE}]")
    if character.isascii() and character.isalnum():
        return _Place(0 if is_wild else 4, offset, offset + 1, f"[{character}{_NOWHERE}]")
    return _Place(6, offset, offset + 1, _odd(character))


def _odd(character: str) -> str:
    """A class is of bytes, and `!` or `]` is one of its own characters."""
    if character.isascii():
        return f"[\\{character}{_NOWHERE}]"
    first, *rest = (bytes([byte]).decode("ascii", "surrogateescape") for byte in character.encode())
    return f"[{first}{_NOWHERE}]{''.join(rest)}"


def _class(text: str, start: int) -> _Place:
    """Put it last in a class that is there, or first where it would end a range; what is first there is escaped then.

    Last, since git takes what stands before the first `/` for a name: one that no class of one byte matches.
    """
    end = classes.read(text, start).end
    if text[end - 2] != "-":
        return _Place(3, start, end, f"{text[start : end - 1]}{_NOWHERE}]")
    first = start + 1 + (text[start + 1] in "!^")
    escape = "\\" if text[first] in "]-" else ""
    return _Place(7, start, end, f"{text[start:first]}{_NOWHERE}{escape}{text[first:end]}")
