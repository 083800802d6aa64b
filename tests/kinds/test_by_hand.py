"""What people do to trees by hand: deleted, pruned, moved, switched. The other rows of the table in DESIGN 3."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.model.change import Action
from tests.support.repository import GitRepo, Project
from tests.support.world import World, snapshot


def test_a_tree_deleted_by_hand_is_made_again_with_what_was_staged(auth: World) -> None:
    """Index and reflog lived on in its record."""
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
    """Conflicts of the index stay conflicts."""
    auth.main.commit({"app/a.py": "main\n"})
    auth.tree().commit({"app/a.py": "auth\n"})
    assert auth.tree().try_git("merge", "main").returncode == 1
    shutil.rmtree(auth.tree().path)
    auth.settle("auth")
    assert (auth.git_dir() / "MERGE_HEAD").exists()
    assert auth.tree().git("ls-files", "--unmerged")


def test_a_tree_deleted_with_its_record_is_made_again_from_its_branch(auth: World) -> None:
    """The mark of the branch tells whose it is."""
    work = auth.tree().commit({"app/a.py": "a = 2\n"})
    shutil.rmtree(auth.tree().path)
    auth.main.git("worktree", "prune")
    change = auth.change()
    assert change.action is Action.CREATE
    assert "made again from its branch" in change.reason
    auth.settle()
    assert auth.tree().commit_of("HEAD") == work


def test_a_locked_tree_that_is_gone_is_not_made_again(auth: World) -> None:
    """It may be on a disk that is not mounted."""
    auth.main.git("worktree", "lock", "--reason", "on a stick", str(auth.tree().path))
    shutil.rmtree(auth.tree().path)
    change = auth.change()
    assert change.action is Action.CONFLICT
    assert "on a stick" in change.reason
    assert "git worktree unlock" in change.hint


@pytest.mark.parametrize("what", ["files", "link", "file"])
def test_a_deleted_tree_is_not_made_again_over_what_stands_in_its_place(auth: World, tmp_path: Path, what: str) -> None:
    """Nothing is written there, or through it."""
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
    """Drift is shown, work is untouched, and its files converge where it is."""
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
    assert any("its tree was moved by hand" in drift for drift in auth.change().drift)
    auth.declare("auth: {task: Harden it}")
    auth.settle("auth", "auth-by-hand")
    assert "Harden it" in moved.read("SESSION.md")


def test_the_desk_of_a_helper_names_its_tree_where_it_is(world: World, tmp_path: Path) -> None:
    """Also while it is not where it is declared."""
    world.declare("auth: {helpers: {test: {eager: true}}}")
    world.settle()
    world.tree("auth--test").path.rename(tmp_path / "by-hand")
    world.settle()
    assert world.tree().read(".sub-agents/test/WORKSPACE") == f"{tmp_path}/by-hand\n"
    (tmp_path / "by-hand").rename(world.tree("auth--test").path)
    world.settle()
    assert world.tree().read(".sub-agents/test/WORKSPACE") == f"{world.tree('auth--test').path}\n"
    world.declare("auth: {path: ../elsewhere, helpers: {test: {eager: true}}}")
    world.settle()
    assert (tmp_path / "elsewhere/.sub-agents/test/WORKSPACE").read_text() == f"{tmp_path}/elsewhere--test\n"


def test_files_are_not_written_into_what_stands_where_a_moved_tree_was(auth: World, tmp_path: Path) -> None:
    """Another repository's tree at the declared path is none of ours."""
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
    """What stands where it was moved to is somebody else's."""
    auth.tree().path.rename(tmp_path / "by-hand")
    auth.settle()
    shutil.rmtree(tmp_path / "by-hand")
    auth.main.write({f"{tmp_path}/by-hand/mine.txt": "mine"})
    auth.settle()
    assert snapshot(tmp_path / "by-hand").keys() == {"mine.txt"}
    assert auth.tree().read("app/a.py") == "a = 1\n"
    assert auth.change().notes == ()


def test_a_deleted_tree_is_made_again_as_it_is_declared_by_now(auth: World, tmp_path: Path) -> None:
    """Path, branch and checkout were edited meanwhile; the plan after it is empty."""
    work = auth.tree().commit({"app/a.py": "a = 2\n"})
    shutil.rmtree(auth.tree().path)
    auth.declare("auth: {path: ../elsewhere, branch: other, checkout: sparse, modify: app}")
    auth.settle()
    tree = GitRepo(tmp_path / "elsewhere")
    assert tree.git("branch", "--show-current") == "other"
    assert tree.commit_of("HEAD") == work
    assert not (tree.path / "lib").exists()


def test_the_main_repository_is_moved(auth: World, tmp_path: Path) -> None:
    """Its trees are linked again; nothing else is planned, edits by hand stay."""
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
    """The default path is made of it."""
    auth.project.path.rename(tmp_path / "market")
    world = World(Project(GitRepo(tmp_path / "market")))
    world.settle()
    assert (tmp_path / "market.wt/auth/app/a.py").exists()


def test_repository_and_trees_are_moved_together(auth: World, tmp_path: Path) -> None:
    """They are as far from each other as before: nothing is made where they were."""
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
    """Not even when its branch is declared otherwise."""
    auth.tree().git("switch", "--quiet", "-c", "mine")
    assert auth.change().action is Action.NO_OP
    assert any("branch mine" in drift for drift in auth.change().drift)
    auth.settle()
    auth.declare("auth: {branch: other}")
    auth.settle()
    assert auth.tree().git("branch", "--show-current") == "mine"
    assert "refs/heads/auth" in auth.main.refs()


def test_a_detached_tree_is_drift_and_never_switched_back(auth: World) -> None:
    """The commit is shown."""
    auth.tree().git("switch", "--quiet", "--detach")
    assert any("on commit" in drift for drift in auth.change().drift)
    auth.settle()
    assert auth.tree().git("branch", "--show-current") == ""


def test_two_trees_whose_places_were_swapped_by_hand_stop_apply(world: World) -> None:
    """Nothing is written into either as if it were the other."""
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


@pytest.mark.parametrize("name", ["auth", "auth--test"])
def test_a_file_in_the_place_of_a_tree_is_one_conflict(world: World, name: str) -> None:
    """What would be in the tree cannot follow, and has no way out of its own; with the file away all comes back."""
    world.declare("auth: {helpers: {test: {eager: true}, docs: }}")
    world.settle()
    tree = world.tree(name).path
    shutil.rmtree(tree)
    tree.write_text("mine\n")
    plan = world.plan()
    conflicts = [change for change in plan.conflicts if change.hint]
    assert [(str(change.address), change.reason) for change in conflicts] == [
        (f"workspace:{name}", f"{tree} exists and is no directory")
    ]
    world.project.run("apply", "--auto-approve").expect(5)
    assert tree.read_text() == "mine\n"
    tree.unlink()
    world.settle()
