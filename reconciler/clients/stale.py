"""What git leaves behind when it is killed together with the orchestra that started it: lock files, empty records.

The rule: a file is removed only after a killed run, only where that run may have made it, only when it is as young as
that run, and only when nothing is at work there any more.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Repository
from reconciler.clients.process import processes_using
from reconciler.clients.refusals import refused
from reconciler.errors import LockHeldError

_PATIENCE_SECONDS = 5.0
_POLL_SECONDS = 0.05
_WAY = "commondir"


def drop_stale_locks(
    repository: Repository,
    branches: Iterable[str],
    since: float,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Remove what a killed run left. The caller holds the repository's lock.

    Args:
        repository: the repository.
        branches: those that bear our mark.
        since: when the run that was killed began.
        sleep: waits for a program that outlived the run.

    Raises:
        LockHeldError: such a program does not end.
        PermanentError: the operating system refused.
    """
    _wait_for_survivors(repository.common_dir, sleep)
    for file in (*_locks(repository.common_dir, branches), *_unborn_records(repository.common_dir)):
        try:
            if file.lstat().st_mtime >= since:
                file.unlink()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise refused(f"cannot remove {file}, which is stale", error) from error
    for record in _records(repository.common_dir):
        with contextlib.suppress(OSError):
            record.rmdir()  # what is in use is not empty


def complete_records(repository: Repository) -> bool:
    """Write what git was killed over before it wrote it: the way from a record to the git directory of all.

    Without it git reads no record at all, and lists no worktree. It is always the same, so that a git which is about to
    write it loses nothing.

    Returns:
        Whether there was such a record.

    Raises:
        PermanentError: the operating system refused.
    """
    empty = [record for record in _records(repository.common_dir) if _is_empty(record / _WAY)]
    for record in empty:
        files.write(record, _WAY, b"../..\n")
    return bool(empty)


def _is_empty(file: Path) -> bool:
    with contextlib.suppress(OSError):
        return file.stat().st_size == 0
    return False


def _locks(common_dir: Path, branches: Iterable[str]) -> Iterator[Path]:
    """The locks of records that orchestra has git write; packed refs are not among them, since losing those is dear."""
    yield common_dir / "config.lock"
    yield from (common_dir / "refs" / "heads" / f"{branch}.lock" for branch in branches if _is_name(branch))
    yield from (common_dir / "refs" / "orchestra").rglob("*.lock")
    in_records = ("HEAD.lock", "config.worktree.lock", "info/sparse-checkout.lock", "orchestra.index.lock")
    yield from (record / name for record in _records(common_dir) for name in in_records)


def _is_name(branch: str) -> bool:
    """Whether it leads nowhere else: whoever may edit git's configuration may write anything there."""
    return not {"", ".", ".."} & set(branch.split("/"))


def _unborn_records(common_dir: Path) -> Iterator[Path]:
    """The files of records that git had only begun: they do not yet name a tree, and git would never drop them."""
    for record in _records(common_dir):
        found = {file.name: file for file in record.iterdir()}
        if found.keys() <= {"locked", "gitdir"} and not ("gitdir" in found and found["gitdir"].stat().st_size):
            yield from found.values()


def _records(common_dir: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [record for record in (common_dir / "worktrees").iterdir() if record.is_dir()]
    return []


def _wait_for_survivors(common_dir: Path, sleep: Callable[[float], None]) -> None:
    """Wait for what the killed run had started; a program that writes shared records stands in the git directory."""
    waited = 0.0
    while at_work := [f"{name} ({pid})" for pid, name in processes_using(common_dir) if name.startswith("git")]:
        if waited >= _PATIENCE_SECONDS:
            message = f"{', '.join(at_work)}, started by an orchestra that was killed, is still at work"
            raise LockHeldError(message, hint="wait for it, then try again")
        sleep(_POLL_SECONDS)
        waited += _POLL_SECONDS
