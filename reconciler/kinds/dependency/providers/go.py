"""Go: modules are fetched into the cache that all trees share."""

from __future__ import annotations

import posixpath
import re

from reconciler.kinds.dependency.providers.provider import Options, Place, Provider

_COMMENT = re.compile(r"//.*")
_USE = re.compile(r"^use\s*(?:\(([^)]*)\)|(\S.*))", re.MULTILINE)


def _members(place: Place) -> tuple[str, ...]:
    """The directories that `go.work` names, as seen from the project."""
    blocks = ("\n".join(found) for found in _USE.findall(_COMMENT.sub("", place.read("go.work"))))
    written = (line.strip().strip('"`') for block in blocks for line in block.splitlines())
    names = (posixpath.normpath(name) for name in written if name)
    return tuple(name for name in dict.fromkeys(names) if not name.startswith(("..", "/")))


def _settings(place: Place, _options: Options) -> tuple[str, ...]:
    members = (f"{member}/{name}" for member in _members(place) if member != "." for name in ("go.mod", "go.sum"))
    return ("go.sum", "go.work.sum", *members)


def _commands(place: Place, _options: Options) -> tuple[tuple[str, ...], ...]:
    # Not `go mod download`: that writes into go.sum what is missing there, whatever it is told.
    packages = ["./..." if member == "." else f"./{member}/..." for member in _members(place)] or ["./..."]
    return (("go", "list", "-mod=readonly", "-deps", "-test", *packages),)


GO = Provider(
    name="go",
    program="go",
    how_to_get="install Go, see go.dev/doc/install",
    locks=("go.mod", "go.work"),
    settings=_settings,
    commands=_commands,
    stale=r"updates to go\.mod needed|missing go\.sum entry",
    how_to_lock="go mod tidy",
    unreadable=r"malformed go\.sum",
    how_to_begin_anew="rm go.sum && go mod tidy",
    transient=r"unexpected EOF",
)
