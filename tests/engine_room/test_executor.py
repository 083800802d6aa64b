"""The executor, against fake kinds: threads are real, time is not."""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.engine.graph import Graph, build_graph
from reconciler.engine.interrupt import Interrupt
from reconciler.engine.planner import make_plan
from reconciler.errors import ConflictError, OrchestraError, PermanentError, TransientError
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, Mode
from reconciler.model.event import Finished, Interrupted, Retried, Started
from reconciler.model.outcome import Outcome, Report, Status
from reconciler.model.plan import Plan
from reconciler.model.resource import Resource
from tests.engine_room.builders import (
    KIND_ORDER,
    at,
    graph_of,
    random_resources,
    random_things,
    run,
    snapshot_of,
    thing,
)
from tests.support.fakes import FakeClock, FakeSpec, RecordingJournal, RecordingReporter, World, fake_kinds


def _plan(graph: Graph, world: World, *, prune: bool = True) -> Plan:
    return make_plan(graph, fake_kinds(world), snapshot_of(world, graph), prune=prune)


def _outcomes(report: Report) -> list[str]:
    return [f"{o.address} {o.status.value}" + (f": {o.reason}" if o.reason else "") for o in report.outcomes]


CHAIN = graph_of(thing("a"), thing("b", "a"), thing("c", "b"), thing("d"))


def test_everything_is_made_in_order_and_the_next_plan_is_empty() -> None:
    """A plan that is carried out leaves nothing to do."""
    world = World({at("old"): "x", at("file:old/f"): "x"})
    reporter, journal = RecordingReporter(), RecordingJournal()

    report = run(_plan(CHAIN, world), CHAIN, world, parallelism=1, reporter=reporter, journal=journal)

    assert _outcomes(report) == [
        "workspace:a created",
        "workspace:b created",
        "workspace:c created",
        "workspace:d created",
        "file:old/f deleted",
        "workspace:old deleted",
    ]
    assert report.exit_code == 0
    assert _plan(CHAIN, world).is_empty
    assert reporter.lines()[:2] == ["started workspace:a", "created workspace:a"]
    assert journal.entries[:2] == ["intent workspace:a", "done workspace:a"]
    assert [outcome.attempts for outcome in report.outcomes] == [1] * 6


def test_what_depends_on_a_failure_is_skipped_and_names_its_root() -> None:
    """The cascade names where it began; what does not depend on it goes on."""
    world = World(faults={at("a"): [PermanentError("disk is full", hint="make room")]})

    report = run(_plan(CHAIN, world), CHAIN, world)

    assert _outcomes(report) == [
        "workspace:a failed: disk is full",
        "workspace:b skipped: it needs workspace:a, which failed",
        "workspace:c skipped: it needs workspace:a, which failed",
        "workspace:d created",
    ]
    assert report.exit_code == 4
    assert report.outcomes[0].error is not None
    assert report.outcomes[0].error.hint == "make room"


def test_a_conflict_fails_without_being_tried() -> None:
    """What stands in the way is an error with its hint, and dependents are skipped."""
    world = World(foreign={at("a")})
    journal = RecordingJournal()

    report = run(_plan(CHAIN, world), CHAIN, world, journal=journal)

    assert _outcomes(report)[:2] == [
        "workspace:a failed: somebody else's",
        "workspace:b skipped: it needs workspace:a, which failed",
    ]
    error = report.outcomes[0].error
    assert isinstance(error, ConflictError)
    assert error.hint == "move it away"
    assert report.exit_code == 5
    assert journal.entries == ["done workspace:a", "intent workspace:d", "done workspace:d"]


@pytest.mark.parametrize(
    ("before", "status", "dependent"),
    [
        pytest.param("odd", Status.UNCHANGED, Status.CREATED, id="an update: what is there serves"),
        pytest.param(None, Status.SKIPPED, Status.SKIPPED, id="a creation: there is nothing to build on"),
    ],
)
def test_what_is_left_to_a_person_is_never_done(before: str | None, status: Status, dependent: Status) -> None:
    """Apply shows it and does not touch it."""
    graph = graph_of(thing("a", mode=Mode.PERSON), thing("b", "a"))
    world = World({at("a"): before} if before else {})

    report = run(_plan(graph, world), graph, world)

    assert [outcome.status for outcome in report.outcomes] == [status, dependent]
    assert at("a") not in world.acts


