"""The copy of an archive outside the repository: a git bundle, and a receipt that says what belongs together.

The receipt is written last: what has none is the rest of a save that was killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reconciler.clients import files
from reconciler.clients.batch import STAY_LOCAL
from reconciler.clients.borrowed import HASHES
from reconciler.clients.git import Git, Repository
from reconciler.clients.pack import chunks_of
from reconciler.clients.refusals import refused
from reconciler.errors import PermanentError

_FORMAT = 1
_LONGEST_LINE = 1 << 16


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file as it was when it was written."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What belongs to one archive; the tar is None when nothing was ignored."""

    name: str
    commit: str
    bundle: Sealed
    tar: Sealed | None


def seal(file: Path) -> Sealed:
    """Read a file back from the disk.

    Raises:
        PermanentError: the operating system refused.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with file.open("rb") as opened:
            for chunk in chunks_of(opened):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise refused(str(file), error) from error
    return Sealed(digest.hexdigest(), size)


def make_bundle(git: Git, repository: Repository, file: Path, ref: str, base: str | None) -> None:
    """Bundle a ref, without what its base and the remotes have.

    Raises:
        ClientError: git or the operating system refused.
    """
    without = ("--not", "--remotes", *([base] if base else []))
    git.run(*STAY_LOCAL, "bundle", "create", "--quiet", file, ref, *without, git_dir=repository.common_dir)
    try:
        file.chmod(0o600)
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
    except OSError as error:
        raise refused(str(file), error) from error


def bundle_problems(git: Git, repository: Repository, file: Path, commit: str) -> Iterator[str]:
    """What is wrong with a bundle, beside its bytes.

    Raises:
        TransientError: another git was in the way for the moment.
    """
    try:
        git.run(*STAY_LOCAL, "bundle", "verify", "--quiet", file, git_dir=repository.common_dir)
    except PermanentError as error:
        yield error.message
        return
    if commit not in bundle_heads(file):
        yield "the bundle does not name the archive's commit"
    elif not _has_its_pack(file, HASHES[len(commit)]):  # git looks at no more than its head
        yield f"{file} is damaged: its pack is not as its checksum says"


def _has_its_pack(file: Path, form: str) -> bool:
    """Whether the pack in a bundle is as it was made: its last bytes are the hash of all before them."""
    digest, waiting = hashlib.new(form, usedforsecurity=False), b""
    try:
        with file.open("rb") as opened:
            while opened.readline(_LONGEST_LINE) not in {b"\n", b""}:
                pass
            for chunk in chunks_of(opened):
                waiting += chunk
                digest.update(waiting[: -digest.digest_size])
                waiting = waiting[-digest.digest_size :]
    except OSError as error:
        raise refused(str(file), error) from error
    return waiting == digest.digest()


def bundle_heads(file: Path) -> dict[str, str]:
    """The commits that a bundle names, each with its ref; empty when it is none.

    Raises:
        PermanentError: the operating system refused.
    """
    heads = {}
    try:
        with file.open("rb") as opened:
            if not opened.readline(_LONGEST_LINE).startswith(b"# v"):
                return {}
            while (line := opened.readline(_LONGEST_LINE).removesuffix(b"\n")) and not line.startswith(b"PACK"):
                if not line.startswith((b"-", b"@")):
                    commit, _, ref = os.fsdecode(line).partition(" ")
                    heads[commit] = ref
    except OSError as error:
        raise refused(str(file), error) from error
    return heads


def write_receipt(file: Path, receipt: Receipt) -> None:
    """Write it, so that it survives a loss of power.

    Raises:
        PermanentError: the operating system refused.
    """
    document = {"format": _FORMAT, **asdict(receipt)}
    files.write(file.parent, file.name, json.dumps(document).encode("ascii"), mode=0o600, durable=True)


def read_receipt(file: Path) -> Receipt | None:
    """Read it; None when there is none.

    Raises:
        PermanentError: it cannot be read.
    """
    try:
        document: dict[str, Any] = json.loads(file.read_bytes())
        if document.pop("format") != _FORMAT:
            raise PermanentError(f"{file} is of a format that this orchestra does not know")
        bundle, tar = document.pop("bundle"), document.pop("tar")
        return Receipt(bundle=Sealed(**bundle), tar=Sealed(**tar) if tar else None, **document)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refused(str(file), error) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PermanentError(f"{file} cannot be read", hint="it was edited; save again") from error


def make_place(directory: Path) -> None:
    """Make the directory of a workspace's archives, for its owner alone.

    Raises:
        PermanentError: the operating system refused.
    """
    try:
        for place in (*reversed(directory.parents), directory):  # `parents=True` would make those on the way for all
            if not place.exists():
                place.mkdir(mode=0o700, exist_ok=True)
        directory.chmod(0o700)
    except OSError as error:
        raise refused(f"cannot make {directory}", error) from error


def settle(directory: Path) -> None:
    """Have the disk keep the names of a directory's files through a loss of power.

    Raises:
        PermanentError: the operating system refused.
    """
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise refused(str(directory), error) from error


def remove_files(paths: tuple[Path, ...]) -> None:
    """Remove files; already gone is success.

    Raises:
        PermanentError: the operating system refused.
    """
    for path in paths:
        try:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        except OSError as error:
            raise refused(f"cannot remove {path}", error) from error
