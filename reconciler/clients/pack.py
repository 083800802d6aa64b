"""Write objects into a repository as one pack: the bytes as they are, all of them or none.

Not `git hash-object`: that one follows whatever link stands at a path by the time it opens it, and starts once per kind
of object. Here every byte is given by the caller, and git itself checks and stores the pack in one step.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from reconciler.clients.descent import CHUNK
from reconciler.clients.git import Git
from reconciler.clients.refusals import refused
from reconciler.errors import ConflictError

_TYPES = {"commit": 1, "tree": 2, "blob": 3}
_FAST = 1  # compressed once, seldom read
_HEADER = b"PACK\x00\x00\x00\x02"


@dataclass(frozen=True, slots=True)
class ObjectFormat:
    """How a repository names its objects: `sha1` or `sha256`."""

    name: str

    def identify(self, kind: str, content: bytes) -> str:
        """The name of an object."""
        return self.identify_chunks(kind, len(content), (content,))

    def identify_chunks(self, kind: str, size: int, chunks: Iterable[bytes]) -> str:
        """The name of an object that is read bit by bit."""
        digest = hashlib.new(self.name, b"%s %d\0" % (kind.encode(), size), usedforsecurity=False)
        for chunk in chunks:
            digest.update(chunk)
        return digest.hexdigest()


def chunks_of(file: IO[bytes]) -> Iterator[bytes]:
    """The bytes of an open file, bit by bit."""
    while chunk := file.read(CHUNK):
        yield chunk


class PackWriter:
    """Collects objects, and hands them to git at once.

    Args:
        pack_dir: where git keeps packs: what a kill leaves there by our name is of the kind that `git prune` removes.
        form: how the repository names objects.
    """

    def __init__(self, pack_dir: Path, form: ObjectFormat) -> None:
        self.form = form
        self._names: set[str] = set()
        try:
            pack_dir.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(prefix="tmp_orchestra_", dir=pack_dir)
        except OSError as error:
            raise refused(f"cannot write into {pack_dir}", error) from error
        self._file, self._path = os.fdopen(descriptor, "w+b"), Path(name)
        self._file.write(_HEADER + bytes(4))

    def add(self, kind: str, content: bytes) -> str:
        """Add an object, unless it is in already, and give its name.

        Raises:
            PermanentError: the operating system refused.
        """
        name = self.form.identify(kind, content)
        if name not in self._names:
            self._write(kind, len(content), (content,))
            self._names.add(name)
        return name

    def add_file(self, name: str, size: int, file: IO[bytes]) -> None:
        """Add the bytes of an open file, whose name and size were found out before.

        Raises:
            ConflictError: it is not what it was.
            PermanentError: the operating system refused.
        """
        if name in self._names:
            return
        digest = hashlib.new(self.form.name, b"blob %d\0" % size, usedforsecurity=False)
        read = self._write("blob", size, _noted(chunks_of(file), digest.update))
        if read != size or digest.hexdigest() != name:
            raise ConflictError("a file was changed while it was saved", hint="try again when nothing writes there")
        self._names.add(name)

    def _write(self, kind: str, size: int, chunks: Iterable[bytes]) -> int:
        press, read = zlib.compressobj(_FAST), 0
        try:
            self._file.write(_entry_header(_TYPES[kind], size))
            for chunk in chunks:
                read += len(chunk)
                self._file.write(press.compress(chunk))
            self._file.write(press.flush())
        except OSError as error:
            raise refused(f"cannot write {self._path}", error) from error
        return read

    def store(self, git: Git, git_dir: Path) -> None:
        """Have git check the pack and make it part of the repository.

        Raises:
            ClientError: git or the operating system refused; nothing was added.
        """
        try:
            self._finish()
            self._file.seek(0)
        except OSError as error:
            raise refused(f"cannot write {self._path}", error) from error
        git.run("-c", "core.fsync=all", "index-pack", "--stdin", git_dir=git_dir, stdin=self._file)

    def _finish(self) -> None:
        self._file.seek(len(_HEADER))
        self._file.write(len(self._names).to_bytes(4, "big"))
        self._file.seek(0)
        digest = hashlib.new(self.form.name, usedforsecurity=False)
        for chunk in chunks_of(self._file):
            digest.update(chunk)
        self._file.write(digest.digest())
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self._path.unlink(missing_ok=True)


def _noted(chunks: Iterable[bytes], note: Callable[[bytes], None]) -> Iterator[bytes]:
    for chunk in chunks:
        note(chunk)
        yield chunk


def _entry_header(kind: int, size: int) -> bytes:
    """The kind and size of an object as a pack spells them: four bits of the size, then seven at a time."""
    header, byte, size = bytearray(), (kind << 4) | (size & 15), size >> 4
    while size:
        header.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    header.append(byte)
    return bytes(header)


def tree_content(entries: Mapping[bytes, tuple[int, str]]) -> bytes:
    """A tree object: names with mode and object, in the order that git demands (a directory as if it ended in `/`)."""
    ordered = sorted(entries.items(), key=lambda item: item[0] + (b"/" if item[1][0] == TREE_MODE else b""))
    return b"".join(b"%o %s\0%s" % (mode, name, bytes.fromhex(object_name)) for name, (mode, object_name) in ordered)


def tree_entries(content: bytes, form: ObjectFormat) -> dict[bytes, tuple[int, str]]:
    """What a tree object holds, as `tree_content` takes it."""
    entries, at, length = {}, 0, hashlib.new(form.name, usedforsecurity=False).digest_size
    while at < len(content):
        end = content.index(0, at)
        mode, _, name = content[at:end].partition(b" ")
        at = end + 1 + length
        entries[name] = (int(mode, 8), content[end + 1 : at].hex())
    return entries


TREE_MODE = 0o40000