def test_what_somebody_else_finished_is_unchanged() -> None:
    """It looks again before it acts, and does nothing twice."""
    world = World()
    plan = _plan(CHAIN, world)
    world.things = {at("a"): "wanted"}

    report = run(plan, CHAIN, world)

    assert [outcome.status for outcome in report.outcomes[:2]] == [Status.UNCHANGED, Status.CREATED]
    assert at("a") not in world.acts


@pytest.mark.parametrize(
    ("planned_from", "found", "message"),
    [
        pytest.param(
            "odd",
            "other",
            "workspace:a is not what it was planned from: value: planned from 'odd', found 'other'",
            id="moved",
        ),
        pytest.param(
            "odd",
            None,
            "workspace:a is not what it was planned from: value: planned from 'odd', found nothing",
            id="gone",
        ),
        pytest.param(
            None,
            "odd",
            "workspace:a is not what it was planned from: value: planned from nothing, found 'odd'",
            id="came",
        ),
    ],
)
def test_a_world_that_moved_is_a_conflict(planned_from: str | None, found: str | None, message: str) -> None:
    """The field, what was planned from and what was found are named, and nothing is done."""
    world = World({at("a"): planned_from} if planned_from else {})
    plan = _plan(CHAIN, world)
    world.things = {at("a"): found} if found else {}

    report = run(plan, CHAIN, world)

    assert report.outcomes[0].reason == message
    assert isinstance(report.outcomes[0].error, ConflictError)
    assert report.exit_code == 5
    assert world.acts == [at("d")]


def test_something_foreign_that_came_is_a_conflict() -> None:
    """The order itself may have become impossible."""
    world = World()
    plan = _plan(CHAIN, world)
    world.foreign = {at("a")}

    report = run(plan, CHAIN, world)

    assert report.outcomes[0].reason == (
        "workspace:a is not what it was planned from: planned to create it, now to stop at a conflict (somebody else's)"
    )
    assert report.exit_code == 5


def test_only_what_is_seen_has_succeeded() -> None:
    """A kind that says nothing and does nothing has failed."""
    world = World(forgetful={at("a")})

    report = run(_plan(CHAIN, world), CHAIN, world)

    assert report.outcomes[0].reason == ("workspace:a was not seen after it was created: value is None, not 'wanted'")
    assert isinstance(report.outcomes[0].error, PermanentError)


def test_an_exception_nobody_expected_is_an_outcome_with_its_traceback() -> None:
    """A bug in one kind does not end the run, and can be found."""
    world = World(faults={at("a"): [ZeroDivisionError("oops")]})

    report = run(_plan(CHAIN, world), CHAIN, world)

    error = report.outcomes[0].error
    assert isinstance(error, PermanentError)
    assert error.message == "ZeroDivisionError: oops"
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert error.__cause__.__traceback__ is not None
    assert report.outcomes[3].status is Status.CREATED


def test_transient_failures_are_tried_again_with_growing_waits() -> None:
    """Each retry is an event with its wait; time is injected."""
    world = World(faults={at("a"): [TransientError("locked"), TransientError("still locked")]})
    clock, reporter = FakeClock(), RecordingReporter()

    report = run(_plan(CHAIN, world), CHAIN, world, clock=clock, reporter=reporter)

    retried = [event for event in reporter.events if isinstance(event, Retried)]
    assert [(event.attempt, event.error.message) for event in retried] == [(1, "locked"), (2, "still locked")]
    assert [event.wait_seconds for event in retried] == clock.sleeps
    assert 0.2 <= clock.sleeps[0] <= 0.4 <= clock.sleeps[1] <= 0.6
    assert (report.outcomes[0].attempts, report.outcomes[0].status) == (3, Status.CREATED)
    assert report.outcomes[0].seconds == pytest.approx(sum(clock.sleeps))


def test_transient_failures_end_with_the_last_error() -> None:
    """After the last attempt the error itself is the outcome."""
    world = World(faults={at("a"): [TransientError(f"locked {i}") for i in range(9)]})

    report = run(_plan(CHAIN, world), CHAIN, world, attempts=3)

    assert (report.outcomes[0].reason, report.outcomes[0].attempts) == ("locked 2", 3)


def test_a_failed_look_is_tried_again_and_still_guards() -> None:
    """An attempt that did not act leaves the fingerprint in force."""
    world = World({at("a"): "odd"}, look_faults={at("a"): [TransientError("locked")]})
    plan = _plan(CHAIN, world)
    world.things[at("a")] = "other"

    report = run(plan, CHAIN, world)

    assert isinstance(report.outcomes[0].error, ConflictError)
    assert report.outcomes[0].attempts == 2


