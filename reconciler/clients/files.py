"""Read and write files below a root without ever following a symbolic link out of it.

Writes are atomic: a reader sees the old bytes or the new ones. The root itself may be reached through links (a person
chose it); what lies below it may be an agent's, so every step below is opened with `O_NOFOLLOW`. A kill leaves at most
a file whose name says what it is, and the next write to the same place takes it away.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients.refusals import refused
from reconciler.errors import ClientError, ConflictError, PermanentError

TEMPORARY = ".orchestra.tmp"
LARGEST = 1 << 30
"""How many bytes of one file are read at most: a guess, far below what would bring a machine down."""

DEEPEST = 200
"""How many directories deep is looked: a guess, far beyond any tree of source code."""

MOST_FILES = 1_000_000
"""How many files are listed at most: a guess."""

_LONGEST_NAME = 240  # file systems take 255 bytes; this leaves room for what makes the name temporary


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a path: a regular file's bytes, a link's target, or neither (a directory, a device)."""

    content: bytes | None = None
    link: str | None = None
    mode: int = 0


def read(root: Path, relative: str, limit: int = LARGEST) -> Entry | None:
    """Read what stands at a path below a root; None when nothing does.

    Raises:
        ConflictError: a step of the way is a symbolic link or no directory.
        PermanentError: the operating system refused, or it is a file of more bytes than the limit.
    """
    try:
        with _directory(root, relative, create=False) as (parent, name):
            return _read_entry(parent, name, limit)
    except FileNotFoundError:
        return None


def _read_entry(parent: int, name: str, limit: int) -> Entry:
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return Entry(link=os.readlink(name, dir_fd=parent), mode=mode)
    if not stat.S_ISREG(status.st_mode):
        return Entry(mode=mode)
    # Without O_NONBLOCK a pipe that takes the file's place just now would hold us for ever.
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(min(limit, status.st_size) + 1)
        if len(content) > status.st_size:  # it grows
            content += file.read(limit)
        if len(content) > limit:
            raise OSError(errno.EFBIG, f"it is larger than {limit} bytes")
        return Entry(content=content, mode=mode)


def write(root: Path, relative: str, content: bytes, *, mode: int | None = None, durable: bool = False) -> None:
    """Put bytes at a path below a root, making its directories.

    Args:
        root: an existing directory.
        relative: `/`-separated, without `..`.
        content: all of the file.
        mode: permission bits of the new file; None is what the user's umask leaves.
        durable: also survive a loss of power from here on.

    Raises:
        ConflictError: a step of the way is a symbolic link or no directory.
        PermanentError: the operating system refused (disk full, no permission).
    """
    with _directory(root, relative, create=True) as (parent, name):
        temporary = temporary_name(name)
        try:
            _write_new(parent, temporary, content, mode, durable=durable)
            os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(temporary, dir_fd=parent)
            raise
        if durable:
            os.fsync(parent)


def temporary_name(name: str) -> str:
    """The name under which a file is written before it takes its place."""
    # The same at every attempt. Whoever writes below a tree holds the repository's lock, so there are no two at once.
    short = name if len(os.fsencode(name)) < _LONGEST_NAME else hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{short}{TEMPORARY}"


def is_temporary(relative: str) -> bool:
    """Whether a path is one that only a write of ours, killed half-way, leaves behind."""
    name = relative.rpartition("/")[2]
    return name.startswith(".") and name.endswith(TEMPORARY)


def _write_new(parent: int, name: str, content: bytes, mode: int | None, *, durable: bool) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(name, dir_fd=parent)
    # Exclusive: what somebody else put there by that name (a hard link, a pipe) is never written into.
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, 0o666 if mode is None else mode, dir_fd=parent), "wb") as file:
        file.write(content)
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        if durable:
            file.flush()
            os.fsync(file.fileno())


