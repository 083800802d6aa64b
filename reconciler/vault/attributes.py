"""Whether git's attributes may have changed since a file was written.

Git notes that a file is clean by the attributes of that moment, and does not look again when they change. A filter that
was in force then may have made other bytes than the blob's, of the same size.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.vault.index import Index

_NAME = ".gitattributes"
_ALWAYS = 1 << 63


class AttributeTimes:
    """When the attributes that apply in a directory were last written."""

    def __init__(
        self, index: Index, staged: Iterable[str], statuses: Mapping[str, os.stat_result], common: Path
    ) -> None:
        known = _named((*index.lines, *staged))
        gone = (path for path in known if path not in statuses and not _is_skipped(index, path))
        written = {path: statuses[path].st_ctime_ns for path in _named(statuses)}
        times = {**written, **dict.fromkeys(gone, _ALWAYS)}
        self._latest = max((*times.values(), _ctime_ns(common)), default=0)
        self._own = {path.rpartition("/")[0]: time for path, time in times.items()}
        self._newest = {"": max(self._own.get("", 0), _ctime_ns(common))}

    def are_newer(self, path: str, status: os.stat_result) -> bool:
        """Whether they were written after the file was."""
        return status.st_ctime_ns < self._latest and status.st_ctime_ns < self._in(path.rpartition("/")[0])

    def _in(self, directory: str) -> int:
        if directory not in self._newest:
            above = self._in(directory.rpartition("/")[0])
            self._newest[directory] = max(above, self._own.get(directory, 0))
        return self._newest[directory]


def _named(paths: Iterable[str]) -> list[str]:
    return [path for path in paths if path.endswith(_NAME) and path.rpartition("/")[2] == _NAME]


def _is_skipped(index: Index, path: str) -> bool:
    entry = index.entry(path)
    return entry is not None and entry.is_skipped


def _ctime_ns(file: Path) -> int:
    try:
        return file.stat().st_ctime_ns
    except OSError:
        return 0
