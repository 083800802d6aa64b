"""How a plan is carried out, and what came of it. Apart from doing it, whose import is slow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from reconciler.engine.interrupt import Interrupt
from reconciler.model.address import Address
from reconciler.model.event import Reporter
from reconciler.model.outcome import Report
from reconciler.model.plan import Plan
from reconciler.model.settings import Settings


def _nobody_waits(_holder: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Execution:
    """How a plan is carried out.

    Attributes:
        reporter: is told what happens.
        approve: shows the plan and says whether it may be carried out.
        settings: how many at once, how often again.
        interrupt: how the user says stop.
        lock_timeout: seconds to wait for another apply; 0 refuses at once.
        on_wait: told who is waited for.
        on_output: told what programs print while they install, line by line, from any thread.
    """

    reporter: Reporter
    approve: Callable[[Plan], bool]
    settings: Settings = field(default_factory=Settings)
    interrupt: Interrupt = field(default_factory=Interrupt)
    lock_timeout: float = 0.0
    on_wait: Callable[[str], None] = _nobody_waits
    on_output: Callable[[Address, str], None] | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """What was planned, and what became of it; no report when it was declined."""

    plan: Plan
    report: Report | None
