"""How much a save may hold, and what of the rest a person may give up. Apart, since whoever plans needs no more."""

from __future__ import annotations

from enum import Enum

LIMIT_BYTES = 1 << 30


class Loss(Enum):
    """What a save cannot hold and a person may give up; the value is how it is asked for."""

    HALF_DONE = "half-done"
    NESTED = "nested"
    SUBMODULES = "submodules"
