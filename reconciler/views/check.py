"""What branches have that they must not. Rule: each refusal names commit, path, pattern with place, and a way out.

For GitHub it is workflow commands: there, nothing that a stranger named stands anywhere but escaped in one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from reconciler.errors import Location
from reconciler.model.escaping import escape
from reconciler.model.phrases import plural
from reconciler.views.areas import Rule, rule_document
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined

_SHORT = 9
_MOST = 50  # of one branch for people: more are no easier to read; `--json` has all
_MOST_RULES = 3


class Violation(Protocol):
    """Something that a branch must not have."""

    @property
    def commit(self) -> str: ...  # noqa: D102
    @property
    def shown_path(self) -> str: ...  # noqa: D102
    @property
    def what(self) -> str: ...  # noqa: D102
    @property
    def because(self) -> str: ...  # noqa: D102
    @property
    def rules(self) -> Sequence[Rule]: ...  # noqa: D102
    @property
    def governed(self) -> tuple[str, Location] | None: ...  # noqa: D102
    @property
    def owners(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def is_merge(self) -> bool: ...  # noqa: D102


class Branch(Protocol):
    """One branch, and what was found."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def tip(self) -> str: ...  # noqa: D102
    @property
    def workspace(self) -> str | None: ...  # noqa: D102
    @property
    def bases(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def commits(self) -> int: ...  # noqa: D102
    @property
    def is_governed(self) -> bool: ...  # noqa: D102
    @property
    def violations(self) -> Sequence[Violation]: ...  # noqa: D102


class Checked(Protocol):
    """The answer."""

    @property
    def base(self) -> tuple[str, str]: ...  # noqa: D102
    @property
    def file(self) -> str: ...  # noqa: D102
    @property
    def branches(self) -> Sequence[Branch]: ...  # noqa: D102


def render_checked(checked: Checked, *, style: Style = PLAIN) -> str:
    """Write a line for each branch, below it what is refused, and a summary."""
    lines = [line for branch in checked.branches for line in _branch(branch, checked, style)]
    return joined([*lines, summary(checked)])


def summary(checked: Checked) -> str:
    """Say it in one line, which names nothing that strangers name."""
    judged = [branch for branch in checked.branches if branch.is_governed]
    refused = sum(len(branch.violations) for branch in judged)
    counted = f"{plural(len(judged), 'branch', 'branches')}, {plural(sum(each.commits for each in judged), 'commit')}"
    return f"Check: {counted}; {plural(refused, 'change') if refused else 'nothing'} refused."


def _branch(branch: Branch, checked: Checked, style: Style) -> Iterator[str]:
    head = style.paint(escape(branch.name), "bold")
    if not branch.is_governed:
        yield f"{head}: not judged, it is neither declared nor under a governed name"
        return
    verdict = style.paint("refused", "red") if branch.violations else style.paint("fine", "green")
    whose = "" if branch.workspace in {None, branch.name} else f" (held to {escape(branch.workspace or '')})"
    own = f", {plural(branch.commits, 'commit')} of its own" if branch.workspace else ""
    yield f"{head}{whose}: {verdict}{own}"
    for violation in branch.violations[:_MOST]:
        yield from _violation(violation, branch, checked, style)
    if len(branch.violations) > _MOST:
        yield f"  and {len(branch.violations) - _MOST} more; --json tells all"


def _violation(violation: Violation, branch: Branch, checked: Checked, style: Style) -> Iterator[str]:
    path = f"  {violation.shown_path}" if violation.shown_path else ""
    yield f"  {violation.commit[:_SHORT]}  {violation.what}{path}"
    yield f"    {escape(_reason(violation, branch))}"
    yield f"    {style.paint('hint:', 'cyan')} {escape(_hint(violation, branch, checked))}"


def _reason(violation: Violation, branch: Branch) -> str:
    if violation.because == "undeclared" and violation.governed:
        pattern, where = violation.governed
        return f"a branch of this name must be declared, by `check: governed: {pattern}` ({where})"
    if violation.because == "unrelated":
        return "it has no commit of its base"
    rules = ", ".join(_rule(rule, branch) for rule in violation.rules[:_MOST_RULES])
    if violation.because == "deny":
        return f"denied by {rules}"
    more = f" and {len(violation.rules) - _MOST_RULES} more" if len(violation.rules) > _MOST_RULES else ""
    owners = f"; it belongs to {', '.join(violation.owners)}" if violation.owners else ""
    return f"outside of {rules}{more}{owners}"


def _rule(rule: Rule, branch: Branch) -> str:
    above = f", declared for {rule.said_by}" if rule.said_by != branch.workspace else ""
    return f"`{rule.key}: {rule.pattern}` ({rule.where}{above})"


def _hint(violation: Violation, branch: Branch, checked: Checked) -> str:
    base = checked.base[0]
    if violation.because == "undeclared":
        return f"declare it in {checked.file} on {base}, or give it another name"
    if violation.because == "unrelated":
        return f"begin it from its base: `git rebase --root --onto {base} {branch.name}`"
    if violation.is_merge:
        return "outside of the area a merge must be as its base is there: merge anew, and leave such paths as they come"
    out = f"take it out of the commit: `git rebase -i {violation.commit[:_SHORT]}^`"
    return out if violation.because == "deny" else f"{out}, or widen `modify` of {branch.workspace} on {base}"


def check_document(checked: Checked) -> dict[str, object]:
    """Give the answer the form that `--json` prints."""
    name, commit = checked.base
    return {
        "format": "orchestra.check/1",
        "base": {"name": name, "commit": commit, "manifest": checked.file},
        "refused": sum(len(branch.violations) for branch in checked.branches),
        "branches": [_branch_document(branch, checked) for branch in checked.branches],
    }


def _branch_document(branch: Branch, checked: Checked) -> dict[str, object]:
    return {
        "branch": branch.name,
        "commit": branch.tip,
        "workspace": branch.workspace,
        "governed": branch.is_governed,
        "bases": list(branch.bases),
        "commits": branch.commits,
        "violations": [_violation_document(violation, branch, checked) for violation in branch.violations],
    }


def _violation_document(violation: Violation, branch: Branch, checked: Checked) -> dict[str, object]:
    governed = violation.governed
    where = governed and {"file": governed[1].file, "line": governed[1].line, "column": governed[1].column}
    return {
        "commit": violation.commit,
        "path": violation.shown_path or None,
        "what": violation.what,
        "because": violation.because,
        "merge": violation.is_merge,
        "rules": [rule_document(rule) for rule in violation.rules],
        "governed": governed and {"pattern": governed[0], "where": where},
        "owners": list(violation.owners),
        "message": _reason(violation, branch),
        "hint": _hint(violation, branch, checked),
    }


def github_annotations(checked: Checked) -> str:
    """Write a workflow command for each refusal, and the summary."""
    found = (_annotation(violation, branch, checked) for branch in checked.branches for violation in branch.violations)
    return joined([*found, summary(checked)])


def _annotation(violation: Violation, branch: Branch, checked: Checked) -> str:
    where = violation.governed[1] if violation.governed else None
    file = where.file if where else violation.shown_path
    properties = {"file": file, "line": str(where.line) if where else "", "title": f"{branch.name}: refused"}
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    named = " ".join(filter(None, (violation.commit[:_SHORT], violation.what, violation.shown_path)))
    return f"::error {written}::{_data(f'{named}: {_reason(violation, branch)}. {_hint(violation, branch, checked)}')}"


def _data(text: str) -> str:
    return escape(text).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
