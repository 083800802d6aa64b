"""`python -m tests.engine.killer NUMBER WORD ...`: run orchestra, and kill it after so many calls that may matter.

The calls are those into the engine and Compose, and those that write marks and archives. It prints how
many there were where it lived to the end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Any

from reconciler.cli.main import main
from tests.faults.points import watch

_WATCHED = ("Engine.", "Compose.", "marks.change_book", "os.rename", "os.replace")


class _Killer:
    def __init__(self, number: int) -> None:
        self.number, self.count = number, 0
        self._lock = threading.Lock()

    def before(self, point: str, arguments: tuple[Any, ...]) -> None:
        """Nothing: what is killed before a call was killed after the one before it."""

    def after(self, point: str) -> None:
        """Count, and kill."""
        if point.startswith(_WATCHED):
            with self._lock:
                self.count += 1
                if self.count == self.number:
                    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    killer = _Killer(int(sys.argv[1]))
    watch(killer)
    sys.argv = ["orchestra", *sys.argv[2:]]
    try:
        code = main()
    except SystemExit as ended:
        code = ended.code
    sys.stderr.write(f"points: {killer.count}\n")
    sys.exit(code)
