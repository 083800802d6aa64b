"""What git's objects cannot say of a tree, as JSON: modes, times, empty directories, which files are gone.

It goes into git's objects, and so names nothing that git ignores.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.clients.files import steps_of
from reconciler.errors import ClientError, PermanentError
from reconciler.vault.index import OCTAL, REGULAR, noted_time
from reconciler.vault.inventory import Inventory

FORMAT = 1
TOP = "."
_SHARED = re.compile(r"sharedindex\.[0-9a-f]{40,64}", re.ASCII)
_LARGEST_MODE = 0o7777
_LATEST_NS = (1 << 63) * 1_000_000_000  # what the system can be told


@dataclass(frozen=True, slots=True)
class File:
    """A file: permission bits, time of its last change in nanoseconds, its bytes unless they are those of its blob."""

    mode: int
    mtime_ns: int
    object: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link; its object is the blob of its target, unless HEAD has it so."""

    target: str
    mtime_ns: int
    object: str | None


@dataclass(frozen=True, slots=True)
class Directory:
    """A directory."""

    mode: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Metadata:
    """All that is recorded of a tree beside the bytes.

    Attributes:
        head: the commit that was checked out.
        usual_modes: permission bits of the files that are not named, for each of git's modes.
        files, links, directories: by path; `.` is the tree itself. Files are named that are not as the
            index notes them; all others of its entries were there, with the bytes of their blobs and the noted times.
        deleted: tracked files that should have been there.
        index_mtime_ns: when the index was written: git judges by it which files it must read again.
        shared_index: the name of the file that a split index leans on.
        sparse: the patterns of its sparse checkout; None when all is checked out.
        sparse_config: the settings that go with them.
        private_refs: refs that only this tree had.
    """

    name: str
    branch: str | None
    head: str | None
    path: str
    object_format: str
    usual_modes: Mapping[str, int]
    files: Mapping[str, File]
    links: Mapping[str, Link]
    directories: Mapping[str, Directory]
    deleted: tuple[str, ...]
    index_mtime_ns: int
    shared_index: str | None
    sparse: str | None
    sparse_config: Mapping[str, str]
    private_refs: Mapping[str, str]


def describe_contents(
    inventory: Inventory, targets: Mapping[str, str]
) -> tuple[dict[str, File], dict[str, Link], dict[str, Directory], dict[str, int]]:
    """Files, links and directories of a tree that are not ignored, and the usual permission bits of its files.

    Args:
        inventory: the tree.
        targets: where links lead.
    """
    statuses, stored = inventory.scan.statuses, inventory.stored
    usual = _usual_modes(inventory)
    files = {
        path: File(stat.S_IMODE(statuses[path].st_mode), statuses[path].st_mtime_ns, stored.get(path))
        for path in _unusual(inventory, usual)
        if path not in targets
    }
    links = {path: Link(target, statuses[path].st_mtime_ns, stored.get(path)) for path, target in targets.items()}
    directories = {path: directory_of(statuses[path]) for path in inventory.contents.kept_directories}
    return files, links, directories, usual


def _usual_modes(inventory: Inventory) -> dict[str, int]:
    """The permission bits that the first file of each of git's two modes has: those of nearly all of them."""
    lines, statuses = inventory.index.lines, inventory.scan.statuses
    found: dict[str, int] = {}
    for path in inventory.contents.kept_files:
        if path in inventory.plain and lines[path][OCTAL] not in found:
            found[lines[path][OCTAL]] = stat.S_IMODE(statuses[path].st_mode)
            if len(found) == len(REGULAR):
                break
    return found


def _unusual(inventory: Inventory, usual: Mapping[str, int]) -> list[str]:
    """Files of which the index does not say all: that the bytes are the blob's, the usual mode, and the time."""
    lines, statuses = inventory.index.lines, inventory.scan.statuses
    plain, staged, noted = inventory.plain, inventory.asked.staged, inventory.index.noted
    modes = {octal: stat.S_IFREG | mode for octal, mode in usual.items()}
    return [
        path
        for path in inventory.contents.kept_files
        if path not in plain
        or (status := statuses[path]).st_mode != modes[lines[path][OCTAL]]
        or path in staged
        or noted[path] != noted_time(status.st_mtime_ns)
    ]


