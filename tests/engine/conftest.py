"""Every test here needs an engine, and leaves nothing on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.own import OwnEngine, own_engine
from tests.support.engine import docker, require_engine, sweep
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
    """Give an engine that the test may stop."""
    with own_engine() as engine:
        yield engine


@pytest.fixture(scope="session")
def swarm() -> Iterator[OwnEngine]:
    """Give a swarm of one node, for all tests of one worker."""
    with own_engine() as engine:
        docker("--host", engine.host, "swarm", "init", "--advertise-addr", "127.0.0.1")
        yield engine
        if engine.is_running:
            docker("--host", engine.host, "swarm", "leave", "--force")
