"""A real container engine for tests: whether there is one, and what tests left on it."""

from __future__ import annotations

import functools
import json
import os
import subprocess
from typing import Any

import pytest

from tests.support.world import World

SMALL = "orchestra-test/small"
POSTGRES = "orchestra-test/postgres"


def docker(*words: str) -> str:
    """Run the client; its output."""
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(words)}: {done.stdout}{done.stderr}"
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


def clone_of(world: World) -> str:
    """The identity of a project's clone."""
    value = world.main.try_git("config", "orchestra.clone").stdout.strip()
    return value.partition("@")[0]  # what follows binds it to its directory


def left_of(clone: str) -> dict[str, list[str]]:
    """What bears the label of a clone."""
    label = f"label=orchestra.clone={clone}"
    words = {"container": ("ps", "--all"), "network": ("network", "ls"), "volume": ("volume", "ls")}
    return {what: docker(*command, "--quiet", "--filter", label).split() for what, command in words.items()}


def sweep(world: World) -> None:
    """Remove all that bears the label of a project's clone."""
    if clone := clone_of(world):
        for what, names in left_of(clone).items():
            force = ("--force",) if what != "network" else ()
            subprocess.run(["docker", what, "rm", *force, *names], capture_output=True, check=False)
        built = docker("image", "ls", "--all", "--quiet", "--filter", f"label=orchestra.clone={clone}").split()
        subprocess.run(["docker", "image", "rm", "--force", *built], capture_output=True, check=False)
