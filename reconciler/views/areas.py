"""Who may change what. Rule: every answer names the pattern and the place in the manifest that it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reconciler.errors import Location
from reconciler.model.escaping import escape
from reconciler.model.phrases import plural
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined


class Rule(Protocol):
    """One pattern of an area: whether it allows, who says it and where."""

    @property
    def key(self) -> str: ...  # noqa: D102
    @property
    def pattern(self) -> object: ...  # noqa: D102
    @property
    def where(self) -> Location: ...  # noqa: D102
    @property
    def said_by(self) -> str: ...  # noqa: D102


class Verdict(Protocol):
    """Whether one workspace may change a path, and why."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def may(self) -> bool: ...  # noqa: D102
    @property
    def because(self) -> str: ...  # noqa: D102
    @property
    def rule(self) -> Rule | None: ...  # noqa: D102
    @property
    def lent_to(self) -> Sequence[str]: ...  # noqa: D102


def render_verdicts(path: str, verdicts: Sequence[Verdict], *, style: Style = PLAIN) -> str:
    """Write who may change a path; of many that have nothing to do with it only the number."""
    told = [each for each in verdicts if each.rule is not None or len(verdicts) == 1]
    width = max((len(escape(each.name)) for each in told), default=0)
    others = len(verdicts) - len(told)
    is_nobody = len(verdicts) > 1 and not any(each.may for each in verdicts)
    nobody = ["Nobody may change it."] if is_nobody else []
    more = "more workspace" if told else "workspace"
    outside = [f"Outside of the area of {plural(others, more)}."] if others else []
    return joined([style.paint(path, "bold"), *(_line(each, width, style) for each in told), *nobody, *outside])


def _line(verdict: Verdict, width: int, style: Style) -> str:
    answer = style.paint("may", "green") if verdict.may else style.paint("may not", "red")
    return f"  {escape(verdict.name):<{width}}  {answer}, {_reason(verdict)}"


def _reason(verdict: Verdict) -> str:
    if verdict.rule is None:
        return "it is outside of its area"
    rule = verdict.rule
    by = f"by `{rule.key}: {escape(str(rule.pattern))}` ({escape(str(rule.where))})"
    from_above = f", declared for {escape(rule.said_by)}" if rule.said_by != verdict.name else ""
    lent = f"; lent to {', '.join(map(escape, verdict.lent_to))} while that works" if verdict.lent_to else ""
    return by + from_above + lent


def verdicts_document(path: str, verdicts: Sequence[Verdict]) -> dict[str, object]:
    """Give the answer the form that `--json` prints."""
    return {
        "format": "orchestra.who-may/1",
        "path": path,
        "may": [each.name for each in verdicts if each.may],
        "workspaces": [
            {
                "name": each.name,
                "may": each.may,
                "because": each.because,
                "rule": rule_document(each.rule) if each.rule else None,
                "lent_to": list(each.lent_to),
            }
            for each in verdicts
        ],
    }


def rule_document(rule: Rule) -> dict[str, object]:
    """Give one pattern of an area the form that `--json` prints."""
    where = {"file": rule.where.file, "line": rule.where.line, "column": rule.where.column}
    return {"key": rule.key, "pattern": str(rule.pattern), "where": where, "declared_for": rule.said_by}


_HEADINGS = {"modify": "may change", "shared": "with others", "deny": "never"}


def rule_lines(name: str, rules: Sequence[Rule]) -> list[str]:
    """Write an area, a line for each pattern."""
    width = max((len(escape(str(rule.pattern))) for rule in rules), default=0)
    return [
        f"{_HEADINGS[rule.key]:<11}  {escape(str(rule.pattern)):<{width}}  {escape(str(rule.where))}"
        + (f", declared for {escape(rule.said_by)}" if rule.said_by != name else "")
        for rule in sorted(rules, key=lambda rule: list(_HEADINGS).index(rule.key))
    ]
