"""Take in commits that were made in a private copy of the repository: a stranger's bytes, until git has checked each.

The rule: nothing is opened there but regular files, and nothing is believed of them: git names every object anew by
what is in it, in a repository that is thrown away, before anybody looks at one of them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients.borrowed import Borrowed, borrow, scratch_directory
from reconciler.clients.git import Git, Repository
from reconciler.clients.refusals import refused
from reconciler.errors import PermanentError

_LOOSE = re.compile(r"[0-9a-f]{2}")
_REST = re.compile(r"[0-9a-f]{38}(?:[0-9a-f]{24})?")
_PACK = re.compile(r"pack-[0-9a-f]{40}(?:[0-9a-f]{24})?\.(?:pack|idx)")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe would hold us for ever
_CHUNK = 1 << 20
_LARGEST = 1 << 32  # a guess: a repository's own objects are borrowed, and not among them
_MOST_FILES = 1_000_000  # a guess
_NO_GRAPH = ("-c", "core.commitGraph=false")


@dataclass(frozen=True, slots=True)
class Incoming:
    """Commits that were checked, and are not part of the repository yet.

    Attributes:
        store: holds them, and borrows what the repository has.
        pack: all their objects.
        tips: the commits that were asked for, and are there.
    """

    store: Borrowed
    pack: Path
    tips: tuple[str, ...]

    @property
    def objects(self) -> Path:
        """Where they are until then."""
        return self.store.git_dir / "objects"

    def take(self, git: Git, repository: Repository) -> None:
        """Make them part of the repository; no ref has them yet.

        Raises:
            ClientError: git or the operating system refused.
        """
        with self.pack.open("rb") as file:
            git.run(
                "-c", "core.fsync=all", "index-pack", "--stdin", "--strict", git_dir=repository.common_dir, stdin=file
            )


@contextlib.contextmanager
def incoming(
    git: Git,
    repository: Repository,
    objects: Sequence[Path],
    tips: Iterable[str],
    known: Iterable[str],
    *,
    missing_ok: bool = False,
) -> Iterator[Incoming]:
    """Check commits and all that they need.

    Args:
        git: starts git.
        repository: where they are to go.
        objects: directories of objects that a stranger wrote.
        tips: the commits.
        known: commits of the repository, of which nothing is needed.
        missing_ok: pass over those that are not there, or are no commits.

    Raises:
        PermanentError: something in there is missing, or is not what it should be.
        ClientError: git or the operating system refused.
    """
    wanted = sorted(set(tips))
    with scratch_directory() as scratch, borrow(git, repository, wanted[0]) as store:
        copied = scratch / "objects"
        copying = _Copying(copied, repository.common_dir / "objects")
        for source in objects:
            copying.copy(source)
        pack = scratch / "pack"
        try:
            with borrow(git, repository, wanted[0], copied) as strange:
                wanted = sorted({*strange.commits(wanted).values()}) if missing_ok else wanted
                request = "".join([*(f"{name}\n" for name in wanted), *(f"^{name}\n" for name in sorted(set(known)))])
                words = (*_NO_GRAPH, "pack-objects", "--revs", "--stdout", "-q")
                strange.write(pack, *words, stdin=request, most=_LARGEST)
            with pack.open("rb") as file:
                store.git.run("index-pack", "--stdin", "--strict", git_dir=store.git_dir, stdin=file)
            store.run(*_NO_GRAPH, "rev-list", "--objects", "--quiet", "--stdin", stdin=request)
        except OSError as error:
            raise refused(f"cannot write {pack}", error) from error
        yield Incoming(store, pack, tuple(wanted))


class _Copying:
    """Copies what looks like objects and is not there yet, up to a limit.

    Args:
        target: a directory that is made.
        there: where the objects are that need not be copied.
    """

    def __init__(self, target: Path, there: Path) -> None:
        self._target = target
        self._there = there
        self._left_bytes = _LARGEST
        self._left_files = _MOST_FILES

    def copy(self, source: Path) -> None:
        """Copy those of one directory.

        Raises:
            PermanentError: it is none, or has more in it than is taken.
        """
        try:
            with _opened(source, None) as top:
                for name in sorted(filter(_LOOSE.fullmatch, os.listdir(top))):  # noqa: PTH208 - an open directory
                    self._copy_files(top, name, _REST)
                self._copy_files(top, "pack", _PACK)
        except OSError as error:
            raise PermanentError(f"{source} is not a directory of objects: {error.strerror}") from error

    def _copy_files(self, top: int, name: str, form: re.Pattern[str]) -> None:
        (self._target / name).mkdir(parents=True, exist_ok=True)
        with _opened(name, top) as directory, os.scandir(directory) as entries:
            for file in (entry.name for entry in entries if form.fullmatch(entry.name)):
                if not (self._there / name / file).exists():
                    self._copy_file(directory, file, self._target / name / file)

    def _copy_file(self, directory: int, name: str, target: Path) -> None:
        with contextlib.suppress(FileNotFoundError), os.fdopen(os.open(name, _FILE, dir_fd=directory), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise OSError(0, f"{name} is no file")
            self._left_files -= 1
            self._left_bytes -= status.st_size
            if min(self._left_files, self._left_bytes) < 0:
                most = f"{_LARGEST >> 30} GiB, or {_MOST_FILES} files"
                raise OSError(errno.EFBIG, f"more than {most}, are in it")
            with target.open("wb") as copy:
                left = status.st_size  # and no more, should it grow
                while left > 0 and (chunk := file.read(min(left, _CHUNK))):
                    left -= copy.write(chunk)


@contextlib.contextmanager
def _opened(name: str | Path, above: int | None) -> Iterator[int]:
    descriptor = os.open(name, _DIRECTORY, dir_fd=above)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
