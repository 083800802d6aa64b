"""On which engines this clone ever made something, and of which workspaces that was left to a person.

Two files beside the journal: so that orphans are looked for, and what was forgotten is not taken for one.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from reconciler.clients import files
from reconciler.clients.docker.engine import Place
from reconciler.errors import OrchestraError
from reconciler.kinds.given import ENGINES_FILE

_SWARM = "swarm"
_FORGOTTEN_FILE = "orchestra/forgotten.json"
_CHANGING = threading.Lock()


def recorded(common_dir: Path) -> tuple[Place, ...]:
    """The engines; what cannot be read is none: anybody may have edited the file."""
    return tuple(read_place(texts(place)) for place in _read(common_dir, ENGINES_FILE) if isinstance(place, Mapping))


def written(place: Place) -> dict[str, str]:
    """A place as marks and records have it."""
    return {"context": place.context, "host": place.host, **({"engine": _SWARM} if place.is_swarm else {})}


def read_place(said: Mapping[str, str]) -> Place:
    """A place that was written so; anybody may have edited it."""
    return Place(said.get("context", ""), said.get("host", ""), said.get("engine") == _SWARM)


def texts(value: object) -> dict[str, str]:
    """What a mark or a record says, as texts; nothing where somebody put in another thing."""
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, Mapping) else {}


def record(common_dir: Path, place: Place) -> None:
    """Write down one more, before anything is made there.

    Raises:
        ClientError: it cannot be written.
    """
    with _CHANGING:
        places = recorded(common_dir)
        if place not in places:
            document = [written(each) for each in (*places, place)]
            _write(common_dir, ENGINES_FILE, document)


def forgotten(common_dir: Path) -> frozenset[str]:
    """The workspaces whose containers bear our label and were left to a person."""
    return frozenset(map(str, _read(common_dir, _FORGOTTEN_FILE)))


def forget(common_dir: Path, workspaces: Iterable[str]) -> None:
    """Leave containers to a person: a label cannot be taken off.

    Raises:
        ClientError: it cannot be written.
    """
    with _CHANGING:
        _write(common_dir, _FORGOTTEN_FILE, sorted({*forgotten(common_dir), *workspaces}))


def take_back(common_dir: Path, workspace: str) -> None:
    """What is made for a workspace is its own again.

    Raises:
        ClientError: it cannot be written.
    """
    with _CHANGING:
        names = forgotten(common_dir)
        if workspace in names:
            _write(common_dir, _FORGOTTEN_FILE, sorted(names - {workspace}))


def _read(common_dir: Path, name: str) -> list[Any]:
    with contextlib.suppress(OrchestraError, ValueError):
        entry = files.read(common_dir, name)
        document = json.loads(entry.content or b"[]") if entry else []
        return document if isinstance(document, list) else []
    return []


def _write(common_dir: Path, name: str, document: object) -> None:
    files.write(common_dir, name, json.dumps(document).encode("ascii"), durable=True)
