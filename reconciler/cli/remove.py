"""`orchestra remove`: take a worktree or a helper out of the manifest; what it made stays until it is pruned."""

from __future__ import annotations

import argparse

from reconciler.cli.add import tell_edit
from reconciler.cli.arguments import NAME
from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.model.escaping import escape
from reconciler.operations import add


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", metavar=NAME, help="a worktree, or a helper as `auth--test`")


def run(options: argparse.Namespace, context: Context) -> int:
    """Edit the manifest and show the difference."""
    session = open_here(options, context)
    edited = add.remove(session, options.name)
    tell_edit(edited, context)
    place = add.still_declared(edited, options.name)
    if place:
        context.narrate(f"`{escape(options.name)}` is still declared, at {escape(str(place))}; take it out there too\n")
    else:
        context.narrate("What it made stays until `orchestra apply --prune`, which archives what is in it.\n")
    return 0
