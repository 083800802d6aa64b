"""The one protocol between the engine and everything that can be declared."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.resource import Resource

SpecT = TypeVar("SpecT")
ActualT = TypeVar("ActualT")
ActualT_contra = TypeVar("ActualT_contra", contravariant=True)
ScopeT_contra = TypeVar("ScopeT_contra", contravariant=True)


class Kind(Protocol[SpecT, ActualT, ScopeT_contra]):
    """Everything the engine needs to know about one kind of resource.

    `SpecT` is what is declared, `ActualT` what was found, `ScopeT_contra` the one snapshot of the world that all kinds
    read from, so that a plan costs a constant number of programs.
    """

    @property
    def name(self) -> str:
        """The part of an address before the colon."""

    def observe(self, resources: Sequence[Resource[SpecT]], scope: ScopeT_contra) -> Mapping[Address, ActualT]:
        """Read what exists of the declared resources, and all else of this kind that bears our mark (orphans).

        Changes nothing. An address that is missing from the answer does not exist.
        """

    def look(self, resource: Resource[SpecT]) -> ActualT | None:
        """Read one resource anew, at a cost that does not grow with the number of others."""

    def diff(self, resource: Resource[SpecT], actual: ActualT | None) -> Change:
        """Decide what is to be done. Pure."""

    def orphan(self, address: Address, actual: ActualT) -> Change:
        """Decide what removing it would be: `DELETE`, or `NO_OP` with the reason why it is kept. Pure."""

    def assume(self, resource: Resource[SpecT]) -> ActualT:
        """What `look` would find if the resource had just been applied; its diff is a no-op. Pure."""

    def apply(self, change: Change, resource: Resource[SpecT], actual: ActualT | None) -> str | None:
        """Carry out a create or update; carried out before, it does no harm.

        Returns:
            What a person should know of how it was done, other than planned; None when there is nothing.

        Raises:
            TransientError: another attempt may help.
            OrchestraError: it may not.
        """

    def destroy(self, address: Address, actual: ActualT) -> str | None:
        """Remove it; already gone is success.

        Returns:
            As of `apply`.

        Raises:
            RefusedError: it holds work, or is in use, since it was planned.
            OrchestraError: it could not be removed.
        """

    def exclusive_key(self, address: Address, spec: SpecT | None) -> str | None:
        """What it must have for itself while it is worked on; None when it can run beside anything."""


@runtime_checkable
class Follower(Protocol[SpecT, ActualT_contra]):
    """A kind whose resources read what others write: those change together, in one plan."""

    def follow(
        self,
        resource: Resource[SpecT],
        actual: ActualT_contra | None,
        change: Change,
        before: Sequence[tuple[Resource[object], Change]],
    ) -> Change:
        """Say what is to be done, when all of this is done before. Pure.

        What turns out to be as it should be by then is left alone, and reported as unchanged.

        Args:
            resource: what is declared.
            actual: what was found.
            change: what `diff` says.
            before: what the same plan changes before it, of all that it needs.
        """


@runtime_checkable
class Heir(Protocol[SpecT, ActualT_contra]):
    """A kind whose resources can take what a removal of the same plan leaves."""

    def inherit(
        self,
        resource: Resource[SpecT],
        actual: ActualT_contra | None,
        change: Change,
        removed: Collection[Address],
    ) -> Change:
        """Say what is to be done, when all of this is removed: it waits for what it takes from. Pure.

        Args:
            resource: what is declared.
            actual: what was found.
            change: what `diff` says.
            removed: what the same plan removes.
        """
