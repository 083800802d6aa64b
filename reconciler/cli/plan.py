"""`orchestra plan`: show the difference between what is declared and what exists."""

from __future__ import annotations

import argparse
from pathlib import Path

from reconciler.cli.arguments import add_full, add_planning
from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.errors import UsageError
from reconciler.operations import plan
from reconciler.views.plan import render_plan

CHANGES_PENDING = 2


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_planning(parser)
    parser.add_argument("--against", metavar="REV", help="plan from the manifest at this commit to the one at hand")
    parser.add_argument("--out", type=Path, metavar="FILE", help="save the plan for `orchestra apply FILE`")
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit 2 when there are changes")
    parser.add_argument("--markdown", action="store_true", help="print the plan for a pull request")
    add_full(parser)


def run(options: argparse.Namespace, context: Context) -> int:
    """Plan, show, save.

    Raises:
        UsageError: two forms of answer were asked for.
    """
    if context.json and options.markdown:
        raise UsageError("--json and --markdown exclude each other", hint="give one of them")
    session = open_here(options, context)
    planned = plan.plan(session, plan_options(options, against=options.against))
    context.answer(_answer(planned, options, context))
    if options.out is not None:
        plan.save(planned, context.cwd / options.out)
        context.narrate(f"Saved. `orchestra apply {options.out}` carries out exactly this plan.\n")
    return CHANGES_PENDING if options.detailed_exitcode and not planned.plan.is_empty else 0


def plan_options(options: argparse.Namespace, *, against: str | None = None) -> plan.PlanOptions:
    """Take what shapes a plan from the options."""
    return plan.PlanOptions(
        targets=tuple(options.targets),
        excludes=tuple(options.excludes),
        prune=options.prune,
        against=against,
        all_owners=options.all_owners,
        replace=tuple(options.replace),
    )


def _answer(planned: plan.Planned, options: argparse.Namespace, context: Context) -> str:
    if context.json:
        from reconciler.views.json import document  # noqa: PLC0415 - start-up

        return document(planned.document)
    if options.markdown:
        from reconciler.views.markdown import render_markdown  # noqa: PLC0415 - start-up

        return render_markdown(planned.plan)
    return render_plan(planned.plan, style=context.out, full=options.full)
