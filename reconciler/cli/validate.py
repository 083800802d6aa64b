"""`orchestra validate`: check the manifest, and make nothing."""

from __future__ import annotations

import argparse

from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.model.escaping import escape
from reconciler.model.phrases import plural
from reconciler.operations import validate
from reconciler.views.errors import problem_document, render_problems
from reconciler.views.json import document


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options: none."""


def run(options: argparse.Namespace, context: Context) -> int:
    """Check, and say what was found."""
    manifest = validate.validate(open_here(options, context))
    worktrees = sum(declaration.level == 1 for declaration in manifest.declarations)
    helpers = len(manifest.declarations) - worktrees
    if context.json:
        warnings = [problem_document(problem) for problem in manifest.warnings]
        counts = {"file": str(manifest.file), "worktrees": worktrees, "helpers": helpers, "warnings": warnings}
        context.answer(document({"format": "orchestra.validate/1", "valid": True, **counts}))
    else:
        if manifest.warnings:
            context.narrate(render_problems(manifest.warnings, style=context.err, called="warning") + "\n")
        counted = f"{plural(worktrees, 'worktree')}, {plural(helpers, 'helper')}"
        context.answer(f"{escape(str(manifest.file))} is valid: {counted}.\n")
    return 0
