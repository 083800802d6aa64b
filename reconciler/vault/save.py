"""Save a tree: one commit in the repository, a tar of what git ignores, and a copy of the commit outside.

The rule: the tree is not touched, and the archive's ref is made last, in one step. Until then a kill leaves objects
that nothing names, and what the next save sweeps away.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from reconciler.clients.batch import STAY_LOCAL
from reconciler.clients.descent import sizes
from reconciler.clients.trees import TreeRecord
from reconciler.errors import ConflictError, RefusedError
from reconciler.vault.ancestry import Commits, only_logged, youngest
from reconciler.vault.archive import SAVING, Archive, Summary, archive_ref, commit_message, ref_part, stamp
from reconciler.vault.commit import Written, write_commit
from reconciler.vault.copy import Receipt, make_bundle, make_place, remove_files, seal, settle, write_receipt
from reconciler.vault.inventory import Inventory
from reconciler.vault.losses import LIMIT_BYTES, Loss
from reconciler.vault.omissions import Omissions
from reconciler.vault.position import Position, read_position
from reconciler.vault.sighting import Sighting, sight
from reconciler.vault.tar import write_tar
from reconciler.vault.unsaveable import begun_reasons, reasons_in
from reconciler.vault.vault import Vault, sweep


@dataclass(frozen=True, slots=True)
class Saved:
    """An archive, and what the tree looked like when it was made: to verify and compare, then to throw away."""

    archive: Archive
    sighting: Sighting
    written: Written

    @property
    def inventory(self) -> Inventory:
        """What is in the tree."""
        return self.sighting.inventory


def save(
    vault: Vault,
    record: TreeRecord,
    name: str,
    *,
    now: datetime,
    omissions: Omissions | None = None,
    base: str | None = None,
    limit_bytes: int = LIMIT_BYTES,
    given_up: frozenset[Loss] = frozenset(),
    extras: Mapping[str, bytes] | None = None,
    sighting: Sighting | None = None,
) -> Saved:
    """Save a tree. The caller holds the repository's lock.

    Args:
        vault: where to.
        record: the tree; `path` is where it lies.
        name: the workspace.
        now: what the archive is called by.
        omissions: what is left out.
        base: the commit that the branch started from, which the copy need not hold.
        limit_bytes: how much may be copied.
        given_up: what may be lost, since a save cannot hold it.
        extras: what the caller wants to have back with it, by name.
        sighting: a look that was taken at the tree, instead of a new one: what was written since is found when the tree
            is compared with it.

    Raises:
        RefusedError: a save cannot hold this tree; nothing was made.
        ConflictError: somebody wrote there meanwhile; nothing was made.
        ClientError: git or the operating system refused; nothing was made.
    """
    _refuse(record, tuple(begun_reasons(record.git_dir, given_up)))
    sighting = sighting or sight(vault.git, record, omissions or Omissions())
    position, inventory = sighting.position, sighting.inventory
    _refuse(record, tuple(reasons_in(vault.git, inventory, limit_bytes, given_up)))
    time = _free_time(sweep(vault, name), now)
    logged = only_logged(vault.git, vault.repository, record.git_dir, position.branch, position.head)
    summary = _summarise(vault, inventory, position, base, logged)
    parents = (*filter(None, (position.head,)), *youngest(logged))
    writing = _Writing(vault, inventory, position, name, time, parents, extras or {})
    with writing.all_or_nothing():
        written = writing.write(summary, base, now)
    archive = Archive(name, writing.time, written.commit, summary, True, *writing.sizes)
    return Saved(archive, sighting, written)


def _refuse(record: TreeRecord, reasons: tuple[str, ...]) -> None:
    if reasons:
        message = f"{record.path} cannot be saved: {'; '.join(reasons)}"
        raise RefusedError(message, hint="end or move away what is named, then try again")


def _free_time(taken: frozenset[str], now: datetime) -> str:
    """The time in the archive's name: the next second that has none."""
    while stamp(now) in taken:
        now += timedelta(seconds=1)
    return stamp(now)


def _summarise(vault: Vault, inventory: Inventory, position: Position, base: str | None, logged: Commits) -> Summary:
    commits = None
    if base and position.head:
        words = ("rev-list", "--count", position.head, f"^{base}")
        commits = int(vault.git.run(*STAY_LOCAL, *words, git_dir=vault.repository.common_dir).text)
    ignored = inventory.contents.ignored_files
    return Summary(
        branch=position.branch,
        head=position.head,
        commits=commits,
        uncommitted=len(inventory.uncommitted),
        ignored=len(ignored),
        ignored_bytes=sizes(inventory.scan.statuses, ignored),
        logged=len(logged),
    )


@dataclass(frozen=True)
class _Writing:
    """The writing of one archive."""

    vault: Vault
    inventory: Inventory
    position: Position
    name: str
    time: str
    parents: tuple[str, ...]
    extras: Mapping[str, bytes]

    def write(self, summary: Summary, base: str | None, now: datetime) -> Written:
        """Write all parts, the ref last."""
        tar = self._write_tar()
        message = commit_message(self.name, self.time, summary)
        written = write_commit(
            self.vault,
            self.inventory,
            self.position,
            self.name,
            parents=self.parents,
            message=message,
            now=now,
            extras=self.extras,
        )
        self.vault.change_refs(create={self._saving: written.commit})
        self._write_copy(written.commit, tar, base)
        if read_position(self.vault.git, self.inventory.git_dir) != self.position:
            raise ConflictError(f"somebody used git in {self.inventory.tree} while it was saved", hint="try again")
        ref = archive_ref(self.name, self.time)
        self.vault.change_refs(create={ref: written.commit}, delete={self._saving: written.commit})
        return written

    @property
    def _saving(self) -> str:
        return f"{SAVING}{ref_part(self.name)}/{self.time}"

    @property
    def sizes(self) -> tuple[int, int | None]:
        """Of bundle and tar."""
        tar = self._file("tar")
        return self._file("bundle").stat().st_size, tar.stat().st_size if tar.exists() else None

    def _file(self, suffix: str) -> Path:
        return self.vault.file(self.name, self.time, suffix)

    def _write_tar(self) -> Path | None:
        contents = self.inventory.contents
        if not (contents.ignored_files or contents.ignored_directories):
            return None
        write_tar(self.inventory, self._file("tar"))
        return self._file("tar")

    def _write_copy(self, commit: str, tar: Path | None, base: str | None) -> None:
        bundle = self._file("bundle")
        make_bundle(self.vault.git, self.vault.repository, bundle, self._saving, base)
        settle(bundle.parent)
        write_receipt(self._file("json"), Receipt(self.name, commit, seal(bundle), seal(tar) if tar else None))

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Take away what was made if not all could be made."""
        make_place(self._file("tar").parent)
        try:
            yield
        except BaseException:
            with contextlib.suppress(Exception):  # what went wrong first is what is told; the next save sweeps as well
                remove_files(tuple(self._file(suffix) for suffix in ("json", "bundle", "bundle.lock", "tar")))
                self.vault.change_refs(delete=self.vault.refs(self._saving))
            raise
