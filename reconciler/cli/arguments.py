"""Options that several commands share, and the answer to a wrong one. Rule: every mistake is told a way out."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from reconciler.cli.commands import EXIT_CODES, SUMMARIES
from reconciler.errors import UsageError

NAME = "NAME"
NAME_OR_PATH = "NAME_OR_PATH"
ADDRESS = "NAME_OR_ADDRESS"


class _Help(argparse.HelpFormatter):
    """Help in which no line ends within `auth--test` or `--target`."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        import textwrap  # noqa: PLC0415 - only help needs it

        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in self._split_lines(text, width - len(indent)))


class Parser(argparse.ArgumentParser):
    """An argument parser that raises instead of leaving the process.

    The three metavars above are completed with the names of workspaces.

    Attributes:
        takes_command: what follows `--` is somebody else's command line, and not looked at.
    """

    takes_command = False

    def __init__(self, command: str) -> None:
        super().__init__(
            prog=f"orchestra {command}",
            description=SUMMARIES[command],
            epilog="exit codes: " + EXIT_CODES.replace("\n", " "),
            allow_abbrev=False,
            formatter_class=_Help,
            exit_on_error=False,
        )
        add_global_options(self)

    def error(self, message: str) -> NoReturn:
        """Answer a wrong command line."""
        raise UsageError(f"{self.prog}: {message}", hint=f"`{self.prog} --help` tells the options")

    def read(self, words: Sequence[str]) -> argparse.Namespace:
        """Parse the words of a command.

        Raises:
            UsageError: one of them is not understood.
        """
        own, command = split_command(words) if self.takes_command else (words, ())
        try:
            options, unknown = self.parse_known_args(own)
        except argparse.ArgumentError as error:
            self.error(str(error))
        if unknown:
            raise self._unknown(unknown[0])
        if self.takes_command:
            options.command = tuple(command)
        return options

    def options(self) -> tuple[str, ...]:
        """List the long and short options, for completion and for suggestions."""
        return tuple(text for action in self._actions for text in action.option_strings)

    def metavar_of(self, option: str) -> str | None:
        """Tell what a value of this option stands for; None for an option without one."""
        found = self._option_string_actions.get(option)
        return None if found is None or found.nargs == 0 else str(found.metavar)

    def positional_metavars(self) -> tuple[str, ...]:
        """Tell what the words without a dash stand for."""
        return tuple(str(action.metavar) for action in self._actions if not action.option_strings)

    def _unknown(self, word: str) -> UsageError:
        if not word.startswith("-"):
            usage = f"`{self.prog} --help` tells the usage"
            hint = f"the command stands behind `--`: `{self.prog} NAME -- {word}`" if self.takes_command else usage
            return UsageError(f"{self.prog}: unexpected argument `{word}`", hint=hint)
        option = word.partition("=")[0]
        otherwise = f"`{self.prog} --help` tells the options"
        return UsageError(
            f"{self.prog}: unknown option `{option}`", hint=did_you_mean(option, self.options(), otherwise)
        )


def split_command(words: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Take apart what stands before `--`, and what stands behind it."""
    end = list(words).index("--") if "--" in words else len(words)
    return words[:end], words[end + 1 :]


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Write a hint that names the nearest known word, or the other hint when none is near."""
    import difflib  # noqa: PLC0415 - only mistakes need it

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean `{near[0]}`?" if near else otherwise


def add_global_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command takes, before or after its name."""
    group = parser.add_argument_group("everywhere")
    group.add_argument("-C", dest="directory", metavar="DIR", default=None, help="run as if started in DIR")
    group.add_argument("--file", type=Path, metavar="FILE", default=None, help="the manifest")
    group.add_argument("--json", action="store_true", help="print the answer, and errors, as JSON")
    group.add_argument("--no-color", action="store_true", help="print without colour")


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add what narrows a plan to some resources."""
    group = parser.add_argument_group("selection")
    help_target = "only this workspace or address and what it needs (repeatable)"
    group.add_argument("--target", dest="targets", action="append", default=[], metavar=ADDRESS, help=help_target)
    help_exclude = "all but this workspace or address and what needs it (repeatable)"
    group.add_argument("--exclude", dest="excludes", action="append", default=[], metavar=ADDRESS, help=help_exclude)
    group.add_argument("--all-owners", action="store_true", help="also what others own")


def add_planning(parser: argparse.ArgumentParser) -> None:
    """Add what shapes a plan, the same for `plan` and `apply`."""
    add_selection(parser)
    group = parser.add_argument_group("planning")
    group.add_argument("--prune", action="store_true", help="also remove what is ours and no longer declared")
    help_fresh = "make trees anew although archives of them wait to be brought back"
    group.add_argument("--fresh", action="store_true", help=help_fresh)
    help_replace = "replace a file of ours although it was edited by hand (repeatable)"
    group.add_argument("--replace", action="append", default=[], metavar=ADDRESS, help=help_replace)


def add_execution(parser: argparse.ArgumentParser, *, installs: bool = True) -> None:
    """Add what tells how changes are carried out, and whether what installs is shown, if anything does."""
    group = parser.add_argument_group("execution")
    help_parallel = "changes under way at once (default: 8)"
    group.add_argument("-j", "--parallelism", type=positive, default=None, metavar="N", help=help_parallel)
    parser.set_defaults(logs=False)
    if installs:
        help_logs = "show what installs and commands print, while they run"
        group.add_argument("--logs", action="store_true", help=help_logs)
    group.add_argument("--auto-approve", action="store_true", help="do not ask")
    add_lock_timeout(group)


def add_max_destroy(parser: argparse._ActionsContainer) -> None:
    """Add the bound of what an unattended run may remove."""
    text = "refuse, before anything is done, to remove more workspaces than this"
    parser.add_argument("--max-destroy", type=natural, default=None, metavar="N", help=text)


def add_lock_timeout(parser: argparse._ActionsContainer) -> None:
    """Add how long to wait for another apply."""
    text = "wait so long for another apply to end (default: 0, refuse at once)"
    parser.add_argument("--lock-timeout", type=seconds, default=0.0, metavar="SECONDS", help=text)


def add_full(parser: argparse.ArgumentParser) -> None:
    """Add the choice to see everything."""
    parser.add_argument("--full", action="store_true", help="show each new file with its content, and long diffs")


def positive(text: str) -> int:
    """Read a whole number above zero."""
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number above 0")
    return int(text)


def natural(text: str) -> int:
    """Read a whole number from zero on."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"`{text}` is not a whole number")
    return int(text)


_AGES = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}


def age(text: str) -> timedelta:
    """Read an age such as `36h` or `7d`."""
    number, unit = text[:-1], text[-1:]
    if not (number.isascii() and number.isdigit() and unit in _AGES):
        raise argparse.ArgumentTypeError(f"`{text}` is no age; write for example `36h` or `7d`")
    return timedelta(seconds=int(number) * _AGES[unit])


_SIZES = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def size_bytes(text: str) -> int:
    """Read a size such as `500M` or `2G`."""
    number, unit = text[:-1], text[-1:].upper()
    if not (number.isascii() and number.isdigit() and unit in _SIZES):
        raise argparse.ArgumentTypeError(f"`{text}` is no size; write for example `500M` or `2G`")
    return int(number) * _SIZES[unit]


def seconds(text: str) -> float:
    """Read a length of time."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError(f"`{text}` is not a number of seconds")
    return value
