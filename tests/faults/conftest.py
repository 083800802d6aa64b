"""One warmed server and one stage per scenario for each process that runs tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.harness import Server, Stage, serving
from tests.faults.sampling import SEED, is_long
from tests.faults.scenarios import SCENARIOS


@pytest.hookimpl(trylast=True)
def pytest_report_header() -> str:
    """Say what a failure is reproduced with."""
    return f"faults: FAULTS_SEED={SEED}" + (" FAULTS_LONG=1" if is_long() else "")


@pytest.fixture(scope="session")
def server(_hermetic: None) -> Iterator[Server]:
    """Give a process that runs commands in forks of itself."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def stage_of(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Stage]:
    """Give the stage of a scenario by its name; it is set up once."""
    stages: dict[str, Stage] = {}

    def get(name: str) -> Stage:
        if name not in stages:
            scenario = next(scenario for scenario in SCENARIOS if scenario.name == name)
            stages[name] = Stage(scenario, tmp_path_factory.mktemp(name), server)
        return stages[name]

    return get
