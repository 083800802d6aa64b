"""Linked worktrees as git records them, and how a record and its tree stand to each other.

A tree names its record and the record names the tree. Where they disagree, somebody moved, copied or deleted one of the
two; nothing is taken for ours unless what is there points back.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.marks import MarkBook


class Standing(Enum):
    """How git's record of a worktree and the tree itself stand to each other."""

    PRESENT = "present"  # they point at each other
    MISSING = "missing"  # nothing where the record says
    MOVED = "moved"  # the tree was found elsewhere, pointing back (or to where its record was before it moved as well)
    CUT_OFF = "cut off"  # the tree points at a git directory that is gone: the repository itself was moved
    FOREIGN = "foreign"  # the tree belongs to another clone; this record was copied along with its git directory


@dataclass(frozen=True, slots=True)
class TreeRecord:
    """One linked worktree as git records it.

    Attributes:
        git_dir: its private git directory.
        path: where the tree is: as recorded, or where it was found when it was moved by hand.
        head: the commit that is checked out; None when there is none.
        branch: the short name of the branch that is checked out; None when HEAD is detached.
        locked: the reason given to `git worktree lock`; None when it is not locked.
        has_index: files were checked out at least once.
        book: our marks; None when it bears none of this clone.
    """

    git_dir: Path
    path: Path
    head: str | None
    branch: str | None
    locked: str | None
    standing: Standing
    has_index: bool
    book: MarkBook | None


def linked_git_dir(tree: Path) -> Path | None:
    """The private git directory that a tree's `.git` file names; None when it has no such file."""
    file = tree / ".git"
    try:
        text = os.fsdecode(file.read_bytes()) if file.is_file() else ""  # a pipe would hold us for ever
    except OSError:
        return None
    name = text.removeprefix("gitdir:").strip()
    return Path(os.path.normpath(tree / name)) if text.startswith("gitdir:") else None


def is_displaced(tree: Path) -> bool:
    """Whether something that is no directory stands in the place of a tree."""
    return os.path.lexists(tree) and not tree.is_dir()


def standing_of(tree: Path, git_dir: Path) -> Standing:
    """Compare what a tree says with its record."""
    named = linked_git_dir(tree)
    if named is None:
        return Standing.MISSING
    if named == git_dir or os.path.realpath(named) == os.path.realpath(git_dir):
        return Standing.PRESENT
    return Standing.FOREIGN if named.exists() else Standing.CUT_OFF


def aside_of(tree: Path) -> Path:
    """Where a tree lies while it is being removed: beside its place, where one step takes it."""
    return tree.with_name(f".{tree.name}.orchestra-removed")


def plain_path(path: Path, real_path: Callable[[Path], str] = os.path.realpath) -> Path:
    """A tree's path without links on the way to it; the last step may be one, and is somebody's choice."""
    return Path(real_path(path.parent)) / path.name


# --- trees that were moved by hand -----------------------------------------------------------------------------------


def find_moved(records: tuple[TreeRecord, ...], likely: Iterable[Path]) -> tuple[TreeRecord, ...]:
    """Look for the trees that are not where git thinks, in likely directories and beside where trees are."""
    lost = {place: record for record in records if record.standing is Standing.MISSING for place in _known_as(record)}
    if not lost:
        return records
    found: dict[Path, Path] = {}
    for tree in _candidates(records, lost, likely):
        record = lost.get(linked_git_dir(tree) or Path())
        if record is not None and tree != aside_of(record.path):
            found.setdefault(record.git_dir, plain_path(tree))
    return tuple(_moved(record, found.get(record.git_dir)) for record in records)


def _known_as(record: TreeRecord) -> Iterator[Path]:
    """What a lost tree may say of its record: where it is, or where it was before the whole repository moved."""
    yield record.git_dir
    home = record.book.home if record.book else None
    if home and not home.exists():
        yield home


def _candidates(
    records: tuple[TreeRecord, ...], lost: dict[Path, TreeRecord], likely: Iterable[Path]
) -> Iterator[Path]:
    for home, record in lost.items():
        if home != record.git_dir:  # repository and trees moved together: as far from each other as before
            yield Path(os.path.normpath(record.git_dir / os.path.relpath(record.path, home)))
    for record in lost.values():  # a move of ours, killed between record and tree
        yield from (Path(place) for place in _marked_places(record))
    for directory in dict.fromkeys((*(record.path.parent for record in records), *likely)):
        yield from _subdirectories(directory)
    for record in lost.values():  # one step up, or the directory that holds the trees was renamed
        for directory in _subdirectories(record.path.parent.parent):
            yield directory
            yield directory / record.path.name


def _marked_places(record: TreeRecord) -> list[str]:
    marks = record.book.marks if record.book else {}
    declared = [mark.declared for address, mark in marks.items() if address.kind == "workspace"]
    return [str(each["path"]) for each in declared if "path" in each]


def _subdirectories(directory: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return sorted(directory.iterdir())
    return []


def _moved(record: TreeRecord, tree: Path | None) -> TreeRecord:
    return replace(record, path=tree, standing=Standing.MOVED) if tree else record


def connect(tree: Path, git_dir: Path) -> None:
    """Make a tree and its record name each other.

    Not `git worktree repair`: that one also rewrites every other tree that a record names, even those of the clone that
    this one is a copy of.

    Raises:
        ClientError: one of them could not be written.
    """
    _let_say(tree, ".git", f"gitdir: {git_dir}\n")
    _let_say(git_dir, "gitdir", f"{tree}/.git\n")


def _let_say(directory: Path, name: str, text: str) -> None:
    entry = files.read(directory, name)
    if entry is None or entry.content != os.fsencode(text):
        files.write(directory, name, os.fsencode(text))


MOVE_NOTE = "orchestra.move.json"
"""Stands in a tree's git directory while `sync` brings the tree from one commit to another."""


def has_moving_trees(common_dir: Path) -> bool:
    """Whether a tree is on its way to another commit."""
    return any((common_dir / "worktrees").glob(f"*/{MOVE_NOTE}"))


HALF_DONE = {
    MOVE_NOTE: "sync",
    "MERGE_HEAD": "merge",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
    "BISECT_LOG": "bisect",
}
"""What is in a tree's git directory when somebody began something there, and what that is."""


def half_done(git_dir: Path) -> str | None:
    """What somebody began in a tree and did not end: `merge`, `rebase`, ...; None when nothing."""
    return next((what for name, what in HALF_DONE.items() if (git_dir / name).exists()), None)