def write_link(root: Path, relative: str, target: str) -> None:
    """Put a symbolic link at a path below a root; replaces a link, refuses anything else.

    Raises:
        ConflictError: a step of the way is a symbolic link, or something that is no link stands there.
        PermanentError: the operating system refused.
    """
    with _directory(root, relative, create=True) as (parent, name):
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                raise ConflictError(f"{root / relative} is in the way of a link", hint=f"move {root / relative} away")
        temporary = temporary_name(name)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=parent)
        os.symlink(target, temporary, dir_fd=parent)
        os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)


def remove(root: Path, relative: str) -> None:
    """Remove a file or link below a root; already gone is success.

    Raises:
        ConflictError: a step of the way is a symbolic link or no directory.
        PermanentError: the operating system refused.
    """
    with contextlib.suppress(FileNotFoundError), _directory(root, relative, create=False) as (parent, name):
        os.unlink(name, dir_fd=parent)


def make_directory(root: Path, relative: str) -> None:
    """Make a directory below a root, with its parents; there already is success.

    Raises:
        ConflictError: a step of the way is a symbolic link or no directory.
        PermanentError: the operating system refused.
    """
    with _directory(root, f"{relative}/.", create=True):
        pass


def remove_empty_directory(root: Path, relative: str) -> bool:
    """Remove a directory if nothing is in it; say whether it is gone.

    Raises:
        ConflictError: a step of the way is a symbolic link or no directory.
    """
    try:
        with _directory(root, relative, create=False) as (parent, name):
            os.rmdir(name, dir_fd=parent)
    except FileNotFoundError:
        return True
    except ClientError:
        return False
    return True


def remove_tree(directory: Path) -> None:
    """Remove a directory with all that is in it, however deep that is; links are not followed; gone is success.

    Raises:
        PermanentError: the operating system refused.
    """
    try:
        with contextlib.suppress(FileNotFoundError):
            _empty(directory)
            directory.rmdir()
    except OSError as error:
        raise refused(f"cannot remove {directory}", error) from error


def _empty(directory: Path) -> None:
    """Remove what is in a directory. What lies deeper is moved up first: no depth is too much for that."""
    unique, number = uuid.uuid4().hex, 0
    _let_empty(os.fspath(directory), directory.lstat().st_mode)
    with _opened(directory) as top:
        waiting = _remove_files(top)
        while waiting:
            name = waiting.pop()
            with _opened(name, top) as inner:
                for deeper in _remove_files(inner):
                    if _move(deeper, inner, f"{unique}.{number}", top):
                        waiting.append(f"{unique}.{number}")
                        number += 1
            os.rmdir(name, dir_fd=top)


def _move(name: str, directory: int, new: str, top: int) -> bool:
    """Move a directory up; one of somebody else's cannot be, and is removed where it is if it is empty."""
    try:
        os.rename(name, new, src_dir_fd=directory, dst_dir_fd=top)
    except PermissionError as refusal:
        try:
            os.rmdir(name, dir_fd=directory)
        except OSError:
            raise refusal from None
        return False
    return True


def _remove_files(directory: int) -> list[str]:
    """Remove all but the directories in an open directory, and give their names; they can be emptied then."""
    with os.scandir(directory) as entries:
        found = [(entry.name, entry.stat(follow_symlinks=False).st_mode) for entry in entries]
    for name, mode in found:
        if not stat.S_ISDIR(mode):
            os.unlink(name, dir_fd=directory)
        _let_empty(name, mode, directory)
    return [name for name, mode in found if stat.S_ISDIR(mode)]


def _let_empty(name: str, mode: int, above: int | None = None) -> None:
    """Open a directory to its owner: some package managers close theirs."""
    if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(name, stat.S_IMODE(mode) | stat.S_IRWXU, dir_fd=above)


