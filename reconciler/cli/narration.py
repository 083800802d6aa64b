"""Which reporter tells of the work. Rule: none is made before the work begins, so that a question stands alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from reconciler.cli.context import Context
from reconciler.model.address import Address
from reconciler.model.event import Event, Printed, Reporter
from reconciler.model.plan import Plan
from reconciler.model.settings import Settings


class Narration:
    """A reporter that becomes live, plain or JSON when `begin` is called, and says when work goes on."""

    def __init__(self, context: Context, settings: Settings, on_event: Callable[[], None]) -> None:
        self._on_event = on_event
        self._context = context
        self._settings = settings
        self._reporter: Reporter | None = None
        self._stop = _nothing
        self._telling = threading.Lock()

    def begin(self, plan: Plan) -> None:
        """Choose the reporter, and start to draw when it is live."""
        if self._context.json:
            from reconciler.views.json import JsonReporter  # noqa: PLC0415 - start-up

            self._reporter = JsonReporter(self._context.stdout)
        elif self._context.is_live and plan.pending:
            self._begin_live(len(plan.pending))
        else:
            from reconciler.views.progress import PlainReporter  # noqa: PLC0415 - start-up

            attempts = self._settings.attempts
            self._reporter = PlainReporter(self._context.stderr, attempts=attempts, style=self._context.err)

    def report(self, event: Event) -> None:
        """Pass an event on."""
        self._on_event()
        with self._telling:
            if self._reporter is not None:
                self._reporter.report(event)

    def printed(self, address: Address, text: str) -> None:
        """Pass on what a program printed, from any thread."""
        with self._telling:
            if self._reporter is not None:
                self._reporter.report(Printed(address, text))

    def end(self) -> None:
        """Leave the terminal as it was found."""
        self._stop()

    def _begin_live(self, total: int) -> None:
        from reconciler.views.live import LiveReporter  # noqa: PLC0415 - start-up: rich

        live = LiveReporter(
            self._context.stderr,
            total=total,
            attempts=self._settings.attempts,
            clock=time.monotonic,
            style=self._context.err,
            redact=self._context.redactor,
        )
        self._context.narrate("\n")  # apart from the plan above
        live.start()
        self._reporter, self._stop = live, live.stop


def _nothing() -> None:
    return None
