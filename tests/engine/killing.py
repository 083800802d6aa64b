"""Commands that are killed after a call: after some of their calls, or in the long campaign after every one."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.faults.sampling import dice, is_long
from tests.support.world import World

_NEVER = 1_000_000
_LEAST = 8
TIMEOUT = 7200 if is_long() else 900
"""How many seconds such a test may take."""


def strike(world: World, name: str, prepare: Callable[[], str], *, times: int, judge: Callable[[], str]) -> None:
    """Kill a command again and again: every time the next apply converges, and what was kept in a volume is there.

    Args:
        world: where all is as it was declared.
        name: what luck goes by.
        prepare: brings about what the command is to do, and gives the command.
        times: how often it is killed when not after every call.
        judge: reads what `kept` was written into.
    """
    points = int(re.findall(r"points: (\d+)", _run_killed(world, _NEVER, prepare()).stderr)[0])
    assert points >= _LEAST, "there is less to kill than there was"
    world.settle()
    everywhere = range(1, points + 1)
    numbers = everywhere if is_long() else sorted(dice(name).sample(everywhere, times))
    for number in numbers:
        ended = _run_killed(world, number, prepare())
        # The last calls may be fewer than were counted: what is waited for is asked for as often as it takes.
        assert ended.returncode in {0, -signal.SIGKILL}, f"at {number}:\n{ended.stdout}{ended.stderr}"
        world.settle()
        assert judge() == "kept", f"killed at {number} of {points}"


def _run_killed(world: World, number: int, command: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "tests.engine.killer", str(number), command, "--auto-approve"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(argv, cwd=world.main.path, env=environment, capture_output=True, text=True, check=False)
