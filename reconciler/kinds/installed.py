"""What other kinds and the vault must know of dependencies: what is installed is hidden from git, and never saved.

The rule: only what a package manager makes by itself counts, whatever a mark that anybody may have edited says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from reconciler.clients.marks import MarkBook

DEPENDENCY = "dependency"
ANEW = (DEPENDENCY, "guard")
"""Kinds of which an archive holds nothing: what there is of them lies beside what it saves."""
_MADE = re.compile(r"(?:.*/)?(?:node_modules|\.venv|target|\.pnp\.cjs|\.pnp\.loader\.mjs|\.yarn/[^/]+)", re.DOTALL)


def is_directory(path: str) -> bool:
    """Whether what package managers make at a path is a directory."""
    return path.rpartition("/")[2] in {"node_modules", ".venv", "target"}


def installed_paths(book: MarkBook | None) -> frozenset[str]:
    """Where dependencies of a tree are installed, or were being installed, by its marks."""
    return frozenset(_paths(book)) if book else frozenset()


def _paths(book: MarkBook) -> Iterator[str]:
    for address, mark in book.marks.items():
        made = mark.declared.get("makes") if address.kind == DEPENDENCY else None
        for path in made if isinstance(made, list) else ():
            if isinstance(path, str) and _MADE.fullmatch(path) and ".." not in path.split("/"):
                yield path


def identities(tree: Path, paths: Iterable[str]) -> dict[str, str]:
    """Tell what stands at paths from whatever may take its place."""
    return {path: identity for path in paths if (identity := _identity(tree / path))}


def installed_in(book: MarkBook | None, tree: Path) -> frozenset[str]:
    """What is there of that, and is still what was installed, though a later attempt failed; what is new is theirs."""
    ours = installed_paths(book)
    found = set()
    for mark in (mark for address, mark in (book.marks.items() if book else ()) if address.kind == DEPENDENCY):
        noted = mark.declared.get("identities")
        if mark.state in {"ready", "failed", "replaced"} and isinstance(noted, dict):
            found |= {path for path in ours & noted.keys() if _identity(tree / path) == noted[path]}
    return frozenset(found)


def _identity(place: Path) -> str:
    try:
        status = place.lstat()
    except OSError:
        return ""
    return f"{status.st_dev}:{status.st_ino}"
