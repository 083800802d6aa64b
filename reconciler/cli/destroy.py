"""`orchestra destroy`: take down what holds no work, and say of the rest why it stays."""

from __future__ import annotations

import argparse

from reconciler.cli.arguments import add_execution, add_full, add_selection
from reconciler.cli.context import Context
from reconciler.cli.execution import execute
from reconciler.cli.opening import open_here
from reconciler.model.outcome import Report
from reconciler.operations import destroy
from reconciler.operations.execution import Execution


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_selection(parser)
    add_execution(parser)
    add_full(parser)


def run(options: argparse.Namespace, context: Context) -> int:
    """Plan, ask, destroy."""

    def operation(given: Execution) -> Report | None:
        session = open_here(options, context)
        wanted = destroy.DestroyOptions(
            targets=tuple(options.targets), excludes=tuple(options.excludes), all_owners=options.all_owners
        )
        return destroy.destroy(session, wanted, given).report

    return execute(options, context, "destroy", operation)