def test_a_half_done_attempt_is_finished() -> None:
    """What our own failed attempt changed is not a stranger's doing."""
    world = World(faults={at("a"): [TransientError("half done")]})
    world.on_act = lambda address: world.things.update({address: "half"})
    graph = graph_of(thing("a"))

    report = run(_plan(graph, world), graph, world)

    assert _outcomes(report) == ["workspace:a created"]


def test_an_attempt_that_did_it_before_it_failed_counts_as_done() -> None:
    """The second look finds everything as wanted: created, by us."""
    world = World(faults={at("a"): [TransientError("said no too late")]})
    world.on_act = lambda address: world.things.update({address: "wanted"})
    graph = graph_of(thing("a"))

    report = run(_plan(graph, world), graph, world)

    assert (_outcomes(report), world.acts) == (["workspace:a created"], [at("a")])


def test_a_failed_removal_keeps_what_it_lies_in() -> None:
    """Deletions wait for what lies below, and are skipped with it."""
    world = World({at("old"): "x", at("file:old/f"): "x"}, faults={at("file:old/f"): [PermanentError("busy")]})

    report = run(_plan(graph_of(), world), graph_of(), world)

    assert _outcomes(report) == [
        "file:old/f failed: busy",
        "workspace:old skipped: it needs file:old/f, which failed",
    ]


def test_two_run_at_once() -> None:
    """Independent changes overlap: each waits until the other is there."""
    barrier = threading.Barrier(2, timeout=30)
    graph = graph_of(thing("a"), thing("b"))

    def meet(_address: Address) -> None:
        barrier.wait()

    world = World(on_act=meet)

    assert run(_plan(graph, world), graph, world, parallelism=2).is_complete


def test_a_journal_that_cannot_be_written_stops_the_change_before_it_starts() -> None:
    """What cannot be announced is not done; what was done stands although nobody wrote it down."""
    full = PermanentError("no space left for the journal")
    world = World()

    report = run(_plan(CHAIN, world), CHAIN, world, journal=RecordingJournal(intent_fault=full))
    assert [outcome.status for outcome in report.outcomes] == [
        Status.FAILED,
        Status.SKIPPED,
        Status.SKIPPED,
        Status.FAILED,
    ]
    assert world.acts == []

    assert run(_plan(CHAIN, world), CHAIN, world, journal=RecordingJournal(done_fault=full)).is_complete


def test_a_plan_by_hand_that_waits_for_itself_ends() -> None:
    """A circle in a plan is skipped, never waited for."""
    graph = graph_of(thing("a"), thing("b"))
    plan = Plan(
        (Change(at("a"), Action.CREATE, waits_for=(at("b"),)), Change(at("b"), Action.CREATE, waits_for=(at("a"),)))
    )

    assert [outcome.status for outcome in run(plan, graph, World()).outcomes] == [Status.SKIPPED, Status.SKIPPED]


def test_a_real_signal_while_everything_waits() -> None:
    """The handler only asks; the thread that waits wakes at once, what runs is finished, nothing new starts."""
    interrupt = Interrupt()
    reporter = RecordingReporter()
    noticed = threading.Event()

    def act(_address: Address) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        assert noticed.wait(30)

    reporter.on_interrupted = noticed.set
    world = World(on_act=act)
    before = signal.signal(signal.SIGINT, lambda *_: interrupt.request())
    try:
        report = run(_plan(CHAIN, world), CHAIN, world, parallelism=1, interrupt=interrupt, reporter=reporter)
    finally:
        signal.signal(signal.SIGINT, before)

    assert [o.status.value for o in report.outcomes] == ["created", "skipped", "skipped", "skipped"]
    assert {o.reason for o in report.outcomes[1:]} == {"interrupted"}
    assert (report.interrupted, report.exit_code) == (True, 130)
    assert [event for event in reporter.events if isinstance(event, Interrupted)] == [Interrupted(1, forced=False)]


def test_a_request_between_two_starts_prevents_the_second() -> None:
    """Slots that are free at that moment stay free."""
    interrupt, graph, world = Interrupt(), graph_of(thing("a"), thing("b")), World()

    class Journal(RecordingJournal):
        def intent(self, change: Change) -> None:
            interrupt.request()

    report = run(_plan(graph, world), graph, world, interrupt=interrupt, journal=Journal())

    assert _outcomes(report) == ["workspace:a created", "workspace:b skipped: interrupted"]


