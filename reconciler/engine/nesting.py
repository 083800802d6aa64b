"""What lies in what, among things that no declaration connects: the order of removals.

What was left over has no `depends_on` any more; its names still tell that a file lies in a tree, and a helper under
its parent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from reconciler.engine.naming import Place, is_part, natural_key, place_of
from reconciler.model.address import Address


class Nesting:
    """Addresses that may be removed, and which of them must go before which.

    Attributes:
        addresses: what lies deepest first, an order in which all can be removed.
    """

    def __init__(self, addresses: Iterable[Address], kind_order: Sequence[str] = ()) -> None:
        ordered = sorted(addresses, key=lambda address: natural_key(address, kind_order))
        self.addresses = tuple(reversed(ordered))
        self._rank = {kind: rank for rank, kind in enumerate(kind_order)}
        self._things: dict[Place, list[Address]] = defaultdict(list)
        for address in ordered:
            if not is_part(address):
                self._things[place_of(address)].append(address)
        self._above = {address: self._find_above(address) for address in ordered}
        self._below: dict[Address, list[Address]] = defaultdict(list)
        for address in self.addresses:
            for upper in self._above[address]:
                self._below[upper].append(address)

    def directly_above(self, address: Address) -> tuple[Address, ...]:
        """Name the nearest things that it lies in."""
        return self._above[address]

    def directly_below(self, address: Address) -> tuple[Address, ...]:
        """Name the things that lie in it, with nothing between."""
        return tuple(self._below.get(address, ()))

    def _find_above(self, address: Address) -> tuple[Address, ...]:
        place = place_of(address)
        beside = [thing for thing in self._things.get(place, ()) if self._is_under(address, thing)]
        while not beside and place:
            place = place[:-1]
            beside = list(self._things.get(place, ()))
        return tuple(beside)

    def _is_under(self, address: Address, other: Address) -> bool:
        """Whether its kind stands on the other's kind in the same place; a part lies in what all others stand on."""
        unknown = len(self._rank)
        if is_part(address):
            here = (self._rank.get(thing.kind, unknown) for thing in self._things.get(place_of(address), ()))
            return self._rank.get(other.kind, unknown) == min(here)
        return self._rank.get(other.kind, unknown) < self._rank.get(address.kind, unknown)
