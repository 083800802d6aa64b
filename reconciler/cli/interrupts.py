"""Ctrl-C while changes are made. Rule: before the approval it ends the command, after it the executor decides."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Protocol


class Interrupt(Protocol):
    """What a running apply is stopped with: asked once it finishes what runs, asked again it stops that, too."""

    def request(self) -> None: ...  # noqa: D102


class Signals:
    """Passes SIGINT and SIGTERM on once it is armed."""

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._is_armed = False

    def arm(self) -> None:
        """Pass signals on from now on; before, they end the command at once."""
        self._is_armed = True

    def disarm(self) -> None:
        """End the command at once again, since nothing is under way."""
        self._is_armed = False

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        if not self._is_armed:
            raise KeyboardInterrupt
        self._interrupt.request()


@contextlib.contextmanager
def signals_to(interrupt: Interrupt) -> Iterator[Signals]:
    """Take the signals for the length of a block."""
    signals = Signals(interrupt)
    before = {number: signal.signal(number, signals.handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
