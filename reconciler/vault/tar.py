"""Ignored files as a tar that only its owner can read: they may be secrets, and never get into git's objects.

Times are kept to the nanosecond in the headers of the pax format, which other tools read as well.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tarfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reconciler.clients.descent import CHUNK, Descent
from reconciler.clients.refusals import refused
from reconciler.errors import ConflictError, PermanentError
from reconciler.vault.inventory import Inventory
from reconciler.vault.metadata import require_path

_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """One file, link or directory in a tar.

    Attributes:
        target: where a link leads; None for what is no link.
    """

    path: str
    mode: int
    mtime_ns: int
    size: int
    is_directory: bool
    target: str | None


def member_of(path: str, status: os.stat_result, target: str | None) -> Member:
    """What a tar says of something in a tree."""
    is_file = stat.S_ISREG(status.st_mode)
    return Member(
        path,
        stat.S_IMODE(status.st_mode),
        status.st_mtime_ns,
        status.st_size if is_file else 0,
        stat.S_ISDIR(status.st_mode),
        target,
    )


def members_of(inventory: Inventory, descent: Descent) -> Iterator[Member]:
    """What a tar of a tree's ignored files holds, in order.

    Raises:
        ConflictError: a link was replaced meanwhile.
    """
    statuses, contents = inventory.scan.statuses, inventory.contents
    for path in sorted((*contents.ignored_directories, *contents.ignored_files)):
        is_link = stat.S_ISLNK(statuses[path].st_mode)
        yield member_of(path, statuses[path], descent.link(path) if is_link else None)


def write_tar(inventory: Inventory, file: Path) -> None:
    """Write the ignored files of a tree into a new file.

    Raises:
        ConflictError: one of them was changed meanwhile.
        PermanentError: the operating system refused.
    """
    try:
        with file.open("xb") as opened, Descent(inventory.tree) as descent:
            os.fchmod(opened.fileno(), 0o600)
            with tarfile.open(
                fileobj=opened, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape"
            ) as tar:
                for member in members_of(inventory, descent):
                    _add(tar, member, descent)
            opened.flush()
            os.fsync(opened.fileno())
    except FileNotFoundError as error:
        raise ConflictError(f"{error.filename} went away while it was saved", hint="try again") from error
    except OSError as error:
        raise refused(f"cannot write {file}", error) from error


def _add(tar: tarfile.TarFile, member: Member, descent: Descent) -> None:
    info = tarfile.TarInfo(member.path)
    info.mode = member.mode
    sign, (seconds, rest) = "-" if member.mtime_ns < 0 else "", divmod(abs(member.mtime_ns), _NANO)
    info.pax_headers = {"mtime": f"{sign}{seconds}.{rest:09}"}
    if member.is_directory:
        info.type = tarfile.DIRTYPE
    elif member.target is not None:
        info.type, info.linkname = tarfile.SYMTYPE, member.target
    else:
        with descent.open(member.path) as opened:
            info.size = member.size
            if os.fstat(opened.fileno()).st_size != member.size:
                raise ConflictError(f"{member.path} was changed while it was saved", hint="try again")
            tar.addfile(info, opened)
            return
    tar.addfile(info)


def read_tar(file: Path) -> Generator[tuple[Member, IO[bytes] | None], None, None]:
    """The members of a tar, in order, and the bytes of those that are files.

    Raises:
        PermanentError: it cannot be read, or names what no save of ours would.
    """
    with _explained(file), tarfile.open(file, "r:", encoding="utf-8", errors="surrogateescape") as tar:
        for info in tar:
            require_path(info.name)
            if not (info.isreg() or info.issym() or info.isdir()):
                raise PermanentError(f"{file} holds {info.name!r}, which is no file", hint="do not trust it")
            yield _member(info), tar.extractfile(info) if info.isreg() else None


def _member(info: tarfile.TarInfo) -> Member:
    text = info.pax_headers.get("mtime") or str(info.mtime)
    seconds, _, rest = text.lstrip("-").partition(".")
    mtime_ns = (int(seconds) * _NANO + int(f"{rest:0<9.9}")) * (-1 if text.startswith("-") else 1)
    target = info.linkname if info.issym() else None
    return Member(info.name, info.mode, mtime_ns, info.size if info.isreg() else 0, info.isdir(), target)


def tar_differences(inventory: Inventory, file: Path | None) -> Iterator[str]:
    """What of a tree's ignored files a tar does not hold as they are now.

    Raises:
        PermanentError: it cannot be read.
    """
    with Descent(inventory.tree) as descent, contextlib.closing(read_tar(file) if file else _no_members()) as members:
        for wanted in members_of(inventory, descent):
            member, content = next(members, (None, None))
            if member != wanted or (content is not None and not _is_same(descent, wanted.path, content)):
                yield f"{wanted.path} is not in the tar as it is in the tree"
                return
        if next(members, None) is not None:
            yield "the tar holds more than the tree"


def _no_members() -> Generator[tuple[Member, IO[bytes] | None], None, None]:
    yield from ()


def _is_same(descent: Descent, path: str, content: IO[bytes]) -> bool:
    with descent.open(path) as opened:
        while True:
            ours, theirs = content.read(CHUNK), opened.read(CHUNK)
            if ours != theirs:
                return False
            if not ours:
                return True


@contextlib.contextmanager
def _explained(file: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, ValueError) as error:
        raise PermanentError(f"{file} cannot be read as a tar: {error}", hint="use another archive") from error
    except OSError as error:
        raise refused(str(file), error) from error
