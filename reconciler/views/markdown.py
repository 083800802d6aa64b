"""A plan for a pull request. Rule: text from strangers stands only in code spans and fences, where it says nothing."""

from __future__ import annotations

import re

from reconciler.model.change import Action, Change
from reconciler.model.escaping import escape
from reconciler.model.phrases import plural
from reconciler.model.plan import Plan
from reconciler.views.grouping import Group
from reconciler.views.plan import last_line, render_plan, unsettled
from reconciler.views.text import joined

_MOST_ROWS = 200  # a guess: beyond it the table hides the summary; the details below have all


def render_markdown(plan: Plan) -> str:
    """Write a plan as a comment: the summary, a table, and the whole text behind a fold."""
    possible, blocked = unsettled(plan)
    groups = [*possible, *blocked]
    lines = [f"### {last_line(plan)}", *(f"\n> {code(note)}" for note in plan.notes)]
    if groups:
        lines += ["", "| | resource | why |", "|---|---|---|", *(_row(each) for each in groups[:_MOST_ROWS])]
    if len(groups) > _MOST_ROWS:
        lines += ["", f"{plural(len(groups) - _MOST_ROWS, 'more row')} in the details."]
    details = _details(plan)
    return joined([*lines, *([""] if details else []), *details])


def code(text: str) -> str:
    """Quote text as a code span that it cannot leave, also inside a table."""
    safe = escape(text).replace("|", "\\|")
    ticks = "`" * (_longest_run(safe) + 1)
    pad = " " if safe.startswith("`") or safe.endswith("`") else ""
    if not safe:
        return "` `"
    return f"{ticks}{pad}{safe}{pad}{ticks}"


def fence(text: str, language: str) -> list[str]:
    """Quote lines as a block that they cannot leave."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return [f"{ticks}{language}", text.rstrip("\n"), ticks]


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _row(group: Group) -> str:
    change = group.change
    files = plural(len(group.files), "file")
    told = f"; {files} cannot follow" if change.action is Action.CONFLICT else f" with {files}"
    more = told if group.files else ""
    return f"| {code(change.action.value)} | {code(str(change.address))}{more} | {_why(change)} |"


def _why(change: Change) -> str:
    parts = [change.reason, change.touches_work and f"caution: {change.touches_work}"]
    return " ".join(code(part) for part in parts if part)


def _details(plan: Plan) -> list[str]:
    if render_plan(plan) == last_line(plan) + "\n":
        return []
    text = re.sub("(?m)^  ", "", render_plan(plan))  # a diff is coloured by the first character of its lines
    return ["<details><summary>Details</summary>", "", *fence(text, "diff"), "", "</details>"]
