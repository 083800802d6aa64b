"""Run a command of somebody else's in a tree: an install, a generator.

Its output goes to a log in the tree's private git directory. While it runs, it holds a lock there, and so does
everything that it starts: when orchestra is killed, the lock says for just as long that the command still works.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reconciler.clients import files
from reconciler.clients.process import Runner, processes_using
from reconciler.clients.refusals import refused
from reconciler.errors import ClientError, TransientError

DIRECTORY = "orchestra.runs"
"""In a tree's private git directory: the logs, and the locks of what runs."""

_PIECE = 1 << 20  # bytes of a log that are read at once: a line of more is shown in part
_LONGEST_LINE = 10_000  # characters of it that are
# Bytes of what a program wrote: a guess, far more than anybody reads, and tools say what went wrong at the end.
_MOST_KEPT = 4 << 20


@dataclass(frozen=True, slots=True)
class Command:
    """What is to be run.

    Attributes:
        argv: the program and its arguments.
        cwd: where it stands.
        environment: its whole environment.
        time_limit_seconds: how long it may take.
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    time_limit_seconds: float


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of it.

    Attributes:
        code: its exit status, negative when a signal ended it; None when it took too long.
        output: what it wrote; of much the end.
        log: where all of it is.
        lines_before: how many lines it wrote before that end.
    """

    code: int | None
    output: str
    log: Path
    lines_before: int = 0


class Log:
    """The file that commands write to, and who is shown what they write.

    Args:
        path: where it is.
        file: it, open for writing.
        on_output: is given each piece.
        conceal: takes out of what is shown what must not be; the file keeps it.
    """

    def __init__(
        self, path: Path, file: IO[bytes], on_output: Callable[[str], None], conceal: Callable[[str], str]
    ) -> None:
        self.path = path
        self.file = file
        self.conceal = conceal
        self._on_output = on_output
        self._shown = 0
        self._is_in_long_line = False

    def show(self, *, is_over: bool = False) -> None:
        """Give away the whole lines that were written since the last time, at the end also what is none."""
        while piece := self._read(self._shown, _PIECE):
            end = piece.rfind(b"\n") + 1
            if not end and len(piece) < _PIECE and not is_over:
                return  # the rest of its line is to come
            lines = piece[: end or None]
            self._shown += len(lines)
            # Of a line that does not fit into a piece the beginning alone: the next piece may begin within a secret.
            self._tell(lines.partition(b"\n")[2] if self._is_in_long_line else lines)
            self._is_in_long_line = not end

    def _tell(self, written: bytes) -> None:
        for line in written.splitlines():
            self._on_output(self.conceal(line.decode("utf-8", "replace"))[:_LONGEST_LINE])

    def tail(self, start: int) -> tuple[str, int]:
        """What was written from a place on, of much the last whole lines, and how many lines come before those."""
        size = self.path.stat().st_size
        begin = max(start, size - _MOST_KEPT)
        text = self.conceal(self._read(begin, size - begin).decode("utf-8", "replace"))
        if begin == start:
            return text, 0
        return text.partition("\n")[2], 1 + self._count_lines(start, begin)  # the first may begin within a secret

    def _count_lines(self, start: int, end: int) -> int:
        places = range(start, end, _PIECE)
        return sum(self._read(place, min(_PIECE, end - place)).count(b"\n") for place in places)

    def _read(self, start: int, most: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(most)


def run_in_tree(runner: Runner, command: Command, log: Log, lock: IO[bytes]) -> Ran:
    """Run a command to its end.

    Raises:
        PermanentError: it could not be started, or the user said stop.
    """
    start = log.file.seek(0, os.SEEK_END)

    def note(pid: int) -> None:
        os.pwrite(lock.fileno(), f"{pid}\n".encode(), 0)

    code = runner.follow(
        command.argv,
        cwd=command.cwd,
        environment=command.environment,
        output=log.file,
        time_limit_seconds=command.time_limit_seconds,
        inherited=(lock.fileno(),),
        on_start=note,
        on_turn=log.show,
    )
    log.show(is_over=True)
    output, lines_before = log.tail(start)
    return Ran(code, output, log.path, lines_before)


@contextlib.contextmanager
def logging(
    git_dir: Path,
    name: str,
    on_output: Callable[[str], None],
    conceal: Callable[[str], str] = lambda text: text,
) -> Iterator[Log]:
    """Begin a log anew.

    Raises:
        ClientError: it cannot be written.
    """
    path = git_dir / DIRECTORY / f"{name}.log"
    files.write(git_dir, f"{DIRECTORY}/{name}.log", b"", mode=0o600)
    with _explained(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        yield Log(path, file, on_output, conceal)


@contextlib.contextmanager
def at_work(git_dir: Path, name: str, tree: Path) -> Iterator[IO[bytes]]:
    """Hold the lock of one kind of work in a tree.

    Raises:
        TransientError: a command that outlived its orchestra is at work; it was told to stop.
        ClientError: it cannot be made.
    """
    path = git_dir / DIRECTORY / f"{name}.lock"
    files.make_directory(git_dir, DIRECTORY)
    with _explained(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _still_at_work(file, tree) from None
        try:
            yield file
        finally:
            path.unlink(missing_ok=True)  # what goes on in the background from here on was meant to


def _still_at_work(file: IO[bytes], tree: Path) -> ClientError:
    words = file.read().split()
    group = int(words[0]) if words and words[0].isdigit() else 0
    members = [pid for pid, _ in processes_using(tree) if group and _group_of(pid) == group]
    if members:
        os.killpg(group, signal.SIGTERM)
    hint = f"end it: `kill -KILL -- -{group}`" if members else "wait until it ends"
    return TransientError(f"a command that outlived its orchestra is still at work in {tree}", hint=hint)


def _group_of(pid: int) -> int | None:
    with contextlib.suppress(OSError):
        return os.getpgid(pid)
    return None


@dataclass(frozen=True, slots=True)
class Program:
    """A program as it lies on the disk.

    Attributes:
        path: where it was found.
        identity: tells it from what stands there after an upgrade, without starting it.
    """

    path: Path
    identity: str


def find_program(name: str, search_path: str) -> Program | None:
    """Find a program as a shell would; None when there is none."""
    found = shutil.which(name, path=search_path)
    if found is None:
        return None
    real = Path(os.path.realpath(found))
    with contextlib.suppress(OSError):
        status = real.stat()
        return Program(Path(found), f"{real} {status.st_size} {int(status.st_mtime)}")
    return None


def remove_directory(root: Path, relative: str) -> None:
    """Remove a directory below a root with all that is in it; no link is followed; already gone is success.

    Raises:
        ClientError: the operating system refused, or a step of the way is a link.
    """
    entry = files.read(root, relative)
    if entry is None:
        return
    if entry.content is not None or entry.link is not None:
        files.remove(root, relative)
        return
    files.remove_tree(root / relative)


def is_there(root: Path, relative: str) -> bool:
    """Whether something stands at a path below a root; a link counts when it leads somewhere."""
    try:
        return stat.S_IFMT((root / relative).stat().st_mode) != 0
    except OSError:
        return False


def count_names(root: Path, relative: str) -> int | None:
    """How many names a directory holds, without the hidden ones; None when no directory stands there."""
    try:
        with os.scandir(root / relative) as found:
            return sum(not entry.name.startswith(".") for entry in found)
    except OSError:
        return None


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise refused(str(path), error) from error
