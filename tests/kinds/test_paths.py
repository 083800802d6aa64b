"""What may stand at, above and around a tree's path."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reconciler.model.change import Action, Mode
from reconciler.operations.adopt import adopt
from tests.support.repository import GitRepo
from tests.support.world import World, snapshot


def test_an_empty_directory_is_used(world: World) -> None:
    """As git uses one."""
    world.tree().path.mkdir(parents=True)
    world.declare("auth:")
    world.settle()


@pytest.mark.parametrize(
    "stands", ["directory", "file", "dangling link", "link", "link to empty", "pipe", "repository"]
)
def test_what_stands_at_the_path_is_a_conflict_and_stays(world: World, tmp_path: Path, stands: str) -> None:
    """It is named with a way out; no branch is left behind."""
    place = world.tree().path
    place.parent.mkdir()
    other = tmp_path / "other"
    if stands == "directory":
        place.mkdir()
        (place / "mine.txt").write_text("mine")
    elif stands == "file":
        place.write_text("mine")
    elif stands == "pipe":
        os.mkfifo(place)
    elif stands == "repository":
        GitRepo.init(place)
    else:
        place.symlink_to(other)
        if stands != "dangling link":
            other.mkdir()
        if stands == "link":
            (other / "mine.txt").write_text("mine")
    before = snapshot(place.parent), snapshot(other) if other.exists() else None
    world.declare("auth:")
    change = world.change()
    assert change.action is Action.CONFLICT
    assert str(place) in change.reason
    assert change.hint
    assert world.try_apply().exit_code == 5
    assert (snapshot(place.parent), snapshot(other) if other.exists() else None) == before
    assert "refs/heads/auth" not in world.main.refs()


def test_a_parent_that_is_a_link_was_somebodys_choice(world: World, tmp_path: Path) -> None:
    """The tree is where it leads."""
    (tmp_path / "big-disk").mkdir()
    (tmp_path / "shop.wt").symlink_to(tmp_path / "big-disk")
    world.declare("auth:")
    world.settle()
    assert (tmp_path / "big-disk/auth/app/a.py").exists()


def test_the_directory_of_the_trees_is_moved_to_another_disk_and_linked(world: World, tmp_path: Path) -> None:
    """Nothing has to be done, and nothing is drift."""
    world.declare("auth: {helpers: {test: {eager: true}}}")
    world.settle()
    (tmp_path / "shop.wt").rename(tmp_path / "big-disk")
    (tmp_path / "shop.wt").symlink_to(tmp_path / "big-disk")
    world.settle()
    assert (tmp_path / "shop.wt").is_symlink()
    assert world.change().notes == ()


def test_a_tree_is_moved_to_another_disk_and_linked(world: World, tmp_path: Path) -> None:
    """It is used through the link."""
    world.declare("auth:")
    world.settle()
    world.tree().path.rename(tmp_path / "big")
    world.tree().path.symlink_to(tmp_path / "big")
    world.settle()
    assert (tmp_path / "big/app/a.py").exists()
    world.declare("auth: {task: Harden it}")
    world.settle()
    assert "Harden it" in world.tree().read("SESSION.md")


def test_a_dangling_link_on_the_way_is_followed_as_git_follows_it(world: World, tmp_path: Path) -> None:
    """Git makes what it leads to, so do we."""
    (tmp_path / "shop.wt").symlink_to(tmp_path / "nowhere")
    world.declare("auth:")
    world.settle()
    assert (tmp_path / "nowhere/auth/app/a.py").exists(), "git and we agree where that is"


def test_a_file_on_the_way_is_an_error_and_stays(world: World, tmp_path: Path) -> None:
    """The operating system says so."""
    (tmp_path / "shop.wt").write_text("mine")
    world.declare("auth:")
    report = world.try_apply()
    assert not report.is_complete
    assert (tmp_path / "shop.wt").read_text() == "mine"


def test_a_path_inside_another_worktree_is_a_conflict(world: World, tmp_path: Path) -> None:
    """Git would delete it with that one, without a word."""
    other = world.main.worktree(tmp_path / "mine", "mine")
    world.declare("auth: {path: ../mine/inside}")
    change = world.change()
    assert change.action is Action.CONFLICT
    assert f"lies inside the worktree {other.path}" in change.reason


def test_a_worktree_made_by_hand_is_a_conflict_until_it_is_adopted(world: World) -> None:
    """Then it is as any other, and the work in it is untouched."""
    tree = world.main.worktree(world.tree().path, "auth")
    tree.write({"app/a.py": "mine\n", "new.txt": "mine\n"})
    world.declare("auth:")
    change = world.change()
    assert change.action is Action.CONFLICT
    assert "made without orchestra" in change.reason
    assert "orchestra adopt auth" in change.hint
    world.try_apply()
    assert not (tree.path / "SESSION.md").exists()
    adopt(world.session(), "auth", cwd=world.project.path)
    world.settle("auth")
    assert tree.status() == " M app/a.py\n?? new.txt"
    world.declare("auth: {path: ../elsewhere/auth}")
    world.settle("auth")


def test_a_sparse_worktree_made_by_hand_becomes_as_declared_once_adopted(world: World) -> None:
    """What it was is not taken for drift."""
    world.main.worktree(world.tree().path, "auth")
    world.declare("auth: {checkout: sparse, modify: app}")
    adopt(world.session(), "auth", cwd=world.project.path)
    world.settle()
    assert not (world.tree().path / "lib").exists()


def test_a_worktree_made_by_hand_on_another_branch_is_a_conflict(world: World) -> None:
    """Its branch is named."""
    world.main.worktree(world.tree().path, "mine")
    world.declare("auth:")
    assert "a worktree on branch mine" in world.change().reason


def test_a_record_of_a_worktree_that_is_gone_is_a_conflict_with_its_way_out(world: World) -> None:
    """The record is somebody's, and git drops it when told to."""
    tree = world.main.worktree(world.tree().path, "mine")
    shutil.rmtree(tree.path)
    world.declare("auth:")
    assert world.change().hint == "run `git worktree prune`"
    world.main.git("worktree", "prune")
    world.settle()


def test_two_declarations_of_one_place_after_a_rename_without_was(world: World) -> None:
    """The hint suggests the key that was forgotten."""
    world.declare("auth:")
    world.settle()
    world.declare("login: {path: ../shop.wt/auth, branch: auth}")
    change = world.change("login")
    assert change.action is Action.CONFLICT
    assert "was:" in change.hint


def test_the_git_file_of_a_tree_is_deleted(world: World) -> None:
    """Work is left in it: git can mend it, and the hint says how."""
    world.declare("auth:")
    world.settle()
    world.tree().write({"app/a.py": "mine\n"})
    (world.tree().path / ".git").unlink()
    change = world.change()
    assert change.action is Action.CONFLICT
    assert "git worktree repair" in change.hint
    world.main.git("worktree", "repair")
    world.settle("auth")
    assert world.tree().status() == " M app/a.py"


def test_a_tree_is_not_moved_to_another_disk(auth: World) -> None:
    """The system moves nothing there; what can be done is said."""
    auth.declare("auth: {path: /proc/orchestra/auth}")
    change = auth.change()
    assert change.mode is Mode.PERSON
    assert "not renamed or moved in place: /proc/orchestra/auth is on another disk" in change.notes
    assert any("let `orchestra destroy` take it down first" in note for note in change.notes)
