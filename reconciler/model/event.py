"""What the engine tells while it works; the command line decides how to show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reconciler.errors import OrchestraError
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Started:
    """Work on a change began."""

    change: Change


@dataclass(frozen=True, slots=True)
class Retried:
    """An attempt failed in a way that may pass; the next one follows after `wait_seconds`."""

    change: Change
    attempt: int
    error: OrchestraError
    wait_seconds: float


@dataclass(frozen=True, slots=True)
class Finished:
    """A change is settled: done, failed or skipped."""

    change: Change
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Ctrl-C was pressed; `running` changes are being finished (or stopped, when `forced`)."""

    running: int
    forced: bool


@dataclass(frozen=True, slots=True)
class Printed:
    """A program that works on a resource printed a line."""

    address: Address
    text: str


Event = Started | Retried | Finished | Interrupted | Printed


class Reporter(Protocol):
    """Who is told. Called from one thread at a time, in order."""

    def report(self, event: Event) -> None:
        """Take note of an event; must not raise."""
