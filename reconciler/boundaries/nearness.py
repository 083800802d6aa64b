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
    """What can be read off a pattern at once.

    Attributes:
        beginning: every path begins with it.
        ending: every path ends with it; backwards.
        name: the last name of every path begins with it.
    """

    beginning: str
    ending: str
    name: str


@lru_cache(1 << 14)
def edges(pattern: Pattern) -> Edges:
    """Read them off a pattern."""
    text = pattern.text
    if pattern.literal:  # a path goes on below it
        return Edges(text.rstrip("/"), "", "")
    ending = _first(_ENDING.search(text))
    is_deep = text[: len(text) - len(ending)].endswith("**")
    return Edges(
        _first(_BEGINNING.match(text)),
        (ending.lstrip("/") if is_deep else ending)[::-1],
        _first(_BEGINNING.match(text.rpartition("/")[2])),
    )


def _first(found: re.Match[str] | None) -> str:
    return found[0] if found else ""


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
        groups: dict[str, dict[str, dict[str, list[tuple[Pattern, ValueT]]]]] = {}
        for item in items:
            beginning, ending, name = edges(item[0])
            groups.setdefault(beginning, {}).setdefault(ending, {}).setdefault(name, []).append(item)
        self._groups = _Nest(
            {
                beginning: _Nest({ending: _Nest(names) for ending, names in endings.items()})
                for beginning, endings in groups.items()
            }
        )

    def near(self, pattern: Pattern) -> Iterator[tuple[Pattern, ValueT]]:
        """Those that may have a path in common with a pattern."""
        beginning, ending, name = edges(pattern)
        for endings in self._groups.near(beginning):
            for names in endings.near(ending):
                for items in names.near(name):
                    yield from (item for item in items if _may_meet(item[0], pattern))


def _may_meet(first: Pattern, second: Pattern) -> bool:
    """A path without wildcards goes on with `/` only."""
    shorter, longer = sorted((first, second), key=lambda pattern: len(edges(pattern).beginning))
    end = len(edges(shorter).beginning)
    return not shorter.literal or edges(longer).beginning[end : end + 1] in {"", "/"}
