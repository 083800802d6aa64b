"""Hold the repository's lock while something is changed; what was killed, now or before, leaves nothing behind."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from reconciler.clients.git import Git
from reconciler.clients.lock import Held, hold
from reconciler.clients.stale import drop_stale_locks
from reconciler.clients.survey import take_survey
from reconciler.clients.takedown import has_rubbish, sweep
from reconciler.clients.trees import Standing, has_moving_trees
from reconciler.errors import ConflictError
from reconciler.kinds.workspace.merging import has_scratch, sweep_scratch
from reconciler.operations.session import Session


@contextlib.contextmanager
def locked(
    session: Session,
    command: str,
    *,
    lock_timeout: float = 0.0,
    on_wait: Callable[[str], None] = lambda _: None,
) -> Iterator[Held]:
    """Hold the lock for the length of a block.

    Raises:
        LockHeldError: somebody else held it for as long as was waited.
        ClientError: git or the operating system refused.
    """
    since = datetime.now(UTC).isoformat(timespec="seconds")
    holder = session.holder(command, since)
    with hold(session.lock_file, holder, timeout_seconds=lock_timeout, on_wait=on_wait) as held:
        if held.killed is not None:
            _clear(session, held.killed)
        if is_something_left(session):
            sweep(session.repository.common_dir)
            sweep_scratch(session.git, session.repository)
            _end_moves(session)
        try:
            yield held
        finally:
            if session.git.was_killed:
                _clear(session, held.began)


def _clear(session: Session, since: float) -> None:
    git = Git(session.environment)  # that of the session may have been told to stop
    branches = take_survey(git, session.repository).marked_branches
    drop_stale_locks(session.repository, branches, since)


def is_something_left(session: Session) -> bool:
    """Whether a run that was killed left what the next holder of the lock clears or ends."""
    common_dir = session.repository.common_dir
    return has_rubbish(common_dir) or has_scratch(common_dir) or has_moving_trees(common_dir)


def _end_moves(session: Session) -> None:
    from reconciler.kinds.workspace.advance import resume  # noqa: PLC0415 - start-up: few runs were killed in a move

    for record in take_survey(session.git, session.repository).records:
        if record.standing is Standing.PRESENT:
            with contextlib.suppress(ConflictError):  # that tree's own; whoever asks for its status is told
                resume(session.git, record.path, record.git_dir)
