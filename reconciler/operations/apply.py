"""`apply`: carry out a plan that was approved, under the repository's lock."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from reconciler.clients.clone import prepare_clone
from reconciler.clients.journal import JournalFile
from reconciler.clients.lock import hold
from reconciler.engine.executor import execute
from reconciler.engine.interrupt import Interrupt
from reconciler.engine.saved_plan import SavedPlan, load_plan, restrict
from reconciler.errors import ConflictError, UsageError
from reconciler.model.change import Action, Change
from reconciler.model.event import Reporter
from reconciler.model.outcome import Outcome, Report
from reconciler.model.plan import Plan
from reconciler.model.settings import Settings
from reconciler.operations.plan import Planned, PlanOptions, kinds_of, plan, source_of
from reconciler.operations.session import Session

Approve = Callable[[Plan], bool]


@dataclass(frozen=True, slots=True)
class Applied:
    """What was planned, and what became of it; no report when it was declined."""

    plan: Plan
    report: Report | None


def apply(
    session: Session,
    options: PlanOptions | None = None,
    *,
    settings: Settings,
    reporter: Reporter,
    approve: Approve,
    interrupt: Interrupt | None = None,
    lock_timeout: float = 0.0,
    on_wait: Callable[[str], None] = lambda _: None,
    plan_file: Path | None = None,
) -> Applied:
    """Plan, ask, and carry out.

    Args:
        session: where.
        options: what shapes the plan.
        settings: how many at once, how often again.
        reporter: is told what happens.
        approve: shows the plan and says whether it may be carried out.
        interrupt: how the user says stop.
        lock_timeout: seconds to wait for another apply.
        on_wait: told who is waited for.
        plan_file: a saved plan; nothing that it does not order is done.

    Raises:
        ManifestError, UsageError: as `plan` does.
        ConflictError: the saved plan is for another clone.
        LockHeldError: another apply is at work.
        ClientError: git failed.
    """
    planned = _plan_saved(session, plan_file) if plan_file else plan(session, options)
    return carry_out(
        session,
        planned,
        "apply",
        settings=settings,
        reporter=reporter,
        approve=approve,
        interrupt=interrupt or Interrupt(),
        lock_timeout=lock_timeout,
        on_wait=on_wait,
    )


def carry_out(
    session: Session,
    planned: Planned,
    command: str,
    *,
    settings: Settings,
    reporter: Reporter,
    approve: Approve,
    interrupt: Interrupt,
    lock_timeout: float,
    on_wait: Callable[[str], None],
) -> Applied:
    """Ask, take the lock, and execute a plan.

    Raises:
        LockHeldError: another apply is at work.
        ClientError: git failed.
    """
    if not approve(planned.plan):
        return Applied(planned.plan, None)
    if planned.plan.is_empty:
        return Applied(planned.plan, Report(()))
    interrupt.stop_running = session.git.runner.stop_all
    started = _now()
    holder = session.holder(f"orchestra {command}", started)
    with hold(session.lock_file, holder, timeout_seconds=lock_timeout, on_wait=on_wait):
        clone = prepare_clone(session.git, session.repository)
        kinds = kinds_of(session, clone)
        journal = RunJournal(
            session.journal, command, session.user, source_of(session), planned.redact, run=uuid.uuid4().hex
        )
        journal.start(started)
        report = execute(
            planned.plan,
            planned.graph,
            kinds,
            actuals=planned.snapshot,
            settings=settings,
            reporter=reporter,
            journal=journal,
            interrupt=interrupt,
        )
        journal.end(report)
    return Applied(planned.plan, report)


def _plan_saved(session: Session, file: Path) -> Planned:
    """Plan anew, and keep of it what the saved plan ordered from the same facts."""
    saved = _load(file)
    if saved.origin.clone != (session.survey.clone or ""):
        raise ConflictError(f"{file} was made for another clone", hint="plan again, here")
    pending = saved.plan.pending
    options = PlanOptions(
        prune=saved.is_pruning,
        all_owners=True,
        replace=tuple(str(c.address) for c in pending if _is_file_update(c)),
    )
    fresh = plan(session, options)
    return replace(fresh, plan=restrict(fresh.plan, saved.plan, fresh.redact))


def _is_file_update(change: Change) -> bool:
    return change.address.kind == "file" and change.action is Action.UPDATE


def _load(file: Path) -> SavedPlan:
    try:
        content = file.read_bytes()
    except OSError as error:
        message = f"cannot read {file}: {error.strerror}"
        raise UsageError(message, hint="save one with `orchestra plan --out FILE`") from error
    saved = load_plan(content, str(file))
    if saved.origin.command != "apply":
        command = saved.origin.command
        raise UsageError(f"{file} is a plan for `{command}`", hint=f"run `orchestra {command}`")
    return saved


@dataclass(frozen=True, slots=True)
class RunJournal:
    """Writes one run into the journal; told by the engine before and after each change."""

    file: JournalFile
    command: str
    user: str
    manifest: str
    redact: Callable[[str], str]
    run: str = ""

    def start(self, when: str) -> None:
        """Write down that the run begins."""
        record = {"type": "start", "command": self.command, "user": self.user, "manifest": self.manifest, "time": when}
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
