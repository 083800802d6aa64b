"""The state of the workspaces. Rule: who needs a person comes first, and every value says whence and how old it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from reconciler.model.escaping import escape
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import age, joined


class Value(Protocol):
    """One fact; `age_seconds` is None when it cannot be known."""

    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def age_seconds(self) -> float | None: ...  # noqa: D102


class WorkspaceStatus(Protocol):
    """What is known of one workspace; `needs_you` says in words what a person is asked to do."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def level(self) -> int: ...  # noqa: D102
    @property
    def state(self) -> str: ...  # noqa: D102
    @property
    def path(self) -> str | Path | None: ...  # noqa: D102
    @property
    def needs_you(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def values(self) -> Sequence[Value]: ...  # noqa: D102


def render_status(workspaces: Sequence[WorkspaceStatus], *, style: Style = PLAIN) -> str:
    """Write what needs a person, then every workspace with its facts."""
    needs = [f"  {escape(each.name)}: {escape(need)}" for each in workspaces for need in each.needs_you]
    lines = [style.paint("Needs you:", "bold", "yellow"), *needs, ""] if needs else []
    width = max((len(escape(each.name)) for each in workspaces), default=0)
    for each in workspaces:
        lines += _workspace(each, width, style)
    return joined(lines or ["No workspaces are declared."])


def status_document(workspaces: Sequence[WorkspaceStatus]) -> dict[str, object]:
    """Give the status the form that `--json` prints."""
    return {"format": "orchestra.status/1", "workspaces": [_document(each) for each in workspaces]}


def _workspace(each: WorkspaceStatus, width: int, style: Style) -> list[str]:
    path = f"  {escape(str(each.path))}" if each.path else ""
    name = escape(each.name)
    head = f"{style.paint(name, 'bold')}{' ' * (width - len(name))}  {escape(each.state)}{path}"
    labels = max((len(escape(value.label)) for value in each.values), default=0)
    return [head, *(f"    {_value(value, labels, style)}" for value in each.values)]


def _value(value: Value, width: int, style: Style) -> str:
    known = "age unknown" if value.age_seconds is None else age(value.age_seconds)
    origin = style.paint(f"({escape(value.source)}, {known})", "dim")
    return f"{escape(value.label) + ':':<{width + 1}} {escape(value.text)} {origin}"


def _document(each: WorkspaceStatus) -> dict[str, object]:
    return {
        "name": each.name,
        "level": each.level,
        "state": each.state,
        "path": str(each.path) if each.path else None,
        "needs_you": list(each.needs_you),
        "values": [
            {"label": value.label, "text": value.text, "source": value.source, "age_seconds": value.age_seconds}
            for value in each.values
        ],
    }
