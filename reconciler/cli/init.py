"""`orchestra init`: write a first orchestra.yaml."""

from __future__ import annotations

import argparse

from reconciler.cli.answers import tell
from reconciler.cli.context import Context
from reconciler.operations import init


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options: none."""


def run(options: argparse.Namespace, context: Context) -> int:
    """Write the file and say where."""
    written = init.init(context.cwd, context.environment, file=options.file)
    return tell(
        f"Wrote {written}. `orchestra add NAME` declares a worktree, `orchestra plan` shows what it takes.", context
    )
