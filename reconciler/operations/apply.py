"""`apply`: make what exists as it is declared, or as a saved plan ordered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import ConflictError, UsageError
from reconciler.kinds.workspace.decide import LEFT_ALONE
from reconciler.model.change import Action, Change
from reconciler.operations.execution import Applied, Execution
from reconciler.operations.options import PlanOptions
from reconciler.operations.plan import Planned, plan
from reconciler.operations.running import carry_out, require_few
from reconciler.operations.session import Session

if TYPE_CHECKING:
    from reconciler.engine.saved_plan import SavedPlan


def apply(
    session: Session, options: PlanOptions | None, execution: Execution, *, plan_file: Path | None = None
) -> Applied:
    """Plan, ask, and carry out.

    Args:
        session: where.
        options: what shapes the plan.
        execution: how it is carried out.
        plan_file: a saved plan; nothing that it does not order is done.

    Raises:
        ManifestError: the manifest is not valid.
        UsageError: a selector matches nothing, or the file is no saved plan.
        RefusedError: it would remove more than it may.
        ConflictError: the saved plan is for another clone.
        LockHeldError: another apply is at work.
        ClientError: git failed.
    """

    def make(session: Session) -> Planned:
        planned = _plan_saved(session, plan_file) if plan_file else plan(session, options)
        return require_few(planned, options.max_destroy if options else None)

    return carry_out(session, make(session), "apply", execution, again=make)


def _plan_saved(session: Session, file: Path) -> Planned:
    """Plan anew, and keep of it what the saved plan ordered from the same facts."""
    from reconciler.engine.saved_plan import restrict  # noqa: PLC0415 - start-up: most plans were not saved

    saved = _load(file)
    if not saved.origin.clone and session.survey.clone:
        raise ConflictError(f"{file} was saved before anything was applied in this clone", hint="plan again")
    if saved.origin.clone != (session.survey.clone or ""):
        raise ConflictError(f"{file} was made for another clone", hint="plan again, here")
    pending = saved.plan.pending
    options = PlanOptions(
        prune=saved.is_pruning,
        all_owners=True,
        fresh=any(change.observed.get("archive") == LEFT_ALONE for change in pending),
        replace=tuple(str(c.address) for c in pending if _is_file_update(c)),
    )
    fresh = plan(session, options)
    return replace(fresh, plan=restrict(fresh.plan, saved.plan, fresh.redact))


def _is_file_update(change: Change) -> bool:
    return change.address.kind in {"file", "ports"} and change.action is Action.UPDATE


def _load(file: Path) -> SavedPlan:
    try:
        content = file.read_bytes()
    except OSError as error:
        message = f"cannot read {file}: {error.strerror}"
        raise UsageError(message, hint="save one with `orchestra plan --out FILE`") from error
    from reconciler.engine.saved_plan import load_plan  # noqa: PLC0415

    saved = load_plan(content, str(file))
    if saved.origin.command != "apply":
        command = saved.origin.command
        raise UsageError(f"{file} is a plan for `{command}`", hint=f"run `orchestra {command}`")
    return saved
