"""Put an archive back into a tree that was just made at the archived commit.

The rule: bytes are written as they were, past every filter of git's, never through a link, never over somebody's work;
the index comes last. Killed anywhere, it can be done again and ends the same.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from reconciler.clients import index_lock
from reconciler.clients.batch import STAY_LOCAL, reading
from reconciler.clients.descent import Descent
from reconciler.clients.git import Git
from reconciler.clients.pack import ObjectFormat, chunks_of
from reconciler.errors import ConflictError, PermanentError, TransientError
from reconciler.model.phrases import some
from reconciler.vault.ancestry import restore_private_refs
from reconciler.vault.archive import Archive
from reconciler.vault.identity import identify_files
from reconciler.vault.index import STRICT, read_noted
from reconciler.vault.inventory import Inventory, take_inventory
from reconciler.vault.metadata import TOP, Metadata
from reconciler.vault.objects import INDEX
from reconciler.vault.omissions import Omissions
from reconciler.vault.position import current_head
from reconciler.vault.sparse import write_sparse
from reconciler.vault.steps import Steps, decide
from reconciler.vault.stored import Stored, read_index_files, read_metadata, read_stored
from reconciler.vault.tar import read_tar
from reconciler.vault.vault import Vault
from reconciler.vault.wanted import Item, Noted, Source, Wanted, collect, require_tar

_SHOWN = 5
_ASIDE = "orchestra.index"


def restore(vault: Vault, archive: Archive, tree: Path, git_dir: Path, *, omissions: Omissions | None = None) -> None:
    """Put everything back. The caller holds the repository's lock, and had git fill the tree.

    Args:
        vault: where the archive is.
        archive: what to put back.
        tree: with the archived commit checked out.
        git_dir: its private git directory.
        omissions: `ours` may be overwritten; what is `scratch` is left as it is.

    Raises:
        ConflictError: the tree is not at the archived commit, or holds work that would be lost; nothing was done.
        TransientError: git is at work there.
        PermanentError: the archive is not whole, or the operating system refused.
    """
    stored = read_stored(vault.git, vault.repository.common_dir, archive.commit)
    metadata = read_metadata(vault.git, vault.repository.common_dir, stored)
    _require_ready(vault.git, git_dir, tree, metadata)
    index = read_index_files(vault.git, vault.repository.common_dir, stored, metadata)
    wanted = collect(vault, archive, metadata, _noted(vault.git, git_dir, index), stored.form)
    _Restoring(vault, archive, tree, git_dir, stored, metadata, index).run(wanted, omissions or Omissions())


def require_whole(vault: Vault, archive: Archive) -> None:
    """Refuse to make a tree for an archive of which a part is missing or damaged.

    Raises:
        PermanentError: one is.
        ClientError: git failed.
    """
    stored = read_stored(vault.git, vault.repository.common_dir, archive.commit)
    metadata = read_metadata(vault.git, vault.repository.common_dir, stored)
    read_index_files(vault.git, vault.repository.common_dir, stored, metadata)
    require_tar(vault, archive)


def _noted(git: Git, git_dir: Path, index: list[tuple[str, bytes]]) -> Noted:
    """What the archived index says, read from a file beside the one that is in force."""
    if not index:
        return {}
    with Descent(git_dir) as descent:
        for name, content in index:
            descent.place(_ASIDE if name == INDEX else name, (content,), mode=0o600, mtime_ns=None)
        try:
            return read_noted(git, git_dir, git_dir / _ASIDE)
        finally:
            descent.remove(_ASIDE)


def _require_ready(git: Git, git_dir: Path, tree: Path, metadata: Metadata) -> None:
    lock = git_dir / index_lock.NAME
    if lock.exists():
        raise TransientError(f"git is at work in {tree}", hint=f"wait for it, or remove {lock}")
    head = current_head(git, git_dir)
    if head != metadata.head:
        raise ConflictError(
            f"{tree} is at {head}, and the archive at {metadata.head}", hint="check out the archived commit first"
        )


class _Checkout:
    """Tells which files are as git checked them out."""

    def __init__(self, git: Git, inventory: Inventory) -> None:
        self._git, self._inventory = git, inventory

    def has(self, path: str) -> bool:
        """Whether nothing was written to a file since git wrote it."""
        entry = self._inventory.index.entry(path)
        if entry is None:
            return False
        return self._inventory.id_of(path) == entry.object or path not in self._modified

    @cached_property
    def _modified(self) -> frozenset[str]:
        """What git itself calls modified; asked only of files that a filter stands between, or that were changed."""
        tree = self._inventory.tree
        words = ("-c", "core.fsmonitor=false", "diff-files", "--name-only", "--ignore-submodules=all", "-z")
        listed = self._git.run(f"--work-tree={tree}", *words, cwd=tree, git_dir=self._inventory.git_dir).stdout
        return frozenset(os.fsdecode(path) for path in listed.split(b"\0")[:-1])


@dataclass(frozen=True)
class _Restoring:
    """The restoring of one tree."""

    vault: Vault
    archive: Archive
    tree: Path
    git_dir: Path
    stored: Stored
    metadata: Metadata
    index: list[tuple[str, bytes]]

    def run(self, wanted: Wanted, omissions: Omissions) -> None:
        """Do all of it, the index last."""
        steps = self._decide(wanted, omissions)
        with Descent(self.tree) as descent:
            self._clear(descent, steps)
            for path in sorted(wanted.directories):
                if path != TOP:
                    descent.make_directory(path)
            self._write(descent, steps)
            for path, item in steps.touch.items():
                _touch(descent, path, item.mode if item.target is None else None, item.mtime_ns)
            for path in sorted(wanted.directories, key=_depth, reverse=True):
                _touch(descent, path, wanted.directories[path].mode, wanted.directories[path].mtime_ns)
        self._restore_git_dir()

    def _decide(self, wanted: Wanted, omissions: Omissions) -> Steps:
        inventory = take_inventory(self.vault.git, self.tree, self.git_dir, self.metadata.head, omissions)
        unknown = [path for path in wanted.items if path in inventory.scan.statuses and inventory.id_of(path) is None]
        ids = {path: name for path, name in identify_files(self.tree, self.stored.form, unknown) if name}
        inventory = replace(inventory, ids={**inventory.ids, **ids})
        steps = decide(wanted, inventory, _Checkout(self.vault.git, inventory).has, omissions.ours.__contains__)
        if steps.in_the_way:
            shown = some(steps.in_the_way, _SHOWN)
            message = f"{self.tree} holds what the archive of {self.archive.time} would overwrite: {shown}"
            raise ConflictError(message, hint="move it elsewhere; nothing was restored")
        return steps

    def _clear(self, descent: Descent, steps: Steps) -> None:
        for path in steps.remove:
            descent.remove(path)
        for path in steps.remove_directories:
            descent.remove_directory(path)

    def _write(self, descent: Descent, steps: Steps) -> None:
        for path, item in steps.write.items():
            if item.target is not None:
                descent.place_link(path, item.target, mtime_ns=item.mtime_ns)
        files = {path: item for path, item in steps.write.items() if item.target is None}
        from_git = {path: item for path, item in files.items() if item.source is Source.REPOSITORY}
        names = (item.object for item in from_git.values())
        with reading(self.vault.git, self.vault.repository.common_dir, names, fetch=True) as reader:
            for path, item in from_git.items():
                head, chunks = reader.next()
                self._place(descent, path, item, head.size, chunks)
        from_tar = {path: item for path, item in files.items() if item.source is Source.TAR}
        if from_tar:
            for member, content in read_tar(self.vault.find(self.archive.name, self.archive.time, "tar")):
                if content and member.path in from_tar:
                    self._place(descent, member.path, from_tar[member.path], member.size, chunks_of(content))

    def _place(self, descent: Descent, path: str, item: Item, size: int, chunks: Iterable[bytes]) -> None:
        checked = _checked(self.stored.form, item.object, size, chunks)
        descent.place(path, checked, mode=item.mode, mtime_ns=item.mtime_ns)

    def _restore_git_dir(self) -> None:
        metadata, git = self.metadata, self.vault.git
        write_sparse(git, self.git_dir, metadata.sparse, metadata.sparse_config)
        restore_private_refs(git, self.git_dir, metadata.private_refs)
        with Descent(self.git_dir) as descent:
            before = descent.status("index")
            mode = stat.S_IMODE(before.st_mode) if before else 0o644
            for name, content in self.index:
                mtime_ns = metadata.index_mtime_ns if name == INDEX else None
                descent.place(name, (content,), mode=mode, mtime_ns=mtime_ns, durable=True)
            if not self.index:
                descent.remove("index")
        self._refresh_index()

    def _refresh_index(self) -> None:
        """Have git note the files that came back, so that nobody need read them all again; no entry is changed."""
        if self.index:
            words = (f"--work-tree={self.tree}", *STAY_LOCAL, *STRICT, "update-index", "-q", "--refresh")
            self.vault.git.run(*words, cwd=self.tree, git_dir=self.git_dir, ok=range(256))


def _checked(form: ObjectFormat, name: str, size: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a file as they come; an error instead of their end if they are not what the archive says."""
    digest = hashlib.new(form.name, b"blob %d\0" % size, usedforsecurity=False)
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != name:
        raise PermanentError(f"object {name} is missing or damaged", hint="see `git fsck`; restore from the bundle")


def _touch(descent: Descent, path: str, mode: int | None, mtime_ns: int) -> None:
    status = descent.status(path)
    if status is None:
        return
    wrong_mode = mode is not None and stat.S_IMODE(status.st_mode) != mode
    wrong_time = status.st_mtime_ns != mtime_ns
    if wrong_mode or wrong_time:
        descent.set(path, mode=mode if wrong_mode else None, mtime_ns=mtime_ns if wrong_time else None)


def _depth(path: str) -> int:
    return -1 if path == TOP else path.count("/")
