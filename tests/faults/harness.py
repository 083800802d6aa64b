"""Runs commands with faults in them, and judges what the next command makes of what is left."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.sampling import SEED
from tests.faults.scenarios import APPLY, Scenario, build
from tests.faults.world import World, difference
from tests.support.repository import GitRepo

KILLED = -9
_TICK_SECONDS = 2.1  # younger files are looked at more closely: no run of a scenario shall be the only one to do so
Fault = Mapping[str, Any]
_HALF_DONE = re.compile(r"a (rebase|merge) is half done in (\S+) \(finish it, or")
_LOCK = re.compile(
    r"a killed one left it behind: remove (\S+/(?:packed-refs|index|HEAD|ORIG_HEAD|refs/orchestra/\S+)\.lock)"
)
_AT_WORK = re.compile(r"is being written by|is still at work")


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of a command; negative codes are signals."""

    code: int
    out: str
    err: str
    report: str

    def expect(self, *codes: int) -> Ended:
        """Fail with all that was printed unless it ended so; a traceback is never right."""
        assert self.code in codes, f"exit {self.code}, expected {codes}\n{self}"
        assert "Traceback" not in self.err + self.out, str(self)
        assert "bug in orchestra" not in self.err + self.out, str(self)
        return self

    def expect_killed_at(self, number: int) -> Ended:
        """Fail unless it was killed, or had fewer points than in the run that was counted, and so was over before.

        How many there are depends on the clock as well: what was written a moment ago is looked at more closely.
        """
        was_over = self.code in {0, 4} and json.loads(self.report) < number
        return self.expect(KILLED, *((self.code,) if was_over else ()))

    def __str__(self) -> str:
        return f"--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Server:
    """A warmed process that runs commands in forks of itself."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.server"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, cwd: Path, words: tuple[str, ...], fault: Fault | None = None) -> Ended:
        """Run one command in a directory."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"cwd": str(cwd), "words": words, "fault": fault}) + "\n")
        self._process.stdin.flush()
        return Ended(**json.loads(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        with self._process as process:
            process.communicate()


def wait_for_survivors(root: Path) -> None:
    """Wait until no program works below a directory: one that was started may outlive the command that was killed."""
    while any(str(place).startswith(str(root)) for place in _working_directories()):
        time.sleep(0.005)


def _working_directories() -> Iterator[Path]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with suppress(OSError):
                yield (process / "cwd").readlink()


@contextmanager
def serving() -> Iterator[Server]:
    """Have a server for the length of a block."""
    server = Server()
    try:
        yield server
    finally:
        server.close()


@dataclass(frozen=True, slots=True)
class Points:
    """The points of one undisturbed command, as `Counter` tells them."""

    names: list[str]
    changed: list[int]
    git_seconds: list[float]

    @property
    def calls(self) -> list[int]:
        """One point for each state of the disk that the end of a client call leaves: the first such end."""
        ends = [number for number, name in enumerate(self.names, 1) if not name.startswith("os.")]
        return sorted({ends[place] for number in self.changed if (place := bisect_left(ends, number)) < len(ends)})


class Stage:
    """A scenario, ready to be run again and again from the same beginning.

    Attributes:
        wanted: the world after an undisturbed run.
        points: where it can be killed.
    """

    def __init__(self, scenario: Scenario, directory: Path, server: Server) -> None:
        self.scenario = scenario
        self.server = server
        self.world = World(directory / "world", directory / "store")
        self.world.root.mkdir(parents=True)
        self.world.store.mkdir()
        build(self.world)
        if scenario.is_applied:
            self.run(APPLY).expect(0)
        scenario.prepare(self.world)
        for words in scenario.before:
            self.run(words).expect(0)
        self.world.keep("before")
        time.sleep(_TICK_SECONDS)
        self.wanted = self._undisturbed()
        self.points = self.count()

    def run(self, words: tuple[str, ...], fault: Fault | None = None, *, jobs: int = 1) -> Ended:
        """Run a command in the main worktree."""
        is_parallel = words[0] in {"apply", "destroy"}
        return self.server.run(self.world.root / "shop", (*words, *((f"-j{jobs}",) if is_parallel else ())), fault)

    def run_on(self, fault: Fault) -> Ended:
        """Run the command that is to put everything in order, with a fault in it as well."""
        ended = self.run(self.scenario.recovery, fault)
        wait_for_survivors(self.world.root)
        return ended

    def count(self) -> Points:
        """Begin anew, and count the points of an undisturbed run."""
        self.world.put_back("before")
        ended = self.run(self.scenario.words, {"count": str(self.world.root)}).expect(0, 4)
        return Points(*json.loads(ended.report))

    def strike(self, fault: Fault, *, jobs: int = 1, is_patient: bool = True) -> Ended:
        """Begin anew and run the command with a fault in it; if patient, wait until nothing runs any more."""
        wait_for_survivors(self.world.root)
        self.world.put_back("before")
        ended = self.run(self.scenario.words, fault, jobs=jobs)
        if is_patient:
            wait_for_survivors(self.world.root)
        return ended

    def judge(self, fault: object) -> None:
        """Put everything in order, and fail unless nothing tells that there was a fault."""
        try:
            self._judge()
        except AssertionError as error:
            raise AssertionError(f"{self.scenario.name}, FAULTS_SEED={SEED}, after {fault}:\n{error}") from error

    def _undisturbed(self) -> dict[str, str]:
        self.run(self.scenario.words).expect(0, 4)
        if self.scenario.again:
            self.run(self.scenario.again).expect(0)
        return self.world.description()

    def _judge(self) -> None:
        ended = self._recover()
        found = difference(self.wanted, self.world.description())
        assert not found, f"the world differs from that of an undisturbed run:\n{found}\n{ended}"
        self.world.repository.git("fsck", "--no-dangling", "--strict")
        if self.scenario.recovery[0] == "apply":
            self.run(("plan", "--detailed-exitcode")).expect(0)

    def _recover(self) -> Ended:
        """Run the next command, and again after doing what it asks for by name."""
        codes = (0, 4) if self.scenario.recovery[0] == "sync" else (0,)
        ended = self.run(self.scenario.recovery)
        for _ in range(3):
            if not self._do_as_told(ended):
                break
            ended = self.run(self.scenario.recovery)
        return ended.expect(*codes)

    def _do_as_told(self, ended: Ended) -> bool:
        """Abort the rebase, or remove the lock, that a message names; say whether there was one."""
        said = ended.out + ended.err
        if half_done := _HALF_DONE.search(said):
            GitRepo(Path(half_done[2])).git(half_done[1], "--abort")
        elif lock := _LOCK.search(said):
            Path(lock[1]).unlink(missing_ok=True)
        elif _AT_WORK.search(said):
            wait_for_survivors(self.world.root)
        else:
            return False
        return True
