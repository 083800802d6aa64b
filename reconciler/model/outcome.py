"""What became of a plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reconciler.errors import OrchestraError
from reconciler.model.address import Address


class Status(Enum):
    """Completes the sentence "workspace:auth was ..."."""

    UNCHANGED = "unchanged"
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    FAILED = "failed"
    SKIPPED = "skipped"

    @property
    def succeeded(self) -> bool:
        """Whether what waits for it may start."""
        return self not in {Status.FAILED, Status.SKIPPED}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one change.

    Attributes:
        reason: why it was skipped or failed, or was done otherwise than planned; empty otherwise.
        error: what was raised, when it failed.
        attempts: how many tries it took; 0 when it was never started.
        seconds: wall clock from first try to last.
    """

    address: Address
    status: Status
    reason: str = ""
    error: OrchestraError | None = None
    attempts: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """All outcomes of one run, in the order of the plan.

    Attributes:
        interrupted: the user asked to stop before everything was done.
    """

    outcomes: tuple[Outcome, ...]
    interrupted: bool = False

    def count(self, status: Status) -> int:
        """How many ended so."""
        return sum(outcome.status is status for outcome in self.outcomes)

    @property
    def is_complete(self) -> bool:
        """Whether nothing failed and nothing was skipped."""
        return all(outcome.status.succeeded for outcome in self.outcomes)

    @property
    def exit_code(self) -> int:
        """130 interrupted before all was done, 5 when all that failed are conflicts, 4 when some failed, else 0."""
        if self.interrupted and not self.is_complete:
            return 130
        failed = [outcome for outcome in self.outcomes if outcome.status is Status.FAILED]
        if failed and all(outcome.error is not None and outcome.error.exit_code == 5 for outcome in failed):  # noqa: PLR2004
            return 5
        return 0 if self.is_complete else 4
