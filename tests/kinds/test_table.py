"""The rows of the table at the end of DESIGN 3: what changed, and what apply does about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.change import Action, Mode
from tests.support.repository import GitRepo
from tests.support.world import World, snapshot, somebody_in

# --- base ------------------------------------------------------------------------------------------------------------


def test_a_base_that_moved_on_is_shown_and_nothing_is_done(auth: World) -> None:
    """How far it is behind stands in the plan, which is empty."""
    before = auth.main.commit_of("auth")
    auth.main.commit({"later.txt": "x"})
    assert auth.change().action is Action.NO_OP
    assert any("1 commit behind main" in note for note in auth.change().notes)
    auth.settle()
    assert auth.main.commit_of("auth") == before


def test_an_edited_base_is_a_note_with_the_command_and_the_tree_stays(auth: World) -> None:
    """A tree is never replaced for it."""
    auth.main.branch("release")
    auth.declare("auth: {base: release}")
    before = snapshot(auth.tree().path)
    change = auth.change()
    assert change.action is Action.NO_OP
    assert any("release" in note and "orchestra sync auth" in note for note in change.notes)
    auth.settle()
    assert snapshot(auth.tree().path) == before


# --- branch and path -------------------------------------------------------------------------------------------------


def test_an_edited_branch_is_renamed_in_place(auth: World) -> None:
    """Its commits go with it, and the plan says what that touches."""
    work = auth.tree().commit({"app/a.py": "a = 2\n"})
    auth.declare("auth: {branch: feature/hardening}")
    change = auth.change()
    assert (change.action, change.mode) == (Action.UPDATE, Mode.IN_PLACE)
    assert change.touches_work
    auth.settle()
    assert auth.tree().git("branch", "--show-current") == "feature/hardening"
    assert auth.main.commit_of("feature/hardening") == work
    assert "refs/heads/auth" not in auth.main.refs()


def test_an_edited_path_is_moved_in_place_with_all_that_is_in_it(auth: World, tmp_path: Path) -> None:
    """What is not committed goes with it."""
    auth.tree().write({"app/a.py": "a = 2\n", "new.txt": "mine"})
    (auth.tree().path / ".git").read_text()
    auth.declare("auth: {path: ../elsewhere/auth}")
    auth.settle("auth")
    moved = GitRepo(tmp_path / "elsewhere/auth")
    assert not auth.tree().path.exists()
    assert moved.status() == " M app/a.py\n?? new.txt"
    assert (moved.path / "SESSION.md").exists()


def test_branch_and_path_are_edited_at_once(auth: World, tmp_path: Path) -> None:
    """One apply does both."""
    auth.declare("auth: {path: ../elsewhere/x, branch: other}")
    auth.settle()
    assert GitRepo(tmp_path / "elsewhere/x").git("branch", "--show-current") == "other"


def test_a_path_is_moved_onto_an_empty_directory(auth: World, tmp_path: Path) -> None:
    """Git would move the tree into it."""
    (tmp_path / "empty").mkdir()
    auth.declare("auth: {path: ../empty}")
    auth.settle()
    assert (tmp_path / "empty/.git").is_file()


def refused(world: World, why: str) -> None:
    """Require that the edit is left to a person, that nothing is done, and that the rest still converges."""
    change = world.change()
    assert change.action is Action.UPDATE
    assert change.mode is Mode.PERSON
    assert any(why in note for note in change.notes), change.notes
    before = world.tree().git("branch", "--show-current")
    world.apply()
    assert world.plan().is_empty
    assert world.tree().git("branch", "--show-current") == before


@pytest.mark.parametrize("edit", ["branch: other", "path: ../elsewhere"])
def test_a_tree_in_which_somebody_works_is_left_to_a_person(auth: World, edit: str) -> None:
    """The process is named; once it has ended it is done."""
    auth.declare(f"auth: {{{edit}}}")
    (auth.tree().path / "app/deep").mkdir()
    with somebody_in(auth.tree().path / "app/deep"):
        refused(auth, "sleep (")
    auth.settle()


@pytest.mark.parametrize("edit", ["branch: other", "path: ../elsewhere"])
def test_a_locked_tree_is_left_to_a_person(auth: World, edit: str) -> None:
    """The reason of the lock is shown."""
    auth.main.git("worktree", "lock", "--reason", "on a stick\nover there", str(auth.tree().path))
    auth.declare(f"auth: {{{edit}}}")
    refused(auth, "on a stick")


def test_a_published_branch_is_left_to_a_person(auth: World, tmp_path: Path) -> None:
    """Done by hand, it is taken note of."""
    GitRepo.init(tmp_path / "origin", bare=True)
    auth.main.git("remote", "add", "origin", str(tmp_path / "origin"))
    auth.main.git("push", "--quiet", "origin", "auth")
    auth.declare("auth: {branch: other}")
    refused(auth, "published")
    auth.tree().git("branch", "-m", "other")
    auth.settle()


def test_a_branch_published_under_another_name_is_left_to_a_person(auth: World, tmp_path: Path) -> None:
    """What it follows is not its base, so others know it."""
    GitRepo.init(tmp_path / "origin", bare=True)
    auth.main.git("remote", "add", "origin", str(tmp_path / "origin"))
    auth.tree().git("push", "--quiet", "--set-upstream", "origin", "auth:alex/auth")
    auth.declare("auth: {branch: other}")
    refused(auth, "published")


def test_a_branch_that_exists_already_is_left_to_a_person(auth: World) -> None:
    """The command shown is one that works."""
    auth.main.branch("other")
    auth.declare("auth: {branch: other}")
    refused(auth, "exists already")
    assert any(f"git -C {auth.tree().path} switch other" in note for note in auth.change().notes)
    auth.tree().git("switch", "--quiet", "other")
    auth.settle()


@pytest.mark.parametrize("obstacle", ["file", "directory", "tree"])
def test_a_path_that_is_taken_is_left_to_a_person(auth: World, tmp_path: Path, obstacle: str) -> None:
    """What stands there is named, and stays."""
    place = tmp_path / "elsewhere"
    if obstacle == "tree":
        auth.main.worktree(place, "mine")
    else:
        auth.main.write({"../elsewhere" + ("/x" if obstacle == "directory" else ""): "mine"})
    auth.declare("auth: {path: ../elsewhere}")
    refused(auth, str(place))


def test_what_else_was_declared_is_done_where_a_rename_is_left_to_a_person(auth: World) -> None:
    """One refused field holds nothing else up."""
    auth.main.git("worktree", "lock", str(auth.tree().path))
    auth.declare("auth: {branch: other, checkout: sparse, modify: app, task: Harden it}")
    auth.apply()
    assert not (auth.tree().path / "lib/b.py").exists()
    assert "Harden it" in auth.tree().read("SESSION.md")
    assert auth.change().mode is Mode.PERSON
