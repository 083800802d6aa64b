"""Sort out what is in a tree: what git may hold, what it ignores, and what is not saved at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.descent import Scan
from reconciler.vault.index import Index, directories_of
from reconciler.vault.omissions import Omissions, can_be_made_again


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a tree, in the order in which it was found.

    Attributes:
        kept_files: files and links that are tracked, or that git would track.
        kept_directories: directories of those, and empty ones.
        ignored_directories: directories that hold nothing but what is ignored.
        ignored_files: files and links that git ignores: they never get into its objects.
        special: sockets, pipes and devices.
        left_out: untracked files that are not saved.
        given_up: those that git ignores and that are not saved since nothing that it ignores is.
        scratch: those that git does not ignore and that are not saved since they were declared to be of no worth.
    """

    kept_files: list[str]
    kept_directories: list[str]
    ignored_directories: list[str]
    ignored_files: list[str]
    special: list[str]
    left_out: list[str]
    given_up: list[str]
    scratch: list[str]


class Guide:
    """Decides what of a tree is looked at, and what is saved."""

    def __init__(
        self, tree: Path, index: Callable[[], Index], omissions: Omissions, others: Callable[[], frozenset[str]]
    ) -> None:
        self._tree, self._index, self._omissions, self._others = tree, index, omissions, others
        self._scratch: dict[str, bool] = {"": False}

    @property
    def gives_up_ignored(self) -> bool:
        """Whether nothing that git ignores is saved."""
        return self._omissions.ignored

    def enter(self, directory: str, names: frozenset[str]) -> bool:
        """Whether to look into a directory: where something is tracked always, else not where nothing is saved.

        Git is waited for only where its answer matters.
        """
        return not self._is_unsaved(directory, names) or directory in self._index().directories

    def _is_unsaved(self, directory: str, names: frozenset[str]) -> bool:
        if self.is_scratch(directory):
            return True
        return can_be_made_again(self._tree, directory, names) and directory not in self._other_directories

    @cached_property
    def _other_directories(self) -> frozenset[str]:
        """Every directory that holds something that is neither tracked nor ignored."""
        return directories_of(self._others())

    def is_scratch(self, path: str) -> bool:
        """Whether a path, or a directory on the way to it, was declared to be of no worth."""
        if path not in self._scratch:
            self._scratch[path] = self.is_scratch(path.rpartition("/")[0]) or self._omissions.scratch(path)
        return self._scratch[path]

    def leaves_out(self, path: str) -> bool:
        """Whether an untracked file is not saved."""
        return files.is_temporary(path) or self.is_scratch(path) or path in self._omissions.ours


def sort_out(index: Index, found: Scan, guide: Guide, others: frozenset[str]) -> Contents:
    """Sort out what was found. What git neither tracks nor calls untracked counts as ignored, for whatever reason."""
    tracked, directories, special = index.lines.keys() | index.unmerged.keys(), {*found.directories}, {*found.special}
    no_files = directories | special
    kept = [path for path in found.statuses if path in tracked and path not in no_files]
    untracked = [path for path in found.statuses if path not in tracked and path not in directories]
    left_out = {path for path in untracked if guide.leaves_out(path)}
    saved = [path for path in untracked if path not in left_out and path not in special]
    kept_untracked = [path for path in saved if path in others]
    ignored = [path for path in saved if path not in others]
    given_up, ignored = (ignored, []) if guide.gives_up_ignored else ([], ignored)
    passed_over = {*found.passed_over, *(path for path in found.directories if guide.is_scratch(path))}
    holding = index.directories | directories_of(kept_untracked)
    sorted_directories = _sort_directories((p for p in found.directories if p not in passed_over), holding, ignored)
    unsaved = ([path for path in found.special if path not in left_out], sorted(left_out))
    scratch = sorted(path for path in others if guide.is_scratch(path.rstrip("/")))
    return Contents([*kept, *kept_untracked], *sorted_directories, ignored, *unsaved, given_up, scratch)


def _sort_directories(
    directories: Iterable[str], kept: frozenset[str], ignored_files: Iterable[str]
) -> tuple[list[str], list[str]]:
    """A directory goes with what is in it; an empty one with the directory that it is in."""
    ignored = set(directories_of(ignored_files))
    both: tuple[list[str], list[str]] = [], []
    for path in directories:  # parents come first
        above = path.rpartition("/")[0]
        is_ignored = path not in kept and (path in ignored or (above in ignored and above not in kept))
        if is_ignored:
            ignored.add(path)
        both[is_ignored].append(path)
    return both
