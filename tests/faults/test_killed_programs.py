"""A git that is killed while it runs, alone or with the orchestra that started it, and one that outlives it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.harness import KILLED, Stage
from tests.faults.sampling import dice, times
from tests.faults.scenarios import SCENARIOS

NAMES = [scenario.name for scenario in SCENARIOS]


def _strike(
    stage: Stage, victims: tuple[str, ...], codes: tuple[int, ...], rounds: range, *, is_patient: bool = True
) -> None:
    chance = dice(stage.scenario.name, victims, is_patient)
    seconds = stage.points.git_seconds
    for _ in rounds:
        number = chance.randrange(len(seconds))
        fault = {"program": number + 1, "delay": chance.random() * 1.2 * seconds[number], "victims": victims}
        stage.strike(fault, is_patient=is_patient).expect(*codes)
        stage.judge(fault)


@pytest.mark.parametrize("name", NAMES)
def test_killed_together(stage_of: Callable[[str], Stage], name: str) -> None:
    """A loss of power: whatever git had half written, the next command makes whole, or names the lock to remove."""
    _strike(stage_of(name), ("git", "orchestra"), (KILLED, 0, 4), times(4, 150))


@pytest.mark.parametrize("name", NAMES)
def test_git_alone_is_killed(stage_of: Callable[[str], Stage], name: str) -> None:
    """Orchestra says what failed, goes on with the rest, and the next command does what is left."""
    _strike(stage_of(name), ("git",), (0, 1, 3, 4, 5), times(3, 100))


@pytest.mark.parametrize("name", NAMES)
def test_git_outlives_orchestra(stage_of: Callable[[str], Stage], name: str) -> None:
    """A git that goes on after its orchestra was killed is waited for, or named, by the next command at once."""
    _strike(stage_of(name), ("orchestra",), (KILLED, 0, 4), times(3, 100), is_patient=False)
