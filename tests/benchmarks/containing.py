"""Ten projects beside `docker compose up --detach --wait` in a row; and again when nothing changed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Pairs, Row, Shell, in_turns
from tests.benchmarks.world import World, shell
from tests.support.engine import SMALL
from tests.support.repository import GitRepo

PROJECTS = 10
_LEAST = 1 / 10
_SERVICE = (
    f"{{image: {SMALL}, stop_signal: SIGKILL, command: sleep infinity, "
    'healthcheck: {test: ["CMD", "true"], interval: 1s}}'
)
_FILE = f"services: {{web: {_SERVICE}, cache: {_SERVICE}}}\n"


def run(scratch: Path, pairs: int) -> Iterator[Row]:
    """The image is there; trees are there too, so that containers are all that is made."""
    bench = _Bench(scratch, shell(scratch))
    print(f"{PROJECTS} projects of two services with health checks, on {os.cpu_count()} cores")
    try:
        cold = in_turns(pairs, bench.apply_cold, bench.loop_cold)
        print(f"  nothing there: apply, beside the loop\n{cold}", flush=True)
        yield cold.row("ten Compose projects, beside `up --wait` in a row", "ahead", lambda pairs: pairs.median < 1)
        again = in_turns(pairs, bench.apply, bench.loop)
        print(f"  nothing changed: apply, beside the loop\n{again}", flush=True)
        yield again.row("nothing changed, beside the same loop, which also finds all there")
        first = Pairs(again.ours, cold.theirs)
        yield first.row("nothing changed, beside the loop that starts them", "10 times faster", _is_free)
    finally:
        bench.clear()


def _is_free(pairs: Pairs) -> bool:
    return pairs.median <= _LEAST


class _Bench:
    """One repository, whose trees are used by both in turns."""

    def __init__(self, scratch: Path, shell: Shell) -> None:
        names = [f"w{number}" for number in range(PROJECTS)]
        source = GitRepo.init(scratch / "source", {"compose.yaml": _FILE})
        head = "defaults: {containers: {compose: compose.yaml}}\n"
        worktrees = "".join(f"  {name}:\n" for name in names)
        self._world = World.of(source, scratch / "world", shell, f"{head}worktrees:\n{worktrees}")
        self._world.run("apply", "--auto-approve")
        trees = list(self._world.trees())
        self._script = " && ".join(
            f"(cd {tree} && docker compose --project-name bench-{tree.name} up --detach --wait)" for tree in trees
        )
        self._down = " && ".join(f"docker compose --project-name bench-{tree.name} down" for tree in trees)

    def apply_cold(self) -> float:
        """Time an apply that finds trees and no container."""
        self._remove()
        return self.apply()

    def loop_cold(self) -> float:
        """Time what a user would type, where there is no container."""
        self._world.shell.run(["sh", "-ec", self._down], self._world.path)
        return self.loop()

    def apply(self) -> float:
        """Time an apply."""
        return self._world.seconds("apply", "--auto-approve")

    def loop(self) -> float:
        """Time what a user would type."""
        return self._world.shell.seconds(["sh", "-ec", self._script], self._world.path)

    def clear(self) -> None:
        """Leave nothing on the engine."""
        self._world.shell.run(["sh", "-ec", self._down], self._world.path)
        self._world.run("destroy", "--auto-approve")

    def _remove(self) -> None:
        clone = GitRepo(self._world.path).git("config", "orchestra.clone").partition("@")[0]
        for what, words in (("container", ("ps", "--all")), ("network", ("network", "ls"))):
            narrow = ("--quiet", "--filter", f"label=orchestra.clone={clone}")
            listed = subprocess.run(["docker", *words, *narrow], capture_output=True, text=True, check=True)
            if names := listed.stdout.split():
                force = ("--force",) if what == "container" else ()
                subprocess.run(["docker", what, "rm", *force, *names], capture_output=True, check=True)
