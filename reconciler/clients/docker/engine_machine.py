"""On which machine an engine is: what it publishes is reached there. Read as its client does, without starting it.

The rule: what cannot be read is this machine, and the client will say what is wrong.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_ELSEWHERE = frozenset({"tcp", "ssh", "http", "https"})
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


def machine_of(host: str, context: str, environment: Mapping[str, str]) -> str:
    """The name of the machine, or its address; empty when it is this one.

    Args:
        host: where the engine listens, if that is said.
        context: a context of the client, if one is named.
        environment: what the client gets.
    """
    home = Path(environment.get("DOCKER_CONFIG") or Path(environment.get("HOME", "/"), ".docker"))
    url = host or (_endpoint(home, context) if context else "") or ("" if context else _default(home, environment))
    with contextlib.suppress(ValueError):
        parts = urlsplit(url)
        name = parts.hostname or ""
        return name if parts.scheme in _ELSEWHERE and name not in _HERE else ""
    return ""


def _default(home: Path, environment: Mapping[str, str]) -> str:
    if said := environment.get("DOCKER_HOST"):
        return said
    current = environment.get("DOCKER_CONTEXT") or _document(home / "config.json").get("currentContext")
    return _endpoint(home, str(current)) if current else ""


def _endpoint(home: Path, context: str) -> str:
    """Where a context leads: the client keeps each in a directory that is named by a hash."""
    name = hashlib.sha256(context.encode("utf-8", "surrogateescape")).hexdigest()
    endpoints = _document(home / "contexts" / "meta" / name / "meta.json").get("Endpoints")
    engine = endpoints.get("docker") if isinstance(endpoints, dict) else None
    return str(engine.get("Host") or "") if isinstance(engine, dict) else ""


def _document(file: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        document = json.loads(file.read_bytes())
        return document if isinstance(document, dict) else {}
    return {}
