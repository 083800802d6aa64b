"""`orchestra history`: show what was run before."""

from __future__ import annotations

import argparse

from reconciler.cli.arguments import positive
from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.operations import history
from reconciler.views.history import history_document, render_history
from reconciler.views.json import document


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--limit", type=positive, default=20, metavar="N", help="the last N runs (default: 20)")


def run(options: argparse.Namespace, context: Context) -> int:
    """Read the journal and show it."""
    runs = history.history(open_here(options, context), options.limit)
    context.answer(document(history_document(runs)) if context.json else render_history(runs, style=context.out))
    return 0
