"""`orchestra plan`: show the difference between what is declared and what exists."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reconciler.cli.arguments import add_full, add_planning
from reconciler.cli.context import Context
from reconciler.cli.opening import begin_opening
from reconciler.errors import UsageError
from reconciler.model.plan import Plan
from reconciler.operations.options import PlanOptions
from reconciler.views.plan import render_plan

CHANGES_PENDING = 2
CONFLICT = 5


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_planning(parser)
    parser.add_argument("--against", metavar="REV", help="plan from the manifest at this commit to the one at hand")
    parser.add_argument("--out", type=Path, metavar="FILE", help="save the plan for `orchestra apply FILE`")
    parser.add_argument("--detailed-exitcode", action="store_true", help="exit 2 when there are changes to apply")
    parser.add_argument("--markdown", action="store_true", help="print the plan for a pull request")
    add_full(parser)


def run(options: argparse.Namespace, context: Context) -> int:
    """Plan, show, save.

    Raises:
        UsageError: options exclude each other.
    """
    if context.json and options.markdown:
        raise UsageError("--json and --markdown exclude each other", hint="give one of them")
    if options.against is not None and options.out is not None:
        hint = "what is planned from another manifest is to be read; save the plan without --against"
        raise UsageError("--against and --out exclude each other", hint=hint)
    opened = begin_opening(options, context)
    from reconciler.operations import plan  # noqa: PLC0415 - start-up: git answers while this is imported

    planned = plan.plan(opened.result(), plan_options(options, against=options.against))
    if options.out is not None:
        plan.save(planned, context.cwd / options.out)
    context.answer(_answer(planned.plan, lambda: planned.document, options, context))
    if options.out is not None:
        context.narrate(f"Saved. `orchestra apply {options.out}` carries out exactly this plan.\n")
    if planned.plan.conflicts:
        return CONFLICT
    return CHANGES_PENDING if options.detailed_exitcode and not planned.plan.is_empty else 0


def plan_options(options: argparse.Namespace, *, against: str | None = None) -> PlanOptions:
    """Take what shapes a plan from the options."""
    return PlanOptions(
        targets=tuple(options.targets),
        excludes=tuple(options.excludes),
        prune=options.prune,
        against=against,
        all_owners=options.all_owners,
        replace=tuple(options.replace),
        fresh=options.fresh,
        max_destroy=getattr(options, "max_destroy", None),
    )


def _answer(
    planned: Plan, document: Callable[[], dict[str, Any]], options: argparse.Namespace, context: Context
) -> str:
    if context.json:
        from reconciler.views import json  # noqa: PLC0415 - start-up

        return json.document(document())
    if options.markdown:
        from reconciler.views.markdown import render_markdown  # noqa: PLC0415 - start-up

        return render_markdown(planned)
    return render_plan(planned, style=context.out, full=options.full)
