"""Decide whether there is a path that some patterns match and others do not, among all paths that there could be.

The rule: exact, or refused. All machines read the path together, shortest first; where they are is the state.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.boundaries.effort import Effort, OutOfEffortError, TooCostlyError
from reconciler.boundaries.names import Wild
from reconciler.boundaries.pattern import Pattern
from reconciler.boundaries.reading import Any, Machine, Wanted, machine
from reconciler.boundaries.representatives import representatives


def witness(inside: Sequence[Pattern], outside: Iterable[Pattern], effort: Effort) -> bytes | None:
    """A shortest path that all of `inside` match and none of `outside`; None when there is none.

    Raises:
        TooCostlyError: it cannot be told within bounds.
    """
    effort.begin()
    patterns = [*inside, *dict.fromkeys(outside)]
    machines = tuple(map(machine, patterns))
    try:
        return _Search(machines, len(inside), effort).run()
    except OutOfEffortError:
        raise TooCostlyError(max(patterns, key=_cost)) from None


def _cost(pattern: Pattern) -> int:
    steps = machine(pattern).steps
    return sum(len(step.atoms) if isinstance(step, Wild) else step is Any.DEPTH for step in steps)


_Places = tuple[tuple[int, int], ...]
"""Where each machine is, by its number; one that is nowhere any more is left out."""

_EDGE = 10
"""How much longer one step of the machines takes than one of `representatives`, roughly."""


@dataclass(frozen=True, slots=True)
class _Search:
    """One search.

    Attributes:
        required: how many of the machines must match, the first ones; the others must not.
    """

    machines: tuple[Machine, ...]
    required: int
    effort: Effort
    _names: dict[tuple[tuple[Wild, ...], frozenset[bytes]], tuple[bytes, ...]] = field(default_factory=dict)

    def run(self) -> bytes | None:
        """Walk all paths by their length; of those that lead to the same places only the first goes on."""
        waiting = [(0, b"", tuple((at, each.start) for at, each in enumerate(self.machines)))]
        seen: set[_Places] = set()
        while waiting:
            _, path, places = heapq.heappop(waiting)
            if self._is_witness(places):
                return path
            if places in seen:
                continue
            seen.add(places)
            for name, following in self._steps(places):
                if following not in seen and self._is_hopeful(following):
                    longer = path + b"/" + name if path else name
                    heapq.heappush(waiting, (len(longer), longer, following))
        return None

    def _is_witness(self, places: _Places) -> bool:
        accepting = [at for at, place in places if self.machines[at].accepts(place)]
        return accepting == list(range(self.required))

    def _is_hopeful(self, places: _Places) -> bool:
        """Whether every machine that must match still can, and not all that can follow is outside."""
        if [at for at, _ in places[: self.required]] != list(range(self.required)):
            return False
        is_lost = any(place & self.machines[at].ends for at, place in places[self.required :])
        return not is_lost or self._is_witness(places)

    def _steps(self, places: _Places) -> Iterator[tuple[bytes, _Places]]:
        """Step to every place that one more name can lead to, by the shortest name that leads there."""
        wanted = {at: self.machines[at].wanted(place) for at, place in places}
        before = dict(places)
        others = {at: moved for at, place in places if (moved := self.machines[at].after_others(place))}
        unsure = [at for at, wants in wanted.items() if wants.wild]
        listeners: dict[bytes, list[int]] = {}
        for at, wants in wanted.items():
            for name in wants.names:
                listeners.setdefault(name, []).append(at)
        for name in self._next_names(wanted, listeners):
            touched = [*listeners.get(name, ()), *unsure]
            after = others | {at: self.machines[at].after(before[at], name) for at in touched}
            self.effort.spend(_EDGE * (1 + len(after)))
            yield name, tuple(sorted((at, place) for at, place in after.items() if place))

    def _next_names(self, wanted: Mapping[int, Wanted], listed: Collection[bytes]) -> Iterable[bytes]:
        """Enough names to stand for all that there could be."""
        required = [wanted[at] for at in range(self.required)]
        choosy = [each.names for each in required if not (each.any or each.wild)]
        if choosy:
            return sorted(frozenset.intersection(*choosy))
        wild = tuple(dict.fromkeys(each for wants in wanted.values() for each in wants.wild))
        return (*sorted(listed), *self._others(wild, frozenset(listed)))

    def _others(self, wild: tuple[Wild, ...], listed: frozenset[bytes]) -> tuple[bytes, ...]:
        if (wild, listed) not in self._names:
            self._names[wild, listed] = representatives(wild, listed, self.effort)
        return self._names[wild, listed]
