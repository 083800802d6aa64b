"""What is mounted where: below a mount point lie somebody's files that are not of the directory they are seen in."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TABLE = Path("/proc/self/mountinfo")
_POINT = 4  # the field of a line that tells the mount point
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def mounts_in(directory: Path) -> tuple[Path, ...]:
    """The mount points at a directory or below it. Where the system lists none (macOS) the answer is empty."""
    top = os.path.realpath(directory)
    try:
        lines = _TABLE.read_bytes().splitlines()
    except OSError:
        return ()
    points = {Path(os.fsdecode(_ESCAPED.sub(_unescape, line.split(b" ")[_POINT]))) for line in lines}
    return tuple(sorted(point for point in points if point.is_relative_to(top)))


def _unescape(match: re.Match[bytes]) -> bytes:
    return bytes([int(match[1], 8)])
