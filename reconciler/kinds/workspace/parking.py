"""Take a tree down: save it, read the save back, move the tree aside, compare once more, and only then delete it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

from reconciler.clients import excludes, files
from reconciler.clients.git import Git
from reconciler.clients.marks import FILE_NAME, MarkBook, parse_book
from reconciler.clients.mounts import mounts_in
from reconciler.clients.process import processes_using
from reconciler.clients.sandbox.foreground import alone
from reconciler.clients.sandbox.private_git import DIRECTORY as SANDBOX
from reconciler.clients.survey import BRANCH_KEY
from reconciler.clients.takedown import discard, is_set_aside, put_back, set_aside
from reconciler.clients.trees import TreeRecord
from reconciler.errors import ClientError, ConflictError, RefusedError
from reconciler.kinds.workspace.fates import omissions_of, unedited
from reconciler.kinds.workspace.removal import Doomed, Removal
from reconciler.model.phrases import some
from reconciler.vault.archive import Archive
from reconciler.vault.compare import differences
from reconciler.vault.restore import restore
from reconciler.vault.save import save
from reconciler.vault.sighting import Sighting
from reconciler.vault.stored import read_extra
from reconciler.vault.unsaveable import Appraisal
from reconciler.vault.vault import Vault, park
from reconciler.vault.verify import verify

_MARKS = "marks"
_EXCLUDES = "excludes"
_SETTINGS = "branch-settings"


def take_down(vault: Vault, name: str, doomed: Doomed, removal: Removal, sighting: Sighting | None = None) -> Archive:
    """Save a tree and remove it; the next apply brings it back.

    Args:
        vault: where it is saved.
        name: the workspace.
        doomed: the tree.
        removal: how it is to be treated.
        sighting: what was seen of the tree before, instead of a new look.

    Raises:
        RefusedError: no save can hold it, or somebody came or wrote into it meanwhile; it is where it was.
        ConflictError: somebody used git there meanwhile; likewise.
        ClientError: it could not be saved or removed; likewise, or it lies aside, whole.
    """
    record = doomed.record
    saved = save(
        vault,
        record,
        name,
        now=removal.now(),
        omissions=omissions_of(doomed, removal),
        sighting=sighting,
        base=doomed.base.commit,
        limit_bytes=removal.limit_bytes,
        given_up=removal.given_up,
        extras={
            _MARKS: _read(record.git_dir, FILE_NAME),
            _EXCLUDES: _read(record.git_dir, excludes.FILE_NAME),
            _SETTINGS: _settings(vault, record.branch),
        },
    )
    damaged = verify(vault, saved)
    _refuse(record.path, "its archive is not whole", damaged, hint="see the disk that it is on, and `git fsck`")
    with alone(record.git_dir / SANDBOX, name):
        aside = replace(record, path=set_aside(record.path))
        try:
            _refuse(record.path, "somebody is at work there", _changed(vault.git, aside, saved.sighting, removal))
            park(vault, saved.archive)
        except BaseException:
            put_back(record.path)
            raise
        discard(vault.repository.common_dir, record.git_dir, record.path)
    return saved.archive


def still_true(git: Git, record: TreeRecord, seen: Appraisal | None, removal: Removal) -> Appraisal | None:
    """What was seen of a tree, unless somebody wrote there since; to look whether is cheaper than to look anew."""
    if seen is None or seen.sighting is None or seen.sighting.inventory.tree != record.path:
        return None
    try:
        return None if _changed(git, record, seen.sighting, removal) else seen
    except (ClientError, ConflictError):
        return None


def bring_back(vault: Vault, archive: Archive, tree: Path, git_dir: Path, clone: str) -> MarkBook | None:
    """Put an archive into a tree that was made at its commit, and give the marks that were in it.

    Raises:
        ConflictError: the tree holds work that would be lost.
        ClientError: the archive is not whole, or it could not be written.
    """
    restore(vault, archive, tree, git_dir)
    if hidden := read_extra(vault.git, vault.repository.common_dir, archive, _EXCLUDES):
        excludes.exclude(vault.git, tree, git_dir, hidden.decode("utf-8", "surrogateescape"))
    marks = read_extra(vault.git, vault.repository.common_dir, archive, _MARKS) or b""
    owners = (clone, *(shelf.name for shelf in vault.others))  # the marks may be those of whom this is a copy of
    return next(filter(None, (parse_book(marks, owner) for owner in owners)), None)


def bring_back_settings(vault: Vault, archive: Archive, branch: str) -> None:
    """Give a branch the settings again (upstream, description) that went with it; what is set by now stays.

    Raises:
        ClientError: git failed.
    """
    saved = read_extra(vault.git, vault.repository.common_dir, archive, _SETTINGS) or b""
    there = {key for key, _ in _pairs(_settings(vault, branch))}
    for key, value in _pairs(saved):
        if key not in there and key != BRANCH_KEY:
            vault.git.run("config", "--add", f"branch.{branch}.{key}", value, git_dir=vault.repository.common_dir)


def end_takedown(tree: Path, git_dir: Path) -> None:
    """Put a tree back that lies aside, since its removal was killed: it is whole."""
    if is_set_aside(tree, git_dir):
        put_back(tree)


def _read(git_dir: Path, name: str) -> bytes:
    entry = files.read(git_dir, name)
    return entry.content or b"" if entry else b""


def _settings(vault: Vault, branch: str | None) -> bytes:
    """The configuration of a branch, as git lists it: it goes when the branch does."""
    if branch is None:
        return b""
    words = ("config", "--local", "--null", "--get-regexp", f"^branch\\.{re.escape(branch)}\\.")
    return vault.git.run(*words, git_dir=vault.repository.common_dir, ok=(0, 1)).stdout


def _pairs(settings: bytes) -> list[tuple[str, str]]:
    """Key, without the branch, and value of each; a key that has no value means true."""
    listed = [os.fsdecode(entry).partition("\n") for entry in settings.split(b"\0")[:-1]]
    return [(key.rpartition(".")[2], value if is_set else "true") for key, is_set, value in listed]


def _changed(git: Git, record: TreeRecord, seen: Sighting, removal: Removal) -> tuple[str, ...]:
    """Who came and what was written since a look; files of ours are no part of it, and are looked at by themselves."""
    comers = (f"{name} ({pid}) is at work there" for pid, name in processes_using(record.path))
    edited = sorted({*seen.omissions.ours} ^ unedited(record))
    mounted = (f"something is mounted at {place}" for place in mounts_in(record.path))
    changed = differences(git, seen, record.path, removal.given_up)
    return (*comers, *mounted, *changed, *(f"{path} was edited" for path in edited))


def _refuse(tree: Path, what: str, why: tuple[str, ...], *, hint: str = "try again later") -> None:
    if why:
        raise RefusedError(f"{tree} is kept, {what}: {some(why, between='; ')}", hint=hint)
