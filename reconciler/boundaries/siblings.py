"""Areas side by side: which of many overlap, without comparing each with each.

The rule: what is compared grows with what is near each other, not with how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from reconciler.boundaries.area import Area, Overlap, overlap
from reconciler.boundaries.effort import Effort
from reconciler.boundaries.nearness import Neighbourhood
from reconciler.boundaries.pattern import Pattern


class Meeting(NamedTuple):
    """Two that overlap, and where."""

    first: str
    second: str
    overlap: Overlap


class _Pair(NamedTuple):
    """Two that may overlap, by a pattern of each."""

    first: str
    mine: Pattern
    second: str
    theirs: Pattern


def meetings(areas: Mapping[str, Area], are_together: Callable[[str, str], bool], effort: Effort) -> Iterator[Meeting]:
    """Find every two areas that overlap beyond what both share.

    Args:
        areas: by the name of whose each is.
        are_together: whether two may work at the same time.
        effort: counts what it costs.

    Raises:
        TooCostlyError: it cannot be told within bounds.
    """
    told: set[frozenset[str]] = set()
    for pair in _pairs(areas):
        both = frozenset((pair.first, pair.second))
        if both in told or not are_together(pair.first, pair.second):
            continue
        found = overlap(areas[pair.first], pair.mine, areas[pair.second], pair.theirs, effort)
        if found:
            told.add(both)
            yield Meeting(pair.first, pair.second, found)


def _pairs(areas: Mapping[str, Area]) -> Iterator[_Pair]:
    """Every two patterns of two that may have a path in common; what both share is left out."""
    order = {name: number for number, name in enumerate(areas)}
    modifying = _owners(areas, lambda area: area.modify)
    sharing = _owners(areas, lambda area: area.shared)
    neighbourhood = Neighbourhood((pattern, None) for pattern in modifying | sharing)
    for mine, owners in modifying.items():
        near = [theirs for theirs, _ in neighbourhood.near(mine)]
        for first in owners:
            for theirs in near:
                later = (second for second in modifying.get(theirs, ()) if order[first] < order[second])
                yield from (_Pair(first, mine, second, theirs) for second in later)
                if theirs not in areas[first].shared:
                    others = (second for second in sharing.get(theirs, ()) if second != first)
                    yield from (_Pair(first, mine, second, theirs) for second in others)


def _owners(areas: Mapping[str, Area], patterns: Callable[[Area], tuple[Pattern, ...]]) -> dict[Pattern, list[str]]:
    found: dict[Pattern, list[str]] = {}
    for name, area in areas.items():
        for pattern in dict.fromkeys(patterns(area)):
            found.setdefault(pattern, []).append(name)
    return found
