"""One look at a tree: what is in it, and for each file the object that its bytes are.

The rule: whether a file is as its blob is decided on bytes, not by git's opinion: git calls a file clean whose line
ends, filter or encoding would come back otherwise.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reconciler.clients.batch import object_sizes
from reconciler.clients.descent import Descent, Scan, scan
from reconciler.clients.git import Git
from reconciler.clients.pack import ObjectFormat, chunks_of
from reconciler.errors import ConflictError, PermanentError, TransientError
from reconciler.vault.attributes import AttributeTimes
from reconciler.vault.contents import Contents, Guide, sort_out
from reconciler.vault.index import GITLINK, Entry, Index, is_racy, noted_status, read_index
from reconciler.vault.omissions import Omissions

_LINK = 0o120000
_PLAIN = 0o100644
_EXECUTABLE = 0o100755


@dataclass(frozen=True)
class Inventory:
    """A tree at one moment.

    Attributes:
        form: how the repository names objects.
        head: the commit that is checked out; None when there is none.
        contents: what is in the tree, sorted out.
        ids: for each file and link that is not ignored, the object that its bytes or its target are.
        converted: files whose bytes are not their blob's, though git calls them clean.
        unreadable: what could not be read.
    """

    tree: Path
    git_dir: Path
    form: ObjectFormat
    head: str | None
    index: Index
    scan: Scan
    contents: Contents
    ids: dict[str, str]
    converted: frozenset[str]
    unreadable: tuple[str, ...]

    @cached_property
    def stored(self) -> dict[str, str]:
        """The object of each file and link that HEAD has not, or not so."""
        entries, staged = self.index.entries, self.index.staged
        return {
            path: name
            for path, name in self.ids.items()
            if path in staged or not _is_as_noted(entries.get(path), name, self.scan.statuses[path])
        }

    @cached_property
    def deleted(self) -> tuple[str, ...]:
        """Tracked files that should be there and are not."""
        entries = self.index.entries.items()
        files = (path for path, entry in entries if entry.mode != GITLINK and not entry.skipped)
        return tuple(sorted(path for path in files if path not in self.ids))

    @property
    def links(self) -> tuple[str, ...]:
        """Symbolic links that are not ignored."""
        return tuple(path for path in self.ids if stat.S_ISLNK(self.scan.statuses[path].st_mode))

    @property
    def changed_modes(self) -> Iterator[str]:
        """Files that were made executable, or are no longer."""
        for path, entry in self.index.entries.items():
            status = self.scan.statuses.get(path)
            is_file = status is not None and stat.S_ISREG(status.st_mode) and entry.mode in {_PLAIN, _EXECUTABLE}
            if status and is_file and bool(status.st_mode & stat.S_IXUSR) != (entry.mode == _EXECUTABLE):
                yield path

    @property
    def uncommitted(self) -> frozenset[str]:
        """Files with work that is in no commit."""
        changed = self.stored.keys() - self.converted
        return frozenset({*changed, *self.deleted, *self.changed_modes, *self.index.staged, *self.index.unmerged})


def take_inventory(git: Git, tree: Path, git_dir: Path, head: str | None, omissions: Omissions) -> Inventory:
    """Look at a tree. It is not touched.

    Raises:
        TransientError: somebody writes there just now.
        PermanentError: git or the operating system refused.
    """
    index = read_index(git, tree, git_dir, head)
    words = ("rev-parse", "--path-format=absolute", "--show-object-format", "--git-path", "info/attributes")
    format_name, _, attributes = git.run(*words, git_dir=git_dir).text.removesuffix("\n").partition("\n")
    form = ObjectFormat(format_name)
    with ThreadPoolExecutor(1) as pool:  # git looks up sizes while we look at files
        sizes = pool.submit(_blob_sizes, git, git_dir, index.entries)
        guide = Guide(tree, index, omissions)
        found = scan(tree, guide.enter)
        contents = sort_out(index, found, guide)
    times = AttributeTimes(index, found.statuses, Path(attributes))
    look = _Look(tree, form, index, found, sizes=sizes.result(), attributes=times)
    look.identify(contents.kept_files)
    look.try_to_read(contents.ignored_files)
    unreadable = (*found.unreadable, *look.unreadable)
    return Inventory(tree, git_dir, form, head, index, found, contents, look.ids, frozenset(look.converted), unreadable)


def _blob_sizes(git: Git, git_dir: Path, entries: dict[str, Entry]) -> dict[str, int]:
    """The size of each tracked file's blob; one that a partial clone has not fetched is unlike any file's."""
    names = [entry.object for entry in entries.values()]
    return dict(zip(entries, object_sizes(git, git_dir, names), strict=True))


class _Look:
    """Finds out what the bytes of files are, and reads only those that cannot be known otherwise."""

    def __init__(
        self,
        tree: Path,
        form: ObjectFormat,
        index: Index,
        found: Scan,
        *,
        sizes: dict[str, int],
        attributes: AttributeTimes,
    ) -> None:
        self._tree, self._form, self._index, self._statuses, self._sizes = tree, form, index, found.statuses, sizes
        self._attributes = attributes
        self.ids: dict[str, str] = {}
        self.converted: set[str] = set()
        self.unreadable: list[str] = []

    def identify(self, paths: Iterable[str]) -> None:
        entries, ids, unknown = self._index.entries, self.ids, []
        for path in paths:
            entry, status = entries.get(path), self._statuses[path]
            if entry is None or not self._is_unwritten(entry, status) or not self._is_plain(path, entry, status):
                unknown.append(path)
            else:
                ids[path] = entry.object
        with Descent(self._tree) as descent:
            for path in unknown:
                self._read(descent, path)

    def _is_unwritten(self, entry: Entry, status: os.stat_result) -> bool:
        """Whether nothing was written since git noted the file; asked of its bytes, whatever git was told to assume."""
        return entry.noted == noted_status(status) and not is_racy(entry.noted, self._index.mtime_ns)

    def _is_plain(self, path: str, entry: Entry, status: os.stat_result) -> bool:
        """Whether its bytes then are its blob's: no conversion but a filter or an encoding keeps the size."""
        if entry.intended or stat.S_ISLNK(status.st_mode) != (entry.mode == _LINK):
            return False
        if self._sizes[path] != status.st_size or path in self._index.converted:
            return False
        return not self._attributes.are_newer(path, status)

    def _read(self, descent: Descent, path: str) -> None:
        try:
            self.ids[path] = _identify(descent, self._form, path, self._statuses[path])
        except FileNotFoundError:
            raise TransientError(f"{self._tree / path} went away just now", hint="try again later") from None
        except PermanentError:
            self.unreadable.append(path)
            return
        entry = self._index.entries.get(path)
        if entry and entry.object != self.ids[path] and self._is_unwritten(entry, self._statuses[path]):
            self.converted.add(path)

    def try_to_read(self, paths: Iterable[str]) -> None:
        with Descent(self._tree) as descent:
            files = (path for path in paths if stat.S_ISREG(self._statuses[path].st_mode))
            self.unreadable.extend(path for path in files if not descent.is_readable(path))


def _identify(descent: Descent, form: ObjectFormat, path: str, status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return form.identify("blob", os.fsencode(descent.link(path)))
    with descent.open(path) as file:
        return form.identify_chunks("blob", os.fstat(file.fileno()).st_size, chunks_of(file))


def _is_as_noted(entry: Entry | None, name: str, status: os.stat_result) -> bool:
    is_link = stat.S_ISLNK(status.st_mode)
    return entry is not None and entry.object == name and is_link == (entry.mode == _LINK)


def identify_files(tree: Path, form: ObjectFormat, paths: Iterable[str]) -> Iterator[tuple[str, str | None]]:
    """The objects that files' bytes and links' targets are at this moment; None for what is neither.

    Raises:
        PermanentError: the operating system refused.
    """
    with Descent(tree) as descent:
        for path in paths:
            status, name = descent.status(path), None
            if status is not None and (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
                with contextlib.suppress(FileNotFoundError, ConflictError):
                    name = _identify(descent, form, path, status)
            yield path, name
