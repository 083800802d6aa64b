"""What `apply`, `destroy` and `add --apply` share: ask, work, tell, end. Rule: decisions are the operation's."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from reconciler import __version__
from reconciler.cli.approval import Approval, require_somebody_to_ask
from reconciler.cli.context import Context
from reconciler.cli.interrupts import signals_to
from reconciler.cli.narration import Narration
from reconciler.engine.interrupt import Interrupt
from reconciler.model.outcome import Report
from reconciler.model.plan import Plan
from reconciler.model.settings import Settings
from reconciler.operations.execution import Execution
from reconciler.views import json
from reconciler.views.plan import Purpose
from reconciler.views.report import render_report


def settings_of(options: argparse.Namespace) -> Settings:
    """Take the settings from the options."""
    return Settings() if options.parallelism is None else Settings(parallelism=options.parallelism)


def execute(
    options: argparse.Namespace,
    context: Context,
    purpose: Purpose,
    operation: Callable[[Execution], Report | None],
    *,
    is_approved: bool = False,
) -> int:
    """Run an operation that changes things, from the question to the last line.

    Args:
        options: with those of `add_execution` and `add_full`.
        context: the surroundings.
        purpose: what it is called in questions and in the last line.
        operation: does it; None or an empty report when nothing was to be done.
        is_approved: the plan was approved when it was saved.

    Raises:
        RefusedError: there is nobody to ask.
    """
    is_approved = is_approved or options.auto_approve
    require_somebody_to_ask(context, auto_approve=is_approved, command=purpose)
    if context.json:
        context.answer(json.version_line(__version__))
    settings = settings_of(options)
    with signals_to(interrupt := Interrupt()) as signals:
        narration = Narration(context, settings, on_event=signals.arm)

        def begin(plan: Plan) -> None:
            signals.arm()
            narration.begin(plan)

        def wait(who: str) -> None:
            signals.disarm()  # until the lock is ours nothing runs that would have to be finished
            waiting(context)(who)

        approval = Approval(context, auto_approve=is_approved, full=options.full, purpose=purpose, on_yes=begin)
        try:
            on_output = narration.printed if options.logs else None
            given = Execution(narration, approval, settings, interrupt, options.lock_timeout, wait, on_output)
            report = operation(given) or Report(())
        finally:
            narration.end()
    return _end(report, approval, context, purpose)


def waiting(context: Context) -> Callable[[str], None]:
    """Build what tells that another apply is waited for."""
    return lambda who: context.narrate(f"Waiting for another apply: {who}\n")


def _end(report: Report, approval: Approval, context: Context, purpose: Purpose) -> int:
    code = 1 if approval.is_declined else report.exit_code
    if approval.is_declined:
        context.narrate(f"{purpose.capitalize()} cancelled. Nothing was changed.\n")
    if context.json:
        context.answer(json.summary_line(report, command=purpose, exit_code=code, plan=approval.plan))
    elif report.outcomes and not approval.is_declined:
        context.answer("\n" + render_report(report, style=context.out, purpose=purpose))
    return code
