"""The rows of the table at the end of DESIGN 3: what changed, and what apply does about it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.model.change import Action, Mode
from tests.support.repository import GitRepo, Project
from tests.support.world import World, snapshot, somebody_in

# --- base ------------------------------------------------------------------------------------------------------------


def test_a_base_that_moved_on_is_shown_and_nothing_is_done(auth: World) -> None:
    before = auth.main.commit_of("auth")
    auth.main.commit({"later.txt": "x"})
    assert auth.change().action is Action.NO_OP
    assert any("1 commit behind main" in note for note in auth.change().notes)
    auth.settle()
    assert auth.main.commit_of("auth") == before


def test_an_edited_base_is_a_note_with_the_command_and_the_tree_stays(auth: World) -> None:
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
    auth.tree().write({"app/a.py": "a = 2\n", "new.txt": "mine"})
    (auth.tree().path / ".git").read_text()
    auth.declare("auth: {path: ../elsewhere/auth}")
    auth.settle("auth")
    moved = GitRepo(tmp_path / "elsewhere/auth")
    assert not auth.tree().path.exists()
    assert moved.status() == " M app/a.py\n?? new.txt"
    assert (moved.path / "SESSION.md").exists()


def test_branch_and_path_are_edited_at_once(auth: World, tmp_path: Path) -> None:
    auth.declare("auth: {path: ../elsewhere/x, branch: other}")
    auth.settle()
    assert GitRepo(tmp_path / "elsewhere/x").git("branch", "--show-current") == "other"


def test_a_path_is_moved_onto_an_empty_directory(auth: World, tmp_path: Path) -> None:
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
    auth.declare(f"auth: {{{edit}}}")
    (auth.tree().path / "app/deep").mkdir()
    with somebody_in(auth.tree().path / "app/deep"):
        refused(auth, "sleep (")
    auth.settle()


@pytest.mark.parametrize("edit", ["branch: other", "path: ../elsewhere"])
def test_a_locked_tree_is_left_to_a_person(auth: World, edit: str) -> None:
    auth.main.git("worktree", "lock", "--reason", "on a stick\nover there", str(auth.tree().path))
    auth.declare(f"auth: {{{edit}}}")
    refused(auth, "on a stick")


def test_a_published_branch_is_left_to_a_person(auth: World, tmp_path: Path) -> None:
    GitRepo.init(tmp_path / "origin", bare=True)
    auth.main.git("remote", "add", "origin", str(tmp_path / "origin"))
    auth.main.git("push", "--quiet", "origin", "auth")
    auth.declare("auth: {branch: other}")
    refused(auth, "published")
    auth.tree().git("branch", "-m", "other")
    auth.settle()


def test_a_branch_published_under_another_name_is_left_to_a_person(auth: World, tmp_path: Path) -> None:
    GitRepo.init(tmp_path / "origin", bare=True)
    auth.main.git("remote", "add", "origin", str(tmp_path / "origin"))
    auth.tree().git("push", "--quiet", "--set-upstream", "origin", "auth:alex/auth")
    auth.declare("auth: {branch: other}")
    refused(auth, "published")


def test_a_branch_that_exists_already_is_left_to_a_person(auth: World) -> None:
    auth.main.branch("other")
    auth.declare("auth: {branch: other}")
    refused(auth, "exists already")
    assert any(f"git -C {auth.tree().path} switch other" in note for note in auth.change().notes)
    auth.tree().git("switch", "--quiet", "other")
    auth.settle()


@pytest.mark.parametrize("obstacle", ["file", "directory", "tree"])
def test_a_path_that_is_taken_is_left_to_a_person(auth: World, tmp_path: Path, obstacle: str) -> None:
    place = tmp_path / "elsewhere"
    if obstacle == "tree":
        auth.main.worktree(place, "mine")
    else:
        auth.main.write({"../elsewhere" + ("/x" if obstacle == "directory" else ""): "mine"})
    auth.declare("auth: {path: ../elsewhere}")
    refused(auth, str(place))


def test_what_else_was_declared_is_done_where_a_rename_is_left_to_a_person(auth: World) -> None:
    auth.main.git("worktree", "lock", str(auth.tree().path))
    auth.declare("auth: {branch: other, checkout: sparse, modify: app, task: Harden it}")
    auth.apply()
    assert not (auth.tree().path / "lib/b.py").exists()
    assert "Harden it" in auth.tree().read("SESSION.md")
    assert auth.change().mode is Mode.PERSON


# --- deleted, pruned, moved, switched by hand ------------------------------------------------------------------------


def test_a_tree_deleted_by_hand_is_made_again_with_what_was_staged(auth: World) -> None:
    auth.tree().commit({"lib/b.py": "b = 2\n"})
    auth.tree().write({"app/a.py": "staged\n"})
    auth.tree().git("add", "app/a.py")
    reflog = auth.tree().git("reflog")
    shutil.rmtree(auth.tree().path)
    change = auth.change()
    assert change.action is Action.CREATE
    assert "deleted by hand" in change.reason
    assert any("git worktree repair" in note for note in change.notes), "it may have been moved out of sight"
    auth.settle("auth")
    assert auth.tree().status() == "M  app/a.py"
    assert auth.tree().git("reflog") == reflog
    assert (auth.tree().path / "SESSION.md").exists()


def test_a_tree_deleted_in_the_middle_of_a_merge_is_made_again_in_the_middle_of_it(auth: World) -> None:
    auth.main.commit({"app/a.py": "main\n"})
    auth.tree().commit({"app/a.py": "auth\n"})
    assert auth.tree().try_git("merge", "main").returncode == 1
    shutil.rmtree(auth.tree().path)
    auth.settle("auth")
    assert (auth.git_dir() / "MERGE_HEAD").exists()
    assert auth.tree().git("ls-files", "--unmerged")


def test_a_tree_deleted_with_its_record_is_made_again_from_its_branch(auth: World) -> None:
    work = auth.tree().commit({"app/a.py": "a = 2\n"})
    shutil.rmtree(auth.tree().path)
    auth.main.git("worktree", "prune")
    change = auth.change()
    assert change.action is Action.CREATE
    assert "made again from its branch" in change.reason
    auth.settle()
    assert auth.tree().commit_of("HEAD") == work


def test_a_locked_tree_that_is_gone_is_not_made_again(auth: World) -> None:
    auth.main.git("worktree", "lock", "--reason", "on a stick", str(auth.tree().path))
    shutil.rmtree(auth.tree().path)
    change = auth.change()
    assert change.action is Action.CONFLICT
    assert "on a stick" in change.reason
    assert "git worktree unlock" in change.hint


@pytest.mark.parametrize("what", ["files", "link", "file"])
def test_a_deleted_tree_is_not_made_again_over_what_stands_in_its_place(auth: World, tmp_path: Path, what: str) -> None:
    place = auth.tree().path
    shutil.rmtree(place)
    if what == "files":
        auth.main.write({f"{place}/mine.txt": "mine"})
    elif what == "file":
        place.write_text("mine")
    else:
        (tmp_path / "other").mkdir()
        place.symlink_to(tmp_path / "other")
    assert auth.change().action is Action.CONFLICT
    auth.try_apply()
    assert not (tmp_path / "other").exists() or not list((tmp_path / "other").iterdir())
    assert not (place / ".git").exists()


@pytest.mark.parametrize("place", ["shop.wt/auth-by-hand", "auth-by-hand", "renamed.wt/auth"])
def test_a_tree_moved_by_hand_is_repaired_and_stays_there(auth: World, tmp_path: Path, place: str) -> None:
    auth.tree().write({"app/a.py": "a = 2\n"})
    moved = GitRepo(tmp_path / place)
    moved.path.parent.mkdir(exist_ok=True)
    auth.tree().path.rename(moved.path)
    (moved.path / "SESSION.md").unlink()
    change = auth.change()
    assert change.action is Action.UPDATE
    assert f"moved by hand to {moved.path}" in change.reason
    auth.settle("auth", "auth-by-hand")
    assert moved.status() == " M app/a.py"
    assert (moved.path / "SESSION.md").exists(), "its files converge where it is"
    assert not auth.tree().path.exists()
    assert any("drift: its tree was moved by hand" in note for note in auth.change().notes)
    auth.declare("auth: {task: Harden it}")
    auth.settle("auth", "auth-by-hand")
    assert "Harden it" in moved.read("SESSION.md")


def test_files_are_not_written_into_what_stands_where_a_moved_tree_was(auth: World, tmp_path: Path) -> None:
    auth.tree().path.rename(tmp_path / "auth-by-hand")
    auth.settle()
    stranger = World.make(tmp_path, {"x.txt": "x"}, name="stranger")
    stranger.main.worktree(auth.tree().path, "theirs")
    before = snapshot(stranger.project.path) | snapshot(auth.tree().path)
    auth.declare("auth: {task: Harden it}")
    auth.settle()
    assert snapshot(stranger.project.path) | snapshot(auth.tree().path) == before
    assert "Harden it" in (tmp_path / "auth-by-hand/SESSION.md").read_text()


def test_a_tree_that_was_moved_and_then_deleted_is_made_again_where_it_is_declared(auth: World, tmp_path: Path) -> None:
    auth.tree().path.rename(tmp_path / "by-hand")
    auth.settle()
    shutil.rmtree(tmp_path / "by-hand")
    auth.main.write({f"{tmp_path}/by-hand/mine.txt": "mine"})
    auth.settle()
    assert snapshot(tmp_path / "by-hand").keys() == {"mine.txt"}
    assert auth.tree().read("app/a.py") == "a = 1\n"
    assert auth.change().notes == ()


def test_a_deleted_tree_is_made_again_as_it_is_declared_by_now(auth: World, tmp_path: Path) -> None:
    work = auth.tree().commit({"app/a.py": "a = 2\n"})
    shutil.rmtree(auth.tree().path)
    auth.declare("auth: {path: ../elsewhere, branch: other, checkout: sparse, modify: app}")
    auth.settle()
    tree = GitRepo(tmp_path / "elsewhere")
    assert tree.git("branch", "--show-current") == "other"
    assert tree.commit_of("HEAD") == work
    assert not (tree.path / "lib").exists()


def test_the_main_repository_is_moved(auth: World, tmp_path: Path) -> None:
    auth.tree().write({"app/a.py": "a = 2\n", "SESSION.md": "edited\n"})
    auth.declare("auth:", head="project: shop\n")
    auth.project.path.rename(tmp_path / "moved")
    world = World(Project(GitRepo(tmp_path / "moved")))
    plan = world.plan()
    assert [str(change.address) for change in plan.pending] == ["workspace:auth"], plan
    assert "link" in plan.pending[0].reason
    world.settle("auth")
    assert auth.tree().status() == " M app/a.py"
    assert auth.tree().read("SESSION.md") == "edited\n"


def test_the_main_repository_is_renamed_and_its_trees_follow_its_name(auth: World, tmp_path: Path) -> None:
    auth.project.path.rename(tmp_path / "market")
    world = World(Project(GitRepo(tmp_path / "market")))
    world.settle()
    assert (tmp_path / "market.wt/auth/app/a.py").exists()


def test_repository_and_trees_are_moved_together(auth: World, tmp_path: Path) -> None:
    auth.tree().write({"app/a.py": "a = 2\n"})
    inside = tmp_path / "inside"
    inside.mkdir()
    for name in ("shop", "shop.wt"):
        (tmp_path / name).rename(inside / name)
    world = World(Project(GitRepo(inside / "shop")))
    assert world.change().action is Action.UPDATE
    world.settle("auth")
    assert world.tree().status() == " M app/a.py"
    assert not (tmp_path / "shop.wt").exists()
    assert world.change().notes == ()


def test_a_tree_switched_by_hand_is_drift_and_never_switched_back(auth: World) -> None:
    auth.tree().git("switch", "--quiet", "-c", "mine")
    assert auth.change().action is Action.NO_OP
    assert any("drift" in note and "branch mine" in note for note in auth.change().notes)
    auth.settle()
    auth.declare("auth: {branch: other}")
    auth.settle()
    assert auth.tree().git("branch", "--show-current") == "mine"
    assert "refs/heads/auth" in auth.main.refs()


def test_a_detached_tree_is_drift_and_never_switched_back(auth: World) -> None:
    auth.tree().git("switch", "--quiet", "--detach")
    assert any("drift" in note and "on commit" in note for note in auth.change().notes)
    auth.settle()
    assert auth.tree().git("branch", "--show-current") == ""


def test_two_trees_whose_places_were_swapped_by_hand_stop_apply(world: World) -> None:
    world.declare("auth:\nui:")
    world.settle()
    one, two = world.tree("auth").path, world.tree("ui").path
    one.rename(one.parent / "x")
    two.rename(one)
    (one.parent / "x").rename(two)
    before = snapshot(one.parent)
    world.try_apply()
    assert snapshot(one.parent, skip=("auth/.git", "ui/.git")) == {
        name: text for name, text in before.items() if name not in {"auth/.git", "ui/.git"}
    }
