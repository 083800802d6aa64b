"""One segment of a pattern, and the names that it matches: what stands between two `/` of a path, as bytes.

The rule: a name is never empty, `.`, `..` or `.git` in any case, which git refuses to record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from reconciler.boundaries import classes

MOST_BYTES = 255
"""No usual file system holds a longer name."""

Atom = frozenset[int] | None
"""The bytes that one position takes; None is `*`, any number of any bytes."""

_NEVER = (b".", b"..", b".git")


@dataclass(frozen=True, eq=False)
class Wild:
    """A segment with wildcards. Two of the same text are one object, see `read`.

    Attributes:
        atoms: never two `*` side by side.
    """

    atoms: tuple[Atom, ...]

    @cached_property
    def stars(self) -> int:
        """The positions that are `*`, as bits."""
        return sum(1 << position for position, atom in enumerate(self.atoms) if atom is None)

    @cached_property
    def takes(self) -> tuple[int, ...]:
        """For each byte the positions that take it, as bits."""
        table = [0] * 256
        for position, atom in enumerate(self.atoms):
            for byte in atom or ():
                table[byte] |= 1 << position
        return tuple(table)

    @cached_property
    def start(self) -> int:
        """Where a match begins, as bits: position 0, and behind a `*` there."""
        return 1 | (self.stars & 1) << 1

    def after(self, state: int, byte: int) -> int:
        """Where a match can be one byte later."""
        moved = (state & self.takes[byte]) << 1 | (state & self.stars)
        return moved | (moved & self.stars) << 1

    def is_matched(self, state: int) -> bool:
        """Whether a match is complete."""
        return bool(state >> len(self.atoms) & 1)

    @lru_cache(1 << 14)  # noqa: B019 - patterns live as long as the process
    def matches(self, name: bytes) -> bool:
        """Whether a whole name matches."""
        state = self.start
        for byte in name:
            state = self.after(state, byte)
        return self.is_matched(state)


@lru_cache(1 << 14)
def read(segment: str) -> bytes | Wild:
    """Read a segment without `**`: the name it stands for, or its wildcards.

    Raises:
        PatternError: one of its classes is none; its offset is one in the segment.
    """
    atoms: list[Atom] = []
    offset = 0
    while offset < len(segment):
        character = segment[offset]
        if character == "[":
            members, offset = classes.read(segment, offset)
            atoms.append(members)
            continue
        if character == "*":
            atoms += [None] if atoms[-1:] != [None] else []
        elif character == "?":
            atoms.append(classes.ANY_BYTE)
        else:
            offset += character == "\\"
            atoms += [frozenset({byte}) for byte in segment[offset].encode()]
        offset += 1
    single = [byte for atom in atoms if atom and len(atom) == 1 for byte in atom]
    return bytes(single) if len(single) == len(atoms) else Wild(tuple(atoms))


def is_never_a_name(step: bytes | Wild) -> bool:
    """Whether nothing that a file can be called matches."""
    if isinstance(step, bytes):
        return step.lower() in _NEVER or len(step) > MOST_BYTES
    if sum(atom is not None for atom in step.atoms) > MOST_BYTES:
        return True
    return any(_is_within(step.atoms, never) for never in _NEVER)


def _is_within(atoms: Sequence[Atom], name: bytes) -> bool:
    """Whether all that matches is a name, but for its case."""
    return len(atoms) == len(name) and all(
        set(bytes(atom or b"*").lower()) == {byte} for atom, byte in zip(atoms, name, strict=True)
    )
