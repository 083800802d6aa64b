"""An area: what may be changed, as a language of paths: `modify` and `shared`, without `deny`.

The rule: areas are compared as languages, not by the files that happen to exist; a path proves what does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from reconciler.boundaries.effort import Effort
from reconciler.boundaries.nearness import Neighbourhood
from reconciler.boundaries.pattern import EVERYTHING, Pattern


@dataclass(frozen=True)
class Area:
    """What may be changed.

    Attributes:
        shared: what others may change too; paths that two areas share are no overlap.
    """

    modify: tuple[Pattern, ...] = (EVERYTHING,)
    shared: tuple[Pattern, ...] = ()
    deny: tuple[Pattern, ...] = ()

    @cached_property
    def allowed(self) -> tuple[Pattern, ...]:
        """What it would be without `deny`."""
        return tuple(dict.fromkeys((*self.modify, *self.shared)))

    @property
    def below(self) -> Area:
        """The same without the paths themselves of which all that is below them is meant too."""
        within = (
            Pattern(f"{each.text.rstrip('/')}/**", literal=False) if each.literal else each for each in self.modify
        )
        return Area(tuple(within), self.shared, self.deny)

    @cached_property
    def near_allowed(self) -> Neighbourhood[None]:
        """To find what is allowed."""
        return Neighbourhood((pattern, None) for pattern in self.allowed)

    @cached_property
    def near_denied(self) -> Neighbourhood[None]:
        """To find what is denied."""
        return Neighbourhood((pattern, None) for pattern in dict.fromkeys(self.deny))

    @cached_property
    def near_shared(self) -> Neighbourhood[None]:
        """To find what is shared."""
        return Neighbourhood((pattern, None) for pattern in dict.fromkeys(self.shared))


class Escape(NamedTuple):
    """A pattern that leads out of another area, and a path that proves it.

    Attributes:
        denied_by: the pattern that denies the path there; None when none allows it.
    """

    pattern: Pattern
    path: bytes
    denied_by: Pattern | None


class Overlap(NamedTuple):
    """A path in two areas, and the pattern of each that allows it."""

    path: bytes
    first: Pattern
    second: Pattern


def is_swallowed(area: Area, effort: Effort) -> bool:
    """Whether `deny` takes out all of `modify`.

    Raises:
        TooCostlyError: it cannot be told within bounds.
    """
    return bool(area.deny) and not any(
        _witness((pattern,), _near(area.near_denied, pattern), effort) for pattern in area.modify
    )


def forbidden(area: Area, effort: Effort) -> bytes | None:
    """A shortest path that an area does not have; None when it has all.

    Raises:
        TooCostlyError: it cannot be told within bounds.
    """
    outside = _witness((EVERYTHING,), area.allowed, effort)
    denied = (_witness((pattern,), (), effort) for pattern in area.deny)
    return outside if outside is not None else next(filter(None, denied), None)


def escapes(inner: Area, outer: Area, effort: Effort) -> Iterator[Escape]:
    """Find each pattern of an area that leads out of another one.

    Raises:
        TooCostlyError: it cannot be told within bounds.
    """
    for pattern in inner.allowed:
        denied = _near(inner.near_denied, pattern)
        path = _witness((pattern,), [*_near(outer.near_allowed, pattern), *denied], effort)
        if path is not None:
            yield Escape(pattern, path, None)
        elif found := _denied_above(pattern, outer, denied, effort):
            yield found


def _denied_above(pattern: Pattern, outer: Area, denied: Sequence[Pattern], effort: Effort) -> Escape | None:
    for above in _near(outer.near_denied, pattern):
        path = _witness((pattern, above), denied, effort)
        if path is not None:
            return Escape(pattern, path, above)
    return None


def overlap(first: Area, mine: Pattern, second: Area, theirs: Pattern, effort: Effort) -> Overlap | None:
    """Find a path that a pattern of one area and a pattern of the other allow, and that they do not share.

    Raises:
        TooCostlyError: it cannot be told within bounds.
    """
    denied = [*_near(first.near_denied, mine), *_near(second.near_denied, theirs)]
    sharing = {_near(first.near_shared, mine), _near(second.near_shared, mine)}  # not shared is: not by both
    for shared in sorted(sharing, key=lambda patterns: [pattern.text for pattern in patterns]):
        path = _witness((mine, theirs), [*denied, *shared], effort)
        if path is not None:
            return Overlap(path, mine, theirs)
    return None


def _near(neighbourhood: Neighbourhood[None], pattern: Pattern) -> tuple[Pattern, ...]:
    return tuple(found for found, _ in neighbourhood.near(pattern))


def _witness(inside: Sequence[Pattern], outside: Sequence[Pattern], effort: Effort) -> bytes | None:
    if any(_covers(wide, narrow) for wide in outside for narrow in inside):
        return None
    from reconciler.boundaries.decide import witness  # noqa: PLC0415 - start-up: most areas need no search

    return witness(inside, outside, effort)


def _covers(wide: Pattern, narrow: Pattern) -> bool:
    """Whether one pattern has all paths of another, for reasons that can be seen at once."""
    if wide in {narrow, EVERYTHING}:
        return True
    top, text = wide.text.rstrip("/") if wide.literal else wide.text.removesuffix("/**"), narrow.text.rstrip("/")
    is_tree = wide.literal or (top != wide.text and Pattern.is_plain(top))
    return is_tree and (text.startswith(f"{top}/") or (wide.literal and text == top))
