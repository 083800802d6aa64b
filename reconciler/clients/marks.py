"""Marks: what orchestra made, said by the thing itself.

A tree's marks live in `orchestra.json` in its private git directory: they move with the tree, vanish with it, and no
clone or copy carries them to another repository unnoticed, since each names the clone it belongs to. One file holds the
marks of everything in that tree: the workspace, the desks in it, and the files we wrote.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.clients import files
from reconciler.errors import PermanentError
from reconciler.model.address import Address

FILE_NAME = "orchestra.json"
_CHANGING = threading.Lock()
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of one resource.

    Attributes:
        declared: the declaration that was last applied, field by field, so that a changed manifest and a changed world
            can be told apart.
        state: `filling` while a tree's files are being written; `filled` when they are all there, and what comes after
            them (submodules, the user's hook) is not; else `ready`.
    """

    declared: Mapping[str, Any] = field(default_factory=dict)
    state: str = "ready"


@dataclass(frozen=True, slots=True)
class MarkBook:
    """All marks in one tree.

    Attributes:
        clone: the identity of the clone they belong to.
        home: the private git directory that they were written to: it tells a repository that was moved.
    """

    clone: str
    marks: Mapping[Address, Mark]
    home: Path | None = None

    def put(self, address: Address, mark: Mark) -> MarkBook:
        """The same book with a mark added or replaced."""
        return MarkBook(self.clone, {**self.marks, address: mark})

    def drop(self, address: Address) -> MarkBook:
        """The same book without a mark."""
        return MarkBook(self.clone, {key: mark for key, mark in self.marks.items() if key != address})

    def find(self, address: Address, was: Address | None = None) -> Mark | None:
        """The mark of a thing, also under the name that it had before."""
        return self.marks.get(address) or (self.marks.get(was) if was else None)

    def is_of(self, workspace: str) -> bool:
        """Whether they lie in the tree of this workspace."""
        return Address("workspace", workspace) in self.marks

    @property
    def owner(self) -> Address | None:
        """The workspace in whose tree they lie; None when it was forgotten."""
        return next((address for address in self.marks if address.kind == "workspace"), None)


def load_book(git_dir: Path, clone: str | None) -> MarkBook | None:
    """Read a tree's marks; None when there are none, none of this clone, or they cannot be read.

    Raises:
        PermanentError: a newer orchestra wrote them: to take them for none would lose what they say.
    """
    entry = files.read(git_dir, FILE_NAME)
    if clone is None or entry is None or entry.content is None:
        return None
    return parse_book(entry.content, clone, str(git_dir / FILE_NAME))


def parse_book(content: bytes, clone: str, file: str = FILE_NAME) -> MarkBook | None:
    """Read marks as they were written; None when they are none of this clone, or cannot be read.

    Raises:
        PermanentError: a newer orchestra wrote them.
    """
    document = _document(content)
    if document.get("clone") != clone:
        return None
    if document.get("format") != _FORMAT:
        raise PermanentError(
            f"{file} is of format {document.get('format')}, which this orchestra does not know",
            hint="use the newer orchestra that wrote it",
        )
    try:
        marks = {Address.parse(key): _mark(value) for key, value in document["marks"].items()}
        return MarkBook(clone, marks, Path(document["home"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _document(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _mark(value: Mapping[str, Any]) -> Mark:
    declared, state = value["declared"], value["state"]
    if not (isinstance(declared, dict) and isinstance(state, str)):
        raise TypeError
    return Mark(declared, state)


def save_book(git_dir: Path, book: MarkBook, *, durable: bool = False) -> None:
    """Write a tree's marks, all of them at once.

    Raises:
        PermanentError: the operating system refused.
    """
    document = {
        "format": _FORMAT,
        "clone": book.clone,
        "home": str(git_dir),
        "marks": {
            str(address): {"declared": dict(mark.declared), "state": mark.state}
            for address, mark in sorted(book.marks.items())
        },
    }
    # ASCII: JSON can spell text that no encoding takes, and it may have come from an edited mark.
    files.write(git_dir, FILE_NAME, json.dumps(document).encode("ascii"), durable=durable)


def change_book(git_dir: Path, clone: str, change: Callable[[MarkBook], MarkBook], *, durable: bool = False) -> None:
    """Change a tree's marks. Safe between threads; between processes the repository's lock sees to it.

    Raises:
        PermanentError: the operating system refused.
    """
    with _CHANGING:
        before = load_book(git_dir, clone) or MarkBook(clone, {})
        after = change(before)
        if after.marks != before.marks or before.home not in {None, git_dir}:
            save_book(git_dir, after, durable=durable)
