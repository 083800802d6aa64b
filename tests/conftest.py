"""The hermetic floor: no test sees the user's home, git configuration, identity, clock zone or terminal.

The one rule: what a test changes in the process (environment, working directory) it gives back.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.disk import is_in_memory
from tests.support.environment import foreign_variables, hermetic_variables
from tests.support.repository import Project, project

settings.register_profile("orchestra", deadline=None, print_blob=True)
settings.load_profile("orchestra")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that CI uses: there, a tool that is missing is a failure."""
    parser.addoption("--no-skip", action="store_true", help="a test that is skipped fails")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where `--no-skip` is given."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and item.config.getoption("--no-skip"):
        report.outcome, report.longrepr = "failed", f"skipped, and --no-skip was given: {report.longrepr}"
    return report


def pytest_configure() -> None:
    """Keep temporary directories on a disk: races and full disks do not show in memory."""
    if is_in_memory(Path(tempfile.gettempdir())) and not is_in_memory(Path("/var/tmp")):  # noqa: S108
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/var/tmp")  # noqa: S108


@pytest.fixture(scope="session", autouse=True)
def _hermetic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in foreign_variables(os.environ):
            patch.delenv(name)
        for name, value in hermetic_variables(home).items():
            patch.setenv(name, value)
        yield


@pytest.fixture(autouse=True)
def _given_back(_hermetic: None) -> Iterator[None]:
    before, directory = _environment(), Path.cwd()
    yield
    after = _environment()
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert not changed, f"the test left the environment changed: {sorted(changed)}"
    assert Path.cwd() == directory, "the test left the working directory changed"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """Give a repository with three directories and one commit, and no manifest yet."""
    return project(
        tmp_path, {"packages/auth/session.py": "x = 1\n", "packages/ui/page.js": "1;\n", "docs/index.md": "# Shop\n"}
    )
