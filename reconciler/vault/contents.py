"""Sort out what is in a tree: what git may hold, what it ignores, and what is not saved at all."""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.descent import Scan
from reconciler.vault.index import Index
from reconciler.vault.omissions import Omissions, can_be_made_again


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a tree, in the order in which it was found.

    Attributes:
        kept_files: files and links that are tracked, or that git would track.
        kept_directories: directories of those, and empty ones.
        ignored_files: files and links that git ignores: they never get into its objects.
        ignored_directories: directories that hold nothing but those.
        special: sockets, pipes and devices.
        left_out: untracked files that are not saved.
        given_up: those that git ignores and that are not saved since nothing that it ignores is.
    """

    kept_files: list[str]
    kept_directories: list[str]
    ignored_files: list[str]
    ignored_directories: list[str]
    special: list[str]
    left_out: list[str]
    given_up: list[str]


class Guide:
    """Decides what of a tree is looked at, and what is saved."""

    def __init__(self, tree: Path, index: Index, omissions: Omissions) -> None:
        self._tree, self._index, self._omissions = tree, index, omissions
        self._scratch: dict[str, bool] = {"": False}

    @property
    def gives_up_ignored(self) -> bool:
        """Whether nothing that git ignores is saved."""
        return self._omissions.ignored

    def enter(self, directory: str, names: frozenset[str]) -> bool:
        """Whether to look into a directory: where something is tracked always, else not where nothing is saved."""
        if directory in self._index.tracked_directories:
            return True
        if self.is_scratch(directory):
            return False
        return directory in self._index.other_directories or not can_be_made_again(self._tree, directory, names)

    def is_scratch(self, path: str) -> bool:
        """Whether a path, or a directory on the way to it, was declared to be of no worth."""
        if path not in self._scratch:
            self._scratch[path] = self.is_scratch(path.rpartition("/")[0]) or self._omissions.scratch(path)
        return self._scratch[path]

    def leaves_out(self, path: str) -> bool:
        """Whether an untracked file is not saved."""
        return files.is_temporary(path) or self.is_scratch(path) or self._omissions.ours(path)


def sort_out(index: Index, found: Scan, guide: Guide) -> Contents:
    """Sort out what was found. What git neither tracks nor calls untracked counts as ignored, for whatever reason."""
    sorted_out = Contents([], [], [], [], [], [], [])
    directories = []
    for path, status in found.statuses.items():
        kind = stat.S_IFMT(status.st_mode)
        if kind == stat.S_IFDIR:
            directories.append(path)
        elif path in index.entries or path in index.unmerged:
            _into(sorted_out, kind, sorted_out.kept_files).append(path)
        elif guide.leaves_out(path):
            sorted_out.left_out.append(path)
        elif guide.gives_up_ignored and path not in index.others:
            sorted_out.given_up.append(path)
        else:
            of_its_sort = sorted_out.kept_files if path in index.others else sorted_out.ignored_files
            _into(sorted_out, kind, of_its_sort).append(path)
    passed_over = {*found.passed_over, *(path for path in directories if guide.is_scratch(path))}
    _sort_directories(sorted_out, [path for path in directories if path not in passed_over])
    return sorted_out


def _into(sorted_out: Contents, kind: int, files_of_its_sort: list[str]) -> list[str]:
    return files_of_its_sort if kind in {stat.S_IFREG, stat.S_IFLNK} else sorted_out.special


def _sort_directories(sorted_out: Contents, directories: Iterable[str]) -> None:
    """A directory goes with what is in it; an empty one with the directory that it is in."""
    kept, ignored = _parents(sorted_out.kept_files), _parents(sorted_out.ignored_files)
    for path in directories:  # parents come first
        if path in kept:
            sorted_out.kept_directories.append(path)
        elif path in ignored or path.rpartition("/")[0] in ignored - kept:
            ignored.add(path)
            sorted_out.ignored_directories.append(path)
        else:
            sorted_out.kept_directories.append(path)


def _parents(paths: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for path in paths:
        directory = path.rpartition("/")[0]
        while directory and directory not in found:
            found.add(directory)
            directory = directory.rpartition("/")[0]
    return found
