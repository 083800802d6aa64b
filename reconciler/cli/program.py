"""From words to one command and its exit code. Rule: whatever happens, the user reads a sentence, never a traceback."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from reconciler.cli.arguments import Parser, did_you_mean, split_command
from reconciler.cli.commands import SUMMARIES, help_text
from reconciler.cli.context import Context, Surroundings, surroundings
from reconciler.errors import OrchestraError, UsageError

_GLOBAL_WITH_VALUE = {"-C", "--file"}


class Command(Protocol):
    """What the module of a command offers."""

    def register(self, parser: argparse.ArgumentParser) -> None: ...  # noqa: D102
    def run(self, options: argparse.Namespace, context: Context) -> int: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Line:
    """A command line, taken apart just so far that one module needs to be imported.

    Attributes:
        command: the first word that is no option; empty when there is none.
        words: all others.
    """

    command: str
    words: tuple[str, ...]

    @property
    def asks_for_help(self) -> bool:
        """Whether help stands among the options; after `--` nothing is one."""
        return bool({"-h", "--help"} & set(split_command(self.words)[0]))


def run(words: Sequence[str], around: Surroundings | None = None) -> int:
    """Carry out a command line and give its exit code; never raises.

    Args:
        words: without the program's name.
        around: the surroundings; None reads those of the process.
    """
    try:
        given = around or surroundings()
    except OrchestraError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - there is no context to write with
        return error.exit_code
    own, _ = split_command(words)
    context = Context(given, no_color="--no-color" in own, json="--json" in own)
    code = _guarded(lambda: _ended(dispatch(words, context), context), words, context)
    _settle_stdout()
    return code


def dispatch(words: Sequence[str], context: Context) -> int:
    """Import the one command that is meant, and run it.

    Raises:
        UsageError: the words are no command line.
        OrchestraError: what the command raises.
    """
    line = take_apart(words)
    if not line.command:
        return _without_command(line, context)
    command = load(line.command)
    parser = parser_for(line.command, command)
    if line.asks_for_help:
        context.answer(parser.format_help())
        return 0
    options = parser.read(line.words)
    if options.directory is not None:
        context.enter(options.directory)
    if options.file is not None:
        options.file = context.cwd / options.file
    return command.run(options, context)


def take_apart(words: Sequence[str]) -> Line:
    """Find the command among the options that may stand before it; `help NAME` is `NAME --help`."""
    rest = list(words)
    index = 0
    while index < len(rest) and rest[index].startswith("-"):
        index += 2 if rest[index] in _GLOBAL_WITH_VALUE else 1
    if index >= len(rest):
        return Line("", tuple(rest))
    command = rest.pop(index)
    if command == "help":
        return Line(rest[index], ("--help",)) if index < len(rest) else Line("", ("--help",))
    return Line(command, tuple(rest))


def load(name: str) -> Command:
    """Import the module of a command.

    Raises:
        UsageError: there is no such command.
    """
    if name not in SUMMARIES:
        hint = did_you_mean(name, SUMMARIES, "`orchestra --help` lists the commands")
        raise UsageError(f"unknown command `{name}`", hint=hint)
    return cast("Command", importlib.import_module(f"reconciler.cli.{name}"))


def parser_for(name: str, command: Command) -> Parser:
    """Build the parser of one command."""
    parser = Parser(name)
    command.register(parser)
    return parser


def _without_command(line: Line, context: Context) -> int:
    unknown = [word for word in line.words if word not in {"-h", "--help", "--json", "--no-color"}]
    if "--version" in line.words:
        from reconciler import __version__  # noqa: PLC0415 - start-up

        context.answer(f"orchestra {__version__}\n")
        return 0
    if line.words and line.words[-1] in _GLOBAL_WITH_VALUE:
        raise UsageError(f"{line.words[-1]} needs a value", hint="`orchestra --help` lists the options")
    if unknown and unknown[0] not in _GLOBAL_WITH_VALUE:
        raise UsageError(f"unknown option `{unknown[0]}`", hint="`orchestra --help` lists the options")
    context.answer(help_text())
    return 0


def _ended(code: int, context: Context) -> int:
    context.release()  # a closed pipe is noticed here, not when Python shuts down
    return code


def _guarded(work: Callable[[], int], words: Sequence[str], context: Context) -> int:
    """Turn every way to fail into words and a code."""
    try:
        return work()
    except BrokenPipeError:
        return 1
    except OrchestraError as error:
        return _told(partial(_tell, error, context), error.exit_code)
    except KeyboardInterrupt:
        return _told(partial(context.narrate, "Interrupted.\n"), 130)
    except Exception as error:  # noqa: BLE001 - the last resort
        return _told(partial(_tell_crash, error, words, context), 1)


def _told(tell: Callable[[], None], code: int) -> int:
    with contextlib.suppress(OSError):
        tell()
    return code


def _tell(error: OrchestraError, context: Context) -> None:
    from reconciler.views.errors import error_document, render_error  # noqa: PLC0415 - start-up

    if context.json:
        from reconciler.views.json import line  # noqa: PLC0415 - start-up

        context.answer(line(error_document(error)))
    context.narrate(render_error(error, style=context.err))
    context.release()


def _tell_crash(error: Exception, words: Sequence[str], context: Context) -> None:
    from reconciler.cli.crash import tell_crash  # noqa: PLC0415 - start-up

    tell_crash(error, words, context)


def _settle_stdout() -> None:
    """Where nobody reads, or the disk is full, keep Python from complaining again when it flushes at its end."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
