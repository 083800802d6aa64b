"""The schedule, without threads: hypothesis plays the workers and finishes them in any order."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.schedule import Schedule
from reconciler.model.address import Address
from reconciler.model.change import Action, Change
from reconciler.model.outcome import Outcome, Status
from tests.engine_room.builders import at


@dataclass(frozen=True)
class Case:
    """A plan, the keys its changes hold, and which of them will fail."""

    changes: tuple[Change, ...]
    keys: dict[Address, str | None]
    failing: frozenset[Address]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw a DAG of up to twelve changes."""
    names = [at(f"n{i:02}") for i in range(draw(st.integers(0, 12)))]
    changes = tuple(
        Change(
            name,
            Action.CREATE,
            waits_for=tuple(draw(st.lists(st.sampled_from(names[:i]), unique=True, max_size=3))) if i else (),
        )
        for i, name in enumerate(names)
    )
    keys = {name: draw(st.sampled_from([None, "red", "blue"])) for name in names}
    return Case(changes, keys, draw(st.frozensets(st.sampled_from(names)) if names else st.just(frozenset())))


@given(cases(), st.data())
def test_whatever_the_order_of_completion(case: Case, data: st.DataObject) -> None:
    """Starts only after success, keys never shared, never idle, one outcome each, skips name a failure above."""
    by_address = {change.address: change for change in case.changes}
    schedule = Schedule(case.changes, lambda change: case.keys[change.address])
    told = list(schedule.start([]))
    running: list[Address] = []
    while not schedule.is_done:
        while (change := schedule.take()) is not None:
            assert all(schedule.outcomes[needed].status.succeeded for needed in change.waits_for)
            running.append(change.address)
        held = [key for address in running if (key := case.keys[address])]
        assert len(held) == len(set(held))
        _assert_nothing_was_forgotten(case, schedule, held)
        address = running.pop(data.draw(st.integers(0, len(running) - 1)))
        status = Status.FAILED if address in case.failing else Status.CREATED
        told += schedule.settle(Outcome(address, status))

    assert sorted(outcome.address for outcome in told) == sorted(by_address)
    for outcome in told:
        _assert_is_deserved(case, by_address, outcome)


def _assert_nothing_was_forgotten(case: Case, schedule: Schedule, held: list[str]) -> None:
    """What has not started has a reason not to."""
    for change in case.changes:
        if change.address not in schedule.outcomes and change.address not in schedule.running:
            waits = any(needed not in schedule.outcomes for needed in change.waits_for)
            assert waits or case.keys[change.address] in held


def _assert_is_deserved(case: Case, by_address: dict[Address, Change], outcome: Outcome) -> None:
    """It was skipped exactly when something above it failed, and names one of those."""
    above, waiting = set[Address](), list(by_address[outcome.address].waits_for)
    while waiting:
        needed = waiting.pop()
        above.add(needed)
        waiting.extend(by_address[needed].waits_for)
    failed = {name for name in above & case.failing if not _is_skipped(case, by_address, name)}
    assert (outcome.status is Status.SKIPPED) == bool(failed)
    if failed:
        assert outcome.reason in {f"it needs {name}, which failed" for name in failed}


def _is_skipped(case: Case, by_address: dict[Address, Change], name: Address) -> bool:
    return any(needed in case.failing or _is_skipped(case, by_address, needed) for needed in by_address[name].waits_for)


@given(cases(), st.data())
def test_abandoning_leaves_only_what_runs(case: Case, data: st.DataObject) -> None:
    """After a stop, what runs may still be settled, and all else has been skipped exactly once."""
    schedule = Schedule(case.changes, lambda change: case.keys[change.address])
    told = list(schedule.start([]))
    for _ in range(data.draw(st.integers(0, 6))):
        if (change := schedule.take()) and data.draw(st.booleans()):
            told += schedule.settle(Outcome(change.address, Status.CREATED))

    told += schedule.abandon("stop")
    assert schedule.take() is None
    for address in tuple(schedule.running):
        told += schedule.settle(Outcome(address, Status.FAILED))

    assert schedule.is_done
    assert sorted(outcome.address for outcome in told) == sorted(change.address for change in case.changes)


def test_what_needs_something_outside_the_plan_never_starts() -> None:
    """A plan cut out of another does not start what its other half should have made."""
    schedule = Schedule([Change(at("a"), Action.CREATE, waits_for=(at("gone"),))], lambda _change: None)

    assert [outcome.reason for outcome in schedule.start([])] == [
        "it needs workspace:gone, which is not part of this plan"
    ]


def test_a_settled_conflict_that_waits_for_another_is_told_once() -> None:
    """What needs no work is settled before anything follows from it."""
    changes = [Change(at("a"), Action.CONFLICT), Change(at("b"), Action.CONFLICT, waits_for=(at("a"),))]
    schedule = Schedule(changes, lambda _change: None)

    told = schedule.start([Outcome(change.address, Status.FAILED) for change in changes])

    assert [outcome.status for outcome in told] == [Status.FAILED, Status.FAILED]
