"""Run programs. The one choke point: nothing passes a shell, the environment is given, failures carry everything."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from reconciler.errors import PermanentError


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

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        cwd: Path | None = None,
        stdin: bytes | IO[bytes] = b"",
        environment: Mapping[str, str] | None = None,
    ) -> Finished:
        """Run a program to its end.

        Args:
            argv: the program and its arguments.
            cwd: where it stands.
            stdin: its input, or the open file that it reads itself.
            environment: what this one gets beside the environment of all.

        Raises:
            PermanentError: it could not be started, or all programs were told to stop.
        """
        words = tuple(str(word) for word in argv)
        source = subprocess.PIPE if isinstance(stdin, bytes) else stdin
        process = self._start(words, cwd, environment or {}, stdin=source)
        try:
            stdout, stderr = process.communicate(stdin if isinstance(stdin, bytes) else None)
        except BaseException:  # Ctrl-C: what was begun must not go on when we and our lock are gone
            _end(process)
            process.wait()
            raise
        finally:
            with self._lock:
                self._running.discard(process)
        return Finished(words, process.returncode, stdout, stderr.decode("utf-8", "replace").strip())

    @contextlib.contextmanager
    def stream(self, argv: Sequence[str | Path], *, cwd: Path | None = None, stdin: bytes = b"") -> Iterator[Stream]:
        """Run a program and read its output bit by bit, for output that may not fit into memory.

        Raises:
            PermanentError: it could not be started, or all programs were told to stop.
        """
        words = tuple(str(word) for word in argv)
        with tempfile.TemporaryFile() as request, tempfile.TemporaryFile() as complaints:
            request.write(stdin)
            request.seek(0)
            process = self._start(words, cwd, {}, stdin=request, stderr=complaints)
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

    def _start(
        self,
        argv: tuple[str, ...],
        cwd: Path | None,
        environment: Mapping[str, str],
        *,
        stdin: int | IO[bytes] = subprocess.PIPE,
        stderr: int | IO[bytes] = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._stopped:
                raise PermanentError(f"{argv[0]} was not started: interrupted")
            try:
                process = subprocess.Popen(  # noqa: S603 - a list of words, never a shell
                    argv,
                    cwd=cwd,
                    env={**self._environment, **environment},
                    stdin=stdin,
                    stdout=subprocess.PIPE,
                    stderr=stderr,
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:  # ValueError: a word that no system takes
                reason = getattr(error, "strerror", None) or str(error)
                hint = f"install {argv[0]}" if isinstance(error, FileNotFoundError) and cwd and cwd.is_dir() else ""
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


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


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
