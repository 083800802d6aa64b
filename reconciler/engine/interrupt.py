"""Ctrl-C: once to finish what runs and start nothing new, twice to stop what runs.

`request` is all that a signal handler may call. It takes no lock, because a handler may run in the middle of anything,
itself included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import Any


def _nothing() -> None:
    return None


class Interrupt:
    """How often the user asked to stop, and who wants to know at once.

    Args:
        stop_running: ends the programs that run now; called by the executor, never inside a signal handler.
    """

    def __init__(self, stop_running: Callable[[], None] = _nothing) -> None:
        self.stop_running = stop_running
        self._requests: list[None] = []
        self._inboxes: list[SimpleQueue[Any]] = []

    def request(self) -> None:
        """Ask to stop, or to stop harder. Safe in a signal handler and from any thread."""
        self._requests.append(None)
        for inbox in tuple(self._inboxes):
            inbox.put(None)

    @property
    def count(self) -> int:
        """How often it was asked for."""
        return len(self._requests)

    @property
    def is_requested(self) -> bool:
        """Whether nothing new may start."""
        return self.count > 0

    @property
    def is_forced(self) -> bool:
        """Whether what runs is to be stopped."""
        return self.count > 1

    @contextmanager
    def wake(self, inbox: SimpleQueue[Any]) -> Iterator[None]:
        """Put None into the inbox at every request from now on."""
        self._inboxes.append(inbox)
        try:
            yield
        finally:
            self._inboxes.remove(inbox)

    def sleep(self, seconds: float) -> None:
        """Sleep, but not longer than until the next request, and not at all after one."""
        inbox: SimpleQueue[None] = SimpleQueue()
        with self.wake(inbox):
            if not self.is_requested:
                _wait(inbox, seconds)


def _wait(inbox: SimpleQueue[None], seconds: float) -> None:
    try:
        inbox.get(timeout=seconds)
    except Empty:
        return
