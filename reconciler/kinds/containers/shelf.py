"""Where the content of volumes waits to be brought back: one tar for each, readable by its owner alone.

The rule: a tar stands under its name only when it is whole and was read back; it is set aside, not deleted, when it was
put back, and one of each volume is kept.
"""

from __future__ import annotations

import contextlib
import os
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reconciler.clients.refusals import refused
from reconciler.errors import PermanentError

_WAITING, _RESTORED, _PART = ".tar", ".restored", ".part"
_STAMP = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a volume.

    Attributes:
        when: when it was archived.
        is_put_back: an apply has put it back; it is kept until the next one is.
    """

    workspace: str
    volume: str
    when: datetime
    path: Path
    size_bytes: int
    is_put_back: bool


def list_kept(root: Path) -> tuple[Kept, ...]:
    """All that is kept below a directory that has one for each workspace, the oldest first within a volume.

    Raises:
        PermanentError: it cannot be read.
    """
    try:
        files = [file for file in root.glob("*/*@*") if file.name.endswith((_WAITING, _WAITING + _RESTORED))]
        found = [kept for file in files if (kept := _kept(file))]
    except OSError as error:
        raise refused(str(root), error) from error
    return tuple(sorted(found, key=lambda kept: (kept.workspace, kept.volume, kept.when)))


def _kept(file: Path) -> Kept | None:
    volume, _, stamp = file.name.removesuffix(_RESTORED).removesuffix(_WAITING).rpartition("@")
    with contextlib.suppress(ValueError, FileNotFoundError):  # nothing of ours, or gone meanwhile
        when = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
        is_put_back = file.name.endswith(_RESTORED)
        return Kept(file.parent.name, volume, when, file, file.stat().st_size, is_put_back)
    return None


@dataclass(frozen=True, slots=True)
class Shelf:
    """The archives of one workspace's volumes.

    Attributes:
        directory: where they lie.
    """

    directory: Path

    def waiting(self, volume: str) -> Path | None:
        """The archive that is to be put back into a volume; the newest, where a kill left two."""
        found = sorted(self.directory.glob(f"{volume}@*{_WAITING}")) if self.directory.is_dir() else []
        return found[-1] if found else None

    @property
    def volumes(self) -> tuple[str, ...]:
        """The volumes that archives wait for."""
        found = self.directory.glob(f"*@*{_WAITING}") if self.directory.is_dir() else ()
        return tuple(sorted({path.name.rpartition("@")[0] for path in found}))

    def keep(self, volume: str, write: Callable[[Path], None]) -> Path:
        """Archive a volume, and read the archive back.

        Args:
            volume: what it is called.
            write: writes a tar of it to a path.

        Raises:
            PermanentError: the disk is full, or what was written is no whole tar.
            ClientError: it could not be read.
            TooLargeError: as `write` says.
        """
        moment = datetime.now(UTC).strftime(_STAMP)
        target = self.directory / f"{volume}@{moment}{_WAITING}"
        part = target.with_name(target.name + _PART)
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._remove_parts(volume)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            with os.fdopen(descriptor, "wb"):
                write(part)
            read_back(part)
            part.replace(target)
        except OSError as error:
            raise refused(f"cannot archive volume {volume} to {part}", error) from error
        finally:
            self._remove_parts(volume)
        for older in self.directory.glob(f"{volume}@*{_WAITING}"):
            if older != target:
                older.unlink(missing_ok=True)
        return target

    def take_from(self, other: Shelf) -> None:
        """Have what waits on another one, but for volumes of which something waits here.

        Raises:
            PermanentError: the system refused.
        """
        for volume in set(other.volumes).difference(self.volumes):
            archive = other.waiting(volume)
            try:
                self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                if archive:
                    archive.rename(self.directory / archive.name)
            except OSError as error:
                raise refused(f"cannot move {archive} to {self.directory}", error) from error

    def _remove_parts(self, volume: str) -> None:
        """What an attempt left that failed, or was killed."""
        with contextlib.suppress(OSError):
            for part in self.directory.glob(f"{volume}@*{_WAITING}{_PART}"):
                part.unlink(missing_ok=True)

    def set_aside(self, archive: Path) -> None:
        """Say that an archive was put back; one that was set aside before it goes.

        Raises:
            PermanentError: the system refused.
        """
        volume = archive.name.rpartition("@")[0]
        try:
            for older in self.directory.glob(f"{volume}@*{_RESTORED}"):
                older.unlink(missing_ok=True)
            archive.rename(archive.with_name(archive.name + _RESTORED))
        except OSError as error:
            raise refused(f"cannot set {archive} aside", error) from error


def read_back(path: Path) -> None:
    """Read every byte of a tar.

    Raises:
        PermanentError: it is not whole.
    """
    with path.open("rb") as file:
        os.fsync(file.fileno())
        try:
            with tarfile.open(fileobj=file) as archive:
                members = sum(1 for _ in archive)
        except tarfile.TarError as error:
            raise PermanentError(f"{path} cannot be read back: {error}", hint="the volume is kept") from error
    if not members:
        raise PermanentError(f"{path} holds nothing, not even a directory", hint="the volume is kept")
