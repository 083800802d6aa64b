"""How every command finds its repository. Rule: what must not be shown is known to the streams before anything is."""

from __future__ import annotations

import argparse

from reconciler.cli.context import Context
from reconciler.operations.session import Session, open_session


def open_here(options: argparse.Namespace, context: Context) -> Session:
    """Open the session of a command.

    Raises:
        UsageError: there is no repository here.
    """
    return open_session(context.cwd, context.environment, file=options.file, on_secrets=context.conceal)
