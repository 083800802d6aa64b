"""Everything that exists, at one moment.

One look at the world serves all kinds, and each kind is asked once: the cost of a plan does not grow with
the number of declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from reconciler.model.address import Address
from reconciler.model.kind import Kind
from reconciler.model.resource import Resource

Kinds = Mapping[str, Kind[Any, Any, Any]]
ScopeT = TypeVar("ScopeT")


@dataclass(frozen=True, slots=True)
class Snapshot(Mapping[Address, Any]):
    """What was found: declared things and ours that are no longer declared. What is missing does not exist."""

    actuals: Mapping[Address, Any]

    def __getitem__(self, address: Address) -> Any:  # noqa: ANN401 (only its kind knows what it is)
        return self.actuals[address]

    def __iter__(self) -> Iterator[Address]:
        return iter(self.actuals)

    def __len__(self) -> int:
        return len(self.actuals)

    def orphans(self, declared: Iterable[Address]) -> tuple[Address, ...]:
        """Name what exists, is ours, and is not among the declared."""
        wanted = set(declared)
        return tuple(address for address in self.actuals if address not in wanted)


def observe(kinds: Kinds, resources: Iterable[Resource[Any]], look: Callable[[], ScopeT]) -> Snapshot:
    """Look at the world once and let every kind read its part of it.

    Args:
        kinds: all of them, since one that nothing is declared of may have orphans.
        resources: what is declared.
        look: makes the snapshot of the world that all kinds read from.
    """
    declared = tuple(resources)
    scope = look()
    actuals: dict[Address, Any] = {}
    for name, kind in kinds.items():
        actuals.update(kind.observe([resource for resource in declared if resource.address.kind == name], scope))
    return Snapshot(MappingProxyType(actuals))
