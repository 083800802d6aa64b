"""`orchestra check`: whether commits stay in the areas declared for their branches; who may change a path, and why."""

from __future__ import annotations

import argparse
import os

from reconciler.boundaries.paths import shown
from reconciler.cli.arguments import NAME
from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.errors import UsageError
from reconciler.views.json import document

_REFUSED = 7


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "names", metavar=NAME, nargs="*", help="only this worktree or helper; none: all branches that are governed"
    )
    commits = parser.add_argument_group("commits")
    commits.add_argument(
        "--base",
        metavar="REV",
        help="judge from this commit on and by the manifest it has (default: the declared base of each branch, and the "
        "manifest of the default branch)",
    )
    commits.add_argument(
        "--branch",
        dest="branches",
        metavar="BRANCH",
        action="append",
        default=[],
        help="only this branch, declared or not (repeatable)",
    )
    commits.add_argument("--github", action="store_true", help="print annotations for GitHub Actions")
    commits.add_argument(
        "--pre-receive",
        action="store_true",
        help="judge what is being pushed, as a server's hook of this name: reads what git tells it on standard input",
    )
    parser.add_argument(
        "--path",
        metavar="PATH",
        help="say who may change this path instead, by the manifest in force: a file as git names it, from the top of "
        "the repository; it need not exist. Exit 7: nobody may change it",
    )


def run(options: argparse.Namespace, context: Context) -> int:
    """Judge, and answer with the exit code too."""
    return _commits(options, context) if options.path is None else _path(options, context)


def _commits(options: argparse.Namespace, context: Context) -> int:
    from reconciler.operations.check_commits import Asked, check_commits, read_push  # noqa: PLC0415 - start-up
    from reconciler.views.check import check_document, github_annotations, render_checked  # noqa: PLC0415

    if context.json and options.github:
        raise UsageError("--json and --github are two forms of one answer", hint="leave one of them out")
    if options.pre_receive and (options.names or options.branches):
        raise UsageError("--pre-receive judges what is pushed, and nothing that is named", hint="name nothing")
    push = read_push(context.read_input(), context.environment) if options.pre_receive else None
    asked = Asked(tuple(options.names), tuple(options.branches), options.base, options.file, push)
    checked = check_commits(context.cwd, context.environment, asked)
    if context.json:
        context.answer(document(check_document(checked)))
    elif options.github:
        context.answer(github_annotations(checked))
    else:
        context.answer(render_checked(checked, style=context.out))
    return 0 if checked.is_fine else _REFUSED


def _path(options: argparse.Namespace, context: Context) -> int:
    from reconciler.operations import check  # noqa: PLC0415 - start-up
    from reconciler.views.areas import render_verdicts, verdicts_document  # noqa: PLC0415

    _refuse_options_of_commits(options)
    path = os.fsencode(options.path)
    verdicts = check.who_may(open_here(options, context), path, next(iter(options.names), None))
    if context.json:
        context.answer(document(verdicts_document(shown(path), verdicts)))
    else:
        context.answer(render_verdicts(shown(path), verdicts, style=context.out))
    return 0 if any(verdict.may for verdict in verdicts) else _REFUSED


def _refuse_options_of_commits(options: argparse.Namespace) -> None:
    given = [f"--{name}" for name in ("base", "github") if getattr(options, name)]
    given += ["--pre-receive"] if options.pre_receive else []
    given += ["--branch"] if options.branches else []
    if given:
        message = f"--path asks of the manifest in force, and {given[0]} of commits"
        raise UsageError(message, hint=f"leave {given[0]} out")
    if len(options.names) > 1:
        raise UsageError("--path asks for one workspace, or for all", hint="name one, or none")
