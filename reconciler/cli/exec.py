"""`orchestra exec`: run a command in the tree of a workspace, in a sandbox that keeps it in the workspace's area."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reconciler.cli.arguments import NAME, Parser
from reconciler.cli.context import Context
from reconciler.cli.opening import open_here
from reconciler.clients.files import real_path
from reconciler.errors import UsageError
from reconciler.model.escaping import escape

_HOOK = (sys.executable, "-I", "-m", "reconciler.cli.tool_hook")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    if isinstance(parser, Parser):
        parser.takes_command = True
    parser.usage = "orchestra exec [OPTIONS] NAME -- COMMAND ..."
    parser.add_argument("name", metavar=NAME, help="a worktree, or a helper that has a tree, as `auth--test`")
    group = parser.add_argument_group("sandbox")
    group.add_argument(
        "--home",
        metavar="HOME",
        default="private",
        help="what the command has as its home: `private` (the workspace's own; what is in yours can be read there), "
        "`user` (yours, writable) or a directory",
    )
    group.add_argument(
        "--write",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="it may also write here (repeatable), for example where an agent keeps its login",
    )
    group.add_argument(
        "--env",
        metavar="NAME[=VALUE]",
        action="append",
        default=[],
        help="it also gets this variable (repeatable); of yours, it gets a list that has no secret but the keys of "
        "model APIs",
    )
    group.add_argument(
        "--sandbox",
        choices=("auto", "bubblewrap", "landlock", "none"),
        default="auto",
        help="what holds it: bubblewrap; Landlock, which is weaker; `none`: nothing does, and git works on the "
        "repository itself; `auto` (default): bubblewrap where it works, else Landlock",
    )
    group.add_argument(
        "--no-settings",
        action="store_true",
        help="leave Claude Code, Codex, Gemini CLI and opencode as they are: do not tell their own tools of the area",
    )


def run(options: argparse.Namespace, context: Context) -> int:
    """Run it, and end as it ended."""
    from reconciler.operations.exec import execute  # noqa: PLC0415 - start-up
    from reconciler.operations.surroundings import Asked  # noqa: PLC0415
    from reconciler.views.importing import render_import  # noqa: PLC0415

    if not options.command:
        raise UsageError("no command was given", hint=f"orchestra exec {options.name} -- COMMAND ...")
    session = open_here(options, context)
    writable = tuple(context.cwd / path for path in options.write)
    home = options.home if options.home in {"private", "user"} else str(context.cwd / options.home)
    hook = () if options.no_settings else _HOOK
    cwd = real_path(context.cwd)
    asked = Asked(options.name, tuple(options.command), cwd, home, writable, tuple(options.env), options.sandbox, hook)
    context.release()
    done = execute(session, asked, lambda text: context.narrate(f"orchestra: {escape(text)}\n"), render_import)
    context.narrate("".join(map(render_import, done.imports)))
    return done.code