def directory_of(status: os.stat_result) -> Directory:
    """What is recorded of a directory."""
    return Directory(stat.S_IMODE(status.st_mode), status.st_mtime_ns)


def to_json(metadata: Metadata) -> bytes:
    """Write it; ASCII, since names of files are any bytes."""
    document = {
        "format": FORMAT,
        "name": metadata.name,
        "branch": metadata.branch,
        "head": metadata.head,
        "path": metadata.path,
        "object_format": metadata.object_format,
        "usual_modes": dict(metadata.usual_modes),
        "files": [[path, file.mode, file.mtime_ns, file.object] for path, file in metadata.files.items()],
        "links": [[path, link.target, link.mtime_ns, link.object] for path, link in metadata.links.items()],
        "directories": [[path, each.mode, each.mtime_ns] for path, each in metadata.directories.items()],
        "deleted": metadata.deleted,
        "index_mtime_ns": metadata.index_mtime_ns,
        "shared_index": metadata.shared_index,
        "sparse": metadata.sparse,
        "sparse_config": dict(metadata.sparse_config),
        "private_refs": dict(metadata.private_refs),
    }
    return json.dumps(document).encode("ascii")


def from_json(content: bytes) -> Metadata:
    """Read it, and trust no path in it.

    Raises:
        PermanentError: it is not what `to_json` writes, or names a path that no save of ours would.
    """
    try:
        document: dict[str, Any] = json.loads(content)
        if document.pop("format") != FORMAT:
            raise PermanentError("the archive is of a format that this orchestra does not know")
        metadata = _metadata(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PermanentError("the archive's metadata cannot be read", hint="restore from its bundle") from error
    for path in (*metadata.files, *metadata.links, *(metadata.directories.keys() - {TOP})):
        require_path(path)
    return metadata


def _metadata(document: dict[str, Any]) -> Metadata:
    """Take every value for what it is to be: the system refuses what is none when half of a tree is written."""
    files = {path: File(_mode(mode), _time(time), name) for path, mode, time, name in document.pop("files")}
    links = {path: Link(str(target), _time(time), name) for path, target, time, name in document.pop("links")}
    directories = {path: Directory(_mode(mode), _time(time)) for path, mode, time in document.pop("directories")}
    return Metadata(
        files=files,
        links=links,
        directories=directories,
        deleted=tuple(map(str, document.pop("deleted"))),
        usual_modes={str(octal): _mode(mode) for octal, mode in document.pop("usual_modes").items()},
        index_mtime_ns=_time(document.pop("index_mtime_ns")),
        sparse_config=_texts(document.pop("sparse_config")),
        private_refs=_texts(document.pop("private_refs")),
        shared_index=_shared(document.pop("shared_index")),
        path=_path(document.pop("path")),
        name=str(document.pop("name")),
        object_format=str(document.pop("object_format")),
        branch=_text(document.pop("branch")),
        head=_text(document.pop("head")),
        sparse=_text(document.pop("sparse")),
        **document,
    )


def _mode(value: str | float) -> int:
    if not 0 <= int(value) <= _LARGEST_MODE:
        raise ValueError(value)
    return int(value)


def _time(value: str | float) -> int:
    if abs(int(value)) >= _LATEST_NS:
        raise ValueError(value)
    return int(value)


def _shared(value: str | None) -> str | None:
    """The name of a file beside the index: it is written there."""
    if value is not None and not _SHARED.fullmatch(value):
        raise ValueError(value)
    return str(value) if value else None


def _path(value: str) -> str:
    if not Path(value).is_absolute() or "\0" in value:
        raise ValueError(value)
    return value


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {str(key): str(value) for key, value in values.items()}


def require_path(path: str) -> None:
    """Refuse a path that leads out of a tree or into git's own files.

    Raises:
        PermanentError: it does.
    """
    try:
        is_gits = any(step.lower() == ".git" for step in steps_of(path))
    except (ClientError, AttributeError, TypeError):
        is_gits = True
    if is_gits or path == TOP or "." in path.split("/"):
        raise PermanentError(f"the archive names {path!r}, where nothing may be written", hint="do not trust it")
