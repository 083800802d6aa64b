"""A plan for people. Rule: the text is the same at any width and on any stream; colour only adds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from reconciler.model.address import Address
from reconciler.model.change import Action, Change, Mode
from reconciler.model.escaping import escape
from reconciler.model.phrases import plural
from reconciler.model.plan import Plan
from reconciler.views.fields import field_lines
from reconciler.views.grouping import Group, group
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import indent, joined

Purpose = Literal["apply", "destroy"]

_NOTHING = {
    "apply": "No changes. The worktrees match orchestra.yaml.",
    "destroy": "No changes. There is nothing to destroy.",
}


@dataclass(frozen=True, slots=True)
class _Look:
    """How it is shown."""

    style: Style
    full: bool


def render_plan(plan: Plan, *, style: Style = PLAIN, full: bool = False, purpose: Purpose = "apply") -> str:
    """Write a plan as text that ends with its summary.

    Args:
        plan: what to show.
        style: whether to paint it.
        full: show each new file by itself, with its content, and long differences.
        purpose: a plan to destroy also lists what is kept, and why.
    """
    look = _Look(style, full)
    possible, blocked = unsettled(plan, full=full)
    sections = [
        [style.paint("Note:", "bold") + f" {escape(note)}" for note in plan.notes],
        _blocks(possible, look),
        _section("Left to a person:", _grouped(_persons(plan), full), look),
        _section("In the way:", blocked, look),
        *_at_rest(plan, look, purpose),
        [style.paint(last_line(plan, purpose), "bold")],
    ]
    return joined(_with_gaps(sections))


def unsettled(plan: Plan, *, full: bool = False) -> tuple[Sequence[Group], Sequence[Group]]:
    """Take apart, in the plan's order, what can be done and what is in the way or cannot be done for it."""
    open_ = [change for change in plan.changes if change.is_pending or change.action is Action.CONFLICT]
    groups, blocked = _grouped(open_, full), plan.blocked
    possible = [each for each in groups if each.change.address not in blocked]
    return possible, [_no_promise(each) for each in groups if each.change.address in blocked]


def _no_promise(group: Group) -> Group:
    """Say of what waits for a conflict only that: what it would be is no promise."""
    if group.change.action is Action.CONFLICT:
        return group
    reason = "cannot be done before the way is free"
    return replace(group, change=replace(group.change, action=Action.CONFLICT, reason=reason, fields=()))


def _grouped(changes: Sequence[Change], full: bool) -> Sequence[Group]:
    return [Group(change) for change in changes] if full else group(changes)


def last_line(plan: Plan, purpose: Purpose = "apply") -> str:
    """Write the summary; scripts read it, so its words never change."""
    if plan.is_empty and (left := len(_persons(plan))):
        return f"No changes that can be made unattended; {plural(left, 'change is', 'changes are')} left to a person."
    if plan.is_empty and (drifts := sum(len(change.drift) for change in plan.changes)):
        return f"No changes. {plural(drifts, 'drift is', 'drifts are')} shown above, and left alone."
    if plan.is_empty:
        return _NOTHING[purpose]
    summary = plan.summary
    counts = f"Plan: {summary.add} to add, {summary.change} to change, {summary.destroy} to destroy."
    return f"{counts} {plural(len(plan.conflicts), 'conflict')}." if plan.conflicts else counts


def _persons(plan: Plan) -> tuple[Change, ...]:
    orders = {Action.CREATE, Action.UPDATE, Action.DELETE}
    return tuple(change for change in plan.changes if change.mode is Mode.PERSON and change.action in orders)


def _at_rest(plan: Plan, look: _Look, purpose: Purpose) -> Iterable[list[str]]:
    """Tell what stays as it is although there is something to say about it."""
    resting = [change for change in plan.changes if change.action is Action.NO_OP]
    if purpose == "destroy":
        kept = [change for change in resting if change.reason or not change.is_silent]
        yield _section("Kept:", _grouped(kept, look.full), look)
        return
    orphans = [change for change in resting if change.orphan]
    yield _section("Orphans:", _grouped(orphans, look.full), look)
    seen = [change for change in resting if not (change.is_silent or change.orphan)]
    yield _section("Seen:", _grouped(seen, look.full), look)


def _section(title: str, groups: Sequence[Group], look: _Look) -> list[str]:
    return [look.style.paint(title, "bold"), *_blocks(groups, look)] if groups else []


def _blocks(groups: Sequence[Group], look: _Look) -> list[str]:
    return [line for each in groups for line in _block(each, look)]


def _block(group: Group, look: _Look) -> list[str]:
    """Write one change: its line, and all that is known about it below."""
    change = group.change
    body = [
        *field_lines(change, look.style, full=look.full),
        *_files(group.files, is_waiting=change.action is Action.CONFLICT),
        *_circumstances(change, group.folded, look.style),
    ]
    return [f"  {_headline(change, look.style)}", *indent(body, "      ")]


def _headline(change: Change, style: Style) -> str:
    symbol = style.action(change.action, change.action.value)
    reason = style.paint(f" ({escape(change.reason)})", "dim") if change.reason else ""
    return f"{symbol} {style.paint(escape(str(change.address)), 'bold')}{reason}"


def _files(files: Sequence[str], *, is_waiting: bool) -> list[str]:
    times = Counter(files)  # one name may be in the tree and on the desk
    names = ", ".join(escape(name) + (f" ({count})" if count > 1 else "") for name, count in times.items())
    counted = plural(len(files), "file")
    return [f"{f'{counted} cannot follow' if is_waiting else f'with {counted}'}: {names}"] if files else []


def _circumstances(change: Change, folded: Sequence[Address], style: Style) -> Iterable[str]:
    if change.touches_work:
        yield style.paint(f"caution: {escape(change.touches_work)}", "red")
    # What it needs inside of a workspace it also waits for goes without saying, and so does what is told with it.
    waits_for = [address for address in change.waits_for if address not in folded]
    if said := [address for address in waits_for if address.kind == "workspace"] or waits_for:
        yield "after: " + ", ".join(escape(str(address)) for address in said)
    if change.mode is not Mode.IN_PLACE:
        yield f"made: {change.mode.value}"
    yield from (f"drift: {escape(drift)}" for drift in change.drift)
    yield from (f"note: {escape(note)}" for note in change.notes)
    if change.hint:
        yield style.paint("hint:", "cyan") + f" {escape(change.hint)}"


def _with_gaps(sections: Iterable[Sequence[str]]) -> list[str]:
    lines: list[str] = []
    for section in filter(None, sections):
        lines += ["", *section] if lines else section
    return lines
