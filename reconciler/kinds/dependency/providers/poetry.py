"""Poetry. One at a time: its cache is not made for several at once."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.kinds.dependency.providers.provider import Options, Place, Provider, repeated
from reconciler.kinds.dependency.providers.python import INTERPRETER, VENV


def _commands(_place: Place, options: Options) -> tuple[tuple[str, ...], ...]:
    return (("poetry", "sync", "--no-interaction", "--no-ansi", *repeated("--with", options.groups)),)


def _environment(_place: Place, _options: Options) -> Mapping[str, str]:
    return {"POETRY_VIRTUALENVS_IN_PROJECT": "1", "POETRY_VIRTUALENVS_CREATE": "1"}


POETRY = Provider(
    name="poetry",
    program="poetry",
    runtime="python3",
    how_to_get="`pip install poetry`, version 2 or newer",
    locks=("poetry.lock",),
    manifests=("pyproject.toml",),
    settings=lambda _place, _options: ("poetry.toml", ".python-version"),
    owns=VENV,
    must_make=INTERPRETER,
    commands=_commands,
    environment=_environment,
    stale=r"changed significantly since poetry\.lock was last generated|poetry\.lock is not up to date",
    how_to_lock="poetry lock",
    # It has no words of its own for that: those of whatever reads, before it comes to any package.
    unreadable=r"^(?!.*Package operations).*from lock file.*(?:\(at (?:line \d|end of)|codec can't decode)",
    how_to_begin_anew="rm poetry.lock && poetry lock",
    is_lost_when_empty=True,
    is_alone=True,
)
