"""A repository, one tree of it, and all that becomes of that tree between an evening and the next morning."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from reconciler.clients.git import Git, Repository
from reconciler.clients.survey import take_survey
from reconciler.clients.trees import TreeRecord, linked_git_dir
from reconciler.kinds.workspace.fill import fill
from reconciler.vault.archive import Archive
from reconciler.vault.compare import differences
from reconciler.vault.omissions import Omissions
from reconciler.vault.restore import restore
from reconciler.vault.save import Saved, save
from reconciler.vault.vault import Vault
from reconciler.vault.verify import verify
from tests.support.repository import GitRepo

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
NAME = "auth"


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a user can see of a tree: files with bytes, modes and times, and what git says of it."""

    files: dict[str, tuple[object, ...]]
    status: bytes
    index: bytes


@dataclass(frozen=True, slots=True)
class VaultWorld:
    """One linked worktree and its vault."""

    git: Git
    repo: GitRepo
    tree: GitRepo
    vault: Vault

    @classmethod
    def of(cls, git: Git, repo: GitRepo, directory: Path, *, branch: str = "feature") -> VaultWorld:
        """Add a worktree to a repository."""
        tree = repo.worktree(directory / "tree", branch)
        return cls(git, repo, tree, Vault.of(git, git.discover(repo.path), directory / "state", "clone"))

    @property
    def repository(self) -> Repository:
        """Name the repository as the clients do."""
        return self.vault.repository

    @property
    def git_dir(self) -> Path:
        """Give the tree's private git directory."""
        found = linked_git_dir(self.tree.path)
        assert found
        return found

    def record(self) -> TreeRecord:
        """Give the tree's record."""
        records = take_survey(self.git, self.repository).records
        return next(record for record in records if record.path == self.tree.path)

    def save(self, **options: object) -> Saved:
        """Save the tree."""
        return save(self.vault, self.record(), NAME, now=NOW, **options)  # type: ignore[arg-type]

    def see(self) -> Seen:
        """Look at the tree as a user does."""
        return see(self.tree.path)

    def status_anew(self) -> bytes:
        """Give the status that git finds when it cannot rely on what it noted of files: in a copy of the tree."""
        copy = self.tree.path.with_name("copy")
        subprocess.run(["cp", "-a", self.tree.path, copy], check=True)
        status = _git(copy, "status", "--porcelain=v2", "-z")
        _force(copy)
        shutil.rmtree(copy)
        return status

    def remove(self) -> None:
        """Remove the tree with git's record of it, whatever is in it."""
        git_dir = self.git_dir
        _force(self.tree.path)
        shutil.rmtree(self.tree.path)
        shutil.rmtree(git_dir)

    def make_again(self, archive: Archive) -> None:
        """Make the tree again at the archived commit, as apply does."""
        summary = archive.summary
        assert summary
        where = (
            [summary.branch]
            if summary.branch and summary.head
            else ["--detach", *([summary.head] if summary.head else [])]
        )
        self.repo.git(
            "worktree", "add", "--no-checkout", *where[:-1], str(self.tree.path), where[-1]
        ) if summary.head else (self.repo.git("worktree", "add", "--no-checkout", "--detach", str(self.tree.path)))
        if not summary.head:
            self.tree.git("symbolic-ref", "HEAD", f"refs/heads/{summary.branch}")
            return
        fill(self.git, self.tree.path, self.git_dir)

    def restore(self, archive: Archive, omissions: Omissions | None = None) -> None:
        """Restore an archive into the tree."""
        restore(self.vault, archive, self.tree.path, self.git_dir, omissions=omissions)

    def night(self, omissions: Omissions | None = None) -> Archive:
        """Save, verify, compare and remove; fails unless every step agrees."""
        saved = self.save(omissions=omissions)
        assert verify(self.vault, saved) == ()
        assert differences(self.git, saved.sighting, self.tree.path) == ()
        self.remove()
        return saved.archive

    def night_and_morning(self, omissions: Omissions | None = None) -> Archive:
        """Park the tree and bring it back."""
        archive = self.night(omissions)
        self.make_again(archive)
        self.restore(archive, omissions)
        return archive


def see(tree: Path) -> Seen:
    """Look at a tree as a user does."""
    return Seen(
        _files(tree), _git(tree, "status", "--porcelain=v2", "-z"), _git(tree, "ls-files", "--stage", "-v", "-z")
    )


def _files(tree: Path) -> dict[str, tuple[object, ...]]:
    found = {}
    for directory, directories, names in os.walk(tree):
        if Path(directory) == tree and ".git" in names:
            names.remove(".git")
        for path in (Path(directory), *(Path(directory) / name for name in (*names, *directories))):
            found[os.path.relpath(path, tree)] = _look(path)
    return found


def _look(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return "link", os.readlink(path), status.st_mtime_ns  # noqa: PTH115 - a Path would tidy it up
    if stat.S_ISDIR(status.st_mode):
        return "directory", oct(status.st_mode), status.st_mtime_ns
    content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""  # a pipe would hold us for ever
    return "file", oct(status.st_mode), status.st_mtime_ns, content


def _git(tree: Path, *words: str) -> bytes:
    command = ["git", "--no-optional-locks", *words]
    return subprocess.run(command, cwd=tree, capture_output=True, check=True).stdout


def _force(tree: Path) -> None:
    for directory, _, _ in os.walk(tree):
        Path(directory).chmod(0o700)
