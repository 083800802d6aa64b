"""Where the archives of a clone are: refs in its repository, files on a shelf outside."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git, Repository
from reconciler.clients.survey import PARKED
from reconciler.vault.archive import ARCHIVES, SAVING, Archive, is_stamp, ref_part
from reconciler.vault.copy import remove_files


@dataclass(frozen=True, slots=True)
class Vault:
    """Archives of one clone.

    Attributes:
        shelf: `<state>/archive/<clone>`, outside the repository and every sandbox's reach.
        others: those of the clones that this one is a copy of: only read.
    """

    git: Git
    repository: Repository
    shelf: Path
    others: tuple[Path, ...] = ()

    @classmethod
    def of(cls, git: Git, repository: Repository, state: Path, clone: str, origins: Iterable[str] = ()) -> Vault:
        """The vault of a clone, in a state directory."""
        shelves = state / "archive"
        return cls(git, repository, shelves / clone, tuple(shelves / origin for origin in origins))

    def file(self, name: str, time: str, suffix: str) -> Path:
        """Where a part of an archive is written to: `tar`, `bundle` or `json`, the receipt."""
        return self._on(self.shelf, name, time, suffix)

    def find(self, name: str, time: str, suffix: str) -> Path:
        """Where a part of an archive is, or should be."""
        places = [self._on(shelf, name, time, suffix) for shelf in (self.shelf, *self.others)]
        return next((place for place in places if place.exists()), places[0])

    def _on(self, shelf: Path, name: str, time: str, suffix: str) -> Path:
        return shelf / ref_part(name) / f"{time}.{suffix}"

    def refs(self, *prefixes: str) -> dict[str, str]:
        """The refs below prefixes, and what they name.

        Raises:
            ClientError: git failed.
        """
        if not prefixes:
            return {}  # git would list all that there are
        words = ("for-each-ref", "--format=%(objectname) %(refname)", *prefixes)
        lines = (line.partition(" ") for line in self.git.lines(*words, git_dir=self.repository.common_dir))
        return {ref: name for name, _, ref in lines}

    def change_refs(self, *, create: Mapping[str, str] | None = None, delete: Mapping[str, str] | None = None) -> None:
        """Make refs that are not there and delete those that are as they were, all or none of them, without hooks.

        Raises:
            ClientError: git refused, or somebody was faster.
        """
        lines = [f"create {ref} {name}\n" for ref, name in (create or {}).items()]
        lines += [f"delete {ref} {name}\n" for ref, name in (delete or {}).items()]
        if lines:
            words = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsync=all", "update-ref", "--stdin")
            self.git.run(*words, git_dir=self.repository.common_dir, stdin="".join(lines).encode())


def park(vault: Vault, archive: Archive) -> None:
    """Have the next apply restore an archive, instead of the one that it would have restored.

    Raises:
        ClientError: git refused.
    """
    ref = f"{PARKED}{ref_part(archive.name)}"
    before = vault.refs(ref)
    if before.get(ref) != archive.commit:
        vault.change_refs(delete=before)
        vault.change_refs(create={ref: archive.commit})


def unpark(vault: Vault, archive: Archive) -> None:
    """Have no apply restore it any more; not to be restored already is success.

    Raises:
        ClientError: git refused.
    """
    ref = f"{PARKED}{ref_part(archive.name)}"
    if vault.refs(ref).get(ref) == archive.commit:
        vault.change_refs(delete={ref: archive.commit})


def unpark_all(vault: Vault, *names: str) -> None:
    """Have no apply restore anything of these workspaces.

    Raises:
        ClientError: git refused.
    """
    vault.change_refs(delete=vault.refs(*(f"{PARKED}{ref_part(name)}" for name in names)))


def parked(vault: Vault) -> frozenset[str]:
    """The commits of the archives that the next apply restores.

    Raises:
        ClientError: git failed.
    """
    return frozenset(vault.refs(PARKED).values())


def sweep(vault: Vault, name: str) -> frozenset[str]:
    """Take away what saves of a workspace left that were killed. The caller holds the repository's lock.

    A file goes only if a save called it so, no archive is of its time, and no receipt says that its save was about to
    be done; what a save was about to do is known by its own ref, which vanishes with the moment in which the archive's
    appears.

    Returns:
        The times of the archives that there are.

    Raises:
        ClientError: git or the operating system refused.
    """
    part = ref_part(name)
    refs = vault.refs(f"{ARCHIVES}{part}/", f"{SAVING}{part}/")
    saving = {ref: commit for ref, commit in refs.items() if ref.startswith(SAVING)}
    whole = {ref.rpartition("/")[2] for ref in refs if ref.startswith(ARCHIVES)}
    begun = {ref.rpartition("/")[2] for ref in saving}
    place = vault.shelf / part
    found = sorted(place.iterdir()) if place.is_dir() else []
    receipts = {file.stem for file in found if file.suffix == ".json" and not file.name.startswith(".")} - begun
    there = whole | receipts
    remove_files(tuple(file for file in found if _is_rest(file, there)))
    vault.change_refs(delete=saving)
    return frozenset(there)


def _is_rest(file: Path, there: frozenset[str] | set[str]) -> bool:
    time = file.name.partition(".")[0]
    return files.is_temporary(file.name) or (is_stamp(time) and time not in there)
