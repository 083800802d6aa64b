"""Preparing a clone: once, with an identity of its own, and with git working as before."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.clients.clone import prepare_clone
from reconciler.clients.git import Git, Repository
from reconciler.clients.survey import take_survey
from tests.support.repository import GitRepo
from tests.support.world import snapshot


def test_twice_is_once(repo: GitRepo, repository: Repository, git: Git) -> None:
    """The second time writes nothing and gives the same identity, which a survey knows."""
    clone = prepare_clone(git, repository)
    before = snapshot(repository.common_dir, times=True)
    assert prepare_clone(git, repository) == clone
    assert snapshot(repository.common_dir, times=True) == before
    assert take_survey(git, repository).clone == clone
    assert repo.git("config", "extensions.worktreeConfig") == "true"
    assert repo.status() == ""


def test_a_copy_gets_an_identity_of_its_own(tmp_path: Path, repo: GitRepo, repository: Repository, git: Git) -> None:
    """A copied directory is another clone; the original keeps its identity, also when it is moved."""
    clone = prepare_clone(git, repository)
    shutil.copytree(repo.path, tmp_path / "copy")
    copied = prepare_clone(git, git.discover(tmp_path / "copy"))
    assert copied != clone
    repo.path.rename(tmp_path / "moved")
    assert prepare_clone(git, git.discover(tmp_path / "moved")) == clone


def test_a_clone_made_by_git_inherits_nothing(tmp_path: Path, repo: GitRepo, repository: Repository, git: Git) -> None:
    """`git clone` carries no identity."""
    prepare_clone(git, repository)
    other = repo.clone(tmp_path / "clone")
    assert take_survey(git, git.discover(other.path)).clone is None


def test_a_bare_repository_stays_bare_and_its_trees_do_not(tmp_path: Path, repo: GitRepo, git: Git) -> None:
    """`core.bare` moves out of what linked trees read; everything in them and in the repository works."""
    bare = repo.clone(tmp_path / "bare.git", "--bare")
    before = bare.worktree(tmp_path / "before", "b")
    repository = git.discover(bare.path)
    prepare_clone(git, repository)
    after = bare.worktree(tmp_path / "after", "c")
    shared = bare.try_git("config", "--file", "config", "--get", "core.bare")
    assert shared.returncode == 1
    assert bare.git("rev-parse", "--is-bare-repository") == "true"
    for tree in (before, after):
        assert tree.git("rev-parse", "--is-bare-repository") == "false"
        tree.git("config", "--worktree", "core.excludesFile", "/none")
        tree.commit({"new": "x"})
        assert tree.status() == ""
    survey = take_survey(git, repository)
    assert (survey.main, {one.path for one in survey.records}) == (None, {before.path, after.path})
    state = snapshot(bare.path, times=True)
    prepare_clone(git, repository)
    assert snapshot(bare.path, times=True) == state
    assert bare.clone(tmp_path / "again").refs("refs/remotes").keys() >= {"refs/remotes/origin/b"}


def test_a_submodule_keeps_its_work_tree(tmp_path: Path, repo: GitRepo, git: Git) -> None:
    """`core.worktree` moves as well: the submodule works, and so does a tree linked to it."""
    outer = GitRepo.init(tmp_path / "outer", {"x": "x"})
    outer.git("submodule", "--quiet", "add", str(repo.path), "sub")
    sub = GitRepo(outer.path / "sub")
    repository = git.discover(sub.path)
    prepare_clone(git, repository)
    linked = sub.worktree(tmp_path / "linked", "b")
    assert sub.git("rev-parse", "--show-toplevel") == str(sub.path)
    assert linked.git("rev-parse", "--show-toplevel") == str(linked.path)
    assert (sub.status(), linked.status()) == ("", "")
    assert take_survey(git, repository).main == sub.path


@pytest.mark.parametrize("value", ["no-inode", "other@1", "@", "@5"])
def test_a_broken_identity_is_replaced(repo: GitRepo, repository: Repository, git: Git, value: str) -> None:
    """What is not bound to this directory is not ours."""
    repo.git("config", "orchestra.clone", value)
    clone = prepare_clone(git, repository)
    assert clone not in {"no-inode", "other", ""}
    assert prepare_clone(git, repository) == clone
