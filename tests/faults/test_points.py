"""The campaign itself: no way into the clients is forgotten, and a run passes the same points every time."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.faults import points
from tests.faults.harness import Stage


def test_no_room_holds_a_client_function_that_is_not_watched() -> None:
    """After watching began, nobody can reach an original any more, however it was imported."""
    root = Path(__file__).parents[2]
    words = [sys.executable, "-m", "tests.faults.unwatched"]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_every_client_module_has_points() -> None:
    """A new module of the room is part of the campaign by being there."""
    found = {function.__module__ for _, _, function in points.public_functions()}
    defining = {
        module.__name__
        for module in points.client_modules()
        if re.search(r"^(    )?def [a-z]", inspect.getsource(module), re.MULTILINE)
    }
    assert found == defining
    assert {"reconciler.clients.git", "reconciler.clients.marks", "reconciler.clients.process"} <= found


def test_a_run_passes_the_same_points_every_time(stage_of: Callable[[str], Stage]) -> None:
    """With one job the n-th call is the same call in every run: what is counted once is where it kills."""
    stage = stage_of("apply")
    again = stage.count()
    assert len(again.names) == len(stage.points.names)
    assert again.changed == stage.points.changed
