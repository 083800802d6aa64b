"""How work goes on, on a terminal: what runs now, below what is settled. Rule: rich is imported here only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.escaping import escape
from reconciler.model.event import Event, Finished, Started
from reconciler.views.progress import progress_line
from reconciler.views.style import Style
from reconciler.views.wording import doing

_MOST_SHOWN = 12  # running changes shown at once; more would scroll on a small terminal


class LiveReporter:
    """A live view between `start` and `stop`; what was drawn is wiped then, and the settled lines stay.

    Args:
        stream: the terminal.
        total: how many changes there will be.
        attempts: tries per change.
        clock: seconds that only grow.
        style: whether to paint.
        redact: applied before the view cuts lines to the width, since half a secret would not be found again.
    """

    def __init__(
        self,
        stream: TextIO,
        *,
        total: int,
        attempts: int,
        clock: Callable[[], float],
        style: Style,
        redact: Callable[[str], str],
    ) -> None:
        self._total = total
        self._attempts = attempts
        self._clock = clock
        self._style = style
        self._redact = redact
        self._settled = 0
        self._running: dict[Address, tuple[Change, float]] = {}
        console = Console(file=stream, highlight=False, markup=False, emoji=False, no_color=not style.enabled)
        self._live = Live(
            get_renderable=self.view, console=console, transient=True, redirect_stdout=False, redirect_stderr=False
        )

    def start(self) -> None:
        """Start to draw."""
        self._live.start()

    def stop(self) -> None:
        """Stop drawing and leave only the settled lines."""
        self._live.stop()

    def report(self, event: Event) -> None:
        """Take an event into the view; what is settled becomes a line above it."""
        match event:
            case Started(change):
                self._running[change.address] = (change, self._clock())
                return
            case Finished(outcome=outcome):
                self._settled += 1
                self._running.pop(outcome.address, None)
        if line := progress_line(event, attempts=self._attempts, style=self._style):
            self._live.console.print(Text.from_ansi(self._redact(line)), soft_wrap=True)

    def view(self) -> Text:
        """Draw what runs now."""
        running = list(self._running.values())
        now = self._clock()
        lines = [self._line(change, now - since) for change, since in running[:_MOST_SHOWN]]
        if len(running) > _MOST_SHOWN:
            lines.append(f"  and {len(running) - _MOST_SHOWN} more")
        lines.append(f"{self._settled} of {self._total} settled, {len(running)} running")
        return Text("\n".join(lines), no_wrap=True, overflow="ellipsis")

    def _line(self, change: Change, seconds: float) -> str:
        return self._redact(f"  {escape(str(change.address))}: {doing(change)}, {seconds:.0f}s")
