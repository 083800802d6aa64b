"""The commands that a plan names for what is left to a person: run as they are printed, they lead where they should."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reconciler.model.change import Mode
from tests.support.repository import GitRepo
from tests.support.world import World, snapshot


def by_hand(world: World, name: str) -> list[str]:
    """Give what a plan says is to be done by hand for a workspace that is left to a person."""
    change = world.change(name)
    assert change.mode is Mode.PERSON, change
    return [note for note in change.notes if note.startswith("by hand")]


def obey(world: World, name: str) -> None:
    """Run the commands that are printed between backticks."""
    (said,) = by_hand(world, name)
    for command in said.split("`")[1::2]:
        done = subprocess.run(command, shell=True, cwd=world.project.path, capture_output=True, text=True, check=False)  # noqa: S602
        assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_two_paths_that_are_swapped_go_through_a_third_name(world: World) -> None:
    """Git would move the one tree into the other."""
    world.declare("e:\nf:")
    world.settle()
    for name in ("e", "f"):
        world.tree(name).write({"app/a.py": f"{name}\n"})
    world.declare("e: {path: ../shop.wt/f}\nf: {path: ../shop.wt/e}")
    obey(world, "e")
    world.apply()
    world.settle("e", "f")
    assert (world.tree("e").read("app/a.py"), world.tree("f").read("app/a.py")) == ("f\n", "e\n")


def test_a_third_name_is_one_that_is_free(world: World) -> None:
    """Whatever stands at the first that comes to mind stays."""
    world.declare("e:\nf:")
    world.settle()
    (world.tree("e-aside").path).write_text("mine")
    world.declare("e: {path: ../shop.wt/f}\nf: {path: ../shop.wt/e}")
    obey(world, "e")
    world.apply()
    world.settle()
    assert world.tree("e-aside").path.read_text() == "mine"


@pytest.mark.parametrize(("first", "then"), [("g", "g/sub"), ("g/sub", "g"), ("g/a/b", "g")])
def test_a_tree_goes_into_or_out_of_itself_through_a_third_name(world: World, first: str, then: str) -> None:
    """No system moves a directory into itself; the branch is not renamed before the move is sure to work."""
    place, target = (world.tree(name).path for name in (first, then))
    world.declare(f"g: {{path: ../shop.wt/{first}, branch: {first}}}")
    world.settle()
    GitRepo(place).write({"app/a.py": "mine\n"})
    world.declare(f"g: {{path: ../shop.wt/{then}, branch: {then}}}")
    obey(world, "g")
    world.settle(target.name)
    assert GitRepo(target).read("app/a.py") == "mine\n"
    assert GitRepo(target).git("branch", "--show-current") == then


def test_a_tree_that_holds_another_is_not_moved_before_that_one_is_out(auth: World, tmp_path: Path) -> None:
    """Git would lose sight of it."""
    inner = auth.main.worktree(auth.tree().path / "inner", "mine")
    inner.write({"work.txt": "mine"})
    auth.declare("auth: {path: ../elsewhere}")
    assert any(str(inner.path) in note for note in auth.change().notes)
    before = snapshot(auth.tree().path)
    auth.try_apply()
    assert snapshot(auth.tree().path) == before
    obey(auth, "auth")
    auth.apply()
    assert (tmp_path / "elsewhere/app/a.py").exists()
    trees = {path.name: path for path in auth.main.worktrees()}
    assert (next(path for name, path in trees.items() if name.startswith("inner")) / "work.txt").read_text() == "mine"


@pytest.mark.parametrize("where", ["../mine/auth", "../mine"])
def test_no_command_moves_a_tree_into_another(auth: World, tmp_path: Path, where: str) -> None:
    """What git does then is to put it inside, or to delete it with the other later."""
    auth.main.worktree(tmp_path / "mine", "mine")
    auth.declare(f"auth: {{path: {where}}}")
    assert not any("git" in note for note in by_hand(auth, "auth"))


@pytest.mark.parametrize("obstacle", ["file", "directory"])
def test_what_stands_at_a_path_is_to_be_moved_away_first(auth: World, tmp_path: Path, obstacle: str) -> None:
    """Only then is there something that git could do."""
    auth.main.write({"../elsewhere" + ("/x" if obstacle == "directory" else ""): "mine"})
    auth.declare("auth: {path: ../elsewhere}")
    assert by_hand(auth, "auth") == [f"by hand: move {tmp_path / 'elsewhere'} away, or name another `path:`"]


def test_a_locked_tree_is_unlocked_by_the_command(auth: World, tmp_path: Path) -> None:
    """Git moves none that is locked."""
    auth.main.git("worktree", "lock", "--reason", "on a stick", str(auth.tree().path))
    auth.declare("auth: {branch: 'other', path: '../else where'}")
    obey(auth, "auth")
    auth.settle()
    assert (tmp_path / "else where/app/a.py").exists()


def test_a_branch_that_is_checked_out_elsewhere_is_told_without_a_command(world: World) -> None:
    """Git switches to it in no other tree."""
    world.declare("e:\nf:")
    world.settle()
    world.declare("e: {branch: f}\nf: {branch: e}")
    (said,) = by_hand(world, "e")
    assert "switch" not in said
    assert f"branch f is checked out at {world.tree('f').path}" in said
