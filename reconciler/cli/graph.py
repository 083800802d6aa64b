"""`orchestra graph`: show what is declared, as a tree."""

from __future__ import annotations

import argparse

from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.operations import graph
from reconciler.views.errors import render_problems
from reconciler.views.graph import graph_document, render_graph
from reconciler.views.json import document


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--areas", action="store_true", help="show what each may change, and where that is declared")


def run(options: argparse.Namespace, context: Context) -> int:
    """Read the manifest and draw it; of areas also what is doubtful."""
    declared = graph.graph(open_here(options, context))
    if options.areas and declared.warnings:
        context.narrate(render_problems(declared.warnings, style=context.err, called="warning") + "\n")
    if context.json:
        context.answer(document(graph_document(declared.roots, areas=options.areas)))
    else:
        context.answer(render_graph(declared.roots, style=context.out, areas=options.areas))
    return 0
