"""Find out which object the bytes of a file are, and read only those files of which it cannot be known otherwise."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from reconciler.clients.descent import Descent, Scan
from reconciler.clients.pack import ObjectFormat, chunks_of
from reconciler.errors import ConflictError, PermanentError, TransientError
from reconciler.vault.attributes import AttributeTimes
from reconciler.vault.index import Asked, Index

_SECOND = 1_000_000_000
_REGULAR = frozenset({"H 100644", "H 100755"})


class Look:
    """A look at the files of one tree.

    Attributes:
        plain: those that were not written since the index noted them, and whose bytes are their blob's.
        ids: of the others.
        converted: those whose bytes are not their blob's, though git calls them clean.
        unreadable: those that could not be read.
    """

    def __init__(self, tree: Path, form: ObjectFormat, index: Index, asked: Asked, found: Scan) -> None:
        self._tree, self._form, self._index, self._asked, self._found = tree, form, index, asked, found
        self.plain: frozenset[str] = frozenset()
        self.ids: dict[str, str] = {}
        self.converted: set[str] = set()
        self.unreadable: list[str] = []

    def identify(self, paths: list[str], attributes: AttributeTimes) -> None:
        """Find out of files and links.

        Raises:
            TransientError: one went away just now.
            PermanentError: the operating system refused.
        """
        self.plain = frozenset(self._plain(self._unwritten(paths), attributes))
        with Descent(self._tree) as descent:
            for path in paths:
                if path not in self.plain:
                    self._read(descent, path)

    def _unwritten(self, paths: list[str]) -> list[str]:
        """Regular files to which nothing was written since git noted them.

        Git passes over those that it was told to assume unchanged, and one that is as young as the index may have been
        written after it without its times telling. None of these is taken for granted; and an index that was written in
        a time to come, by a clock that was set back since, is older than nothing.
        """
        is_to_come = self._index.mtime_ns > self._found.began_ns
        limit_ns = 0 if is_to_come else self._index.mtime_ns // _SECOND * _SECOND
        lines, statuses, written = self._index.lines, self._found.statuses, self._asked.written
        return [
            path
            for path in paths
            if path not in written
            and lines.get(path, "")[:8] in _REGULAR
            and (status := statuses[path]).st_ctime_ns < limit_ns
            and status.st_mtime_ns < limit_ns
        ]

    def _plain(self, paths: list[str], attributes: AttributeTimes) -> list[str]:
        """Those whose bytes are the blob's; of what git converts, only a filter or an encoding keeps the size."""
        sizes, converted, statuses = self._asked.sizes, self._asked.converted, self._found.statuses
        return [
            path
            for path in paths
            if sizes[path] == (status := statuses[path]).st_size
            and path not in converted
            and not attributes.are_newer(path, status)
        ]

    def _read(self, descent: Descent, path: str) -> None:
        try:
            self.ids[path] = _identify(descent, self._form, path, self._found.statuses[path])
        except FileNotFoundError:
            raise TransientError(f"{self._tree / path} went away just now", hint="try again later") from None
        except PermanentError:
            self.unreadable.append(path)
            return
        entry = self._index.entry(path)
        if entry and entry.object != self.ids[path] and self._unwritten([path]):
            self.converted.add(path)

    def try_to_read(self, paths: Iterable[str]) -> None:
        """See whether files can be read, without doing so."""
        with Descent(self._tree) as descent:
            files = (path for path in paths if stat.S_ISREG(self._found.statuses[path].st_mode))
            self.unreadable.extend(path for path in files if not descent.is_readable(path))


def _identify(descent: Descent, form: ObjectFormat, path: str, status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return form.identify("blob", os.fsencode(descent.link(path)))
    with descent.open(path) as file:
        return form.identify_chunks("blob", os.fstat(file.fileno()).st_size, chunks_of(file))


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
