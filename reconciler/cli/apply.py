"""`orchestra apply`: make what exists as it is declared."""

from __future__ import annotations

import argparse
from pathlib import Path

from reconciler.cli.arguments import add_execution, add_full, add_max_destroy, add_planning
from reconciler.cli.context import Context
from reconciler.cli.execution import execute
from reconciler.cli.opening import begin_opening
from reconciler.cli.plan import plan_options
from reconciler.errors import UsageError
from reconciler.model.outcome import Report
from reconciler.operations.execution import Execution
from reconciler.operations.options import PlanOptions

_SHAPING = ("targets", "excludes", "prune", "replace", "all_owners", "fresh")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    text = "a plan saved by `orchestra plan --out`; it is carried out without asking"
    parser.add_argument("plan_file", type=Path, nargs="?", metavar="PLANFILE", help=text)
    add_planning(parser)
    add_max_destroy(parser)
    add_execution(parser)
    add_full(parser)


def run(options: argparse.Namespace, context: Context) -> int:
    """Plan, ask, apply.

    Raises:
        UsageError: a saved plan cannot be shaped any more.
    """
    if options.plan_file and any(getattr(options, name) for name in _SHAPING):
        raise UsageError("a saved plan cannot be narrowed or widened", hint="give these options to `orchestra plan`")
    file = context.cwd / options.plan_file if options.plan_file else None
    return apply_options(options, context, plan_options(options), plan_file=file)


def apply_options(
    options: argparse.Namespace, context: Context, wanted: PlanOptions, *, plan_file: Path | None = None
) -> int:
    """Apply what was asked for, from the question to the last line."""

    def operation(given: Execution) -> Report | None:
        opened = begin_opening(options, context)
        from reconciler.operations.apply import apply  # noqa: PLC0415 - start-up: git answers meanwhile

        return apply(opened.result(), wanted, given, plan_file=plan_file).report

    return execute(options, context, "apply", operation, is_approved=plan_file is not None)
