"""Programs: started with the words and the environment that were given, and ended with all they started."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from reconciler.clients.process import Finished, Runner, processes_using
from reconciler.errors import PermanentError
from tests.support.world import somebody_in

_FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(str(child.pid))
time.sleep(600)
"""


@pytest.fixture
def runner() -> Runner:
    """Give a runner with a small environment."""
    return Runner({"PATH": os.environ["PATH"], "GIVEN": "yes"})


def wait_until(condition: object) -> None:
    """Wait for something that another process does."""
    assert callable(condition)
    while not condition():
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_environment_is_the_one_given(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of our own environment is inherited."""
    monkeypatch.setenv("OURS", "never")
    program = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}), os.environ['GIVEN'])"
    words = [sys.executable, "-c", program]
    assert runner.run(words).lines == ["['GIVEN', 'PATH'] yes"]


@pytest.mark.parametrize("word", ["$(touch x)", "; touch x", "a b", "*", "`id`", "", "n\udce9", "two\nlines", "-n"])
def test_no_word_passes_a_shell(tmp_path: Path, runner: Runner, word: str) -> None:
    """Each word arrives as it is."""
    program = "import os, sys; sys.stdout.buffer.write(os.fsencode(sys.argv[1]))"
    assert runner.run([sys.executable, "-c", program, word], cwd=tmp_path).text == word
    assert list(tmp_path.iterdir()) == []


def test_what_ended_says_everything(tmp_path: Path, runner: Runner) -> None:
    """Words, status, both streams, and where it stood; bytes that are no UTF-8 survive on stdout."""
    program = "cat; printf '\\351'; pwd >&2; exit 3"
    finished = runner.run(["sh", "-c", program], cwd=tmp_path, stdin=b"in")
    assert finished == Finished(("sh", "-c", program), 3, b"in\xe9", str(tmp_path))
    assert finished.text == "in\udce9"


def test_more_than_a_pipe_holds_passes_both_ways(runner: Runner) -> None:
    """Neither side waits for the other for ever, and input that nobody reads is no error."""
    content = b"x" * (1 << 20)
    assert runner.run(["cat"], stdin=content).stdout == content
    assert runner.run(["true"], stdin=content).code == 0


def test_a_signal_is_a_negative_status(runner: Runner) -> None:
    """As `subprocess` has it."""
    assert runner.run(["sh", "-c", "kill -9 $$"]).code == -9


@pytest.mark.parametrize(
    ("words", "place", "hint"),
    [
        (["no-such-program"], ".", "install no-such-program"),
        (["true"], "gone", ""),
        (["./data"], ".", ""),
        (["true", "a\0b"], ".", ""),
        (["true", "\ud800"], ".", ""),
    ],
    ids=["missing", "no-directory", "not-executable", "zero-byte", "no-text"],
)
def test_what_cannot_be_started_is_said(
    tmp_path: Path, runner: Runner, words: list[str], place: str, hint: str
) -> None:
    """The error names program and place; only a missing program is to be installed."""
    (tmp_path / "data").touch()
    with pytest.raises(PermanentError, match=f"cannot run {words[0]} in ") as caught:
        runner.run(words, cwd=tmp_path / place)
    assert caught.value.hint == hint


def test_a_program_has_a_session_of_its_own(runner: Runner) -> None:
    """A Ctrl-C in our terminal does not reach it."""
    program = "import os; print(os.getsid(0) == os.getpid())"
    assert runner.run([sys.executable, "-c", program]).text == "True\n"


def test_stop_all_ends_programs_and_what_they_started(tmp_path: Path, runner: Runner) -> None:
    """The waiting call comes back with the signal, children are gone too, and nothing more is started."""
    note = tmp_path / "child"
    seen: list[Finished] = []
    words = [sys.executable, "-c", _FAMILY, note]
    thread = threading.Thread(target=lambda: seen.append(runner.run(words)))
    thread.start()
    wait_until(lambda: note.exists() and note.read_text())
    child = int(note.read_text())
    assert is_alive(child)
    runner.stop_all()
    thread.join()
    assert [finished.code for finished in seen] == [-15]
    wait_until(lambda: not is_alive(child))
    with pytest.raises(PermanentError, match="interrupted"):
        runner.run(["true"])
    runner.stop_all()


def test_nothing_of_ours_is_left_open_in_a_program(tmp_path: Path, runner: Runner) -> None:
    """A file that we have open, such as the lock, is not the program's."""
    with (tmp_path / "held").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        listed = runner.run(["sh", "-c", "ls -l /proc/self/fd"]).text
    assert "held" not in listed


@pytest.mark.parametrize("name", ["plain", "with space", "new\nline", "n\udce9"])
def test_who_stands_in_a_directory_is_seen(tmp_path: Path, name: str) -> None:
    """Also below it; not beside it, though its name begins alike, and also through a link."""
    (tmp_path / name / "below").mkdir(parents=True)
    (tmp_path / f"{name}-more").mkdir()
    (tmp_path / "link").symlink_to(name)
    with somebody_in(tmp_path / name), somebody_in(tmp_path / name / "below"), somebody_in(tmp_path / f"{name}-more"):
        for place in (name, "link"):
            assert [program for _, program in processes_using(tmp_path / place)] == ["sleep", "sleep"]
    assert processes_using(tmp_path / name) == ()


def test_a_program_whose_name_is_cut_in_a_character_is_seen(tmp_path: Path) -> None:
    """The kernel keeps 15 bytes of a name, which may end in the middle of a letter."""
    program = tmp_path / ("é" * 10)
    program.symlink_to("/bin/sleep")
    (tmp_path / "d").mkdir()
    with subprocess.Popen([program, "600"], cwd=tmp_path / "d") as process:
        try:
            wait_until(lambda: Path(f"/proc/{process.pid}/comm").read_bytes().startswith(b"\xc3"))
            assert [pid for pid, _ in processes_using(tmp_path / "d")] == [process.pid]
        finally:
            process.kill()


def test_a_program_gets_what_is_meant_for_it_alone() -> None:
    """Beside the environment of all, which it can override; the next one does not get it."""
    runner = Runner({"A": "all", "B": "all", "PATH": os.environ["PATH"]})
    words = ("sh", "-c", "echo $A $B $C")
    assert runner.run(words, environment={"B": "one", "C": "one"}).lines == ["all one one"]
    assert runner.run(words).lines == ["all all"]