def test_the_second_request_stops_what_runs() -> None:
    """The callable that ends programs is called from the run, not from the handler."""
    stopped = threading.Event()
    interrupt = Interrupt(stopped.set)

    def act(_address: Address) -> None:
        interrupt.request()
        interrupt.request()
        assert stopped.wait(30)
        raise PermanentError("killed")

    graph, reporter = graph_of(thing("a"), thing("b", "a")), RecordingReporter()
    world = World(on_act=act)

    report = run(_plan(graph, world), graph, world, interrupt=interrupt, reporter=reporter)

    assert _outcomes(report) == ["workspace:a failed: killed", "workspace:b skipped: interrupted"]
    assert any(isinstance(event, Interrupted) and event.forced for event in reporter.events)


def test_an_interrupt_ends_the_wait_for_another_attempt() -> None:
    """What waits for its next attempt does not get one; sleeping itself ends at the request."""
    interrupt = Interrupt()
    clock = FakeClock(on_sleep=interrupt.request)
    world = World(faults={at("a"): [TransientError("locked")] * 9})
    graph = graph_of(thing("a"))

    report = run(_plan(graph, world), graph, world, interrupt=interrupt, clock=clock)

    assert (report.outcomes[0].reason, report.outcomes[0].attempts, world.acts) == ("locked", 1, [at("a")])


def test_sleeping_after_a_request_is_no_sleep() -> None:
    """Both ways round: asked before, and asked while."""
    interrupt = Interrupt()
    sleeper = threading.Thread(target=interrupt.sleep, args=(3600.0,))
    sleeper.start()
    interrupt.request()
    sleeper.join(30)
    assert not sleeper.is_alive()

    interrupt.sleep(3600.0)


def _faults(draw: st.DrawFn, addresses: list[Address]) -> dict[Address, list[Exception]]:
    errors = st.sampled_from([TransientError, PermanentError, ZeroDivisionError])
    chosen = (
        draw(st.dictionaries(st.sampled_from(addresses), st.lists(errors, max_size=4), max_size=4)) if addresses else {}
    )
    return {address: [error("drawn") for error in kinds] for address, kinds in chosen.items()}


@st.composite
def _runs(draw: st.DrawFn) -> tuple[list[Resource[FakeSpec]], dict[Address, str], dict[Address, list[Exception]]]:
    resources = draw(random_resources(keys=(None, "red", "blue")))
    return resources, draw(random_things()), _faults(draw, [resource.address for resource in resources])


class _Watch:
    """Sees, in the workers' threads, what runs beside what."""

    def __init__(self, keys: dict[Address, str | None]) -> None:
        self.keys = keys
        self.running: list[Address] = []
        self.most = 0
        self.shared = False
        self.lock = threading.Lock()
        self.pause = threading.Event()

    def __call__(self, address: Address) -> None:
        """Stay a moment, so that others may come."""
        with self.lock:
            self.running.append(address)
            held = [key for each in self.running if (key := self.keys.get(each))]
            self.most = max(self.most, len(self.running))
            self.shared |= len(held) != len(set(held))
        self.pause.wait(0.0005)
        with self.lock:
            self.running.remove(address)


@settings(max_examples=150)
@given(_runs(), st.integers(1, 4))
def test_any_plan_with_any_failures(
    drawn: tuple[list[Resource[FakeSpec]], dict[Address, str], dict[Address, list[Exception]]], parallelism: int
) -> None:
    """Order, cap, keys, attempts, one outcome and one story for each."""
    resources, things, faults = drawn
    graph = build_graph(resources, KIND_ORDER)
    world = World(dict(things), {address: list(errors) for address, errors in faults.items()})
    watch = world.on_act = _Watch({resource.address: resource.spec.key for resource in resources})
    plan, reporter = _plan(graph, world), RecordingReporter()

    report = run(plan, graph, world, parallelism=parallelism, reporter=reporter)

    assert [outcome.address for outcome in report.outcomes] == [change.address for change in plan.changes]
    assert watch.most <= parallelism
    assert not watch.shared
    assert reporter.threads <= {threading.get_ident()}
    by_address = {outcome.address: outcome for outcome in report.outcomes}
    for change in plan.changes:
        _assert_deserved(change, by_address, faults.get(change.address, []), world)
        _assert_told_once(change, reporter)


