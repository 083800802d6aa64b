"""The hermetic floor holds."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support.disk import is_in_memory
from tests.support.repository import GitRepo, Project


def test_no_configuration_of_the_machine_is_read(tmp_path: Path) -> None:
    """Git in a test sees no setting but those of the repository itself."""
    repository = GitRepo.init(tmp_path / "shop")

    scopes = {line.split("\t")[0] for line in repository.git("config", "--list", "--show-scope").splitlines()}

    assert scopes == {"local"}


def test_commits_are_the_same_on_every_machine(tmp_path: Path) -> None:
    """Identity and time are fixed, so the same files give the same commit."""
    one = GitRepo.init(tmp_path / "one", {"a": "1\n"})
    two = GitRepo.init(tmp_path / "two", {"a": "1\n"})

    assert one.commit_of("HEAD") == two.commit_of("HEAD")


def test_home_is_not_the_users() -> None:
    """Nothing that a test writes to the home directory reaches the user's."""
    assert Path("~").expanduser() == Path(os.environ["HOME"])
    assert "home" in Path(os.environ["HOME"]).name


def test_temporary_directories_are_on_a_disk(tmp_path: Path) -> None:
    """Races are tested where users have them."""
    assert not is_in_memory(tmp_path)


def test_builder_makes_worktrees(shop: Project, tmp_path: Path) -> None:
    """A worktree made by the builder is one that git knows."""
    tree = shop.repository.worktree(tmp_path / "by-hand", "topic")

    assert [shop.path, tmp_path / "by-hand"] == shop.repository.worktrees()
    assert tree.status() == ""


def test_git_is_recent_enough() -> None:
    """Orchestra promises to work from git 2.39 on, and the suite runs on no older one."""
    text = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout
    version = tuple(int(part) for part in text.split()[2].split(".")[:2])

    assert version >= (2, 39)
