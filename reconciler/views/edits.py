"""What a command wrote into the manifest. Rule: the change itself is shown, not a promise that there was one."""

from __future__ import annotations

from reconciler.model.escaping import escape
from reconciler.views.fields import unified
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def render_edit(file: str, before: str, after: str, *, style: Style = PLAIN) -> str:
    """Write the difference of a file as a unified diff."""
    lines = unified(before.splitlines(keepends=True), after.splitlines(keepends=True))
    if not lines:
        return joined([f"{escape(file)} stays as it is."])
    return joined([style.paint(escape(file), "bold"), *(_painted(line, style) for line in lines)])


def _painted(line: str, style: Style) -> str:
    colour = _COLOURS.get(line[:1])
    return style.paint(line, colour) if colour else line


def edit_document(file: str, before: str, after: str) -> dict[str, object]:
    """Give the difference the form that `--json` prints."""
    return {"format": "orchestra.edit/1", "file": file, "changed": before != after, "before": before, "after": after}
