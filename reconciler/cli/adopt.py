"""`orchestra adopt`: put a worktree that exists under orchestra's care."""

from __future__ import annotations

import argparse

from reconciler.cli.answers import tell
from reconciler.cli.arguments import NAME_OR_PATH
from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.operations import adopt


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("worktree", metavar=NAME_OR_PATH, help="a declared worktree's name, or a worktree's directory")
    parser.add_argument("--name", metavar="NEW_NAME", default=None, help="the name to declare it under")


def run(options: argparse.Namespace, context: Context) -> int:
    """Adopt and tell."""
    session = open_here(options, context)
    return tell(adopt.adopt(session, options.worktree, options.name, cwd=context.cwd), context)
