"""Walk a plan in parallel. It decides nothing about resources: only what may run now.

One thread owns all that changes (`Schedule`, reporter, journal); workers only run, and speak to it through an inbox.
An exception from `execute` itself means that execution broke, not that a change failed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from reconciler.engine.graph import Graph
from reconciler.engine.interrupt import Interrupt
from reconciler.engine.journal import Journal, NoJournal
from reconciler.engine.observer import Kinds
from reconciler.engine.retries import Failure, Retries
from reconciler.engine.schedule import Schedule
from reconciler.engine.worker import Worker
from reconciler.errors import ConflictError, OrchestraError
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, Mode
from reconciler.model.event import Finished, Interrupted, Reporter, Retried, Started
from reconciler.model.outcome import Outcome, Report, Status
from reconciler.model.plan import Plan
from reconciler.model.settings import Settings

INTERRUPTED = "interrupted"
CIRCLE = "what it waits for waits for it"
LEFT_TO_A_PERSON = "it is left to a person"
_Message = Future[Outcome] | Retried | None


def execute(
    plan: Plan,
    graph: Graph,
    kinds: Kinds,
    *,
    actuals: Mapping[Address, Any],
    settings: Settings,
    reporter: Reporter,
    journal: Journal | None = None,
    interrupt: Interrupt | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] | None = None,
) -> Report:
    """Carry out a plan, as much of it as can be.

    Args:
        plan: what to do.
        graph: what is declared, for everything that is created or updated.
        kinds: who does it.
        actuals: the snapshot the plan was made from, for everything that is removed.
        settings: how many at once, how often again.
        reporter: is told, always from the calling thread. Unchanged resources are not mentioned.
        journal: writes down what is tried and what became of it.
        interrupt: how the user says stop.
        clock: seconds from any fixed moment on.
        sleep: waits between attempts; by default until the user interrupts.
    """
    interrupt = interrupt or Interrupt()
    retries = Retries(settings, sleep or interrupt.sleep, lambda: interrupt.is_requested)
    inbox: SimpleQueue[_Message] = SimpleQueue()
    worker = Worker(graph, kinds, actuals, retries, clock, lambda change, failure: inbox.put(_retried(change, failure)))
    slots = max(1, settings.parallelism)
    with ThreadPoolExecutor(slots, "orchestra") as pool, interrupt.wake(inbox):
        return _Run(
            plan,
            worker,
            pool,
            slots=slots,
            inbox=inbox,
            interrupt=interrupt,
            reporter=reporter,
            journal=journal or NoJournal(),
        ).run()


class _Run:
    """One walk through one plan; lives in the calling thread."""

    def __init__(
        self,
        plan: Plan,
        worker: Worker,
        pool: ThreadPoolExecutor,
        *,
        slots: int,
        inbox: SimpleQueue[_Message],
        interrupt: Interrupt,
        reporter: Reporter,
        journal: Journal,
    ) -> None:
        self._plan = plan
        self._changes = {change.address: change for change in plan.changes}
        self._worker = worker
        self._pool = pool
        self._slots = slots
        self._inbox = inbox
        self._reporter = reporter
        self._journal = journal
        self._interrupt = interrupt
        self._noticed = 0
        self._schedule = Schedule(plan.changes, worker.exclusive_key)

    def run(self) -> Report:
        """Settle every change."""
        settled = _settled_without_work(self._plan.changes, self._worker.graph)
        for outcome in settled:
            if outcome.status is Status.FAILED:
                self._write_down(outcome)
        self._tell(self._schedule.start(settled))
        while not self._schedule.is_done:
            self._notice_interrupt()
            self._start_what_may()
            if self._schedule.running:
                self._take(self._inbox.get())
            else:
                self._skip_the_rest()
        outcomes = tuple(self._schedule.outcomes[change.address] for change in self._plan.changes)
        return Report(outcomes, interrupted=self._interrupt.is_requested)

    def _notice_interrupt(self) -> None:
        if self._interrupt.count == self._noticed:
            return
        self._noticed = self._interrupt.count
        self._tell(self._schedule.abandon(INTERRUPTED))
        self._reporter.report(Interrupted(len(self._schedule.running), self._interrupt.is_forced))
        if self._interrupt.is_forced:
            self._interrupt.stop_running()

    def _start_what_may(self) -> None:
        while len(self._schedule.running) < self._slots and not self._interrupt.is_requested:
            change = self._schedule.take()
            if change is None:
                return
            self._start(change)

    def _start(self, change: Change) -> None:
        try:
            self._journal.intent(change)
        except OrchestraError as error:
            self._tell(self._schedule.settle(Outcome(change.address, Status.FAILED, error.message, error)))
            return
        self._reporter.report(Started(change))
        self._pool.submit(self._worker.carry_out, change).add_done_callback(self._inbox.put)

    def _take(self, message: _Message) -> None:
        if isinstance(message, Retried):
            self._reporter.report(message)
        elif message is not None:
            outcome = message.result()
            self._write_down(outcome)
            self._tell(self._schedule.settle(outcome))

    def _write_down(self, outcome: Outcome) -> None:
        with suppress(OrchestraError):  # the journal is a history: what it fails to mention was done nevertheless
            self._journal.done(outcome)

    def _skip_the_rest(self) -> None:
        """Nothing runs and nothing may start: the user said stop, or a plan made by hand waits for itself."""
        if not self._interrupt.is_requested:
            self._tell(self._schedule.abandon(CIRCLE))

    def _tell(self, outcomes: Iterable[Outcome]) -> None:
        for outcome in outcomes:
            change = self._changes[outcome.address]
            if change.action is not Action.NO_OP:
                self._reporter.report(Finished(change, outcome))


def _settled_without_work(changes: Iterable[Change], graph: Graph) -> list[Outcome]:
    judged = [_settle_without_work(change, graph) for change in changes]
    return [outcome for outcome in judged if outcome is not None]


def _settle_without_work(change: Change, graph: Graph) -> Outcome | None:
    """Settle what is not ours to carry out; None when it is."""
    if change.action is Action.NO_OP:
        return Outcome(change.address, Status.UNCHANGED)
    if change.action is Action.CONFLICT:
        resource = graph.resources.get(change.address)
        error = ConflictError(change.reason, where=resource.where if resource else None, hint=change.hint)
        return Outcome(change.address, Status.FAILED, change.reason, error)
    if change.mode is Mode.PERSON:
        is_absent = change.action is Action.CREATE
        return Outcome(change.address, Status.SKIPPED if is_absent else Status.UNCHANGED, LEFT_TO_A_PERSON)
    return None


def _retried(change: Change, failure: Failure) -> Retried:
    return Retried(change, failure.attempt, failure.error, failure.wait_seconds)
