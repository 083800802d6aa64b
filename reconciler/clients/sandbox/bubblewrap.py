"""The kernel sandbox of bubblewrap: what a command sees, as the arguments of `bwrap`.

The rule: everything can be read and nothing written, but for what is bound; sockets of other programs are hidden.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients.files import real_path
from reconciler.clients.process import Runner

HOME = Path("/run/home")
"""Where a private home is seen, so that what remembers its own path finds itself again."""

SETTINGS = Path("/run/orchestra")
"""Where an agent finds the settings that were written for it."""

PASSING = "Unable to apply mount flags"
"""What bwrap says when a mount that it found is gone before it is closed: a container that just ended, for example."""

_MOST_ATTEMPTS = 10
_HIDDEN = (Path("/tmp"), Path("/run"))  # noqa: S108 - where sockets are: of tmux, Docker, D-Bus, ssh-agent
_SOCKETS = ("TMUX", "SSH_AUTH_SOCK", "DBUS_SESSION_BUS_ADDRESS", "DOCKER_HOST", "GPG_AGENT_INFO", "WAYLAND_DISPLAY")
_STILL_SHOWN = (Path("/run/current-system"), Path("/run/opengl-driver"))  # programs and libraries of NixOS
_ALWAYS = ("--unshare-pid", "--unshare-ipc", "--die-with-parent", "--as-pid-1", "--cap-drop", "ALL")
_HOME_SOCKETS = (".docker/run", ".docker/desktop", ".colima", ".orbstack/run", ".lima", ".ssh/agent")
"""Where desktop engines, and agents of keys, have theirs."""


@dataclass(frozen=True, slots=True)
class Mount:
    """Something that is seen at a place.

    Attributes:
        source: what is seen; None: an empty directory, in memory.
        writable: otherwise it can only be read.
    """

    place: Path
    source: Path | None
    writable: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """It as bwrap takes it."""
        if self.source is None:
            return ("--perms", "1777", "--tmpfs", str(self.place))
        return ("--bind" if self.writable else "--ro-bind", str(self.source), str(self.place))


def why_not(runner: Runner) -> str:
    """Why a sandbox cannot be had here; empty when it can."""
    program = shutil.which("bwrap")
    if program is None:
        return "bwrap is not installed (the package is `bubblewrap`)"
    words = (program, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", *_ALWAYS, "--", program, "--version")
    for _ in range(_MOST_ATTEMPTS):
        tried = runner.run(words)
        if PASSING not in tried.stderr:
            break
    if tried.code == 0:
        return ""
    said = _first_line(tried.stderr)
    is_namespace = re.search("namespace|uid map", said) is not None
    return f"{'user namespaces are off here' if is_namespace else 'bwrap cannot make one here'} ({said})"


def _first_line(text: str) -> str:
    lines = text.splitlines()
    return lines[0] if lines else "it does not say why"


def arguments(mounts: Sequence[Mount], cwd: Path) -> tuple[str, ...]:
    """The words before the command."""
    system = ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys")
    return ("bwrap", *system, *(word for mount in mounts for word in mount.words), *_ALWAYS, "--chdir", str(cwd), "--")


def hiding(
    environment: Mapping[str, str], shown: Sequence[Path], opened: Sequence[Path], asked: Sequence[str]
) -> Iterator[Mount]:
    """Hide where sockets are, and show again what has to be seen of it.

    Args:
        environment: the environment of the user: it names sockets that are elsewhere.
        shown: what is seen, wherever it lies.
        opened: what is seen and written, as the user says.
        asked: variables whose sockets are to be seen.
    """
    hidden = [*_HIDDEN]
    said = Path(environment.get("XDG_RUNTIME_DIR", ""))
    runtime = real_path(said) if said.is_absolute() and said.parent != said else Path("/run")  # by the rule of XDG
    hidden += [runtime] if _is_there(runtime) and not _lies_in(runtime, hidden) else []
    yield from (Mount(place, None) for place in hidden)
    for place in (*shown, *_STILL_SHOWN, real_path(Path("/etc/resolv.conf"))):
        if _lies_in(place, hidden) and _is_there(place):
            yield Mount(place, place)
    home = Path(environment.get("HOME", "/"))
    for place in (real_path(home / name) for name in _HOME_SOCKETS):
        if _is_there(place):
            yield Mount(place, None if place.is_dir() else Path(os.devnull))
    for name in _SOCKETS:
        path = _socket(environment.get(name, ""))
        if path is None or not _is_there(path):
            continue
        if name in asked:
            yield Mount(path, path)
        elif not _lies_in(path, hidden) or _lies_in(path, opened):
            yield Mount(path, Path(os.devnull))


def layered(mounts: Iterable[Mount]) -> list[Mount]:
    """Put them in order: what lies in something else lies upon it; of two at one place the later one holds."""
    return sorted(mounts, key=lambda mount: len(mount.place.parts))


def _socket(value: str) -> Path | None:
    """The socket that a variable names: a path, an address such as `unix:path=…`, or tmux's `path,pid,number`."""
    found = re.search(r"(?:^|=|unix://)(/[^,;]*)", value)
    return real_path(Path(found[1])) if found else None


def _is_there(path: Path) -> bool:
    """Whether it can be seen: what only others may look at is seen by nobody in the sandbox."""
    try:
        path.stat()
    except OSError:
        return False
    return True


def _lies_in(path: Path, places: Sequence[Path]) -> bool:
    return any(path.is_relative_to(place) for place in places)
