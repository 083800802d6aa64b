"""Linking a tree and its record: what `git worktree repair` would do, for one tree and no other."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.clients.git import Git, Repository
from reconciler.clients.survey import take_survey
from reconciler.clients.trees import Standing, connect, linked_git_dir, plain_path, standing_of
from tests.support.repository import GitRepo
from tests.support.world import snapshot


def test_both_name_each_other_and_no_other_tree_is_touched(tmp_path: Path, repo: GitRepo, git: Git) -> None:
    """In a copy of a clone the records of all its trees name trees of the original; only the one is taken."""
    tree = repo.worktree(tmp_path / "tree", "auth")
    repo.worktree(tmp_path / "other", "other")
    shutil.copytree(repo.path, tmp_path / "copy", symlinks=True)
    before = snapshot(tmp_path / "other", times=True)
    tree.path.rename(tmp_path / "moved")
    connect(tmp_path / "moved", tmp_path / "copy/.git/worktrees/tree")
    assert snapshot(tmp_path / "other", times=True) == before
    records = take_survey(git, git.discover(tmp_path / "copy")).records
    assert {record.path.name: record.standing for record in records} == {
        "moved": Standing.PRESENT,
        "other": Standing.FOREIGN,
    }
    assert GitRepo(tmp_path / "moved").status() == ""


@pytest.mark.parametrize("name", ["plain", "new\nline", "n\udce9", " x "])
def test_git_finds_what_was_linked(tmp_path: Path, repo: GitRepo, repository: Repository, git: Git, name: str) -> None:
    """Whatever the paths are made of."""
    tree = repo.worktree(tmp_path / "t", "auth")
    tree.path.rename(tmp_path / name)
    connect(tmp_path / name, repository.common_dir / "worktrees/t")
    assert [record.standing for record in take_survey(git, repository).records] == [Standing.PRESENT]
    assert GitRepo(tmp_path / name).git("branch", "--show-current") == "auth"


def test_a_relative_link_is_as_good(tmp_path: Path, repo: GitRepo, repository: Repository) -> None:
    """As a git that is told to use relative paths writes it."""
    tree = repo.worktree(tmp_path / "tree", "auth")
    (tree.path / ".git").write_text("gitdir: ../shop/.git/worktrees/tree\n")
    assert standing_of(tree.path, repository.common_dir / "worktrees/tree") is Standing.PRESENT


@pytest.mark.parametrize("content", [b"", b"gitdir:", b"nonsense", b"\xff\xfe", b"gitdir: /nowhere", None])
def test_a_git_file_that_names_something_else_is_not_present(
    tmp_path: Path, repo: GitRepo, repository: Repository, content: bytes | None
) -> None:
    """None stands for a directory in its place: a repository of its own."""
    tree = repo.worktree(tmp_path / "tree", "auth")
    (tree.path / ".git").unlink()
    if content is None:
        (tree.path / ".git").mkdir()
    else:
        (tree.path / ".git").write_bytes(content)
    assert standing_of(tree.path, repository.common_dir / "worktrees/tree") is not Standing.PRESENT
    assert linked_git_dir(tmp_path / "nowhere") is None


def test_a_path_is_plain_but_for_its_last_step(tmp_path: Path) -> None:
    """Links on the way are where a person put the disk; a link in the tree's own place is never followed."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "real/tree").symlink_to("elsewhere")
    assert plain_path(tmp_path / "link/tree") == tmp_path / "real/tree"
