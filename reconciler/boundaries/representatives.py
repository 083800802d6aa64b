"""A few names that stand for all names: what is true of one of them is true of every name that it stands for.

The rule: each is the shortest of those that it stands for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from reconciler.boundaries.classes import ANY_BYTE
from reconciler.boundaries.effort import MOST_STEPS, Effort, OutOfEffortError
from reconciler.boundaries.names import Wild

_PRETTY = bytes(dict.fromkeys([*b"xyzabcdefghijklmnopqrstuvw0123456789_-", *range(33, 127), *sorted(ANY_BYTE)]))
_READABLE = tuple(byte for byte in _PRETTY if byte in ANY_BYTE)
_NEVER = (b".", b"..", *(b"." + bytes(letters) for letters in product(b"gG", b"iI", b"tT")))

_State = tuple[bytes | None, tuple[int, ...]]
"""What was read, while it begins an excluded name, and where each pattern is."""


@dataclass(frozen=True, slots=True)
class _Found:
    names: tuple[bytes, ...]
    steps: int


def representatives(wild: tuple[Wild, ...], listed: Collection[bytes], effort: Effort) -> tuple[bytes, ...]:
    """For each set of these patterns that a name can match, the shortest such name that is not listed.

    Raises:
        OutOfEffortError: there are too many.
    """
    without: frozenset[bytes] = frozenset()
    while True:
        found = _search(wild, without)
        effort.spend(found.steps)
        hit = without.union(set(found.names).intersection(listed))
        if hit == without:
            return found.names
        without = hit


@lru_cache(1 << 12)
def _search(wild: tuple[Wild, ...], without: frozenset[bytes]) -> _Found:
    """Walk all names by their length; of those that everybody reads alike only the first goes on."""
    excluded = without.union(_NEVER)
    beginnings = frozenset(name[:end] for name in excluded for end in range(len(name) + 1))
    alphabet = _alphabet(wild, frozenset(byte for name in excluded for byte in name))
    layer: dict[_State, bytes] = {(b"", tuple(each.start for each in wild)): b""}
    seen = set(layer)
    names: dict[tuple[bool, ...], bytes] = {}
    steps = 0
    while layer:
        steps += len(layer) * len(alphabet) * (1 + len(wild))
        if steps > MOST_STEPS:
            raise OutOfEffortError
        layer = dict(_longer(layer, alphabet, wild, beginnings, seen))
        for (_, places), name in layer.items():
            if name not in excluded:
                matched = tuple(each.is_matched(place) for each, place in zip(wild, places, strict=True))
                names.setdefault(matched, name)
    return _Found(tuple(names.values()), steps)


def _longer(
    layer: dict[_State, bytes],
    alphabet: tuple[int, ...],
    wild: tuple[Wild, ...],
    beginnings: frozenset[bytes],
    seen: set[_State],
) -> Iterator[tuple[_State, bytes]]:
    for (begun, places), name in layer.items():
        for byte in alphabet:
            longer = name + bytes([byte])
            state = (
                longer if begun is not None and longer in beginnings else None,
                tuple(each.after(place, byte) for each, place in zip(wild, places, strict=True)),
            )
            if state not in seen:
                seen.add(state)
                yield state, longer


def _alphabet(wild: tuple[Wild, ...], told_apart: frozenset[int]) -> tuple[int, ...]:
    """The first of all bytes that everybody takes alike."""
    first: dict[tuple[int, ...], int] = {}
    for byte in _READABLE:
        alike = (byte if byte in told_apart else -1, *(each.takes[byte] for each in wild))
        first.setdefault(alike, byte)
    return tuple(first.values())