def _assert_deserved(change: Change, by_address: dict[Address, Outcome], faults: list[Exception], world: World) -> None:
    outcome = by_address[change.address]
    acts = world.acts.count(change.address)
    if not change.is_pending:
        assert (outcome.status, acts) == (Status.UNCHANGED, 0)
    elif not all(by_address[needed].status.succeeded for needed in change.waits_for):
        assert (outcome.status, outcome.attempts, acts) == (Status.SKIPPED, 0, 0)
    else:
        transient = next((i for i, error in enumerate(faults) if not isinstance(error, TransientError)), len(faults))
        failed = transient < len(faults) if transient < 3 else True
        assert acts == outcome.attempts == min(transient + 1, 3)
        assert (outcome.status is Status.FAILED) == failed
        assert isinstance(outcome.error, OrchestraError) == failed


def _assert_told_once(change: Change, reporter: RecordingReporter) -> None:
    told = [type(event) for event in reporter.events if not isinstance(event, Interrupted) and event.change == change]
    if change.action is Action.NO_OP:
        assert told == []
    else:
        assert told.count(Finished) == 1
        assert told[-1] is Finished
        assert told.count(Started) <= 1
        assert Started not in told[1:]


@settings(max_examples=100)
@given(_runs(), st.integers(1, 3), st.integers(0, 12), st.integers(1, 3))
def test_an_interrupt_at_any_moment(
    drawn: tuple[list[Resource[FakeSpec]], dict[Address, str], dict[Address, list[Exception]]],
    parallelism: int,
    moment: int,
    times: int,
) -> None:
    """It ends, each change has one outcome, nothing starts once it was noticed, the next apply does the rest."""
    resources, things, faults = drawn
    graph = build_graph(resources, KIND_ORDER)
    world = World(dict(things), {address: list(errors) for address, errors in faults.items()})
    stops: list[int] = []
    interrupt = Interrupt(lambda: stops.append(1))

    def maybe_interrupt(_address: Address) -> None:
        if len(world.acts) == moment:
            for _ in range(times):
                interrupt.request()

    world.on_act = maybe_interrupt
    if moment == 0:
        interrupt.request()
    plan, reporter = _plan(graph, world), RecordingReporter()

    report = run(plan, graph, world, parallelism=parallelism, interrupt=interrupt, reporter=reporter)

    assert [outcome.address for outcome in report.outcomes] == [change.address for change in plan.changes]
    assert report.interrupted == interrupt.is_requested
    assert moment > 0 or world.acts == []
    noticed = next(
        (i for i, event in enumerate(reporter.events) if isinstance(event, Interrupted)), len(reporter.events)
    )
    assert not any(isinstance(event, Started) for event in reporter.events[noticed:])
    world.faults.clear()
    world.on_act = lambda _address: None
    assert run(_plan(graph, world), graph, world).is_complete
    assert _plan(graph, world).is_empty


@settings(max_examples=100)
@given(random_resources(), random_things())
def test_after_apply_the_plan_is_empty(resources: list[Resource[FakeSpec]], things: dict[Address, str]) -> None:
    """From any world: afterwards there is what is declared, nothing else of ours, and nothing to do."""
    graph, world = build_graph(resources, KIND_ORDER), World(dict(things))
    plan = _plan(graph, world)

    report = run(plan, graph, world)

    assert report.is_complete
    assert world.things == {resource.address: resource.spec.value for resource in resources}
    assert _plan(graph, world).is_empty
    assert plan.summary.add + plan.summary.change == report.count(Status.CREATED) + report.count(Status.UPDATED)
    assert run(plan, graph, world).exit_code in {0, 5}
    assert world.things == {resource.address: resource.spec.value for resource in resources}


def test_applying_a_plan_twice_does_nothing_the_second_time() -> None:
    """What a stale plan orders and what is already so is left alone."""
    world = World({at("a"): "odd"})
    plan = _plan(CHAIN, world)
    run(plan, CHAIN, world)
    acts = list(world.acts)

    report = run(plan, CHAIN, world)

    assert (report.exit_code, world.acts) == (0, acts)
    assert {outcome.status for outcome in report.outcomes} == {Status.UNCHANGED}


def test_a_replaced_mode_is_respected() -> None:
    """A change that became a person's since it was planned is not carried out."""
    world = World({at("a"): "odd"})
    plan = _plan(graph_of(thing("a")), world)
    person = graph_of(replace(thing("a"), spec=FakeSpec(mode=Mode.PERSON)))

    report = run(plan, person, world)

    assert isinstance(report.outcomes[0].error, ConflictError)
    assert world.acts == []
