"""What a tree is to hold when it is restored: of the archive, of its index, and of the tar, in one form."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from reconciler.clients.pack import ObjectFormat, chunks_of
from reconciler.errors import PermanentError
from reconciler.model.phrases import plural
from reconciler.vault.archive import Archive
from reconciler.vault.copy import read_receipt, seal
from reconciler.vault.index import Entry
from reconciler.vault.metadata import Directory, Metadata, require_path
from reconciler.vault.tar import Member, read_tar
from reconciler.vault.vault import Vault

_WITHOUT = "`orchestra apply --fresh` starts over without the archive"

Noted = Mapping[str, tuple[Entry, int]]


class Source(Enum):
    """Where the bytes of a file are."""

    REPOSITORY = "repository"
    TAR = "tar"


@dataclass(frozen=True, slots=True)
class Item:
    """A file or link to be.

    Attributes:
        object: the name that its bytes, or its target, have or would have in git.
        target: where a link leads; None for a file.
    """

    object: str
    mode: int
    mtime_ns: int
    source: Source
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that is to be, by path."""

    items: Mapping[str, Item]
    directories: Mapping[str, Directory]


def collect(vault: Vault, archive: Archive, metadata: Metadata, noted: Noted, form: ObjectFormat) -> Wanted:
    """Gather what is to be.

    Args:
        vault: where the archive is.
        archive: what to restore.
        metadata: of it.
        noted: the entries of its index: they say all there is to say of most files.
        form: how the repository names objects.

    Raises:
        PermanentError: a part of the archive is missing or damaged.
        ClientError: git failed.
    """
    items = dict(_noted(metadata, noted))
    for path, file in metadata.files.items():
        name = file.object or _of_index(noted, path)
        items[path] = Item(name, file.mode, file.mtime_ns, Source.REPOSITORY)
    for path, link in metadata.links.items():
        items[path] = _link(link.target, link.mtime_ns, Source.REPOSITORY, form)
    directories = dict(metadata.directories)
    for member, name in _members(vault, archive, form):
        if member.is_directory:
            directories[member.path] = Directory(member.mode, member.mtime_ns)
        elif member.target is not None:
            items[member.path] = _link(member.target, member.mtime_ns, Source.TAR, form)
        else:
            items[member.path] = Item(name, member.mode, member.mtime_ns, Source.TAR)
    _require_tree(items, directories)
    return Wanted(items, directories)


def _noted(metadata: Metadata, noted: Noted) -> Iterator[tuple[str, Item]]:
    """The files that were as the index notes them."""
    named = {*metadata.files, *metadata.links, *metadata.deleted}
    for path, (entry, mtime_ns) in noted.items():
        if entry.octal in metadata.usual_modes and path not in named and not entry.is_skipped:
            require_path(path)
            mode = metadata.usual_modes[entry.octal]
            yield path, Item(entry.object, mode, mtime_ns, Source.REPOSITORY)


def _of_index(noted: Noted, path: str) -> str:
    if path not in noted:
        raise PermanentError(f"the archive leaves {path!r} to its index, which has none", hint="do not trust it")
    return noted[path][0].object


def _link(target: str, mtime_ns: int, source: Source, form: ObjectFormat) -> Item:
    return Item(form.identify("blob", os.fsencode(target)), 0o777, mtime_ns, source, target)


def require_tar(vault: Vault, archive: Archive) -> Path | None:
    """The tar of an archive, if it is as it was written; None when nothing was ignored.

    Raises:
        PermanentError: it is not, or it is gone.
    """
    tar, receipt = (vault.find(archive.name, archive.time, suffix) for suffix in ("tar", "json"))
    written = read_receipt(receipt)
    if written is None or written.commit != archive.commit:
        if archive.summary and archive.summary.ignored:
            raise PermanentError(
                f"{plural(archive.summary.ignored, 'ignored file')} saved with this archive, and {receipt} is gone",
                hint=f"bring it back with the tar beside it; {_WITHOUT}",
            )
        return None
    if written.tar is None:
        return None
    if not tar.exists():
        raise PermanentError(f"{tar} is gone", hint=f"bring it back; {_WITHOUT}")
    if seal(tar) != written.tar:
        raise PermanentError(f"{tar} is not as it was written", hint=f"do not trust it; {_WITHOUT}")
    return tar


def _members(vault: Vault, archive: Archive, form: ObjectFormat) -> list[tuple[Member, str]]:
    """What the tar holds, each with the name that git would give its bytes."""
    tar = require_tar(vault, archive)
    return [
        (member, form.identify_chunks("blob", member.size, chunks_of(content)) if content else "")
        for member, content in (read_tar(tar) if tar else ())
    ]


def _require_tree(items: Mapping[str, Item], directories: Mapping[str, Directory]) -> None:
    """Refuse what cannot be a tree: something below a file or link, or the same path twice."""
    for path in (*items, *directories):
        above = path.rpartition("/")[0]
        while above:
            if above in items:
                raise PermanentError(
                    f"the archive has {path!r} below {above!r}, which is a file", hint="do not trust it"
                )
            above = above.rpartition("/")[0]
    if both := items.keys() & directories.keys():
        raise PermanentError(f"the archive has {min(both)!r} twice", hint="do not trust it")
