"""What the tests of clients start from: git in the hermetic environment, and a repository with one commit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.clients.git import Git, Repository
from tests.support.repository import GitRepo


@pytest.fixture(scope="session")
def git(_hermetic: None) -> Git:
    """Give git as a session would start it."""
    return Git(os.environ)


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """Give a repository with one commit."""
    return GitRepo.init(tmp_path / "shop", {"a.txt": "a\n", "app/b.txt": "b\n"})


@pytest.fixture
def repository(repo: GitRepo, git: Git) -> Repository:
    """Give the same repository as the clients name it."""
    return git.discover(repo.path)
