"""Read and write files below a root without ever following a symbolic link out of it.

Writes are atomic: a reader sees the old bytes or the new ones. The root itself may be reached through links (a person
chose it); what lies below it may be an agent's, so every step below is opened with `O_NOFOLLOW`. A kill leaves at most
a file whose name says what it is, and the next write to the same place takes it away.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from reconciler.clients.refusals import refused
from reconciler.errors import ClientError, ConflictError, PermanentError

TEMPORARY = ".orchestra.tmp"
_LONGEST_NAME = 240  # file systems take 255 bytes; this leaves room for what makes the name temporary


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands at a path: a regular file's bytes, a link's target, or neither (a directory, a device)."""

    content: bytes | None = None
    link: str | None = None
    mode: int = 0


def read(root: Path, relative: str) -> Entry | None:
    """Read what stands at a path below a root; None when nothing does.

    Raises:
        ConflictError: a step of the way is a symbolic link or no directory.
        PermanentError: the operating system refused.
    """
    try:
        with _directory(root, relative, create=False) as (parent, name):
            return _read_entry(parent, name)
    except FileNotFoundError:
        return None


def _read_entry(parent: int, name: str) -> Entry:
    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISLNK(status.st_mode):
        return Entry(link=os.readlink(name, dir_fd=parent), mode=mode)
    if not stat.S_ISREG(status.st_mode):
        return Entry(mode=mode)
    # Without O_NONBLOCK a pipe that takes the file's place just now would hold us for ever.
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=parent)
    with os.fdopen(descriptor, "rb") as file:
        return Entry(content=file.read(), mode=mode)


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


def list_files(root: Path, relative: str) -> tuple[str, ...]:
    """All files and links below a directory, relative to the root; links are not followed; missing is empty.

    Raises:
        ConflictError: a step of the way is a symbolic link or no directory.
        PermanentError: a directory cannot be read.
    """
    found: list[str] = []
    with contextlib.suppress(FileNotFoundError), _directory(root, f"{relative}/.", create=False):
        pass  # `os.walk` follows links on the way to where it starts
    for directory, subdirectories, names in os.walk(root / relative, onerror=_refuse_unreadable):
        links = [name for name in subdirectories if (Path(directory) / name).is_symlink()]
        base = PurePosixPath(os.path.relpath(directory, root))
        found.extend(str(base / name) for name in (*names, *links))
    return tuple(sorted(found))


def _refuse_unreadable(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise refused(str(error.filename), error) from error


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
