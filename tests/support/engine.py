"""A real container engine for tests: whether there is one, and what tests left on it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from typing import Any

import pytest

SMALL = "orchestra-test/small"
POSTGRES = "orchestra-test/postgres"


def docker(*words: str) -> str:
    """Run the client; its output."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stderr}"
    return done.stdout.strip()


def inspected(*words: str) -> Any:
    """What `docker … inspect` says."""
    return json.loads(docker(*words))


def require_engine() -> None:
    """Skip a test where there is no engine with the images of `tests/engine/start`; with `--no-skip` that fails it."""
    if lacking := _lacking(os.environ.get("DOCKER_HOST", "")):
        pytest.skip(f"{lacking}; `tests/engine/start`, as root, installs and starts what these tests need")


@functools.cache
def _lacking(host: str) -> str:
    for what, words in {
        "no engine answers": ("version",),
        "there is no Compose v2": ("compose", "version"),
        "the images of the tests are not there": ("image", "inspect", SMALL, POSTGRES),
    }.items():
        try:
            subprocess.run(["docker", *words], capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return what
    return ""
