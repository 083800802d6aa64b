"""Which reporter tells of the work. Rule: none is made before the work begins, so that a question stands alone."""

from __future__ import annotations

import time
from collections.abc import Callable

from reconciler.cli.context import Context
from reconciler.model.event import Event, Reporter
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
        if self._reporter is not None:
            self._reporter.report(event)

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
