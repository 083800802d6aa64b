"""Take a tree down so that a kill leaves it whole or gone, and never half.

It is moved aside in one step, then git's record of it is, and only then are bytes deleted. What lies aside and has a
record is whole, and can be put back; what has none is rubbish, which the record that lies aside as well names.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.refusals import refused
from reconciler.clients.trees import aside_of, linked_git_dir
from reconciler.errors import PermanentError

_REMOVED = Path("orchestra", "removed")
_TREE, _RECORD = "tree", "record"


def is_set_aside(tree: Path, git_dir: Path) -> bool:
    """Whether a removal that was killed left the tree aside, whole."""
    return not os.path.lexists(tree) and linked_git_dir(aside_of(tree)) == git_dir


def set_aside(tree: Path) -> Path:
    """Move a tree out of everybody's way, and say where it is now.

    Raises:
        PermanentError: the operating system refused.
    """
    aside = aside_of(tree)
    try:
        return tree.rename(aside)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            hint = f"delete {aside}: an earlier removal could not" if aside.is_dir() else f"move {aside} away"
            raise PermanentError(f"cannot move {tree} aside: {aside} is there", hint=hint) from error
        raise refused(f"cannot move {tree} aside", error) from error


def put_back(tree: Path) -> None:
    """Move a tree to where it was.

    Raises:
        PermanentError: the operating system refused.
    """
    with _explained(f"cannot move {tree} back"):
        aside_of(tree).rename(tree)


def discard(common_dir: Path, git_dir: Path, tree: Path) -> None:
    """Delete a record of git's, and its tree, which lies aside or is gone.

    Raises:
        PermanentError: the operating system refused.
    """
    with _explained(f"cannot remove git's record {git_dir}"):
        (common_dir / _REMOVED).mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=common_dir / _REMOVED))
        (place / _TREE).write_bytes(os.fsencode(tree))
        git_dir.rename(place / _RECORD)
        with contextlib.suppress(OSError):
            git_dir.parent.rmdir()  # as git does: the directory goes with its last record
    _finish(place)  # and no other: in other threads other trees are on their way


def has_rubbish(common_dir: Path) -> bool:
    """Whether there is something for `sweep` to delete."""
    return any((common_dir / _REMOVED).glob("*"))


def rubbish(common_dir: Path) -> tuple[Path, ...]:
    """The directories that were to be deleted, and are still there."""
    places = sorted((common_dir / _REMOVED).glob("*"))
    return tuple(aside for place in places if (aside := _aside_in(place)) and os.path.lexists(aside))


def sweep(common_dir: Path) -> None:
    """Delete what has no record any more, also what killed removals left. The caller holds the repository's lock.

    What cannot be deleted stops nobody: it is no worktree any more, and `rubbish` names it.
    """
    for place in sorted((common_dir / _REMOVED).glob("*")):
        with contextlib.suppress(PermanentError):
            _finish(place)


def _finish(place: Path) -> None:
    """Delete what a place names, then what is in it, in an order that can be begun again."""
    aside = _aside_in(place)
    with _explained(f"cannot delete {aside or place}"):
        if aside and (place / _RECORD).exists():
            files.remove_tree(aside)
        files.remove_tree(place / _RECORD)
        (place / _TREE).unlink(missing_ok=True)
        place.rmdir()


def _aside_in(place: Path) -> Path | None:
    """Where the tree lies that a place names."""
    with contextlib.suppress(OSError):
        return aside_of(Path(os.fsdecode((place / _TREE).read_bytes())))
    return None


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise refused(what, error) from error
