"""The lock of a repository: one holder, whose name is told, and which no death leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.clients.lock import describe_holder, generation, hold
from reconciler.errors import LockHeldError, PermanentError

ME = {"pid": "1", "user": "alex", "host": "here", "command": "orchestra apply", "since": "2024-01-02T03:04:05+00:00"}
HOLDING = """
import sys, time
from pathlib import Path
from reconciler.clients.lock import hold
holder = {"pid": "42", "user": "blake", "host": "there", "command": "orchestra sync", "since": "noon"}
with hold(Path(sys.argv[1]), holder, timeout_seconds=0):
    print("held", flush=True)
    sys.stdin.read()
"""
BLAKE = "pid 42 (blake@there, `orchestra sync`, since noon)"


@contextmanager
def another(file: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold it."""
    command = [sys.executable, "-c", HOLDING, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_the_second_is_refused_and_told_who_holds_it(tmp_path: Path) -> None:
    file = tmp_path / "deep/lock"
    with another(file):
        assert describe_holder(file) == BLAKE
        with pytest.raises(LockHeldError, match="blake@there") as caught, hold(file, ME, timeout_seconds=0):
            pytest.fail("both hold it")
        assert caught.value.exit_code == 6


def test_it_is_waited_for_and_who_waits_is_told_once(tmp_path: Path) -> None:
    file, told, naps = tmp_path / "lock", [], []
    with another(file) as process:

        def sleep(seconds: float) -> None:
            naps.append(seconds)
            if len(naps) == 3:
                process.kill()
                process.wait()

        with hold(file, ME, timeout_seconds=60, on_wait=told.append, sleep=sleep):
            assert "alex@here" in describe_holder(file)
    assert told == [BLAKE]
    assert len(naps) == 3


def test_time_runs_out(tmp_path: Path) -> None:
    file, now = tmp_path / "lock", [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with (
        another(file),
        pytest.raises(LockHeldError),
        hold(file, ME, timeout_seconds=2.0, sleep=sleep, clock=lambda: now[0]),
    ):
        pytest.fail("both hold it")
    assert 2.0 <= now[0] < 2.5


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_its_holder(tmp_path: Path, by: signal.Signals) -> None:
    with another(tmp_path / "lock") as process:
        os.kill(process.pid, by)
        process.wait()
        with hold(tmp_path / "lock", ME, timeout_seconds=0) as held:
            assert held.killed is not None, "the holder did not end by itself"


def test_it_is_free_again_and_says_nothing_of_a_kill(tmp_path: Path) -> None:
    for _ in range(2):
        with hold(tmp_path / "lock", ME, timeout_seconds=0) as held:
            assert held.killed is None


def test_an_error_inside_frees_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="inside"), hold(tmp_path / "lock", ME, timeout_seconds=0):
        raise ValueError("inside")
    with hold(tmp_path / "lock", ME, timeout_seconds=0) as held:
        assert held.killed is None


def test_a_program_that_was_started_meanwhile_does_not_keep_it(tmp_path: Path) -> None:
    with hold(tmp_path / "lock", ME, timeout_seconds=0):
        child = subprocess.Popen(["sleep", "600"], close_fds=False)
    try:
        with hold(tmp_path / "lock", ME, timeout_seconds=0):
            pass
    finally:
        child.kill()
        child.wait()


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b"null"])
def test_a_holder_that_cannot_be_read_is_unknown(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "lock").write_bytes(content)
    assert describe_holder(tmp_path / "lock") == "an unknown process"


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with (
        pytest.raises(PermanentError, match="cannot take the lock"),
        hold(tmp_path / "file/lock", ME, timeout_seconds=0),
    ):
        pytest.fail("there is no such place")


def test_who_looked_before_another_held_it_is_told_by_the_generation(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    before = generation(file)
    with hold(file, ME, timeout_seconds=0) as first:
        assert first.generation == before == 0, "nobody held it in between"
        during = generation(file)
    after = generation(file)
    assert len({before, during, after}) == 3
    with hold(file, ME, timeout_seconds=0) as second:
        assert second.generation == after
