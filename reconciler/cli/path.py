"""`orchestra path`: print the directory of a workspace, for `cd "$(orchestra path auth)"`."""

from __future__ import annotations

import argparse
import os

from reconciler.cli.arguments import NAME
from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.operations import path
from reconciler.views.json import document


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", metavar=NAME, help="a worktree, or a helper as `auth--test`")


def run(options: argparse.Namespace, context: Context) -> int:
    """Find and print it; to a pipe exactly as it is, to a terminal escaped."""
    found = path.path(open_here(options, context), options.name)
    if context.json:
        context.answer(document({"format": "orchestra.path/1", "path": str(found)}))
    else:
        context.answer_path(os.fspath(found))
    return 0
