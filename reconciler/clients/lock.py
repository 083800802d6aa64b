"""One lock per repository, held by the kernel: it vanishes with its holder and so is never stale."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from reconciler.errors import LockHeldError, PermanentError

_POLL_SECONDS = 0.1


@contextlib.contextmanager
def hold(
    file: Path,
    holder: dict[str, str],
    *,
    timeout_seconds: float,
    on_wait: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[None]:
    """Hold the lock for the length of a block.

    Args:
        file: the lock file; it is made, and stays.
        holder: what the waiting side is told: pid, user, host, command, since.
        timeout_seconds: how long to wait for another holder; 0 refuses at once.
        on_wait: told once, with a description of the holder, when there is one.
        sleep: waits.
        clock: seconds that never go back.

    Raises:
        LockHeldError: somebody else held it for as long as was waited.
    """
    descriptor = _open(file)
    try:
        deadline = clock() + timeout_seconds
        told = False
        while not _try(descriptor):
            who = describe_holder(file)
            if clock() >= deadline:
                raise LockHeldError(
                    f"another apply is running: {who}", hint="wait for it, or give --lock-timeout SECONDS"
                )
            if not told:
                on_wait(who)
                told = True
            sleep(_POLL_SECONDS)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _open(file: Path) -> int:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Close-on-exec: a program started by apply must not inherit the lock and keep it.
        return os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise PermanentError(f"cannot take the lock {file}: {error.strerror}") from error


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def describe_holder(file: Path) -> str:
    """Say who wrote the lock file last, as a person would."""
    try:
        holder = json.loads(file.read_text())
        return (
            f"pid {holder['pid']} ({holder['user']}@{holder['host']}, `{holder['command']}`, since {holder['since']})"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "an unknown process"
