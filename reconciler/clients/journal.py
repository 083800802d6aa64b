"""The journal: what was run and what became of it, one JSON line each. A record for people; nothing is decided by it.

Losing it costs the answer of `orchestra history`, and the notice that the manifest comes from elsewhere than last time.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reconciler.clients.refusals import refused

_TAIL_BYTES = 4_000_000


class JournalFile:
    """An append-only file of JSON lines."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def append(self, record: dict[str, Any], *, durable: bool = False) -> None:
        """Add one line, in one write.

        Raises:
            PermanentError: the operating system refused.
        """
        line = json.dumps(record, sort_keys=True).encode("ascii") + b"\n"
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                _write_whole(descriptor, self._mend(descriptor) + line)
                if durable:
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise refused(f"cannot write the journal {self._file}", error) from error

    def _mend(self, descriptor: int) -> bytes:
        """A torn last line (a kill, a full disk) must not swallow the next one."""
        size = os.fstat(descriptor).st_size
        if not size:
            return b""
        with self._file.open("rb") as file:
            file.seek(size - 1)
            return b"" if file.read(1) == b"\n" else b"\n"

    def records(self) -> Iterator[dict[str, Any]]:
        """The records of the last few megabytes, oldest first; what cannot be read is passed over."""
        for line in self._tail().splitlines():
            with contextlib.suppress(ValueError, RecursionError):
                record = json.loads(line.decode("utf-8", "surrogateescape"))
                if isinstance(record, dict):
                    yield record

    def _tail(self) -> bytes:
        try:
            with self._file.open("rb") as file:
                file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL_BYTES))
                return file.read()
        except OSError:
            return b""


def _write_whole(descriptor: int, content: bytes) -> None:
    """Write in one go, so that two writers never mix; a full disk may take a part of it only."""
    if os.write(descriptor, content) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
