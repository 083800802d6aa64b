"""Where a branch is, and what a tree on it starts from: the first row of the table in DESIGN 3."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.model.change import Action
from tests.support.repository import GitRepo, Project
from tests.support.world import World


def field(world: World, path: str = "branch") -> str:
    return next(str(each.after) for each in world.change().fields if each.path == path)


@pytest.fixture
def clone(tmp_path: Path) -> World:
    """Give a clone whose remote `origin` has a branch `auth` of its own."""
    origin = GitRepo.init(tmp_path / "origin", {"a.txt": "a\n"})
    origin.branch("auth")
    origin.git("switch", "--quiet", "auth")
    origin.commit({"only-there.txt": "remote\n"})
    origin.git("switch", "--quiet", "main")
    return World.of(Project(origin.clone(tmp_path / "shop")))


def test_a_new_branch_starts_from_the_default_branch(world: World) -> None:
    """The plan names branch and commit; the new branch follows nothing."""
    world.declare("auth:")
    assert field(world).startswith("auth (new, from main at ")
    world.settle()
    assert world.tree().git("branch", "--show-current") == "auth"
    assert world.main.commit_of("auth") == world.main.commit_of("main")
    assert world.main.try_git("config", "branch.auth.merge").returncode == 1, "it follows nothing"


def test_a_local_branch_is_used_as_it_is(world: World) -> None:
    """It is neither moved nor started anew."""
    world.main.branch("auth")
    world.main.commit({"later.txt": "x"})
    before = world.main.commit_of("auth")
    world.declare("auth:")
    assert "exists, at" in field(world)
    world.settle()
    assert world.main.commit_of("auth") == before
    assert not (world.tree().path / "later.txt").exists()


def test_a_branch_only_on_the_remote_is_started_from_and_followed(clone: World) -> None:
    """As `git switch` would do it."""
    clone.declare("auth:")
    assert field(clone).startswith("auth (new, from origin/auth at ")
    clone.settle()
    assert clone.main.commit_of("auth") == clone.main.commit_of("origin/auth")
    assert clone.tree().git("rev-parse", "--abbrev-ref", "auth@{upstream}") == "origin/auth"


def test_a_local_branch_called_like_the_remote_one_does_not_mislead(clone: World) -> None:
    """`origin/auth` the branch is not `origin/auth` of the remote."""
    clone.main.branch("origin/auth", "main")
    clone.declare("auth:")
    clone.settle()
    assert clone.main.commit_of("refs/heads/auth") == clone.main.commit_of("refs/remotes/origin/auth")


def test_a_branch_on_two_remotes_is_a_conflict_until_one_is_preferred(clone: World) -> None:
    """The hint is git's own way out, and it works."""
    clone.main.git("remote", "add", "fork", str(clone.project.path.parent / "origin"))
    clone.main.git("fetch", "--quiet", "fork")
    clone.declare("auth:")
    change = clone.change()
    assert change.action is Action.CONFLICT
    assert "fork/auth, origin/auth" in change.reason
    assert "checkout.defaultRemote" in change.hint
    clone.main.git("config", "checkout.defaultRemote", "fork")
    clone.settle()
    assert clone.tree().git("rev-parse", "--abbrev-ref", "auth@{upstream}") == "fork/auth"


def test_a_branch_checked_out_in_the_main_worktree_is_a_conflict_naming_it(world: World) -> None:
    """The way out is not to adopt it."""
    world.main.git("switch", "--quiet", "-c", "auth")
    world.declare("auth:")
    change = world.change()
    assert change.action is Action.CONFLICT
    assert str(world.project.path) in change.reason
    assert "adopt" not in change.hint, "the main worktree cannot be adopted"
    report = world.try_apply()
    assert report.exit_code == 5
    assert not world.tree().path.exists()


def test_a_branch_checked_out_in_another_tree_is_a_conflict_naming_it(world: World, tmp_path: Path) -> None:
    """The way out is to adopt it."""
    other = world.main.worktree(tmp_path / "mine", "auth")
    world.declare("auth:")
    change = world.change()
    assert change.action is Action.CONFLICT
    assert str(other.path) in change.reason
    assert f"orchestra adopt {other.path}" in change.hint


def test_a_branch_recorded_at_a_tree_that_is_gone_is_told_how_to_free_it(world: World, tmp_path: Path) -> None:
    """Git refuses such a branch as well, until it forgets the tree."""
    other = world.main.worktree(tmp_path / "mine", "auth")
    shutil.rmtree(other.path)
    world.declare("auth:")
    change = world.change()
    assert change.action is Action.CONFLICT
    assert "git worktree prune" in change.hint
    world.main.git("worktree", "prune")
    world.settle()


@pytest.mark.parametrize(("taken", "wanted"), [("feature", "feature/auth"), ("feature/auth/x", "feature/auth")])
def test_a_branch_that_git_cannot_keep_beside_another_is_a_conflict(world: World, taken: str, wanted: str) -> None:
    """Refs are files and directories."""
    world.main.branch(taken)
    world.declare(f"auth: {{branch: {wanted}}}")
    change = world.change()
    assert change.action is Action.CONFLICT
    assert taken in change.reason


@pytest.mark.parametrize("base", ["release", "v1", "origin/main", "HASH"])
def test_a_base_may_be_a_branch_a_tag_a_remote_branch_or_a_commit(clone: World, base: str) -> None:
    """Whatever names a commit is a base."""
    first = clone.main.commit_of("HEAD")
    clone.main.branch("release")
    clone.main.git("tag", "-a", "-m", "one", "v1")
    clone.main.commit({"later.txt": "x"})
    clone.declare(f"fresh: {{base: {first if base == 'HASH' else base}}}")
    clone.settle()
    assert clone.main.commit_of("fresh") == first


def test_a_base_that_does_not_exist_is_a_conflict(world: World) -> None:
    """It is named."""
    world.declare("auth: {base: nowhere}")
    change = world.change()
    assert change.action is Action.CONFLICT
    assert "nowhere" in change.reason


def test_the_default_branch_is_the_one_of_the_remote(clone: World) -> None:
    """Where it is not here, its remote-tracking branch is started from and not followed."""
    clone.main.git("remote", "set-head", "origin", "auth")
    clone.declare("fresh:")
    clone.settle()
    assert clone.main.commit_of("fresh") == clone.main.commit_of("origin/auth")
    assert clone.main.try_git("config", "branch.fresh.merge").returncode == 1, "a new branch follows nothing"


def test_a_base_that_is_behind_what_it_follows_is_said(clone: World) -> None:
    """One would start from what is stale."""
    origin = GitRepo(clone.project.path.parent / "origin")
    origin.commit({"new.txt": "x"})
    clone.main.git("fetch", "--quiet")
    clone.declare("fresh:")
    assert any("its base main is 1 commit behind" in note for note in clone.change("fresh").notes)
