"""`orchestra status`: show every workspace, and first who needs you."""

from __future__ import annotations

import argparse

from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.operations import status
from reconciler.views.json import document
from reconciler.views.status import render_status, status_document


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options: none."""


def run(options: argparse.Namespace, context: Context) -> int:
    """Look and tell."""
    found = status.status(open_here(options, context))
    context.answer(document(status_document(found)) if context.json else render_status(found, style=context.out))
    return 0
