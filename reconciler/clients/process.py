"""Run programs. The one choke point: nothing passes a shell, the environment is given, failures carry everything."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO

from reconciler.errors import PermanentError

_TURN_SECONDS = 0.1
_GRACE_SECONDS = 5.0  # a guess: package managers clean up within it


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended.

    Attributes:
        code: its exit status; negative when a signal ended it.
    """

    argv: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """Its output as text; bytes that are no UTF-8 survive a round trip."""
        return self.stdout.decode("utf-8", "surrogateescape")

    @property
    def lines(self) -> list[str]:
        """Its output line by line. Not `splitlines`: it also breaks at what a branch's name may hold."""
        return self.text.removesuffix("\n").split("\n") if self.stdout else []


@dataclass(slots=True)
class Stream:
    """A program whose output is read while it runs.

    Attributes:
        stdout: its output.
        finished: what became of it, without its output; empty while it runs.
    """

    stdout: IO[bytes]
    finished: list[Finished] = field(default_factory=list)


class Runner:
    """Starts programs and can end all that are running.

    Every program gets a session of its own: a Ctrl-C in the terminal reaches orchestra alone, which decides.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._stopped = False
        self.on_stop: list[Callable[[], object]] = []
        """Called when all is to be ended: by those who start programs in other ways than through here."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What every program gets."""
        return MappingProxyType(self._environment)

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        stdin: bytes | IO[bytes] = b"",
        environment: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> Finished:
        """Run a program to its end.

        Args:
            argv: the program and its arguments.
            cwd: where it stands.
            stdin: its input, or the open file that it reads itself.
            environment: what this one gets beside the environment of all.
            seconds: how long it may take; None is no limit.

        Raises:
            PermanentError: it could not be started, or all programs were told to stop.
            TimeoutError: it took longer, and was ended.
        """
        words = tuple(str(word) for word in argv)
        source = subprocess.PIPE if isinstance(stdin, bytes) else stdin
        process = self._start(words, cwd, {**self._environment, **(environment or {})}, stdin=source)
        try:
            stdout, stderr = process.communicate(stdin if isinstance(stdin, bytes) else None, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            _end_for_good(process)
            process.communicate()  # closes the pipes
            raise TimeoutError from error
        except BaseException:  # Ctrl-C: what was begun must not go on when we and our lock are gone
            _end(process)
            process.wait()
            raise
        finally:
            with self._lock:
                self._running.discard(process)
        return Finished(words, process.returncode, stdout, stderr.decode("utf-8", "replace").strip())

    @contextlib.contextmanager
    def stream(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> Iterator[Stream]:
        """Run a program and read its output bit by bit, for output that may not fit into memory.

        Raises:
            PermanentError: it could not be started, or all programs were told to stop.
        """
        words = tuple(str(word) for word in argv)
        with tempfile.TemporaryFile() as request, tempfile.TemporaryFile() as complaints:
            request.write(stdin)
            request.seek(0)
            every = {**self._environment, **(environment or {})}
            process = self._start(words, cwd, every, stdin=request, stderr=complaints)
            if process.stdout is None:
                raise AssertionError
            stream = Stream(process.stdout)
            try:
                yield stream
            except BaseException:
                _end(process)
                raise
            finally:
                process.stdout.close()
                process.wait()
                with self._lock:
                    self._running.discard(process)
            complaints.seek(0)
            said = complaints.read().decode("utf-8", "replace").strip()
            stream.finished.append(Finished(words, process.returncode, b"", said))

    def follow(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        output: IO[bytes],
        time_limit_seconds: float,
        inherited: Sequence[int] = (),
        on_start: Callable[[int], None] = lambda _: None,
        on_turn: Callable[[], None] = lambda: None,
    ) -> int | None:
        """Run a program of somebody else's, and end it with all that it started when it takes too long.

        Args:
            argv: the program and its arguments.
            cwd: where it stands.
            environment: its whole environment.
            output: the file that it writes to.
            time_limit_seconds: how long it may take.
            inherited: descriptors that it, and what it starts, keep open.
            on_start: told its process id, which is that of its group.
            on_turn: called again and again while it runs, and once when it ended.

        Returns:
            Its exit status, negative when a signal ended it; None when it took too long.

        Raises:
            PermanentError: it could not be started, or all programs were told to stop.
        """
        words = tuple(str(word) for word in argv)
        process = self._start(
            words, cwd, environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, inherited=inherited
        )
        try:
            on_start(process.pid)
            is_late = self._wait(process, time_limit_seconds, on_turn)
        finally:
            _end_for_good(process)
            with self._lock:
                self._running.discard(process)
            on_turn()
        return None if is_late else process.returncode

    def _wait(self, process: subprocess.Popen[bytes], time_limit_seconds: float, on_turn: Callable[[], None]) -> bool:
        """Wait until a program ends by itself, or is to be ended; say whether it took too long."""
        end = time.monotonic() + time_limit_seconds
        while (left := end - time.monotonic()) > 0 and not self._stopped:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(min(left, _TURN_SECONDS))
                return False
            on_turn()
        return left <= 0

    def _start(
        self,
        argv: tuple[str, ...],
        cwd: Path | None,
        environment: Mapping[str, str],
        *,
        stdin: int | IO[bytes] = subprocess.PIPE,
        stdout: int | IO[bytes] = subprocess.PIPE,
        stderr: int | IO[bytes] = subprocess.PIPE,
        inherited: Sequence[int] = (),
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise PermanentError(f"{argv[0]} was not started: interrupted")
            try:
                process = subprocess.Popen(  # noqa: S603 - a list of words, never a shell
                    argv,
                    cwd=cwd,
                    env=environment,
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    pass_fds=inherited,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:  # ValueError: a word that no system takes
                reason = getattr(error, "strerror", None) or str(error)
                hint = _way_out(argv[0]) if isinstance(error, FileNotFoundError) and cwd and cwd.is_dir() else ""
                raise PermanentError(f"cannot run {argv[0]} in {cwd}: {reason}", hint=hint) from error
            self._running.add(process)
            return process

    def stop_all(self) -> None:
        """End what is running, the whole session of each, and start nothing more."""
        with self._lock:
            self._stopped = True
            running = tuple(self._running)
        for process in running:
            _end(process)
        for stop in self.on_stop:
            stop()


def _way_out(program: str) -> str:
    """What to do where a program, or what it needs to be started, is not there."""
    if "/" in program and Path(program).exists():
        return f"its first line names an interpreter that is not there: install {Path(program).name} anew"
    return f"install {program}"


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


def _end_for_good(process: subprocess.Popen[bytes]) -> None:
    """Ask a program that still runs to end, then make it."""
    if process.poll() is not None:
        return
    _end(process)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):  # also what its leader left behind in its group
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def processes_using(directory: Path) -> tuple[tuple[int, str], ...]:
    """Find the processes whose working directory lies in a directory: process id and command name.

    Reads `/proc`; where there is none (macOS) the answer is empty. A process that shows its directory to nobody but
    root is not seen.
    """
    prefix = os.path.realpath(directory)
    found = []
    for entry in _numbered(Path("/proc")):
        with contextlib.suppress(OSError):
            where = (entry / "cwd").readlink().as_posix()
            if where == prefix or where.startswith(prefix + "/"):
                found.append((int(entry.name), os.fsdecode((entry / "comm").read_bytes()).strip()))
    return tuple(sorted(found))


def _numbered(directory: Path) -> list[Path]:
    try:
        return [entry for entry in directory.iterdir() if entry.name.isdigit()]
    except OSError:
        return []
