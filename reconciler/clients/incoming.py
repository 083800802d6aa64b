"""Take in commits that were made in a private copy of the repository: a stranger's bytes, until git has checked each.

The rule: nothing is opened there but regular files, and nothing is believed of them: git names every object anew by
what is in it, in a repository that is thrown away, before anybody looks at one of them.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
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
    objects: Path,
    tips: Iterable[str],
    known: Iterable[str],
    *,
    missing_ok: bool = False,
) -> Iterator[Incoming]:
    """Check commits and all that they need.

    Args:
        git: starts git.
        repository: where they are to go.
        objects: the directory of objects that a stranger wrote.
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
        _copy_objects(objects, copied, repository.common_dir / "objects")
        pack = scratch / "pack"
        try:
            with borrow(git, repository, wanted[0], copied) as strange:
                wanted = sorted(strange.trees(wanted)) if missing_ok else wanted
                request = "".join([*(f"{name}\n" for name in wanted), *(f"^{name}\n" for name in sorted(set(known)))])
                packed = strange.run(*_NO_GRAPH, "pack-objects", "--revs", "--stdout", "-q", stdin=request)
            pack.write_bytes(packed.stdout)
            with pack.open("rb") as file:
                store.git.run("index-pack", "--stdin", "--strict", git_dir=store.git_dir, stdin=file)
            store.run(*_NO_GRAPH, "rev-list", "--objects", "--quiet", "--stdin", stdin=request)
        except OSError as error:
            raise refused(f"cannot write {pack}", error) from error
        yield Incoming(store, pack, tuple(wanted))


def _copy_objects(source: Path, target: Path, there: Path) -> None:
    """Copy what looks like objects and is not there yet."""
    try:
        (target / "pack").mkdir(parents=True)
        with _opened(source, None) as top:
            for name in sorted(filter(_LOOSE.fullmatch, os.listdir(top))):  # noqa: PTH208 - an open directory
                (target / name).mkdir()
                _copy_files(top, name, _REST, target / name, there / name)
            _copy_files(top, "pack", _PACK, target / "pack", there / "pack")
    except OSError as error:
        raise PermanentError(f"{source} is not a directory of objects: {error.strerror}") from error


def _copy_files(top: int, name: str, form: re.Pattern[str], target: Path, there: Path) -> None:
    with _opened(name, top) as directory:
        for file in sorted(filter(form.fullmatch, os.listdir(directory))):  # noqa: PTH208
            if not (there / file).exists():
                _copy_file(directory, file, target / file)


def _copy_file(directory: int, name: str, target: Path) -> None:
    with contextlib.suppress(FileNotFoundError), os.fdopen(os.open(name, _FILE, dir_fd=directory), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(0, f"{name} is no file")
        with target.open("wb") as copy:
            while chunk := file.read(_CHUNK):
                copy.write(chunk)


@contextlib.contextmanager
def _opened(name: str | Path, above: int | None) -> Iterator[int]:
    descriptor = os.open(name, _DIRECTORY, dir_fd=above)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
