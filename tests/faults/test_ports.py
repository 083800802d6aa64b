"""A hundred worktrees in ten clones ask for ports at the same time, and some who ask are killed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.faults.sampling import dice
from tests.support.repository import GitRepo, Project

CLONES, TREES = 10, 10
LOW = 31000 - os.getpid() % 4 * 1000
SPAN = f"{LOW}-{LOW + 399}"
MANIFEST = f"port_range: {SPAN}\nworktrees:\n" + "".join(f"  w{i}: {{ports: [web, api]}}\n" for i in range(TREES))
APPLY = (sys.executable, "-m", "reconciler", "apply", "--auto-approve", "-j2")


@pytest.fixture
def clones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Project]:
    """Ten repositories of ten worktrees each, on a host of their own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return [
        Project(GitRepo.init(tmp_path / str(n) / "shop", {"a.txt": "a\n", "orchestra.yaml": MANIFEST}))
        for n in range(CLONES)
    ]


def start(clone: Project) -> subprocess.Popen[bytes]:
    """Ask, in a process group of its own."""
    return subprocess.Popen(
        APPLY, cwd=clone.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def given(clones: list[Project]) -> dict[tuple[str, str, str], int]:
    """The numbers by the marks, by clone, tree and name."""
    return {
        (clone.path.parent.name, mark.parent.name, name): number
        for clone in clones
        for mark in clone.path.glob(".git/worktrees/*/orchestra.json")
        for address, said in json.loads(mark.read_bytes())["marks"].items()
        if address.startswith("ports:")
        for name, number in said["declared"]["numbers"].items()
    }


def in_use(numbers: Iterator[int], stack: ExitStack) -> set[int]:
    """Listen on some, as programs do that know nothing of orchestra."""
    taken = set()
    for number in numbers:
        taken.add(number)
        stack.enter_context(socket.create_server(("127.0.0.1", number)))
    return taken


def test_no_number_is_given_twice_and_none_that_is_in_use(clones: list[Project]) -> None:
    """Whoever is killed leaves all or nothing; after `destroy` and `apply` the numbers are the same."""
    chance = dice("ports")
    with ExitStack() as stack:
        taken = in_use(iter(chance.sample(range(LOW, LOW + 400), 60)), stack)
        for _ in range(3):
            asking = [start(clone) for clone in clones]
            for process in chance.sample(asking, 5):
                time.sleep(chance.random())
                process.send_signal(signal.SIGKILL)
            for process in asking:
                process.wait()
            numbers = list(given(clones).values())
            assert len(set(numbers)) == len(numbers)
            assert not taken & set(numbers)
        assert {process.wait() for process in [start(clone) for clone in clones]} == {0}
        before = given(clones)
        assert len(before) == len(set(before.values())) == CLONES * TREES * 2
        assert not taken & set(before.values())
        for clone in clones:
            clone.run("destroy", "--auto-approve").expect(0)
        assert given(clones) == {}
        assert {process.wait() for process in [start(clone) for clone in clones]} == {0}
        assert given(clones) == before
    for clone in clones:
        clone.run("plan", "--detailed-exitcode").expect(0)
