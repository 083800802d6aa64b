"""Every test here needs an engine, and leaves nothing on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engine import require_engine, sweep
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
