"""What several kinds must know of ports and containers: the numbers that a mark tells, and the name of a project."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from reconciler.clients.marks import Mark

CONTAINERS = "containers"
PORTS = "ports"
ENGINES_FILE = "orchestra/engines.json"
"""In the git directory: where containers of this clone were ever made."""

_LONGEST = 48  # with what the manifest appends (`_app`), still a name that databases take whole: Postgres has 63


def may_have_containers(common_dir: Path) -> bool:
    """Whether there may be containers of a clone, also of trees that are gone."""
    return (common_dir / ENGINES_FILE).exists()


def numbers_of(mark: Mark | None) -> dict[str, int]:
    """The numbers that a mark tells; anybody may have edited it."""
    numbers = mark.declared.get("numbers") if mark else None
    if not isinstance(numbers, Mapping):
        return {}
    return {str(name): number for name, number in numbers.items() if type(number) is int}


def project_name(project: str, workspace: str, clone: str) -> str:
    """The name of a Compose project: another one for each workspace and clone, of letters that Compose takes."""
    wanted = f"{project}-{workspace}"
    name = re.sub(r"[^a-z0-9_-]+", "-", wanted.lower()).lstrip("_-")[:_LONGEST]
    told_apart = "" if name == wanted else f"-{hashlib.sha256(wanted.encode()).hexdigest()[:4]}"
    return f"{name}{told_apart}-{clone[:4]}"
