"""The kernel's Landlock: what a command may write to, where there can be no namespaces.

The rule: it narrows what a process and all its children may do, and knows directories alone: what is open is open with
all that lies in it. The system calls themselves are made by `inner`, right before the command starts.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from reconciler.clients.refusals import refused

_CREATE_RULESET = 444  # the same number on every architecture
_LEAST = 3
_WRITE_FILE, _REMOVE_DIRECTORY, _REMOVE_FILE, _TRUNCATE, _IOCTL_DEVICE = 1 << 1, 1 << 4, 1 << 5, 1 << 14, 1 << 15
_MAKE_DEVICES = 1 << 6 | 1 << 11  # character and block: in no grant
_MAKE = sum(1 << bit for bit in (7, 8, 9, 10, 12))  # directories, files, sockets, pipes, links
_REFER = 1 << 13  # renames and hard links from one directory to another
_IN_DIRECTORY = _WRITE_FILE | _TRUNCATE | _REMOVE_DIRECTORY | _REMOVE_FILE | _MAKE | _REFER
_SCOPES = 1 | 2  # abstract sockets, and signals, of others
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts")


def version() -> int:
    """What the kernel can do; negative when it has no Landlock, or it is switched off."""
    return int(ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_long(0), 1))


def why_not() -> str:
    """Why it cannot be had here; empty when it can."""
    found = version()
    if found < 0:
        return "the kernel has no Landlock, or it is switched off"
    if found < _LEAST:
        return f"the kernel's Landlock ({found}) lets anybody empty any file ({_LEAST} does not: Linux 6.2)"
    return ""


def gaps() -> tuple[str, ...]:
    """What it does not stop, in words."""
    found = version()
    return (
        "chmod and times of files outside",
        "sockets that are files (tmux, Docker, D-Bus)",
        "closed files inside an open directory",
        "reading the command lines of other processes",
        *(("signals to other processes", "background processes that outlive the command") if found < 6 else ()),  # noqa: PLR2004
    )


def limits(writable: Iterable[Path]) -> Mapping[str, object]:
    """What `inner` is to do: places that can be written to, each with all that lies in it.

    Raises:
        PermanentError: one of them cannot be looked at.
    """
    found = version()
    devices = _WRITE_FILE | _TRUNCATE | (_IOCTL_DEVICE if found >= 5 else 0)  # noqa: PLR2004
    shown = (Path("/dev") / name for name in _DEVICES)
    grants = [(os.fspath(place), devices) for place in shown if place.exists()]
    for place in dict.fromkeys(writable):
        rights = _IN_DIRECTORY if _is_directory(place) else _WRITE_FILE | _TRUNCATE
        grants.append((os.fspath(place), rights))
    handled = _IN_DIRECTORY | _MAKE_DEVICES | devices
    return {"handled": handled, "scoped": _SCOPES if found >= 6 else 0, "grants": grants}  # noqa: PLR2004


def _is_directory(place: Path) -> bool:
    try:
        return stat.S_ISDIR(place.lstat().st_mode)
    except OSError as error:
        raise refused(str(place), error) from error
