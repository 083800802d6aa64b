"""uv."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.kinds.dependency.providers.provider import Options, Place, Provider, repeated
from reconciler.kinds.dependency.providers.python import INTERPRETER, VENV

_SOURCE = re.compile(r'^source = \{ (?:editable|virtual|directory) = "([^"]+)" \}$', re.MULTILINE)


def _members(place: Place) -> tuple[str, ...]:
    """The lock file names every project of the workspace."""
    return tuple(name for name in _SOURCE.findall(place.read("uv.lock")) if name != "." and ".." not in name)


def _settings(place: Place, _options: Options) -> tuple[str, ...]:
    members = (f"{member}/pyproject.toml" for member in _members(place))
    return ("uv.toml", ".python-version", *members)


def _commands(_place: Place, options: Options) -> tuple[tuple[str, ...], ...]:
    # `--locked`, since `--frozen` takes a lock file that does not fit without a word.
    link = ("--link-mode", options.link) if options.link else ()
    return (("uv", "sync", "--locked", "--no-progress", *link, *repeated("--group", options.groups)),)


def _environment(_place: Place, _options: Options) -> Mapping[str, str]:
    return {"UV_PROJECT_ENVIRONMENT": ".venv"}


UV = Provider(
    name="uv",
    program="uv",
    how_to_get="`pip install uv`",
    locks=("uv.lock",),
    manifests=("pyproject.toml",),
    settings=_settings,
    owns=VENV,
    must_make=INTERPRETER,
    commands=_commands,
    environment=_environment,
    stale=r"lockfile at .* needs to be updated|Unable to find lockfile",
    how_to_lock="uv lock",
    unreadable=r"[Ff]ailed to (?:parse|read from file) `[^`]*uv\.lock`",
    how_to_begin_anew="rm uv.lock && uv lock",
)
