"""What the tests of the vault start from: a repository with one linked worktree, and a vault beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.clients.git import Git
from tests.support.repository import GitRepo
from tests.vault.world import VaultWorld


@pytest.fixture(scope="session")
def git(_hermetic: None) -> Git:
    """Give git as a session would start it."""
    return Git(os.environ)


@pytest.fixture
def world(tmp_path: Path, git: Git) -> VaultWorld:
    """Give a repository of three files, and a worktree of it."""
    repo = GitRepo.init(
        tmp_path / "shop", {"a.txt": "a\n", "app/b.txt": "b\n", "app/c.txt": "c\n", ".gitignore": "*.log\n"}
    )
    return VaultWorld.of(git, repo, tmp_path)
