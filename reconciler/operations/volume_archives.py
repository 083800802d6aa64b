"""What was archived of volumes: what there is, and how old copies go. What the next apply puts back is left alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.clients.refusals import refused
from reconciler.clients.survey import take_survey
from reconciler.errors import OrchestraError
from reconciler.kinds.containers.shelf import Kept, list_kept, read_back
from reconciler.operations.locking import locked
from reconciler.operations.session import Session


@dataclass(frozen=True, slots=True)
class VolumeArchive:
    """What was archived of one volume.

    Attributes:
        name: the workspace.
        waits: the next apply puts it back.
        is_put_back: one did, and it is what that was put back from.
    """

    name: str
    volume: str
    when: datetime
    path: Path
    size_bytes: int
    waits: bool
    is_put_back: bool


def volume_archives(session: Session, name: str | None = None) -> tuple[VolumeArchive, ...]:
    """List what is archived of volumes, of one workspace if it is named, the oldest first.

    Raises:
        ClientError: it cannot be read.
    """
    kept = [each for each in _kept(session) if name in {None, each.workspace}]
    expected = _expected(session, kept) if any(not each.is_put_back for each in kept) else frozenset()
    return tuple(_archive(each, expected) for each in kept)


def _kept(session: Session) -> tuple[Kept, ...]:
    clone = session.survey.clone
    return list_kept(session.state / "volumes" / clone) if clone else ()


def _expected(session: Session, kept: Iterable[Kept]) -> Collection[str]:
    """The workspaces that an apply may make, or fill: declared, or there."""
    there = {address.name for address in session.survey.marks if address.kind == "workspace"}
    try:
        declared = {each.full_name for each in session.load_manifest(values=False).declarations}
    except OrchestraError:
        return {each.workspace for each in kept}  # nobody knows what it will declare when it is mended
    return there | declared


def _archive(kept: Kept, expected: Collection[str]) -> VolumeArchive:
    waits = not kept.is_put_back and kept.workspace in expected
    return VolumeArchive(kept.workspace, kept.volume, kept.when, kept.path, kept.size_bytes, waits, kept.is_put_back)


def problems_of(archive: VolumeArchive) -> tuple[str, ...]:
    """Why one is not whole; empty when it is."""
    try:
        read_back(archive.path)
    except OrchestraError as error:
        return (error.message,)
    except OSError as error:
        return (refused(str(archive.path), error).message,)
    return ()


def prunable_volumes(
    session: Session, name: str | None = None, *, older_than: timedelta | None, now: datetime | None = None
) -> tuple[VolumeArchive, ...]:
    """Choose those that are older than an age and wait for no apply.

    Raises:
        ClientError: they cannot be read.
    """
    if older_than is None:
        return ()
    now = now or datetime.now(UTC)
    return tuple(each for each in volume_archives(session, name) if not each.waits and now - each.when > older_than)


def prune_volumes(
    session: Session,
    chosen: Iterable[VolumeArchive],
    *,
    lock_timeout: float = 0.0,
    on_wait: Callable[[str], None] = lambda _: None,
) -> tuple[VolumeArchive, ...]:
    """Remove them; one whose workspace came back meanwhile is left.

    Raises:
        LockHeldError: another apply is at work.
        ClientError: the operating system refused.
    """
    with locked(session, "orchestra archive prune", lock_timeout=lock_timeout, on_wait=on_wait):
        survey = take_survey(session.git, session.repository)
        there = {address.name for address in survey.marks if address.kind == "workspace"}
        going = [each for each in chosen if each.is_put_back or each.name not in there]
        for each in going:
            try:
                each.path.unlink(missing_ok=True)
            except OSError as error:
                raise refused(f"cannot remove {each.path}", error) from error
    return tuple(going)
