"""The end of an apply or destroy, for people. Rule: what failed stands nearest to the prompt, each with its reason."""

from __future__ import annotations

from reconciler.model.escaping import escape
from reconciler.model.outcome import Outcome, Report, Status
from reconciler.model.phrases import some
from reconciler.views.errors import render_problems
from reconciler.views.plan import Purpose
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined
from reconciler.views.wording import because, skipped

_NAMED = 5  # a guess: enough to see what they have in common


def render_report(report: Report, *, style: Style = PLAIN, purpose: Purpose = "apply") -> str:
    """Write what was skipped, then what failed and why, and the counts."""
    failed = [outcome for outcome in report.outcomes if outcome.status is Status.FAILED]
    skipped = [outcome for outcome in report.outcomes if outcome.status is Status.SKIPPED]
    lines = _skips(skipped, style)
    lines += [line for outcome in failed for line in _failure(outcome, style)]
    return joined([*lines, *([""] if lines else []), style.paint(last_line(report, purpose), "bold")])


def last_line(report: Report, purpose: Purpose = "apply") -> str:
    """Write the counts; scripts read it, so its words never change."""
    verb = purpose.capitalize()
    done = (
        f"{report.count(Status.CREATED)} added, {report.count(Status.UPDATED)} changed, "
        f"{report.count(Status.DELETED)} destroyed"
    )
    if report.is_complete:
        return f"{verb} complete: {done}."
    left = f"{report.count(Status.FAILED)} failed, {report.count(Status.SKIPPED)} skipped"
    return f"{verb} incomplete: {done}; {left}."


def _failure(outcome: Outcome, style: Style) -> list[str]:
    head = f"{style.paint(escape(str(outcome.address)), 'bold')} {style.paint('failed', 'red')}"
    if outcome.error is None:
        return [f"{head}: {because(outcome)}"]
    return [f"{head}:", *(f"  {line}" for line in render_problems(outcome.error.problems, style=style).splitlines())]


def _skips(outcomes: list[Outcome], style: Style) -> list[str]:
    """Say each reason once, with some of what was skipped for it; narration and JSON have named them all."""
    by_reason: dict[str, list[str]] = {}
    for outcome in outcomes:
        by_reason.setdefault(because(outcome), []).append(escape(str(outcome.address)))
    lines = []
    for reason, addresses in by_reason.items():
        why = style.paint(skipped(reason, many=len(addresses) > 1), "yellow")
        if len(addresses) == 1:
            lines.append(f"{addresses[0]} {why}")
        else:
            lines += [f"{len(addresses)} {why}", f"  {some(addresses, _NAMED)}"]
    return lines
