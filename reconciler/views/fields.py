"""The fields of a change, before and after. Rule: what cannot be told apart when written bare is quoted."""

from __future__ import annotations

import json
from collections.abc import Sequence

from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.escaping import escape
from reconciler.model.phrases import plural
from reconciler.views.style import Style

_NONE = "(none)"
_MOST_LINES = 12  # of a difference, a guess: a change in one place with what stands around it


def field_lines(change: Change, style: Style, *, full: bool) -> list[str]:
    """Lines for all fields of a change, without indentation: aligned values first, whole texts after them."""
    values = [field for field in change.fields if not field.text]
    texts = [field for field in change.fields if field.text]
    lines = _value_lines(values, change.action)
    for field in texts:
        lines += _text_lines(field, style, full=full)
    return lines


def _value_lines(fields: Sequence[FieldChange], action: Action) -> list[str]:
    names = [escape(field.path) + ":" for field in fields]
    width = max(map(len, names), default=0)
    return [f"{name:<{width}} {_difference(field, action)}" for name, field in zip(names, fields, strict=True)]


def _difference(field: FieldChange, action: Action) -> str:
    if action is Action.CREATE and field.before is None:
        return _value(field.after)
    if action is Action.DELETE and field.after is None:
        return _value(field.before)
    return f"{_value(field.before)} -> {_value(field.after)}"


def _value(value: str | None) -> str:
    if value is None:
        return _NONE
    is_bare = value and value == value.strip() and " -> " not in value and value != _NONE and value[0] != '"'
    return escape(value) if is_bare else escape(json.dumps(value, ensure_ascii=False))


def _text_lines(field: FieldChange, style: Style, *, full: bool) -> list[str]:
    before, after = _split(field.before), _split(field.after)
    if not full and (field.before is None or field.after is None):
        return [f"{escape(field.path)}: {plural(len(before or after), 'line')}"]
    lines = unified(before, after)
    if not full and len(lines) > _MOST_LINES:
        return [f"{escape(field.path)}: {_counted(lines)} (`--full` shows them)"]
    return [f"{escape(field.path)}:", *(f"  {_painted(line, style)}" for line in lines)]


def _counted(difference: Sequence[str]) -> str:
    counts = (("added", "+"), ("removed", "-"))
    numbers = [(sum(line.startswith(sign) for line in difference), what) for what, sign in counts]
    return ", ".join(f"{plural(number, 'line')} {what}" for number, what in numbers if number)


def _split(text: str | None) -> list[str]:
    return text.splitlines(keepends=True) if text else []


def unified(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Compute a unified diff without file headers; each line escaped."""
    import difflib  # noqa: PLC0415 - only a plan that changes a text needs it

    lines: list[str] = []
    for line in list(difflib.unified_diff(before, after, n=3))[2:]:
        lines.append(escape(line.rstrip("\n"), keep="\t"))
        if not line.endswith("\n"):
            lines.append("\\ No newline at end of file")
    return lines


def _painted(line: str, style: Style) -> str:
    colour = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1])
    return style.paint(line, colour) if colour else line
