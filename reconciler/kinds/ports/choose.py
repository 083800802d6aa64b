"""Choose numbers. Pure: who has what, and what is in use, is given."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExhaustedError(Exception):
    """There is no number left for a name."""

    name: str


def choose(
    names: Sequence[str],
    span: tuple[int, int],
    *,
    owner: str,
    wishes: Mapping[str, Sequence[int]],
    remembered: Collection[int],
    is_taken: Callable[[int], bool],
) -> dict[str, int]:
    """Choose a number for each name, no two alike.

    Args:
        names: what numbers are for.
        span: the first and the last that may be chosen.
        owner: whose they are: it says where the search begins, so that those who ask get different ones, and who asks
            again gets the same.
        wishes: per name, numbers that are tried first.
        remembered: numbers that others had last: chosen only when there is nothing else.
        is_taken: whether somebody has a number, or listens on it.

    Raises:
        ExhaustedError: all are taken.
    """
    chosen: dict[str, int] = {}
    for name in names:  # all wishes first: no name shall be given the number that another one had
        wished = (n for n in wishes.get(name, ()) if span[0] <= n <= span[1])
        number = next((n for n in wished if n not in chosen.values() and not is_taken(n)), None)
        if number is not None:
            chosen[name] = number
    for name in names:
        if name not in chosen:
            candidates = _candidates(span, owner, remembered)
            number = next((n for n in candidates if n not in chosen.values() and not is_taken(n)), None)
            if number is None:
                raise ExhaustedError(name)
            chosen[name] = number
    return {name: chosen[name] for name in names}


def _candidates(span: tuple[int, int], owner: str, remembered: Collection[int]) -> Iterator[int]:
    low, high = span
    size = high - low + 1
    start = int.from_bytes(hashlib.sha256(owner.encode("utf-8", "surrogatepass")).digest()[:8]) % size
    numbers = [low + (start + step) % size for step in range(size)]
    yield from (number for number in numbers if number not in remembered)
    yield from (number for number in numbers if number in remembered)
