"""Mount one directory on another, as people do who share a cache or data between trees."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(source: Path, place: Path) -> Iterator[None]:
    """Show a directory at another place; skips the test where nobody may mount."""
    done = subprocess.run(["mount", "--bind", source, place], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount: {done.stderr.strip()}")
    descriptor = os.open(place, os.O_PATH)  # what is mounted goes along where a directory above it is moved
    try:
        yield
    finally:
        now = os.readlink(f"/proc/self/fd/{descriptor}")  # noqa: PTH115 - no file
        os.close(descriptor)
        subprocess.run(["umount", "--lazy", now], check=True)
