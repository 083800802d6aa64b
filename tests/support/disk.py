"""What kind of disk a directory is on."""

from __future__ import annotations

from pathlib import Path


def is_in_memory(path: Path) -> bool:
    """Tell whether files below `path` never reach a disk; False where the system does not say."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return False
    kinds = {Path(fields[1]): fields[2] for fields in (line.split(" ") for line in mounts)}
    resolved = path.resolve()
    nearest = next((parent for parent in (resolved, *resolved.parents) if parent in kinds), None)
    return nearest is not None and kinds[nearest] in {"tmpfs", "ramfs"}
