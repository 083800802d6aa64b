"""`orchestra check`: say who may change a path, and why."""

from __future__ import annotations

import argparse
import os

from reconciler.boundaries.paths import shown
from reconciler.cli.arguments import NAME
from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.operations import check
from reconciler.views.areas import render_verdicts, verdicts_document
from reconciler.views.json import document

_REFUSED = 7


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", metavar=NAME, nargs="?", help="ask for this worktree or helper alone")
    parser.add_argument(
        "--path",
        metavar="PATH",
        required=True,
        help="a file as git names it, from the top of the repository; it need not exist. Exit 7: nobody may change it",
    )


def run(options: argparse.Namespace, context: Context) -> int:
    """Ask, and refuse what nobody may change."""
    path = os.fsencode(options.path)
    verdicts = check.who_may(open_here(options, context), path, options.name)
    if context.json:
        context.answer(document(verdicts_document(shown(path), verdicts)))
    else:
        context.answer(render_verdicts(shown(path), verdicts, style=context.out))
    return 0 if any(verdict.may for verdict in verdicts) else _REFUSED
