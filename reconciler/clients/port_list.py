"""The ports that were given out on this host: one file for all clones of a user, changed under one lock.

The file is a cache. What counts is the mark in the tree that a port was given to; an entry that no mark confirms keeps
nobody from the port, and only lets its last holder have it again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.clients import files
from reconciler.clients.refusals import refused
from reconciler.errors import PermanentError, TransientError

_FILE = "ports.json"
_LOCK = "ports.lock"
_FORMAT = 1
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Holder:
    """To whom a port was given.

    Attributes:
        clone: the identity of the clone.
        workspace: full name of the workspace.
        name: what the workspace calls it.
        git_dir: the private git directory of its tree, whose marks confirm it.
    """

    clone: str
    workspace: str
    name: str
    git_dir: Path

    def is_same_as(self, other: Holder) -> bool:
        """Whether both are one and the same, wherever its tree was."""
        return (self.clone, self.workspace, self.name) == (other.clone, other.workspace, other.name)


@dataclass(frozen=True, slots=True)
class PortList:
    """The list of one user on one host.

    Attributes:
        directory: where it is kept; made when it is first written.
    """

    directory: Path

    def read(self) -> dict[int, Holder]:
        """What was given out; nothing when the file is missing, or nobody can read it."""
        try:
            entry = files.read(self.directory, _FILE) if self.directory.is_dir() else None
        except OSError:
            return {}
        return _parse(entry.content or b"") if entry else {}

    def write(self, ports: Mapping[int, Holder]) -> None:
        """Replace the list; only for who holds the lock.

        Raises:
            PermanentError: the operating system refused.
        """
        place = self.directory / _FILE
        if place.is_dir():
            raise PermanentError(
                f"{place} is no file", hint=f"move {place} away: orchestra keeps there who has which port"
            )
        document = {"format": _FORMAT, "ports": {str(port): _document(who) for port, who in sorted(ports.items())}}
        files.write(self.directory, _FILE, json.dumps(document, indent=1).encode("ascii"), mode=0o600)

    @contextlib.contextmanager
    def locked(
        self,
        *,
        timeout_seconds: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> Iterator[None]:
        """Hold the lock for the length of a block; it vanishes with its holder.

        Raises:
            TransientError: somebody held it for all that time, though nobody needs it for more than a moment.
            PermanentError: the operating system refused.
        """
        descriptor = self._open_lock()
        try:
            deadline = clock() + timeout_seconds
            while not _try(descriptor):
                if clock() >= deadline:
                    hint = f"see who holds {self.directory / _LOCK}: that process is stopped, or hangs"
                    raise TransientError("the ports of this host are being given out by another process", hint=hint)
                sleep(_POLL_SECONDS)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self) -> int:
        place = self.directory / _LOCK
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            return os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            found = refused(f"cannot take the lock {place}", error)
            found.hint = found.hint or f"let {self.directory} be a directory, or XDG_STATE_HOME name another place"
            raise found from error


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _document(who: Holder) -> dict[str, str]:
    return {"clone": who.clone, "workspace": who.workspace, "name": who.name, "git_dir": str(who.git_dir)}


def _parse(content: bytes) -> dict[int, Holder]:
    """An entry that cannot be read is none: anybody may have edited the file."""
    try:
        entries = tuple(json.loads(content)["ports"].items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    ports: dict[int, Holder] = {}
    for port, value in entries:  # each by itself: whoever writes the list next takes out of it what was not read
        with contextlib.suppress(ValueError, KeyError, TypeError):
            ports[int(port)] = _holder(value)
    return ports


def _holder(value: Mapping[str, Any]) -> Holder:
    clone, workspace, name = (str(value[key]) for key in ("clone", "workspace", "name"))
    return Holder(clone, workspace, name, Path(str(value["git_dir"])))
