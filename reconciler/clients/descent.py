"""Look at and write many files below a root, each step on the way opened with `O_NOFOLLOW`.

As `files`, but directories stay open from one path to the next, so that fifty thousand of them in order cost little;
and modes and times are part of what is written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from reconciler.clients.files import DEEPEST, steps_of, temporary_name
from reconciler.clients.refusals import refused
from reconciler.errors import ConflictError, PermanentError

CHUNK = 1 << 20
_KIND = 0o170000
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Scan:
    """What is below a directory.

    Attributes:
        began_ns: when it was begun to look, on the clock that files are stamped by.
        top: the status of the directory itself.
        statuses: the status of everything that was found, links not followed, by path; `.git` at the top is not.
        directories, links, special: paths of what is no regular file; special are sockets, pipes and devices.
        repositories: directories below it that hold a `.git` of their own; nothing in them was looked at.
        unreadable: directories that could not be listed.
        passed_over: directories that were not entered, since the caller said so.
    """

    began_ns: int
    top: os.stat_result
    statuses: dict[str, os.stat_result] = field(default_factory=dict)
    directories: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)
    repositories: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)


def scan(root: Path, enter: Callable[[str, frozenset[str]], bool] = lambda _path, _names: True) -> Scan:
    """Look at everything below a directory, once.

    Args:
        root: an existing directory.
        enter: whether to look into a directory, given its path and the names in it.

    Raises:
        PermanentError: the root itself cannot be read.
    """
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        found = Scan(time.time_ns(), os.fstat(descriptor))
    except OSError as error:
        raise refused(str(root), error) from error
    _scan(descriptor, "", enter, found)
    return found


def _scan(descriptor: int, prefix: str, enter: Callable[[str, frozenset[str]], bool], found: Scan) -> None:
    """Look into one open directory, and close it."""
    try:
        names = sorted(os.listdir(descriptor))
        if prefix and _is_closed(descriptor, prefix, names, enter, found=found):
            return
        for name in _look(descriptor, prefix, names, found):
            inner = _open_listed(descriptor, prefix, name, found)
            if inner is not None:
                _scan(inner, f"{prefix}{name}/", enter, found)
    except OSError:
        found.unreadable.append(prefix[:-1])
    finally:
        os.close(descriptor)


def _is_closed(
    descriptor: int, prefix: str, names: list[str], enter: Callable[[str, frozenset[str]], bool], *, found: Scan
) -> bool:
    """Whether a directory is not looked into; says why."""
    if _is_repository(names):
        found.repositories.append(prefix[:-1])
    elif prefix.count("/") > DEEPEST:
        found.unreadable.append(prefix[:-1])
    elif not enter(prefix[:-1], frozenset(names)):
        found.passed_over.append(prefix[:-1])
        _find_repositories(descriptor, prefix, found)
    else:
        return False
    return True


def _look(descriptor: int, prefix: str, names: list[str], found: Scan) -> list[str]:
    """Look at everything in a directory, and give the directories in it."""
    directories: list[str] = []
    statuses = found.statuses
    for name in names:
        if name == ".git" and not prefix:
            continue
        try:
            statuses[prefix + name] = status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
        except FileNotFoundError:  # gone since it was listed
            continue
        if status.st_mode & _KIND != stat.S_IFREG:
            _note(found, directories, prefix, name, status.st_mode & _KIND)
    return directories


def _note(found: Scan, directories: list[str], prefix: str, name: str, kind: int) -> None:
    """Keep what is no regular file by its kind: there is little of it."""
    if kind == stat.S_IFDIR:
        directories.append(name)
    notes = {stat.S_IFDIR: found.directories, stat.S_IFLNK: found.links}
    notes.get(kind, found.special).append(prefix + name)


def _is_repository(names: Iterable[str]) -> bool:
    return any(name.lower() == ".git" for name in names)  # a disk may take one for the other


def _open_listed(parent: int, prefix: str, name: str, found: Scan) -> int | None:
    try:
        return os.open(name, _DIRECTORY, dir_fd=parent)
    except OSError:  # no right to, or a link has taken its place
        found.unreadable.append(prefix + name)
        return None


def _find_repositories(descriptor: int, prefix: str, found: Scan) -> None:
    """Look only for repositories: somebody may work in one even where everything else can be made again."""
    with os.scandir(descriptor) as entries:
        directories = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    if directories and prefix.count("/") > DEEPEST:
        found.unreadable.append(prefix[:-1])
        return
    for name in directories:
        inner = _open_listed(descriptor, prefix, name, found)
        if inner is None:
            continue
        try:
            if _is_repository(os.listdir(inner)):  # noqa: PTH208 - a descriptor
                found.repositories.append(prefix + name)
            else:
                _find_repositories(inner, f"{prefix}{name}/", found)
        finally:
            os.close(inner)


class Descent:
    """Files below a root. Paths are best given in order: the directories on the way are opened once for neighbours.

    Every method raises ConflictError when a step on the way is a symbolic link or no directory, and PermanentError when
    the operating system refuses.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: list[tuple[str, int]] = []

    def __enter__(self) -> Self:
        try:
            self._open.append(("", os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)))
        except OSError as error:
            raise refused(str(self._root), error) from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        while self._open:
            os.close(self._open.pop()[1])

    @property
    def top(self) -> int:
        """The open root."""
        return self._open[0][1]

    def status(self, path: str) -> os.stat_result | None:
        """What stands at a path, links not followed; None when nothing does, or when something is in the way."""
        try:
            with self._parent(path) as (parent, name):
                return os.stat(name, dir_fd=parent, follow_symlinks=False)
        except (FileNotFoundError, ConflictError):
            return None

    def is_readable(self, path: str) -> bool:
        """Whether we may read what stands at a path."""
        return self.may(path, os.R_OK)

    def may(self, path: str, what: int) -> bool:
        """Whether we may do something with what stands at a path: `os.R_OK` and the like."""
        try:
            with self._parent(path) as (parent, name):
                return os.access(name, what, dir_fd=parent, follow_symlinks=False)
        except (FileNotFoundError, ConflictError, PermanentError):
            return False

    def names(self, path: str) -> list[str]:
        """The names in a directory.

        Raises:
            FileNotFoundError: it is gone.
        """
        with self._parent(path if path == "." else f"{path}/.") as (parent, _):
            return os.listdir(parent)  # noqa: PTH208 - a descriptor

    @contextlib.contextmanager
    def open(self, path: str) -> Iterator[BinaryIO]:
        """Open a regular file to read it.

        Raises:
            FileNotFoundError: it is gone.
        """
        with self._parent(path) as (parent, name):
            # Without O_NONBLOCK a pipe that takes the file's place just now would hold us for ever.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            file = os.fdopen(os.open(name, flags, dir_fd=parent), "rb")
        with file:  # what goes wrong from here on is not of this path
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ConflictError(f"{self._root / path} is no regular file any more", hint="try again")
            yield file

    def link(self, path: str) -> str:
        """The target of a symbolic link."""
        with self._parent(path) as (parent, name):
            return os.readlink(name, dir_fd=parent)

    def place(
        self, path: str, chunks: Iterable[bytes], *, mode: int, mtime_ns: int | None, durable: bool = False
    ) -> None:
        """Write a file whole: a kill leaves the old one or the new one, and at most a file with a name of ours."""
        with self._parent(path, create=True) as (parent, name), _temporary(parent, name) as temporary:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(temporary, flags, 0o600, dir_fd=parent), "wb") as file:
                file.writelines(chunks)
                file.flush()
                os.fchmod(file.fileno(), mode)
                if mtime_ns is not None:
                    os.utime(file.fileno(), ns=(mtime_ns, mtime_ns))
                if durable:
                    os.fsync(file.fileno())
            os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)

    def place_link(self, path: str, target: str, *, mtime_ns: int) -> None:
        """Put a symbolic link in place of a file, a link or nothing."""
        with self._parent(path, create=True) as (parent, name), _temporary(parent, name) as temporary:
            os.symlink(target, temporary, dir_fd=parent)
            os.utime(temporary, ns=(mtime_ns, mtime_ns), dir_fd=parent, follow_symlinks=False)
            os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)

    def make_directory(self, path: str) -> None:
        """Make a directory, with its parents; there already is success."""
        with self._parent(f"{path}/.", create=True):
            pass

    def remove(self, path: str) -> None:
        """Remove a file or a link; already gone is success."""
        with contextlib.suppress(FileNotFoundError), self._parent(path) as (parent, name):
            os.unlink(name, dir_fd=parent)

    def remove_directory(self, path: str) -> bool:
        """Remove a directory if nothing is in it; say whether it is gone."""
        self._close_from(0)
        try:
            with self._parent(path) as (parent, name):
                os.rmdir(name, dir_fd=parent)
        except FileNotFoundError:
            return True
        except PermanentError:
            return False
        return True

    def set(self, path: str, *, mode: int | None, mtime_ns: int | None) -> None:
        """Set permission bits (not of a link) and the time of the last change; None leaves them."""
        with self._parent(path) as (parent, name):
            if mode is not None:
                _change_mode(parent, name, mode)
            if mtime_ns is not None:
                os.utime(name, ns=(mtime_ns, mtime_ns), dir_fd=parent, follow_symlinks=False)

    @contextlib.contextmanager
    def _parent(self, path: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
        """The open directory that holds a path; translates what the system says."""
        *steps, name = steps_of(path) if path != "." else ["."]
        try:
            self._descend(steps, create=create)
            yield self._open[-1][1], name
        except FileNotFoundError:
            if create:
                raise ConflictError(f"{self._root / path}: a directory on the way went away") from None
            raise
        except OSError as error:
            if error.errno in {errno.ENOTDIR, errno.ELOOP}:
                raise ConflictError(
                    f"{self._root / path}: a part of this path is a symbolic link or no directory",
                    hint="nothing is written through links; replace it by a directory",
                ) from error
            raise refused(str(self._root / path), error) from error

    def _descend(self, steps: list[str], *, create: bool) -> None:
        shared = 0
        while shared < min(len(steps), len(self._open) - 1) and self._open[shared + 1][0] == steps[shared]:
            shared += 1
        self._close_from(shared)
        for step in steps[shared:]:
            parent = self._open[-1][1]
            if create:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(step, dir_fd=parent)
            self._open.append((step, os.open(step, _DIRECTORY, dir_fd=parent)))

    def _close_from(self, depth: int) -> None:
        while len(self._open) > depth + 1:
            os.close(self._open.pop()[1])


def _change_mode(parent: int, name: str, mode: int) -> None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    try:
        os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _temporary(parent: int, name: str) -> Iterator[str]:
    """The name to write under; nothing is there before, and nothing after a failure."""
    temporary = temporary_name(name)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary, dir_fd=parent)
    try:
        yield temporary
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=parent)
        raise


def is_same_status(before: os.stat_result, now: os.stat_result | None) -> bool:
    """Whether nobody can have changed what stands there without the system having noted it."""
    return (
        now is not None
        and before.st_mtime_ns == now.st_mtime_ns
        and before.st_ctime_ns == now.st_ctime_ns
        and before.st_size == now.st_size
        and before.st_ino == now.st_ino
        and before.st_mode == now.st_mode
    )


def sizes(statuses: Mapping[str, os.stat_result], paths: Iterable[str]) -> int:
    """How many bytes the regular files among some paths hold."""
    return sum(statuses[path].st_size for path in paths if stat.S_ISREG(statuses[path].st_mode))
