"""What a directory looks like, to be compared with what it looked like before."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable
from pathlib import Path


def picture(directory: Path, is_left_out: Callable[[Path], bool]) -> dict[str, str]:
    """Describe everything in a directory, but what is left out: mode, content, and when files changed."""
    paths = (path for path in sorted(directory.rglob("*")) if not is_left_out(path))
    return {str(path.relative_to(directory)): _seen(path) for path in paths}


def _seen(path: Path) -> str:
    status = path.lstat()
    content = ""
    if stat.S_ISLNK(status.st_mode):
        content = str(path.readlink())
    elif stat.S_ISREG(status.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    is_directory = stat.S_ISDIR(status.st_mode)
    return f"{status.st_mode:o} {content} {'' if is_directory else status.st_mtime_ns}"


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """What differs; what came or went is in it."""
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
