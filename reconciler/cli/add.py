"""`orchestra add`: declare a worktree or a helper, and with `--apply` make it at once."""

from __future__ import annotations

import argparse
from typing import Any

from reconciler.cli.apply import apply_options
from reconciler.cli.approval import require_somebody_to_ask
from reconciler.cli.arguments import NAME, add_execution, add_full
from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.operations import add
from reconciler.operations.edits import Edited
from reconciler.operations.options import PlanOptions
from reconciler.views.edits import edit_document, render_edit
from reconciler.views.json import document

_ONE = {
    "branch": ("BRANCH", "its branch (default: its name)"),
    "base": ("REV", "what its branch starts from"),
    "path": ("DIR", "where its tree is"),
    "task": ("TEXT", "what is to be done there"),
    "owner": ("WHO", "whose it is, an e-mail address; `apply` takes yours"),
    "template": ("TYPE", "a helper's contract, for example test or docs"),
}
_MANY = {
    "modify": ("GLOB", "what may be changed there (repeatable)"),
    "deny": ("GLOB", "what may not (repeatable)"),
    "read": ("GLOB", "what is good to read (repeatable)"),
}


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("name", metavar="NEW_NAME", help="the name of the worktree or helper")
    parser.add_argument("--parent", metavar=NAME, help="the workspace that the new one helps")
    for option, (metavar, text) in _ONE.items():
        parser.add_argument(f"--{option}", metavar=metavar, help=text)
    for option, (metavar, text) in _MANY.items():
        parser.add_argument(f"--{option}", metavar=metavar, action="append", default=[], help=text)
    help_helper = "the name of a helper to declare with it (repeatable)"
    parser.add_argument("--helper", dest="helpers", metavar="NEW_NAME", action="append", default=[], help=help_helper)
    parser.add_argument("--apply", action="store_true", help="make it at once")
    add_execution(parser)
    add_full(parser)


def run(options: argparse.Namespace, context: Context) -> int:
    """Edit the manifest, show the difference, apply when asked to."""
    if options.apply:
        require_somebody_to_ask(context, auto_approve=options.auto_approve, command="apply")
    session = open_here(options, context)
    edited = add.add(session, _wanted(options))
    if not (options.apply and context.json):  # then stdout belongs to the events
        tell_edit(edited, context)
    if not options.apply:
        others = options.owner not in {None, session.user}
        context.narrate(f"`orchestra apply{' --all-owners' if others else ''}` makes it.\n")
        return 0
    context.narrate("\n")
    return apply_options(options, context, _target(options))


def tell_edit(edited: Edited, context: Context) -> None:
    """Show what was written."""
    name, before, after = str(edited.file), edited.text_before, edited.text_after
    if context.json:
        context.answer(document(edit_document(name, before, after)))
    else:
        context.answer(render_edit(name, before, after, style=context.out))


def _wanted(options: argparse.Namespace) -> add.AddOptions:
    single: dict[str, Any] = {option: getattr(options, option) for option in ("name", "parent", *_ONE)}
    many: dict[str, Any] = {option: tuple(getattr(options, option)) for option in (*_MANY, "helpers")}
    return add.AddOptions(**single, **many)


def _target(options: argparse.Namespace) -> PlanOptions:
    full_name = f"{options.parent}--{options.name}" if options.parent else options.name
    return PlanOptions(targets=(full_name,), all_owners=options.owner is not None)
