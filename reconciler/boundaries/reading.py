"""A pattern as a machine that reads a path name by name: where in the pattern it can be is a set of bits.

The rule: what it accepts is what `git ls-files` lists for `pathspec.of(pattern)`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from reconciler.boundaries import names
from reconciler.boundaries.names import Wild
from reconciler.boundaries.pattern import Pattern


class Any(Enum):
    """Steps that take every name."""

    NAME = "*"
    DEPTH = "**"
    """No name, or any number of them."""


Step = bytes | Wild | Any


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the next name is compared with: names, patterns of one name, and whether any name will do.

    Attributes:
        steps: all of them, each with its bit.
    """

    steps: tuple[tuple[int, Step], ...]
    names: frozenset[bytes]
    wild: tuple[Wild, ...]
    any: bool


@dataclass(frozen=True, eq=False, slots=True)
class Machine:
    """Reads paths for one pattern. Two for the same pattern are one object, see `machine`.

    Attributes:
        depths: the steps that take any number of names, as bits.
        ends: where all that follows is accepted, as bits.
    """

    pattern: Pattern
    steps: tuple[Step, ...]
    depths: int
    ends: int
    _wanted: dict[int, Wanted] = field(default_factory=dict, repr=False)
    _after: dict[tuple[int, bytes], int] = field(default_factory=dict, repr=False)

    @property
    def start(self) -> int:
        """Where it is before the first name, as bits."""
        return 1 | (self.depths & 1) << 1

    def after(self, state: int, name: bytes) -> int:
        """Where it can be one name later; 0 is nowhere."""
        if (state, name) not in self._after:
            hits = sum(bit for bit, step in self.wanted(state).steps if _takes(step, name))
            self._after[state, name] = self._moved(state, hits)
        return self._after[state, name]

    def after_others(self, state: int) -> int:
        """Where it can be after a name that nothing but a step for every name takes."""
        return self._moved(state, sum(bit for bit, step in self.wanted(state).steps if step is Any.NAME))

    def _moved(self, state: int, hits: int) -> int:
        moved = (hits & ~self.depths) << 1 | (state & self.depths)
        return moved | (moved & self.depths) << 1

    def accepts(self, state: int) -> bool:
        """Whether the path is matched if it ends here."""
        return bool(state >> len(self.steps) & 1)

    def wanted(self, state: int) -> Wanted:
        """What the next name is compared with."""
        if state not in self._wanted:
            steps = tuple((1 << at, step) for at, step in enumerate(self.steps) if state >> at & 1)
            live = [step for _, step in steps]
            self._wanted[state] = Wanted(
                steps,
                frozenset(step for step in live if isinstance(step, bytes)),
                tuple(dict.fromkeys(step for step in live if isinstance(step, Wild))),
                any(isinstance(step, Any) for step in live),
            )
        return self._wanted[state]


def _takes(step: Step, name: bytes) -> bool:
    if isinstance(step, bytes):
        return step == name
    return isinstance(step, Any) or step.matches(name)


@lru_cache(1 << 14)
def machine(pattern: Pattern) -> Machine:
    """Build the machine of a pattern."""
    steps = tuple(_steps(pattern))
    depths = sum(1 << at for at, step in enumerate(steps) if step is Any.DEPTH)
    ends = sum(1 << len(steps) - len(tail) for tail in _ENDINGS if steps[-len(tail) :] == tail)
    return Machine(pattern, steps, depths, ends)


_ENDINGS: Sequence[tuple[Step, ...]] = ((Any.DEPTH,), (Any.DEPTH, Any.NAME))


def _steps(pattern: Pattern) -> list[Step]:
    """A literal covers all below it; a `**` at the end needs a name."""
    steps: list[Step] = []
    for segment in pattern.text.rstrip("/").split("/"):
        if segment != "**":
            step = names.read(segment)
            steps.append(Any.NAME if segment == "*" else step)
        elif steps[-1:] != [Any.DEPTH]:
            steps.append(Any.DEPTH)
    if pattern.literal:
        return [*steps, Any.DEPTH]
    return [*steps, Any.NAME] if steps[-1] is Any.DEPTH else steps


def matches(pattern: Pattern, path: bytes) -> bool:
    """Whether a path is in the language of a pattern."""
    reader = machine(pattern)
    state = reader.start  # not kept for later: there are many paths
    for name in path.split(b"/"):
        state = reader.after(state, name)
    return reader.accepts(state)


def covering(patterns: Iterable[Pattern], path: bytes) -> Pattern | None:
    """The first pattern that a path is in."""
    return next((pattern for pattern in patterns if matches(pattern, path)), None)
