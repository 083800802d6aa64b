"""Hold the repository's lock while something is changed; what a killed run left in git's way is cleared first."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from reconciler.clients.lock import Held, hold
from reconciler.clients.stale import drop_stale_locks
from reconciler.clients.survey import take_survey
from reconciler.clients.takedown import sweep
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
            branches = take_survey(session.git, session.repository).marked_branches
            drop_stale_locks(session.repository, branches, held.killed)
        sweep(session.repository.common_dir)
        yield held
