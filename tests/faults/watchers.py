"""What is done at a point: count it, or kill. All of this runs in the process that is to die."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.world import footprint

GIT = "Runner.run"


@dataclass
class Counter:
    """Counts the points, and notes after which of them the disk is not what it was before.

    Attributes:
        root: the directory that is looked at.
        names: every point in the order in which the calls ended.
        changed: the numbers (from 1) of those after which the disk had changed.
        git_seconds: how long each program ran.
    """

    root: Path
    names: list[str] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    git_seconds: list[float] = field(default_factory=list)
    _seen: int = 0
    _started: threading.local = field(default_factory=threading.local)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def before(self, point: str, arguments: tuple[Any, ...]) -> None:
        if point == GIT:
            self._started.seconds = time.monotonic()

    def after(self, point: str) -> None:
        with self._lock:
            if point == GIT:
                self.git_seconds.append(time.monotonic() - self._started.seconds)
            self.names.append(point)
            if point == GIT or point.startswith("os."):
                self._look()

    def _look(self) -> None:
        seen = footprint(self.root)
        if seen != self._seen:
            self.changed.append(len(self.names))
        self._seen = seen


@dataclass
class Killer:
    """Kills this process right before or right after the n-th point.

    Attributes:
        number: n, from 1.
        is_before: whether to kill before it.
        count: how many points were reached.
    """

    number: int
    is_before: bool
    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def before(self, point: str, arguments: tuple[Any, ...]) -> None:
        if self.is_before:
            self._step()

    def after(self, point: str) -> None:
        if not self.is_before:
            self._step()

    def _step(self) -> None:
        with self._lock:
            self.count += 1
            if self.count == self.number:
                os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Assassin:
    """Kills while the n-th program runs, some time after its start: the program, this process, or both."""

    number: int
    delay_seconds: float
    victims: tuple[str, ...]
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def before(self, point: str, arguments: tuple[Any, ...]) -> None:
        if point != GIT:
            return
        with self._lock:
            self._count += 1
            if self._count == self.number:
                threading.Thread(target=self._strike, args=(arguments[0],), daemon=True).start()

    def after(self, point: str) -> None:
        pass

    def _strike(self, runner: Any) -> None:
        time.sleep(self.delay_seconds)
        if "git" in self.victims:
            for process in tuple(runner._running):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        if "orchestra" in self.victims:
            os.kill(os.getpid(), signal.SIGKILL)
