"""`orchestra sync`: bring what moved on in the base into worktrees."""

from __future__ import annotations

import argparse

from reconciler.cli.arguments import NAME, add_lock_timeout
from reconciler.cli.context import Context
from reconciler.cli.execution import waiting
from reconciler.cli.interrupts import signals_to
from reconciler.cli.opening import open_here
from reconciler.model.escaping import escape
from reconciler.operations import sync
from reconciler.views.json import document
from reconciler.views.sync import render_synced, synced_document

SOME_FAILED, INTERRUPTED = 4, 130


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("names", metavar=NAME, nargs="*", help="worktrees (default: all that are declared)")
    parser.add_argument("--rebase", action="store_true", help="rebase onto the base instead of merging it")
    add_lock_timeout(parser)


def run(options: argparse.Namespace, context: Context) -> int:
    """Sync and tell what became of each."""
    session = open_here(options, context)
    with signals_to(patience := Patience(context)) as signals:

        def wait(who: str) -> None:
            signals.disarm()  # until the lock is ours nothing runs that would have to be finished
            waiting(context)(who)

        signals.arm()
        synced = sync.sync(
            session,
            tuple(options.names),
            rebase=options.rebase,
            lock_timeout=options.lock_timeout,
            on_wait=wait,
            on_fault=lambda fault: context.narrate(f"orchestra: {escape(fault)}\n"),
        )
    context.answer(document(synced_document(synced)) if context.json else render_synced(synced, style=context.out))
    if patience.is_tried:
        return INTERRUPTED
    return 0 if all(each.ok for each in synced) else SOME_FAILED


class Patience:
    """Lets a merge end: the first Ctrl-C is told so, the second one ends the command."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.is_tried = False

    def request(self) -> None:
        """Take a signal.

        Raises:
            KeyboardInterrupt: it is the second one.
        """
        if self.is_tried:
            raise KeyboardInterrupt
        self.is_tried = True
        self._context.narrate(
            "Interrupted: the sync ends first, lest a merge is left half done. Ctrl-C again ends it now.\n"
        )
