"""Manifests without a disk: files are a mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from reconciler.errors import ManifestError
from reconciler.manifest.declaration import Declaration, Manifest
from reconciler.manifest.loader import load

ROOT = Path("/srv/shop")
SECRET = "hunter2"  # noqa: S105 - not one
ENVIRONMENT = {"TOKEN": SECRET, "NOT_LISTED": SECRET}


@dataclass(frozen=True, slots=True)
class Files:
    """A reader over a mapping of paths to text or bytes."""

    content: Mapping[str, str | bytes]

    def read(self, path: str, limit: int) -> bytes | None:
        found = self.content.get(path)
        return (found.encode() if isinstance(found, str) else found)[:limit] if found is not None else None

    def glob(self, pattern: str) -> Sequence[str]:
        return sorted(path for path in self.content if fnmatch(path, pattern))


def load_text(
    text: str | bytes, others: Mapping[str, str | bytes] | None = None, environment: Mapping[str, str] = ENVIRONMENT
) -> Manifest:
    """Load a manifest that is given as text."""
    files = Files({"orchestra.yaml": text, **(others or {})})
    return load(Path("orchestra.yaml"), root=ROOT, environment=environment, reader=files)


def declared(text: str, others: Mapping[str, str | bytes] | None = None) -> dict[str, Declaration]:
    """Load a manifest that is given as text; its declarations by full name."""
    return {declaration.full_name: declaration for declaration in load_text(text, others).declarations}


def complaints(text: str | bytes, others: Mapping[str, str | bytes] | None = None) -> list[str]:
    """What is said of a manifest: a line for each problem, and one for its hint; nothing for a good one."""
    try:
        load_text(text, others)
    except ManifestError as error:
        lines = [(str(problem), f"hint: {problem.hint}") for problem in error.problems]
        return [line for pair in lines for line in pair]
    return []
