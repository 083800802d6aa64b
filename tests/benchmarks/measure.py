"""Time two things side by side, and tell it. The rule: figures come in pairs, taken in turns on the same machine."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the final table.

    Attributes:
        limit: what is promised, in words; empty when nothing is.
        kept: whether it held this time; None when nothing is promised or it could not be measured.
    """

    name: str
    ours: str
    theirs: str = ""
    ratio: str = ""
    limit: str = ""
    kept: bool | None = None


@dataclass(frozen=True, slots=True)
class Pairs:
    """Seconds of two contenders, taken in turns."""

    ours: tuple[float, ...]
    theirs: tuple[float, ...]

    @property
    def ratios(self) -> tuple[float, ...]:
        """Ours by theirs, pair by pair."""
        return tuple(ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True))

    @property
    def median(self) -> float:
        """The median of the ratios."""
        return statistics.median(self.ratios)

    def row(self, name: str, limit: str = "", keeps: Callable[[Pairs], bool] | None = None) -> Row:
        """Sum up; `keeps` decides whether the promise `limit` held."""
        seconds = [f"{statistics.median(values):.3f} s" for values in (self.ours, self.theirs)]
        return Row(name, seconds[0], seconds[1], f"{self.median:.2f}", limit, keeps(self) if keeps else None)

    def __str__(self) -> str:
        """Write every pair."""
        both = zip(self.ours, self.theirs, self.ratios, strict=True)
        return "\n".join(f"  {ours:8.3f} s  {theirs:8.3f} s  ratio {ratio:.2f}" for ours, theirs, ratio in both)


def in_turns(pairs: int, ours: Callable[[], float], theirs: Callable[[], float]) -> Pairs:
    """Measure both `pairs` times, alternating who is first, since the second finds a warmer machine."""
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for number in range(pairs):
        order = [("ours", ours), ("theirs", theirs)]
        for name, measure in order if number % 2 == 0 else reversed(order):
            seconds[name].append(measure())
    return Pairs(tuple(seconds["ours"]), tuple(seconds["theirs"]))


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs programs in one environment and insists on their exit codes."""

    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, command: Sequence[str | Path], cwd: Path, code: int = 0) -> str:
        """Run a program and give what it printed."""
        done = self.try_run(command, cwd)
        if done.returncode != code:
            words = " ".join(map(str, command))
            raise SystemExit(f"{words}: exit {done.returncode}, expected {code}\n{done.stdout}{done.stderr}")
        return done.stdout

    def try_run(self, command: Sequence[str | Path], cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program, whatever becomes of it."""
        return subprocess.run(command, cwd=cwd, env=self.environment, capture_output=True, text=True, check=False)

    def seconds(self, command: Sequence[str | Path], cwd: Path, code: int = 0) -> float:
        """Run a program and give how long it took, on a disk that had time to settle."""
        os.sync()
        begin = time.perf_counter()
        self.run(command, cwd, code)
        return time.perf_counter() - begin


def table(rows: Sequence[Row]) -> str:
    """Write the rows in columns."""
    head = ("what", "ours", "beside", "ratio", "promise", "kept")
    said = {True: "yes", False: "NO", None: ""}
    return columns([head, *((row.name, row.ours, row.theirs, row.ratio, row.limit, said[row.kept]) for row in rows)])


def columns(lines: Sequence[Sequence[str]]) -> str:
    """Write lines of equally many cells in columns, the first as their head."""
    head = lines[0]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )
