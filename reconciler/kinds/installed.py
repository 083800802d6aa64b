"""What other kinds and the vault must know of dependencies: what is installed is hidden from git, and never saved.

The rule: only what a package manager makes by itself counts, whatever a mark that anybody may have edited says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.clients.marks import MarkBook

DEPENDENCY = "dependency"
_MADE = re.compile(r"(?:.*/)?(?:node_modules|\.venv|target|\.pnp\.cjs|\.pnp\.loader\.mjs|\.yarn/[^/]+)", re.DOTALL)


def installed_paths(book: MarkBook | None) -> frozenset[str]:
    """Where dependencies of a tree are installed, or were being installed, by its marks."""
    return frozenset(_paths(book)) if book else frozenset()


def _paths(book: MarkBook) -> Iterator[str]:
    for address, mark in book.marks.items():
        made = mark.declared.get("makes") if address.kind == DEPENDENCY else None
        for path in made if isinstance(made, list) else ():
            if isinstance(path, str) and _MADE.fullmatch(path) and ".." not in path.split("/"):
                yield path
