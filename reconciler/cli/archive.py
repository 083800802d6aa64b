"""`orchestra archive`: what was saved of trees that were taken down."""

from __future__ import annotations

import argparse
from pathlib import Path

from reconciler.cli.approval import require_somebody_to_ask
from reconciler.cli.arguments import NAME, add_lock_timeout, age
from reconciler.cli.context import Context
from reconciler.cli.execution import waiting
from reconciler.cli.opening import open_here
from reconciler.errors import UsageError
from reconciler.model.escaping import escape
from reconciler.model.phrases import plural
from reconciler.operations import archive
from reconciler.operations.session import Session
from reconciler.operations.volume_archives import problems_of, prunable_volumes, prune_volumes, volume_archives
from reconciler.views.archive import archives_document, contents_document, render_archives, render_contents
from reconciler.views.json import document


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("action", choices=sorted(_ACTIONS), metavar="list|show|restore|prune", help="what to do")
    parser.add_argument("name", nargs="?", default=None, metavar=NAME, help="a workspace")
    parser.add_argument("--at", default=None, metavar="TIME", help="that of this time, not the newest")
    parser.add_argument("--to", type=Path, default=None, metavar="DIR", help="restore: where to, if not where it was")
    prune = parser.add_argument_group("prune")
    prune.add_argument("--older-than", type=age, default=None, metavar="AGE", help="those older than this (30d)")
    help_merged = "those older than this whose work is merged, with nothing uncommitted"
    prune.add_argument("--merged-older-than", type=age, default=None, metavar="AGE", help=help_merged)
    prune.add_argument("--auto-approve", action="store_true", help="do not ask")
    add_lock_timeout(parser)


def run(options: argparse.Namespace, context: Context) -> int:
    """Do what was asked for."""
    return _ACTIONS[options.action](open_here(options, context), options, context)


def _list(session: Session, options: argparse.Namespace, context: Context) -> int:
    found, parked = archive.archives(session, options.name), tuple(session.survey.parked.values())
    volumes = volume_archives(session, options.name)
    text = document(archives_document(found, parked, volumes)) if context.json else ""
    context.answer(text or render_archives(found, parked, volumes, of=options.name, style=context.out))
    return 0


def _show(session: Session, options: argparse.Namespace, context: Context) -> int:
    volumes = [(each, problems_of(each)) for each in volume_archives(session, _name(options))]
    found = None
    if archive.archives(session, options.name) or not volumes:
        found = archive.show(session, _name(options), options.at)
    said = contents_document(found, volumes) if context.json else {}
    context.answer(document(said) if said else render_contents(found, volumes, style=context.out))
    return 1 if (found and found.problems) or any(wrong for _, wrong in volumes) else 0


def _restore(session: Session, options: argparse.Namespace, context: Context) -> int:
    to = context.cwd / options.to if options.to else None
    waits = {"lock_timeout": options.lock_timeout, "on_wait": waiting(context)}
    done = archive.restore(session, _name(options), time=options.at, to=to, **waits)
    on = f"branch {done.branch}" if done.branch else "no branch"
    said = {"format": "orchestra.restored/1", "path": str(done.path), "branch": done.branch, "time": done.archive.time}
    text = f"Restored {done.archive.name} of {done.archive.time} to {escape(str(done.path))}, on {escape(on)}.\n"
    context.answer(document(said) if context.json else text)
    return 0


def _prune(session: Session, options: argparse.Namespace, context: Context) -> int:
    if options.older_than is None and options.merged_older_than is None:
        raise UsageError("nothing says which archives may go", hint="give --older-than 30d or --merged-older-than 7d")
    require_somebody_to_ask(context, auto_approve=options.auto_approve, command="archive prune")
    ages = {"older_than": options.older_than, "merged_older_than": options.merged_older_than}
    chosen = archive.prunable(session, options.name, **ages)
    volumes = prunable_volumes(session, options.name, older_than=options.older_than)
    number = len(chosen) + len(volumes)
    if number:
        context.narrate(render_archives(chosen, (), volumes, style=context.err))
    question = f"\nDo you want to remove {plural(number, 'archive')} for good? Only 'yes' will be accepted: "
    if number and not options.auto_approve and context.ask(question) != "yes":
        context.narrate("Prune cancelled. Nothing was removed.\n")
        return 1
    gone = archive.prune(session, chosen, lock_timeout=options.lock_timeout, on_wait=waiting(context))
    volumes = prune_volumes(session, volumes, lock_timeout=options.lock_timeout, on_wait=waiting(context))
    said = document(archives_document(gone, (), volumes)) if context.json else ""
    context.answer(said or f"Removed {plural(len(gone) + len(volumes), 'archive')}.\n")
    return 0


def _name(options: argparse.Namespace) -> str:
    if options.name is None:
        message = f"`archive {options.action}` needs the name of a workspace"
        raise UsageError(message, hint="`orchestra archive list` shows them")
    return str(options.name)


_ACTIONS = {"list": _list, "show": _show, "restore": _restore, "prune": _prune}
