"""Collect what is wrong.

The rule: a message may quote what the file says, cut and made printable, and never what the environment says.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.errors import Location, ManifestError, Problem

MOST_PROBLEMS = 100
_LONGEST_LINE = 400
_LONGEST_QUOTE = 60


@dataclass(slots=True)
class Problems:
    """All problems of one load.

    Attributes:
        lines: the lines of every file that was read, by its label.
        doubts: what may be meant as it is written, and is told without being refused.
    """

    lines: dict[str, tuple[str, ...]] = field(default_factory=dict)
    found: list[Problem] = field(default_factory=list)
    doubts: list[Problem] = field(default_factory=list)

    def add(self, message: str, where: Location | None, hint: str = "") -> None:
        """Note one problem; the same one at the same place counts once."""
        problem = Problem(message, where, hint, self._line(where))
        if problem not in self.found[-MOST_PROBLEMS:]:
            self.found.append(problem)

    def doubt(self, message: str, where: Location, hint: str) -> None:
        """Note what is no mistake for sure."""
        self.doubts.append(Problem(message, where, hint, self._line(where)))

    def add_from(self, error: ManifestError) -> None:
        """Note the problems of an error."""
        for problem in error.problems:
            self.add(problem.message, problem.where, problem.hint)

    def require_none(self) -> None:
        """Do nothing when nothing is wrong.

        Raises:
            ManifestError: all that was found, in the order of the files.
        """
        if self.found:
            raise ManifestError(self.in_order(self.found))

    def in_order(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Put them in the order of the files, and cut a flood."""
        order = {label: number for number, label in enumerate(self.lines)}
        ordered = sorted(problems, key=lambda problem: _position(problem.where, order))
        shown = tuple(ordered[:MOST_PROBLEMS])
        more = len(ordered) - len(shown)
        return (*shown, Problem(f"and {more} more problems")) if more else shown

    def _line(self, where: Location | None) -> str:
        lines = self.lines.get(where.file, ()) if where else ()
        if where is None or not 0 < where.line <= len(lines):
            return ""
        line = lines[where.line - 1]
        return printable(line) if len(line) <= _LONGEST_LINE else ""


def _position(where: Location | None, order: Mapping[str, int]) -> tuple[int, int, int]:
    return (order.get(where.file, len(order)), where.line, where.column) if where else (-1, 0, 0)


def printable(text: str) -> str:
    """Replace what a terminal would act upon; the length stays."""
    return "".join(
        character if character.isprintable() or character == "\t" else "\N{REPLACEMENT CHARACTER}" for character in text
    )


def quote(text: object) -> str:
    """Show a piece of the file in a message."""
    shown = printable(str(text))
    return f"`{shown if len(shown) <= _LONGEST_QUOTE else shown[: _LONGEST_QUOTE - 1] + '…'}`"


def nearest(word: str, known: Iterable[str]) -> str:
    """Say what was probably meant; empty when nothing is near."""
    names, short = list(known), word[:_LONGEST_QUOTE]
    found = difflib.get_close_matches(short, names, n=1)
    if not found:  # it compares from the front: `pmpm` is near `pnpm` only from behind
        backwards = difflib.get_close_matches(short[::-1], [name[::-1] for name in names], n=1)
        found = [name[::-1] for name in backwards]
    return f"did you mean `{found[0]}`?" if found else ""
