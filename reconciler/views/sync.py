"""What `sync` did. Rule: one line per worktree, also for those it left alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reconciler.model.escaping import escape
from reconciler.model.phrases import plural
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined


class Synced(Protocol):
    """What became of one worktree, and how many commits came in."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def result(self) -> str: ...  # noqa: D102
    @property
    def commits(self) -> int: ...  # noqa: D102
    @property
    def ok(self) -> bool: ...  # noqa: D102


def render_synced(synced: Sequence[Synced], *, style: Style = PLAIN) -> str:
    """Write what became of each."""
    return joined([_line(each, style) for each in synced] or ["There is no worktree that anything could come into."])


def synced_document(synced: Sequence[Synced]) -> dict[str, object]:
    """Give the results the form that `--json` prints."""
    rows = [{"name": each.name, "result": each.result, "commits": each.commits, "ok": each.ok} for each in synced]
    return {"format": "orchestra.sync/1", "worktrees": rows}


def _line(each: Synced, style: Style) -> str:
    came = f" ({plural(each.commits, 'commit')})" if each.commits else ""
    result = escape(each.result) if each.ok else style.paint(escape(each.result), "yellow")
    return f"{style.paint(escape(each.name), 'bold')}: {result}{came}"
