"""Git's own lock of a tree's index, held by us: while it stands, no git stages, commits or checks out there.

What is in it says who of us holds it, so that the next command knows a lock of ours after a kill; git writes another.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from reconciler.clients.refusals import refused
from reconciler.errors import TransientError

NAME = "index.lock"


def take(git_dir: Path, holder: bytes) -> None:
    """Hold the lock; to hold it since before a kill is success.

    Raises:
        TransientError: somebody else holds it.
        PermanentError: the operating system refused; it is not held.
    """
    lock = git_dir / NAME
    try:
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except FileExistsError:
        if is_held(git_dir, holder):
            return
        hint = f"if no git is at work there, a killed one left it behind: remove {lock}"
        raise TransientError(f"another git is at work: {lock} exists", hint=hint) from None
    except OSError as error:
        raise refused(f"cannot lock {git_dir / 'index'}", error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(holder)
    except OSError as error:
        lock.unlink(missing_ok=True)
        raise refused(f"cannot lock {git_dir / 'index'}", error) from error


def release(git_dir: Path, holder: bytes) -> None:
    """Let it go; not to hold it is success.

    Raises:
        PermanentError: the operating system refused.
    """
    if is_held(git_dir, holder):
        try:
            (git_dir / NAME).unlink(missing_ok=True)
        except OSError as error:
            raise refused(f"cannot remove {git_dir / NAME}", error) from error


def is_held(git_dir: Path, holder: bytes) -> bool:
    """Whether a holder has it."""
    with contextlib.suppress(OSError):
        return (git_dir / NAME).read_bytes() == holder
    return False
