"""`orchestra graph`: show what is declared, as a tree."""

from __future__ import annotations

import argparse

from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.operations import graph
from reconciler.views.graph import graph_document, render_graph
from reconciler.views.json import document


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options: none."""


def run(options: argparse.Namespace, context: Context) -> int:
    """Read the manifest and draw it."""
    nodes = graph.graph(open_here(options, context))
    context.answer(document(graph_document(nodes)) if context.json else render_graph(nodes, style=context.out))
    return 0
