"""Find the patterns that may meet one, among many, without looking at each: by how they begin and end.

The rule: a pair that has a path in common is never left out.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Generic, NamedTuple, TypeVar

from reconciler.boundaries.pattern import Pattern

ValueT = TypeVar("ValueT")

_BEGINNING = re.compile(r"[^*?\[\\]*")
_ENDING = re.compile(r"[^*?\[\]\\]*\Z")


class Edges(NamedTuple):
    """The text that every path of a pattern begins with, and the text that each ends with, backwards."""

    beginning: str
    ending: str


@lru_cache(1 << 14)
def edges(pattern: Pattern) -> Edges:
    """Read them off a pattern."""
    if pattern.literal:
        return Edges(pattern.text.rstrip("/"), "")
    beginning, ending = _BEGINNING.match(pattern.text), _ENDING.search(pattern.text)
    assert beginning  # noqa: S101 - it may be empty
    assert ending  # noqa: S101 - the same
    text = ending[0].lstrip("/") if pattern.text[: ending.start()].endswith("**") else ending[0]
    return Edges(beginning[0], text[::-1])


class _Nest(Generic[ValueT]):
    """Values by a text, found by every text that begins with it or that it begins with."""

    def __init__(self, values: Mapping[str, ValueT]) -> None:
        self._values = values
        self._texts = sorted(values)

    def near(self, text: str) -> Iterator[ValueT]:
        yield from (self._values[text[:end]] for end in range(len(text)) if text[:end] in self._values)
        for at in range(bisect_left(self._texts, text), len(self._texts)):
            if not self._texts[at].startswith(text):
                break
            yield self._values[self._texts[at]]


class Neighbourhood(Generic[ValueT]):
    """Patterns, each with a value."""

    def __init__(self, items: Iterable[tuple[Pattern, ValueT]]) -> None:
        groups: dict[str, dict[str, list[tuple[Pattern, ValueT]]]] = {}
        for pattern, value in items:
            beginning, ending = edges(pattern)
            groups.setdefault(beginning, {}).setdefault(ending, []).append((pattern, value))
        self._groups = _Nest({beginning: _Nest(endings) for beginning, endings in groups.items()})

    def near(self, pattern: Pattern) -> Iterator[tuple[Pattern, ValueT]]:
        """Those that may have a path in common with a pattern."""
        beginning, ending = edges(pattern)
        for group in self._groups.near(beginning):
            for items in group.near(ending):
                yield from (item for item in items if _may_meet(item[0], pattern))


def _may_meet(first: Pattern, second: Pattern) -> bool:
    """A path without wildcards goes on with `/` only."""
    shorter, longer = sorted((first, second), key=lambda pattern: len(edges(pattern).beginning))
    end = len(edges(shorter).beginning)
    return not shorter.literal or edges(longer).beginning[end : end + 1] in {"", "/"}
