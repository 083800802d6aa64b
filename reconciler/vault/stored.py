"""Read an archive back out of the repository, and believe none of it that its name does not prove."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients.batch import object_sizes, read_whole, reading
from reconciler.clients.git import Git
from reconciler.clients.pack import TREE_MODE, ObjectFormat
from reconciler.errors import PermanentError
from reconciler.vault.archive import Archive
from reconciler.vault.metadata import Metadata, from_json
from reconciler.vault.objects import EXTRAS, FILES, INDEX, METADATA, OBJECTS, SHARED_INDEX, Tree

_HINT = "the repository is damaged: see `git fsck`; the bundle may still be whole"
_SHA1_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Stored:
    """What an archive's commit holds.

    Attributes:
        entries: its tree, but for directories.
        directories: the tree objects in it.
        parents: the commits that it keeps.
    """

    commit: str
    entries: Tree
    directories: tuple[str, ...]
    parents: tuple[str, ...]

    @property
    def form(self) -> ObjectFormat:
        """How the repository names objects."""
        return ObjectFormat("sha1" if len(self.commit) == _SHA1_LENGTH else "sha256")


def read_stored(git: Git, git_dir: Path, commit: str) -> Stored:
    """Read what a commit holds, in a constant number of programs.

    Raises:
        PermanentError: some of it is missing.
        ClientError: git failed.
    """
    found = read_whole(git, git_dir, [commit])[0]
    if found is None or found[0] != "commit":
        raise PermanentError(f"the archive's commit {commit} is not in the repository", hint=_HINT)
    headers = [line.partition(" ") for line in found[1].decode("utf-8", "replace").partition("\n\n")[0].split("\n")]
    parents = tuple(value for key, _, value in headers if key == "parent")
    listed = _list(git, git_dir, "-r", "-t", commit, METADATA, INDEX, SHARED_INDEX, FILES, EXTRAS)
    listed += _list(git, git_dir, commit, f"{OBJECTS}/")
    entries = {path: (mode, name) for path, mode, kind, name in listed if kind == "blob" or path.startswith(OBJECTS)}
    directories = (headers[0][2], *(name for path, _, kind, name in listed if kind == "tree" and path not in entries))
    return Stored(commit, entries, directories, parents)


def _list(git: Git, git_dir: Path, *words: str) -> list[tuple[str, int, str, str]]:
    lines = git.run("ls-tree", "-z", *words, git_dir=git_dir).stdout.split(b"\0")[:-1]
    parted = [line.partition(b"\t") for line in lines]
    heads = [(head.decode().split(" "), os.fsdecode(path)) for head, _, path in parted]
    return [(path, int(mode, 8), kind, name) for (mode, kind, name), path in heads]


def object_problems(git: Git, git_dir: Path, stored: Stored) -> Iterator[str]:
    """Objects of an archive that are missing, or are not what their name says.

    Raises:
        ClientError: git failed.
    """
    blobs = [name for mode, name in stored.entries.values() if mode != TREE_MODE]
    wanted = list(dict.fromkeys([stored.commit, *stored.directories, *blobs]))
    with reading(git, git_dir, wanted) as reader:
        for name in wanted:
            head, chunks = reader.next()
            if not head.kind:
                yield f"object {name} is missing"
            elif stored.form.identify_chunks(head.kind, head.size, chunks) != name:
                yield f"object {name} is damaged"
    sparse = [name for mode, name in stored.entries.values() if mode == TREE_MODE]
    others = [*stored.parents, *sparse]
    for name, size in zip(others, object_sizes(git, git_dir, others), strict=True):
        if size < 0:
            yield f"object {name} is missing"


def read_metadata(git: Git, git_dir: Path, stored: Stored) -> Metadata:
    """The metadata of an archive, if its files are those that it names.

    Raises:
        PermanentError: it cannot be read, or does not fit.
    """
    if METADATA not in stored.entries:
        raise PermanentError("the archive has no metadata", hint=_HINT)
    found = read_whole(git, git_dir, [stored.entries[METADATA][1]])[0]
    if found is None:
        raise PermanentError("the archive's metadata is missing", hint=_HINT)
    metadata = from_json(found[1])
    if _named(metadata, stored.form) != _held(stored.entries):
        raise PermanentError("the archive's files are not those that its metadata names", hint=_HINT)
    return metadata


def _named(metadata: Metadata, form: ObjectFormat) -> dict[str, str]:
    links = {path: link.object for path, link in metadata.links.items() if link.object}
    wrong = [
        path for path, name in links.items() if name != form.identify("blob", os.fsencode(metadata.links[path].target))
    ]
    if wrong:
        raise PermanentError(f"the archive's links lead elsewhere than its metadata says ({wrong[0]})", hint=_HINT)
    return links | {path: file.object for path, file in metadata.files.items() if file.object}


def _held(entries: Mapping[str, tuple[int, str]]) -> dict[str, str]:
    start = f"{FILES}/"
    return {path.removeprefix(start): name for path, (_, name) in entries.items() if path.startswith(start)}


def read_index_files(git: Git, git_dir: Path, stored: Stored, metadata: Metadata) -> list[tuple[str, bytes]]:
    """The index and, before it, the file that it leans on; each with its name. Nothing when there was no index.

    Raises:
        PermanentError: one is missing.
    """
    names = {SHARED_INDEX: metadata.shared_index, INDEX: INDEX}
    wanted = [(name, stored.entries[part][1]) for part, name in names.items() if part in stored.entries and name]
    found = read_whole(git, git_dir, [each for _, each in wanted])
    if None in found:
        raise PermanentError("the archive's index is missing", hint=_HINT)
    return [(name, each[1]) for (name, _), each in zip(wanted, found, strict=True) if each]


def read_extra(git: Git, git_dir: Path, archive: Archive, name: str) -> bytes | None:
    """What the caller of `save` wanted to have back; None when there is nothing by that name.

    Raises:
        ClientError: git failed.
    """
    found = read_whole(git, git_dir, [f"{archive.commit}:{EXTRAS}/{name}"])[0]
    return found[1] if found else None
