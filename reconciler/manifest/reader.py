"""How the loader gets at files, so that a manifest of another commit can be loaded like the one on disk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Reader(Protocol):
    """Access to the files of one repository; paths are relative to its root, with `/`, or absolute."""

    def read(self, path: str, limit: int) -> bytes | None:
        """Read at most `limit` bytes; None when there is no such file.

        Raises:
            OSError: it cannot be read, is no regular file, or a relative path leads out of the root.
        """

    def glob(self, pattern: str) -> Sequence[str]:
        """List the files that a pattern without `**` matches, sorted.

        Raises:
            OSError: it names a directory that leads out of the root.
        """
