"""One lock per repository, held by the kernel: it vanishes with its holder and so is never stale.

The file says who holds it, and is emptied when they are done: a name that is still there is that of one who was killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients.refusals import refused
from reconciler.errors import LockHeldError

UNKNOWN = "an unknown process"
_POLL_SECONDS = 0.1
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Held:
    """What the new holder finds.

    Attributes:
        killed: when the last holder began, in seconds since the epoch, if it was killed at work.
        generation: what `generation` said right before: another number than at an earlier look means that somebody
            held the lock in between, and may have changed anything.
        began: when the new holder began, by the clock of the disk.
    """

    killed: float | None
    generation: int
    began: float


def generation(file: Path) -> int:
    """Tell one state of the lock from another: every holder changes it, twice. 0 when nobody ever held it."""
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


@contextlib.contextmanager
def hold(
    file: Path,
    holder: dict[str, str],
    *,
    timeout_seconds: float,
    on_wait: Callable[[str], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[Held]:
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
    descriptor, is_new = _open(file)
    try:
        deadline = clock() + timeout_seconds
        told = False
        while not _try(descriptor):
            who = _find_holder(file, sleep)
            if clock() >= deadline:
                raise LockHeldError(
                    f"another apply is running: {who}", hint="wait for it, or give --lock-timeout SECONDS"
                )
            if not told:
                on_wait(who)
                told = True
            sleep(_POLL_SECONDS)
        before = os.fstat(descriptor)
        with _named(descriptor, holder, before.st_size):
            killed = before.st_mtime if before.st_size else None
            yield Held(killed, 0 if is_new else before.st_mtime_ns, os.fstat(descriptor).st_mtime)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _named(descriptor: int, holder: dict[str, str], size: int) -> Iterator[None]:
    """Say in the file who holds it, for the length of a block; a disk that is full only costs others the name."""
    text = json.dumps(holder).encode()
    with contextlib.suppress(OSError):
        os.pwrite(descriptor, text.ljust(size), 0)  # never a moment without a name that can be read
        os.ftruncate(descriptor, len(text))
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)


def _find_holder(file: Path, sleep: Callable[[float], None]) -> str:
    """Describe the holder; one that took the lock this very moment has not yet said who it is."""
    for _ in range(_ATTEMPTS):
        if (who := describe_holder(file)) != UNKNOWN:
            return who
        sleep(_POLL_SECONDS)
    return UNKNOWN


def holder_at_work(file: Path) -> str | None:
    """Describe who holds the lock at this moment, without touching it; None when nobody does, or it is this process."""
    try:
        pid = int(json.loads(file.read_text())["pid"])
        os.kill(pid, 0)
    except PermissionError:
        return describe_holder(file)
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    return None if pid == os.getpid() else describe_holder(file)


def _open(file: Path) -> tuple[int, bool]:
    """Open the file, and say whether it was not there before."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC  # a program started by apply must not inherit the lock and keep it
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            return os.open(file, flags | os.O_EXCL, 0o644), True
        return os.open(file, flags, 0o644), False
    except OSError as error:
        raise refused(f"cannot take the lock {file}", error) from error


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
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return UNKNOWN
