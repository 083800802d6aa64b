"""Resources and what they depend on, as one acyclic graph with one stable order.

Whatever the order of the input, the order of the graph is the same: a dependency before its dependents, and among those
that may come next the one whose name sorts first, so that what belongs to one worktree stands together.
"""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import Any

from reconciler.engine.naming import did_you_mean, natural_key
from reconciler.errors import ManifestError, Problem
from reconciler.model.address import Address
from reconciler.model.resource import Resource

Edges = Mapping[Address, tuple[Address, ...]]


@dataclass(frozen=True, slots=True)
class Graph:
    """What is declared, in an order in which it can be made.

    Attributes:
        resources: all of them, dependencies first.
    """

    resources: Mapping[Address, Resource[Any]]
    _needs: Edges
    _needed_by: Edges

    @property
    def order(self) -> tuple[Address, ...]:
        """All addresses, dependencies first."""
        return tuple(self.resources)

    def dependencies(self, address: Address) -> tuple[Address, ...]:
        """Name what it needs directly, in the order of the graph."""
        return self._needs[address]

    def with_ancestors(self, addresses: Iterable[Address]) -> frozenset[Address]:
        """Add everything that they depend on, however far."""
        return reach(addresses, self._needs.__getitem__)

    def with_descendants(self, addresses: Iterable[Address]) -> frozenset[Address]:
        """Add everything that depends on them, however far."""
        return reach(addresses, self._needed_by.__getitem__)


def reach(starts: Iterable[Address], following: Callable[[Address], Iterable[Address]]) -> frozenset[Address]:
    """Collect the starts and all that can be reached from them."""
    found = set(starts)
    waiting = list(found)
    while waiting:
        new = set(following(waiting.pop())) - found
        found |= new
        waiting.extend(new)
    return frozenset(found)


def build_graph(resources: Iterable[Resource[Any]], kind_order: Sequence[str] = ()) -> Graph:
    """Connect resources by what they depend on.

    Args:
        resources: in any order.
        kind_order: kinds in the order in which they stand on each other, for the order among equals.

    Raises:
        ManifestError: an address is declared twice, a dependency is not declared, or they run in a circle;
            all of them at once.
    """
    declared = tuple(resources)
    by_address: dict[Address, Resource[Any]] = {}
    for resource in declared:
        by_address.setdefault(resource.address, resource)
    needs = {a: tuple(n for n in dict.fromkeys(r.depends_on) if n in by_address) for a, r in by_address.items()}
    needed_by = _turned(needs)
    order = _sort(needs, kind_order)
    circles = _cycles(needs, by_address) if len(order) < len(needs) else ()
    problems = (*_duplicates(declared, by_address), *_missing(by_address), *circles)
    if problems:
        raise ManifestError(problems)
    return Graph(
        MappingProxyType({address: by_address[address] for address in order}),
        _freeze(needs, order),
        _freeze(needed_by, order),
    )


def _turned(needs: Edges) -> Edges:
    found: dict[Address, list[Address]] = {address: [] for address in needs}
    for address, all_needed in needs.items():
        for needed in all_needed:
            found[needed].append(address)
    return {address: tuple(needing) for address, needing in found.items()}


def _sort(needs: Edges, kind_order: Sequence[str]) -> tuple[Address, ...]:
    """Always take next what sorts first of all that may come; what stands in a circle never may."""
    sorter = TopologicalSorter(needs)
    with contextlib.suppress(CycleError):  # it hands out what it can all the same
        sorter.prepare()
    ready: list[tuple[tuple[object, ...], Address]] = []
    order = []
    while sorter.is_active():
        for address in sorter.get_ready():
            heapq.heappush(ready, (natural_key(address, kind_order), address))
        if not ready:
            break
        _, address = heapq.heappop(ready)
        sorter.done(address)
        order.append(address)
    return tuple(order)


def _freeze(edges: Edges, order: tuple[Address, ...]) -> Edges:
    position = {address: index for index, address in enumerate(order)}
    return MappingProxyType({a: tuple(sorted(edges[a], key=position.__getitem__)) for a in order})


