"""Killed after the n-th call into the clients, for every n: the next command converges, and nothing is lost.

Two calls between which the disk did not change are one point: what the next command finds is the same. So every n is
covered by killing, for real, once between any two changes. The long campaign kills after and before every single call.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults.harness import KILLED, Stage
from tests.faults.sampling import dice, is_long, times
from tests.faults.scenarios import SCENARIOS

SHARDS = {
    "apply": 12,
    "rename": 6,
    "repair": 6,
    "edit": 3,
    "destroy": 4,
    "destroy-then-apply": 4,
    "destroy-branches": 2,
    "restore": 4,
    "restore-branches": 2,
    "sync": 3,
    "sync-rebase": 3,
}
CASES = [
    pytest.param(scenario.name, shard, id=f"{scenario.name}-{shard}")
    for scenario in SCENARIOS
    for shard in range(SHARDS.get(scenario.name, 1))
]
PARALLEL = ("apply", "rename", "destroy-then-apply", "restore")


@pytest.mark.timeout(7200 if is_long() else 900)
@pytest.mark.parametrize(("name", "shard"), CASES)
def test_killed_at_every_point(stage_of: Callable[[str], Stage], name: str, shard: int) -> None:
    """Wherever a command with one job is killed, the next one leaves the world as if nothing had happened."""
    stage = stage_of(name)
    numbers = list(stage.points.calls if not is_long() else range(1, len(stage.points.names) + 1))
    for number in numbers[shard :: SHARDS.get(name, 1)]:
        for is_before in (False, True) if is_long() else (False,):
            _kill_and_judge(stage, number, is_before=is_before)


@pytest.mark.parametrize("name", [scenario.name for scenario in SCENARIOS])
def test_killed_inside_a_call(stage_of: Callable[[str], Stage], name: str) -> None:
    """A client that changes the disk in several steps may be killed between any two of them."""
    stage = stage_of(name)
    inside = sorted(set(stage.points.changed) - set(stage.points.calls))
    for number in dice(name, "inside").sample(inside, min(len(inside), len(times(6, 60)))):
        _kill_and_judge(stage, number)


@pytest.mark.parametrize("name", PARALLEL)
@pytest.mark.parametrize("shard", range(2))
def test_killed_at_work_in_parallel(stage_of: Callable[[str], Stage], name: str, shard: int) -> None:
    """With eight jobs as well, at whatever call."""
    stage, chance = stage_of(name), dice(name, "parallel", shard)
    for _ in times(4, 100):
        number = chance.randint(1, len(stage.points.names))
        _kill_and_judge(stage, number, is_before=chance.random() < 0.5, jobs=8)


@pytest.mark.parametrize("name", PARALLEL)
def test_killed_twice_in_a_row(stage_of: Callable[[str], Stage], name: str) -> None:
    """The command that was to mend it may be killed as well."""
    stage, chance = stage_of(name), dice(name, "twice")
    for _ in times(5, 100):
        faults = [{"call": chance.randint(1, len(stage.points.names)), "before": False} for _ in range(2)]
        stage.strike(faults[0]).expect_killed_at(faults[0]["call"])
        stage.run_on(faults[1]).expect(KILLED, 0)
        stage.judge(faults)


@pytest.mark.parametrize("name", ["restore", "restore-branches"])
@pytest.mark.parametrize("shard", range(2))
def test_destroyed_again_when_what_was_parked_is_not_all_back(
    stage_of: Callable[[str], Stage], name: str, shard: int
) -> None:
    """A morning's apply is killed, and the night comes: what waited waits on, or is in a newer archive."""
    stage, chance = stage_of(name), dice(name, "night", shard)
    for _ in times(6, 200):
        number = chance.randint(1, len(stage.points.names))
        stage.strike({"call": number, "before": False}).expect_killed_at(number)
        stage.run(("destroy", "--auto-approve")).expect(0)
        stage.judge({"call": number, "then": "destroy"})


def _kill_and_judge(stage: Stage, number: int, *, is_before: bool = False, jobs: int = 1) -> None:
    fault = {"call": number, "before": is_before}
    stage.strike(fault, jobs=jobs).expect_killed_at(number)
    stage.judge(fault)
