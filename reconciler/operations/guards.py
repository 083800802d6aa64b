"""What guards must know of the world beside their declaration: where bases are by now, and what hooks there are.

The rule: only `apply` and `sync` move what a guard takes for its base, never a ref that somebody moved meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, cast

from reconciler.clients.files import real_path
from reconciler.kinds.guard.spec import KIND
from reconciler.kinds.scope import Scope
from reconciler.manifest.declaration import Manifest
from reconciler.manifest.expand import guards_of
from reconciler.model.address import Address
from reconciler.model.resource import Resource
from reconciler.operations.plan import kinds_of
from reconciler.operations.session import Session

if TYPE_CHECKING:
    from reconciler.kinds.guard.kind import GuardKind


def guards_among(resources: Iterable[Resource[Any]]) -> list[Resource[Any]]:
    """Those of the resources that are guards."""
    return [resource for resource in resources if resource.address.kind == KIND]


def are_settled(session: Session, resources: Iterable[Resource[Any]]) -> bool:
    """Whether the guards know what their bases have by now; one program.

    Raises:
        ClientError: something could not be read.
    """
    guards = guards_among(resources)
    return not guards or not _kind(session).unsettled(guards, Scope(session.survey))


def settle(session: Session, resources: Iterable[Resource[Any]]) -> None:
    """Tell all guards that are in force. The caller holds the repository's lock, and looked just now.

    Raises:
        ClientError: something could not be read or written.
    """
    guards = guards_among(resources)
    if guards:
        _kind(session).settle(guards, Scope(session.survey))


def out_of_force(session: Session, manifest: Manifest, names: Collection[str] = ()) -> tuple[str, ...]:
    """Say which guards are not in force, and why; of all workspaces where none is named. Starts no program.

    Raises:
        ClientError: something could not be read.
    """
    guards = {each.address: each for each in guards_of(manifest, real_path) if not names or each.address.name in names}
    if not guards:
        return ()
    found = _kind(session).observe(tuple(guards.values()), Scope(session.survey))
    return tuple(
        f"the guard of {address.name} is not in force: {'; '.join(actual.faults)}; `orchestra apply` puts it back"
        for address, actual in found.items()
        if address in guards and actual.faults
    )


def _kind(session: Session) -> GuardKind:
    kinds = kinds_of(session, session.survey.clone, (Address(KIND, "any"),), is_looking=True)
    return cast("GuardKind", kinds[KIND])
