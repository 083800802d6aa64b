"""Carry out a plan that was approved, under the repository's lock, and write down what became of it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from reconciler.clients.journal import JournalFile
from reconciler.errors import OrchestraError, RefusedError
from reconciler.model.change import Action, Change
from reconciler.model.outcome import Outcome, Report
from reconciler.model.resource import Resource
from reconciler.operations.execution import Applied, Execution
from reconciler.operations.guards import are_settled, guards_among, settle
from reconciler.operations.locking import is_something_left, locked
from reconciler.operations.plan import Planned, kinds_of, source_of
from reconciler.operations.session import Session, renewed


def require_few(planned: Planned, max_destroy: int | None) -> Planned:
    """Give the plan, unless it removes more worktrees than a run may.

    Raises:
        RefusedError: it does; nothing is done.
    """
    going = [c for c in planned.plan.pending if c.action is Action.DELETE and c.address.kind == "workspace"]
    if max_destroy is not None and len(going) > max_destroy:
        message = f"the plan removes {len(going)} workspaces, and --max-destroy allows {max_destroy}"
        raise RefusedError(message, hint="look at the plan, then allow more or name a --target")
    return planned


def carry_out(
    session: Session, planned: Planned, command: str, execution: Execution, *, again: Callable[[Session], Planned]
) -> Applied:
    """Ask, take the lock, and execute a plan.

    Args:
        session: where.
        planned: the plan that is asked about.
        command: `apply` or `destroy`.
        execution: how.
        again: makes the plan anew, for when another command changed something since it was made (it was waited for, or
            was at work while we looked, or while a person read): of the new plan, what was approved is done.

    Raises:
        LockHeldError: another apply is at work.
        ClientError: git failed.
    """
    if not execution.approve(planned.plan):
        return Applied(planned.plan, None)
    if planned.plan.is_empty:
        declared = planned.graph.resources.values()
        if is_something_left(session) or not are_settled(session, declared):
            _clear(session, command, execution, declared)
        return Applied(planned.plan, Report(()))
    from reconciler.clients.clone import prepare_clone  # noqa: PLC0415 - start-up: nothing to do is the commonest case
    from reconciler.engine.executor import execute  # noqa: PLC0415
    from reconciler.engine.saved_plan import restrict  # noqa: PLC0415

    execution.interrupt.stop_running = session.git.runner.stop_all
    wait, on_wait = execution.lock_timeout, execution.on_wait
    with locked(session, f"orchestra {command}", lock_timeout=wait, on_wait=on_wait) as held:
        if held.generation != session.generation:
            session = renewed(session)
            fresh = again(session)
            planned = replace(fresh, plan=restrict(fresh.plan, planned.plan))
        clone = prepare_clone(session.git, session.repository)
        kinds = kinds_of(session, clone, planned.addresses, planned.removal, execution.on_output)
        journal = RunJournal(
            session.journal, command, session.user, source_of(session), planned.redact, run=uuid.uuid4().hex
        )
        journal.start()
        report = execute(
            planned.plan,
            planned.graph,
            kinds,
            actuals=planned.snapshot,
            settings=execution.settings,
            reporter=execution.reporter,
            journal=journal,
            interrupt=execution.interrupt,
        )
        with suppress(OrchestraError):  # the next apply tells them
            _settle(session, planned)
        with suppress(OrchestraError):  # a full disk costs the last line of the history, never the answer
            journal.end(report)
    return Applied(planned.plan, report)


def _settle(session: Session, planned: Planned) -> None:
    """What was made meanwhile may be the base of another, or have brought hooks along."""
    if guards := guards_among(planned.graph.resources.values()):
        settle(renewed(session), guards)


def _clear(session: Session, command: str, execution: Execution, declared: Iterable[Resource[Any]]) -> None:
    """There is nothing to do but what every holder of the lock does: clear what a killed run left, and tell guards."""
    wait, on_wait = execution.lock_timeout, execution.on_wait
    with locked(session, f"orchestra {command}", lock_timeout=wait, on_wait=on_wait):
        settle(renewed(session), declared)


@dataclass(frozen=True, slots=True)
class RunJournal:
    """Writes one run into the journal; told by the engine before and after each change."""

    file: JournalFile
    command: str
    user: str
    manifest: str
    redact: Callable[[str], str]
    run: str = ""

    def start(self) -> None:
        """Write down that the run begins."""
        record = {"type": "start", "command": self.command, "user": self.user, "manifest": self.manifest}
        self._write(record, durable=True)

    def intent(self, change: Change) -> None:
        """Write down what is about to be tried."""
        self._write({"type": "intent", **_order(change), "reason": self.redact(change.reason)})

    def done(self, outcome: Outcome) -> None:
        """Write down what became of it."""
        record = {"type": "done", "address": str(outcome.address), "status": outcome.status.value}
        self._write({**record, "reason": self.redact(outcome.reason)})

    def end(self, report: Report) -> None:
        """Write down how the run ended."""
        counts: dict[str, int] = {}
        for outcome in report.outcomes:
            counts[outcome.status.value] = counts.get(outcome.status.value, 0) + 1
        self._write({"type": "end", "exit": report.exit_code, "counts": counts}, durable=True)

    def _write(self, record: Mapping[str, object], *, durable: bool = False) -> None:
        self.file.append({"run": self.run, "time": _now(), **record}, durable=durable)


def _order(change: Change) -> dict[str, object]:
    return {"address": str(change.address), "action": change.action.name.lower()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
