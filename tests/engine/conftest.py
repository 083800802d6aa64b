"""Every test here needs an engine, and leaves nothing on it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.own import OwnEngine, short_directory
from tests.support.engine import SMALL, docker, require_engine, sweep
from tests.support.world import World


@pytest.fixture(scope="session", autouse=True)
def _engine() -> None:
    require_engine()


@pytest.fixture
def host(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all tests that run beside each other share the list of ports, as the programs of one host do."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.getbasetemp().parent / "engine-state"))


@pytest.fixture
def world(tmp_path: Path, host: None) -> Iterator[World]:
    """Give a project, and remove whatever is left of it on the engine."""
    made = World.make(tmp_path)
    yield made
    sweep(made)


@pytest.fixture
def own() -> Iterator[OwnEngine]:
    """Give an engine with the small image."""
    if os.getuid() != 0:
        pytest.skip("only root may start an engine")
    with short_directory() as directory:
        engine = OwnEngine(directory)
        engine.start()
        try:
            image = subprocess.run(["docker", "save", SMALL], capture_output=True, check=True).stdout
            subprocess.run(["docker", "--host", engine.host, "load"], input=image, check=True, capture_output=True)
            yield engine
        finally:
            if engine.processes and (left := docker("--host", engine.host, "ps", "--all", "--quiet").split()):
                docker("--host", engine.host, "rm", "--force", *left)
            engine.stop()
