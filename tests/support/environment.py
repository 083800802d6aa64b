"""The environment that tests and benchmarks run in, the same on every machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

_FOREIGN_PREFIXES = ("GIT_", "XDG_", "ORCHESTRA_", "LC_")
_FOREIGN_NAMES = frozenset(
    {
        "CI",
        "CLICOLOR_FORCE",
        "EDITOR",
        "FORCE_COLOR",
        "LANGUAGE",
        "PAGER",
        "PYTHONDONTWRITEBYTECODE",  # with it, a checkout is compiled anew at every start; installed packages are not
        "PYTHONPATH",
        "VISUAL",
    }
)


def foreign_variables(environment: Iterable[str]) -> tuple[str, ...]:
    """Name the variables of the caller that could change what git or orchestra do."""
    return tuple(name for name in environment if name.startswith(_FOREIGN_PREFIXES) or name in _FOREIGN_NAMES)


def hermetic_variables(home: Path) -> dict[str, str]:
    """Build what a test sees instead: a home of its own, no git configuration, a fixed identity at a fixed time."""
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local/share"),
        "XDG_STATE_HOME": str(home / ".local/state"),
        "XDG_RUNTIME_DIR": str(home / ".run"),
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),  # not /dev/null: git replaces what `config --global` writes
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": "file",
        "GIT_AUTHOR_NAME": "Alex Example",
        "GIT_AUTHOR_EMAIL": "alex@example.org",
        "GIT_AUTHOR_DATE": "2024-01-02T03:04:05+0000",
        "GIT_COMMITTER_NAME": "Alex Example",
        "GIT_COMMITTER_EMAIL": "alex@example.org",
        "GIT_COMMITTER_DATE": "2024-01-02T03:04:05+0000",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "COLUMNS": "120",
    }


def hermetic_environment(home: Path, caller: Mapping[str, str]) -> dict[str, str]:
    """Build the whole environment of a program: the caller's, without what is foreign, with what is fixed."""
    foreign = set(foreign_variables(caller))
    return {name: value for name, value in caller.items() if name not in foreign} | hermetic_variables(home)
