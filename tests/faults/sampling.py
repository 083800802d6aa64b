"""Chance that can be repeated: everything random comes from one seed, `FAULTS_SEED`.

`FAULTS_LONG=1` asks for the long campaign: every point, and many more strikes. `make faults` sets both.
"""

from __future__ import annotations

import os
import random

SEED = os.environ.get("FAULTS_SEED", "1")


def is_long() -> bool:
    """Whether the long campaign was asked for."""
    return bool(os.environ.get("FAULTS_LONG"))


def dice(*of: object) -> random.Random:
    """Give dice of their own to whoever asks, so that one test does not change the luck of another."""
    return random.Random(f"{SEED} {of}")  # noqa: S311 - nothing secret


def times(short: int, long: int) -> range:
    """Give as many rounds as the campaign has."""
    return range(long if is_long() else short)
