"""What a save cannot hold, so that a tree with it is kept: each reason in words."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients import index_lock
from reconciler.clients.descent import sizes
from reconciler.clients.git import Git
from reconciler.clients.trees import TreeRecord, half_done
from reconciler.model.phrases import plural, some
from reconciler.vault.ancestry import refs_to_no_commit
from reconciler.vault.index import GITLINK
from reconciler.vault.inventory import Inventory
from reconciler.vault.losses import LIMIT_BYTES, Loss
from reconciler.vault.omissions import Omissions
from reconciler.vault.sighting import Sighting, sight
from reconciler.vault.submodules import submodule_reasons


@dataclass(frozen=True, slots=True)
class Appraisal:
    """What a save of a tree would hold.

    Attributes:
        reasons: why it cannot be saved; empty when it can.
        uncommitted: files with work that is in no commit.
        ignored: files that git ignores, and that are to be saved.
        lost: what would be lost, and why it may, in words.
        sighting: what was seen, of which a save can be made; None when nothing was looked at.
    """

    reasons: tuple[str, ...]
    uncommitted: frozenset[str] = frozenset()
    ignored: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    sighting: Sighting | None = None


def appraise(
    git: Git,
    record: TreeRecord,
    omissions: Omissions | None = None,
    *,
    limit_bytes: int = LIMIT_BYTES,
    given_up: Collection[Loss] = (),
) -> Appraisal:
    """Say what a save would hold, and why it cannot be made. The tree is not touched.

    Raises:
        ClientError: git or the operating system refused.
    """
    if begun := tuple(begun_reasons(record.git_dir, given_up)):
        return Appraisal(begun)
    seen = sight(git, record, omissions or Omissions())
    inventory = seen.inventory
    reasons = tuple(reasons_in(git, inventory, limit_bytes, given_up))
    lost = tuple(_lost(git, record, inventory, given_up))
    return Appraisal(reasons, inventory.uncommitted, tuple(inventory.contents.ignored_files), lost, seen)


def _lost(git: Git, record: TreeRecord, inventory: Inventory, given_up: Collection[Loss]) -> Iterator[str]:
    """What is in the tree of that which may be lost."""
    yield from (f"as requested: {reason}" for reason in _given_up(git, record, inventory, given_up))
    if files := inventory.contents.given_up:
        yield f"as requested: {plural(len(files), 'ignored file')} ({some(files)})"
    if files := inventory.contents.scratch:
        counted = plural(len(files), "file that git does not ignore", "files that git does not ignore")
        yield f"since it is scratch: {counted} ({some(files)})"


def _given_up(git: Git, record: TreeRecord, inventory: Inventory, given_up: Collection[Loss]) -> Iterator[str]:
    if given_up:
        yield from set(begun_reasons(record.git_dir)) - set(begun_reasons(record.git_dir, given_up))
        size = copied_bytes(inventory)
        everything = dict.fromkeys(reasons_in(git, inventory, size))
        yield from everything.keys() - set(reasons_in(git, inventory, size, given_up))


def begun_reasons(git_dir: Path, given_up: Collection[Loss] = ()) -> Iterator[str]:
    """What can be told from a tree's git directory alone."""
    begun = half_done(git_dir) or ("cherry-pick or revert" if (git_dir / "sequencer").exists() else None)
    if begun and Loss.HALF_DONE not in given_up:
        yield f"a {begun} is half done"
    lock = git_dir / index_lock.NAME
    if lock.exists() and (git_dir / "index").exists():  # without one, nothing was checked out yet
        yield f"git is at work there, or was killed at it: {lock} exists"
    if (git_dir / "reftable").exists():
        yield "its refs are in a reftable, whose logs cannot be read yet"


def reasons_in(git: Git, inventory: Inventory, limit_bytes: int, given_up: Collection[Loss] = ()) -> Iterator[str]:
    """What can be told from a look at a tree.

    Raises:
        ClientError: git failed.
    """
    nested = [path for path in inventory.scan.repositories if not _is_gitlink(inventory, path)]
    if nested and Loss.NESTED not in given_up:
        yield f"repositories lie in it that are no submodules ({some(nested)})"
    if inventory.contents.special:
        yield f"sockets, pipes or devices lie in it ({some(inventory.contents.special)})"
    if inventory.unreadable:
        yield f"some of it cannot be read ({some(inventory.unreadable)})"
    if inventory.closed:
        yield f"directories in it are somebody else's, and we may delete nothing in them ({some(inventory.closed)})"
    if refs := refs_to_no_commit(git, inventory.git_dir):
        yield f"refs of its own name no commit ({some(refs)})"
    yield from reasons_in_submodules(git, inventory, given_up)
    size = copied_bytes(inventory)
    if size > limit_bytes:
        yield f"a save would copy {size:,} bytes, and the limit is {limit_bytes:,}"


def reasons_in_submodules(git: Git, inventory: Inventory, given_up: Collection[Loss] = ()) -> Iterator[str]:
    """What in submodules does not come back by itself.

    Raises:
        ClientError: git failed.
    """
    if Loss.SUBMODULES not in given_up:
        submodules = (path for path in inventory.scan.repositories if _is_gitlink(inventory, path))
        links = {path: inventory.index.object_of(path) for path in submodules}
        yield from submodule_reasons(git, inventory.tree, inventory.git_dir, links)


def _is_gitlink(inventory: Inventory, path: str) -> bool:
    entry = inventory.index.entry(path)
    return entry is not None and entry.octal == GITLINK


def copied_bytes(inventory: Inventory) -> int:
    """How much a save would copy."""
    return sizes(inventory.scan.statuses, (*inventory.stored, *inventory.contents.ignored_files))
