"""How to work, as opposed to what to make."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits of the executor.

    Attributes:
        parallelism: changes under way at once.
        attempts: tries of a change whose failure is transient, the first included.
        first_wait_seconds: the wait before the second attempt; each further one doubles it, with jitter.
        longest_wait_seconds: no wait is longer.
    """

    parallelism: int = 8
    attempts: int = 5
    first_wait_seconds: float = 0.2
    longest_wait_seconds: float = 10.0
