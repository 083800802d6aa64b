"""What became of the commits of a sandbox, for people. Rule: a refusal says what is to be done, and where they are."""

from __future__ import annotations

from typing import Protocol

from reconciler.model.escaping import escape
from reconciler.views.check import Checked, render_checked


class Result(Protocol):
    """What became of them."""

    @property
    def what(self) -> str: ...  # noqa: D102
    @property
    def checked(self) -> Checked | None: ...  # noqa: D102
    @property
    def hint(self) -> str: ...  # noqa: D102
    @property
    def is_refused(self) -> bool: ...  # noqa: D102


def render_import(result: Result) -> str:
    """Write a line, and below it why it was refused."""
    lines = [f"orchestra: {'not imported: ' if result.is_refused else 'imported: '}{escape(result.what)}\n"]
    if result.checked is not None:
        lines.append(render_checked(result.checked))
    if result.hint:
        lines.append(f"hint: {escape(result.hint)}\n")
    if result.is_refused:
        lines.append("orchestra: nothing is lost: the next `orchestra exec` goes on from there, and tries again\n")
    return "".join(lines)
