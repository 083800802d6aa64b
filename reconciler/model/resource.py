"""One declared thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from reconciler.errors import Location
from reconciler.model.address import Address

SpecT = TypeVar("SpecT")


@dataclass(frozen=True, slots=True)
class Resource(Generic[SpecT]):
    """One thing the manifest wants.

    Attributes:
        address: its unique name.
        spec: what is wanted of it, in its kind's own terms.
        depends_on: what must have succeeded before it; every one is an address in the same graph.
        where: the place that declares it.
    """

    address: Address
    spec: SpecT
    depends_on: tuple[Address, ...] = ()
    where: Location | None = None