@contextlib.contextmanager
def _opened(directory: Path | str, above: int | None = None) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def list_files(root: Path, relative: str) -> tuple[str, ...]:
    """All files and links below a directory, relative to the root; links are not followed; missing is empty.

    Raises:
        ConflictError: a step of the way is a symbolic link or no directory.
        PermanentError: a directory cannot be read, or lies too deep.
    """
    found: list[str] = []
    waiting = [relative]
    while waiting:
        directory = waiting.pop()
        names, directories = names_in(root, directory)
        start = "" if directory == "." else f"{directory}/"
        found.extend(start + name for name in names)
        waiting.extend(start + name for name in directories)
        if len(found) + len(waiting) > MOST_FILES or directory.count("/") > DEEPEST:
            raise PermanentError(f"{root / relative} has more in it, or deeper, than is looked at")
    return tuple(sorted(found))


def names_in(root: Path, relative: str) -> tuple[list[str], list[str]]:
    """The names of what is in a directory, and apart from it the names of directories; none when there is none.

    Raises:
        ConflictError: it is no directory, or a step of the way is a symbolic link.
        PermanentError: it cannot be read.
    """
    names: list[str] = []
    directories: list[str] = []
    with (
        contextlib.suppress(FileNotFoundError),
        _directory(root, f"{relative}/.", create=False) as (inside, _),
        os.scandir(inside) as entries,
    ):
        for entry in entries:
            (directories if entry.is_dir(follow_symlinks=False) else names).append(entry.name)
    return names, directories


@contextlib.contextmanager
def opened(root: Path, relative: str) -> Iterator[int]:
    """Open a directory below a root; `.` is the root itself.

    Raises:
        FileNotFoundError: it is not there.
        ConflictError: a step of the way is a symbolic link or no directory.
        PermanentError: the operating system refused.
    """
    with _directory(root, "." if relative in {"", "."} else f"{relative}/.", create=False) as (descriptor, _):
        yield descriptor


@contextlib.contextmanager
def _directory(root: Path, relative: str, *, create: bool) -> Iterator[tuple[int, str]]:
    """Open the directory that holds `relative`, one step at a time; translate what the system says."""
    *steps, name = steps_of(relative)
    opened: list[int] = []
    try:
        opened.append(os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        for step in steps:
            opened.append(_descend(opened[-1], step, create=create))
        yield opened[-1], name
    except (NotADirectoryError, _LinkError) as error:
        raise ConflictError(
            f"{root / relative}: a part of this path is a symbolic link or no directory",
            hint="nothing is written through links; replace it by a directory",
        ) from error
    except FileNotFoundError:
        if create:
            raise PermanentError(f"{root} does not exist") from None
        raise
    except OSError as error:
        raise refused(str(root / relative), error) from error
    finally:
        for descriptor in opened:
            os.close(descriptor)


class _LinkError(Exception):
    """A step is a symbolic link."""


def _descend(parent: int, step: str, *, create: bool) -> int:
    if create:
        with contextlib.suppress(FileExistsError):
            os.mkdir(step, dir_fd=parent)
    if stat.S_ISLNK(os.stat(step, dir_fd=parent, follow_symlinks=False).st_mode):
        raise _LinkError
    return os.open(step, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)


def steps_of(relative: str) -> list[str]:
    """The steps of a path below a directory.

    Raises:
        PermanentError: it leads elsewhere, or no system takes it.
    """
    steps = relative.split("/")
    if relative.startswith("/") or ".." in steps or "" in steps or not _is_name(relative):
        raise PermanentError(f"{relative!r} is not a path below a directory")
    return steps


def _is_name(text: str) -> bool:
    """Whether a system takes it at all; marks are text that anybody may have edited."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def real_path(path: Path) -> Path:
    """The path without links and `..`, as git records it; what does not exist yet is taken as it is written."""
    return Path(os.path.realpath(path))


def device_of(path: Path) -> int:
    """Which disk an absolute path is on, or would be."""
    for place in (path, *path.parents):
        with contextlib.suppress(OSError):  # it may come or go just now
            return place.stat().st_dev
    return 0