def _duplicates(declared: Iterable[Resource[Any]], by_address: Mapping[Address, Resource[Any]]) -> tuple[Problem, ...]:
    return tuple(
        Problem(f"{resource.address} is declared twice{_first(by_address[resource.address])}", resource.where)
        for resource in declared
        if by_address[resource.address] is not resource
    )


def _first(resource: Resource[Any]) -> str:
    return f", first at {resource.where}" if resource.where else ""


def _missing(by_address: Mapping[Address, Resource[Any]]) -> tuple[Problem, ...]:
    names = [str(address) for address in by_address]
    return tuple(
        Problem(
            f"{resource.address} needs {needed}, which is not declared",
            resource.where,
            did_you_mean(str(needed), names),
        )
        for resource in by_address.values()
        for needed in resource.depends_on
        if needed not in by_address
    )


def _cycles(needs: Edges, by_address: Mapping[Address, Resource[Any]]) -> tuple[Problem, ...]:
    """Find one shortest cycle in every knot; enumerating all of them would take exponential time."""
    import networkx as nx  # noqa: PLC0415 - slow to import, and most manifests have no circle

    digraph: nx.DiGraph[Address] = nx.DiGraph((a, n) for a, all_needed in needs.items() for n in all_needed)
    knots = [knot for knot in nx.strongly_connected_components(digraph) if _is_knot(needs, knot)]
    cycles = [_shortest_cycle(needs, knot) for knot in knots]
    return tuple(_cycle_problem(cycle, by_address) for cycle in sorted(cycles, key=lambda cycle: (len(cycle), cycle)))


def _is_knot(needs: Edges, component: set[Address]) -> bool:
    return len(component) > 1 or any(address in needs[address] for address in component)


def _shortest_cycle(edges: Edges, knot: set[Address]) -> tuple[Address, ...]:
    """Walk along "needs" from each member and keep the shortest way back, `(a, b)` for "a needs b, b needs a"."""
    needs = {address: sorted(set(edges[address]) & knot) for address in knot}
    best: tuple[Address, ...] = ()
    for start in sorted(knot):
        best = _way_back(needs, start, len(best) or len(knot) + 1) or best
    return best


def _way_back(needs: Mapping[Address, Sequence[Address]], start: Address, limit: int) -> tuple[Address, ...]:
    """Search breadth first for a way from `start` to itself that is shorter than `limit` steps."""
    came_from: dict[Address, Address] = {}
    level, length = [start], 1
    while level and length < limit:
        closing = next((address for address in level if start in needs[address]), None)
        if closing is not None:
            return _walk_back(came_from, start, closing)
        level, length = _next_level(needs, level, came_from), length + 1
    return ()


def _next_level(
    needs: Mapping[Address, Sequence[Address]], level: list[Address], came_from: dict[Address, Address]
) -> list[Address]:
    """Take one step from each, and remember where each new one was first reached from."""
    reached = []
    for address in level:
        for needed in needs[address]:
            if needed not in came_from:
                came_from[needed] = address
                reached.append(needed)
    return reached


def _walk_back(came_from: Mapping[Address, Address], start: Address, end: Address) -> tuple[Address, ...]:
    way = [end]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return tuple(reversed(way))


def _cycle_problem(cycle: tuple[Address, ...], by_address: Mapping[Address, Resource[Any]]) -> Problem:
    one_kind = len({address.kind for address in cycle}) == 1
    named = {address: address.name if one_kind else str(address) for address in cycle}
    edges = [
        f"{named[needing]} needs {named[needed]}{_at(by_address[needing])}"
        for needing, needed in zip(cycle, (*cycle[1:], cycle[0]), strict=True)
    ]
    return Problem(
        "these need each other in a circle: " + ", ".join(edges),
        by_address[cycle[0]].where,
        "take one of these dependencies out",
    )


def _at(resource: Resource[Any]) -> str:
    return f" ({resource.where})" if resource.where else ""
