"""`orchestra forget`: let go of a worktree and leave everything in place."""

from __future__ import annotations

import argparse

from reconciler.cli.answers import tell
from reconciler.cli.arguments import NAME
from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.operations import forget


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", metavar=NAME, help="a worktree, or a helper as `auth--test`")


def run(options: argparse.Namespace, context: Context) -> int:
    """Forget and tell."""
    session = open_here(options, context)
    return tell(forget.forget(session, options.name), context)
