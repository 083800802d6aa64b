"""Errors for people and for machines. Rule: all of them, each with its place, its line and its way out."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from reconciler.errors import OrchestraError, Problem
from reconciler.model.escaping import escape
from reconciler.model.phrases import plural
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined

_WINDOW = 100  # characters of a long line shown around its caret; a guess that fits most terminals


def render_error(error: OrchestraError, *, style: Style = PLAIN) -> str:
    """Write all problems of an error."""
    return render_problems(error.problems, style=style)


def render_problems(problems: Sequence[Problem], *, style: Style = PLAIN, called: str = "problem") -> str:
    """Write problems one below the other, with a count when there are several.

    Args:
        problems: what to show.
        style: whether to paint it.
        called: what one of them is; what is no error is called so on its line, too.
    """
    lines = [line for problem in problems for line in _problem(problem, style, called)]
    if len(problems) > 1:
        lines += ["", plural(len(problems), called)]
    return joined(lines)


def error_document(error: OrchestraError) -> dict[str, object]:
    """Give an error the form that `--json` prints: `{"type": "error", "error": {...}}`."""
    problems = [problem_document(problem) for problem in error.problems]
    body = {"kind": type(error).__name__, "exit_code": error.exit_code, "problems": problems}
    return {"type": "error", "error": body}


def problem_document(problem: Problem) -> dict[str, object]:
    """Give one problem the form that `--json` prints."""
    where = problem.where
    place = {"file": where.file, "line": where.line, "column": where.column} if where else None
    return {"message": problem.message, "where": place, "hint": problem.hint or None}


def _problem(problem: Problem, style: Style, called: str) -> list[str]:
    place = style.paint(f"{escape(str(problem.where))}:", "bold") if problem.where else style.paint("error:", "red")
    message, *more = problem.message.split("\n")
    label = "" if called == "problem" else style.paint(f"{called}:", "yellow") + " "
    lines = [f"{place} {label}{escape(message)}", *(f"  {escape(line)}" for line in more)]
    lines += _source(problem, style)
    lines += [f"{style.paint('hint:', 'cyan')} {escape(line)}" for line in problem.hint.split("\n") if line]
    return lines


def _source(problem: Problem, style: Style) -> list[str]:
    """Quote the line and point at the column; a long line is cut around it."""
    if problem.where is None or not problem.source_line.strip():
        return []
    column = min(max(problem.where.column - 1, 0), len(problem.source_line))
    start = max(0, column - _WINDOW // 2) if len(problem.source_line) > _WINDOW else 0
    shown = problem.source_line.rstrip("\n")[start : start + _WINDOW]
    before = escape(problem.source_line[start:column])
    return [f"    {escape(shown)}".rstrip(), f"    {' ' * _width(before)}{style.paint('^', 'red')}"]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
