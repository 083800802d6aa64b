"""Where on a disk a pattern can be found: what a kernel, which knows directories alone, can be told of an area.

The rule: a place may be wider than its pattern and says so; it is never narrower without saying so.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reconciler.boundaries.pattern import Pattern


class Reach(Enum):
    """How much at a place is meant."""

    ALL = "all"  # what the path names, and all below it
    ENTRIES = "entries"  # some of what lies in the directory itself
    SCATTERED = "scattered"  # anything anywhere below the directory


@dataclass(frozen=True, slots=True)
class Place:
    """A place.

    Attributes:
        segments: names on the way from the top, each one without wildcards or a pattern of one name.
    """

    segments: tuple[str, ...]
    reach: Reach

    @property
    def is_plain(self) -> bool:
        """Whether it is one place, whatever exists."""
        return all(map(Pattern.is_plain, self.segments))

    @property
    def path(self) -> str:
        """It as a path; empty for the top."""
        return "/".join(self.segments)


def place_of(pattern: Pattern) -> Place:
    """The place of a pattern."""
    segments = tuple(pattern.text.rstrip("/").split("/"))
    if pattern.literal:
        return Place(segments, Reach.ALL)
    *head, last = segments
    if "**" in head:
        return Place(_plain_beginning(segments), Reach.SCATTERED)
    return Place(tuple(head), Reach.ALL if last == "**" else Reach.ENTRIES)


def _plain_beginning(segments: tuple[str, ...]) -> tuple[str, ...]:
    end = next(at for at, segment in enumerate(segments) if segment == "**" or not Pattern.is_plain(segment))
    return segments[:end]
