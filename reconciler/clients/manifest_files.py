"""Read a manifest's files from disk.

The rule: a path relative to the root stays inside it, also through links; only regular files are read.
"""

from __future__ import annotations

import errno
import glob
import os
import stat
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ManifestFiles:
    """The files below a root; an absolute path is read as it is, because a person named it."""

    root: Path

    def read(self, path: str, limit: int) -> bytes | None:
        """Read at most `limit` bytes; None when there is no such file.

        Raises:
            OSError: it cannot be read, is no regular file, or a relative path leads out of the root.
        """
        place = self.root / path
        if not place.exists() and not place.is_symlink():
            return None
        if not Path(path).is_absolute() and not _is_inside(place, self.root):
            raise _leads_out()
        descriptor = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(errno.EINVAL, "it is not a regular file")
            return file.read(limit)

    def glob(self, pattern: str) -> tuple[str, ...]:
        """List the files that a pattern without `**` matches, sorted; nothing outside of the root is looked at.

        Raises:
            OSError: a directory that the pattern names leads out; one that a wildcard matches is passed over.
        """
        found = [""]
        for segment in pattern.split("/"):
            found = [path for above in found for path in self._step(above, segment, pattern)]
        return tuple(sorted(found))

    def _step(self, above: str, segment: str, pattern: str) -> list[str]:
        if not _is_inside(self.root / above, self.root):
            if pattern.startswith(f"{above}/"):
                raise _leads_out()
            return []
        names = glob.glob(segment, root_dir=self.root / above)  # noqa: PTH207 - relative results are wanted
        return [f"{above}/{name}" if above else name for name in names]


def _leads_out() -> OSError:
    return OSError(errno.EXDEV, "a link leads out of the repository")


def _is_inside(place: Path, root: Path) -> bool:
    # Not `Path.resolve`: it fails for links in a circle, which opening says better.
    return Path(os.path.realpath(place)).is_relative_to(os.path.realpath(root))
