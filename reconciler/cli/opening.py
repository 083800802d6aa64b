"""How every command finds its repository. Rule: what must not be shown is known to the streams before anything is."""

from __future__ import annotations

import argparse
from concurrent.futures import Future, ThreadPoolExecutor

from reconciler.cli.context import Context
from reconciler.operations.session import Session, open_session


def open_here(options: argparse.Namespace, context: Context) -> Session:
    """Open the session of a command.

    Raises:
        UsageError: there is no repository here.
    """
    return open_session(context.cwd, context.environment, file=options.file, on_secrets=context.conceal)


def begin_opening(options: argparse.Namespace, context: Context) -> Future[Session]:
    """Open the session while the caller imports what is slow to import: git answers meanwhile."""
    pool = ThreadPoolExecutor(1)
    opened = pool.submit(open_here, options, context)
    pool.shutdown(wait=False)
    return opened
