"""How work goes on, for people. Rule: narration only; whoever reads none of it misses no answer."""

from __future__ import annotations

from typing import TextIO

from reconciler.model.escaping import escape
from reconciler.model.event import Event, Finished, Interrupted, Printed, Retried, Started
from reconciler.model.outcome import Status
from reconciler.views.style import PLAIN, Style
from reconciler.views.wording import doing, finished_line, interrupted_line, retried_line

_COLOURS = {Status.FAILED: "red", Status.SKIPPED: "yellow"}


def progress_line(event: Event, *, attempts: int, style: Style = PLAIN) -> str:
    """Write one event as a line; empty for what is not worth one."""
    match event:
        case Started(change):  # a file is made before anybody could read that it is being made
            is_quick = change.address.kind == "file"
            return "" if is_quick else f"{escape(str(change.address))}: {doing(change)}..."
        case Retried():
            return style.paint(retried_line(event, attempts), "yellow")
        case Finished(outcome=outcome):
            if outcome.status is Status.UNCHANGED:
                return ""
            return style.paint(finished_line(event), _COLOURS.get(outcome.status, "green"))
        case Printed(address, text):
            return f"{style.paint(f'{escape(str(address))} |', 'dim')} {escape(text, keep=chr(9))}"
        case Interrupted():
            return style.paint(interrupted_line(event), "yellow")


class PlainReporter:
    """One line per event, for logs and pipes."""

    def __init__(self, stream: TextIO, *, attempts: int, style: Style = PLAIN) -> None:
        self._stream = stream
        self._attempts = attempts
        self._style = style

    def report(self, event: Event) -> None:
        """Write the line of an event."""
        if line := progress_line(event, attempts=self._attempts, style=self._style):
            self._stream.write(line + "\n")
            self._stream.flush()
