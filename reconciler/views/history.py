"""What was run before. Rule: newest first, one line per run, and what it changed below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from reconciler.model.escaping import escape
from reconciler.model.phrases import plural
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined


class Run(Protocol):
    """One run: when, what, by whom, how it ended; `exit_code` is None when it was cut off."""

    @property
    def started(self) -> str: ...  # noqa: D102
    @property
    def command(self) -> str: ...  # noqa: D102
    @property
    def user(self) -> str: ...  # noqa: D102
    @property
    def counts(self) -> Mapping[str, int]: ...  # noqa: D102
    @property
    def exit_code(self) -> int | None: ...  # noqa: D102
    @property
    def changes(self) -> Sequence[str]: ...  # noqa: D102


def render_history(runs: Sequence[Run], *, style: Style = PLAIN) -> str:
    """Write the runs in the order given."""
    return joined([line for run in runs for line in _run(run, style)] or ["Nothing was run here yet."])


def history_document(runs: Sequence[Run]) -> dict[str, object]:
    """Give the runs the form that `--json` prints."""
    return {"format": "orchestra.history/1", "runs": [_document(run) for run in runs]}


def _run(run: Run, style: Style) -> list[str]:
    counts = ", ".join(f"{count} {escape(what)}" for what, count in run.counts.items() if count) or _uncounted(run)
    ended = "cut off" if run.exit_code is None else f"exit {run.exit_code}"
    head = f"{escape(run.started)}  {style.paint(escape(run.command), 'bold')}  {escape(run.user)}"
    return [f"{head}  {counts}  ({ended})", *(f"    {escape(change)}" for change in run.changes)]


def _uncounted(run: Run) -> str:
    """A run that was cut off counted nothing, whatever it changed."""
    return f"{plural(len(run.changes), 'change')} until then" if run.changes else "nothing changed"


def _document(run: Run) -> dict[str, object]:
    return {
        "started": run.started,
        "command": run.command,
        "user": run.user,
        "counts": dict(run.counts),
        "exit_code": run.exit_code,
        "changes": list(run.changes),
    }
