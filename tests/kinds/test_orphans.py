"""What is ours and no longer declared: shown in every plan, removed only by `--prune`, kept when it cannot be saved."""

from __future__ import annotations

import shutil
from pathlib import Path

from reconciler.model.change import Action
from reconciler.operations.plan import PlanOptions
from tests.support.repository import GitRepo, Project
from tests.support.world import World, snapshot

PRUNE = PlanOptions(prune=True)


def gone(world: World, name: str = "auth") -> None:
    """Require that nothing of a workspace is left, and that nobody has to ask twice."""
    assert not world.tree(name).path.exists()
    assert f"refs/heads/{name}" not in world.main.refs()
    assert world.main.try_git("config", "--get-regexp", rf"^branch\.{name}\.").returncode == 1
    assert [str(change.address) for change in world.plan(PRUNE).changes if change.orphan] == []
    world.require_settled()


def test_what_is_no_longer_declared_is_shown_and_only_prune_removes_it(auth: World) -> None:
    """Then nothing tells of it any more."""
    auth.declare("ui:")
    change = auth.change()
    assert (change.action, change.orphan) == (Action.NO_OP, True)
    assert any("apply --prune" in note for note in change.notes)
    auth.settle()
    assert auth.tree().path.exists()
    assert auth.change(options=PRUNE).action is Action.DELETE
    auth.apply(PRUNE)
    gone(auth)


def test_work_in_it_is_parked_and_comes_back_when_it_is_declared_again(auth: World) -> None:
    """The plan says what it is."""
    auth.tree().write({"new.txt": "mine"})
    auth.declare("ui:")
    change = auth.change(options=PRUNE)
    assert change.action is Action.DELETE
    assert "parked: 1 file not committed (new.txt)" in change.reason
    auth.apply(PRUNE)
    gone(auth)
    auth.declare("ui:\nauth:")
    auth.settle("auth")
    assert auth.tree().read("new.txt") == "mine"


def test_what_cannot_be_saved_keeps_it_and_its_branch(auth: World) -> None:
    """The reason stands in the plan."""
    auth.tree().git("bisect", "start")
    auth.declare("ui:")
    change = auth.change(options=PRUNE)
    assert change.action is Action.NO_OP
    assert "a bisect is half done" in change.reason
    auth.apply(PRUNE)
    assert auth.tree().path.exists()


def test_a_branch_with_commits_stays_when_its_tree_goes(auth: World) -> None:
    """A tree is made again in no time, commits are not."""
    work = auth.tree().commit({"app/a.py": "a = 2\n"})
    auth.declare("ui:")
    auth.apply(PRUNE)
    assert not auth.tree().path.exists()
    assert auth.main.commit_of("auth") == work


def test_a_branch_that_somebody_else_made_stays_when_its_tree_goes(world: World) -> None:
    """It was there before."""
    world.main.branch("auth")
    world.declare("auth:")
    world.settle()
    world.declare("ui:")
    world.apply(PRUNE)
    assert not world.tree().path.exists()
    assert "refs/heads/auth" in world.main.refs()


def test_a_helper_with_a_tree_goes_with_its_desk_and_its_branch(world: World) -> None:
    """In one go, as one thing; its sibling stays."""
    world.declare("auth: {helpers: {test: {eager: true}, docs: }}")
    world.settle()
    world.declare("auth: {helpers: {docs: }}")
    assert [str(c.address) for c in world.plan().changes if c.orphan and c.address.kind == "workspace"] == [
        "workspace:auth--test"
    ]
    world.settle()
    world.apply(PRUNE)
    gone(world, "auth--test")
    assert not (world.tree().path / ".sub-agents/test").exists()
    assert (world.tree().path / ".sub-agents/docs/CONTRACT.md").exists()


def test_a_helper_without_a_tree_goes_with_its_helpers(world: World) -> None:
    """Their desks lie on its desk."""
    world.declare("auth: {helpers: {test: {helpers: {fixtures: }}}}")
    world.settle()
    world.declare("auth:")
    world.apply(PRUNE)
    assert snapshot(world.tree().path / ".sub-agents").keys() == {".gitignore", "status.yaml"}
    gone(world, "auth--test")


def test_a_desk_with_a_message_on_it_stays_with_the_reason(world: World) -> None:
    """A helper goes as a whole or not at all."""
    world.declare("auth: {helpers: {test: {eager: true}}}")
    world.settle()
    world.tree().write({".sub-agents/test/inbox/1.md": "a message"})
    world.declare("auth:")
    change = world.change("auth--test", PRUNE)
    assert change.action is Action.NO_OP
    assert "somebody else wrote" in change.reason
    world.apply(PRUNE)
    assert world.tree().read(".sub-agents/test/inbox/1.md") == "a message"
    assert world.tree("auth--test").path.exists(), "the helper goes as a whole or not at all"


def test_an_edited_contract_keeps_its_helper(world: World) -> None:
    """An edit is work."""
    world.declare("auth: {helpers: {test: }}")
    world.settle()
    world.tree().write({".sub-agents/test/CONTRACT.md": "mine\n"})
    world.declare("auth:")
    world.apply(PRUNE)
    assert world.tree().read(".sub-agents/test/CONTRACT.md") == "mine\n"


def test_a_declared_file_goes_and_an_edited_one_stays(world: World) -> None:
    """The tree stays in either case."""
    world.declare("auth: {files: {a/notes.txt: hello, b.txt: hello}}")
    world.settle()
    world.tree().write({"b.txt": "mine\n"})
    world.declare("auth:")
    world.settle()
    assert world.tree().read("a/notes.txt") == "hello"
    world.apply(PRUNE)
    assert not (world.tree().path / "a/notes.txt").exists()
    assert world.tree().read("b.txt") == "mine\n"
    assert world.plan(PRUNE).is_empty


def test_an_orphan_that_was_deleted_by_hand_goes_unless_something_was_staged(auth: World) -> None:
    """Its record holds the index."""
    auth.tree().write({"app/a.py": "staged\n"})
    auth.tree().git("add", "app/a.py")
    shutil.rmtree(auth.tree().path)
    auth.declare("ui:")
    assert "1 file staged" in auth.change(options=PRUNE).reason
    auth.apply(PRUNE)
    assert auth.change().orphan
    auth.declare("auth:")
    auth.settle("auth")
    auth.tree().git("reset", "--quiet", "--hard")
    shutil.rmtree(auth.tree().path)
    auth.declare("ui:")
    auth.apply(PRUNE)
    gone(auth)


def test_an_orphan_that_was_moved_by_hand_is_saved_where_it_is(auth: World, tmp_path: Path) -> None:
    """It comes back where it is declared."""
    moved = tmp_path / "moved"
    auth.tree().path.rename(moved)
    (moved / "app/a.py").write_text("mine\n")
    auth.declare("ui:")
    assert "app/a.py" in auth.change(options=PRUNE).reason
    auth.apply(PRUNE)
    assert not moved.exists()
    gone(auth)
    auth.declare("ui:\nauth:")
    auth.settle("auth")
    assert auth.tree().read("app/a.py") == "mine\n"


def test_an_orphan_of_a_repository_that_was_moved_goes(auth: World, tmp_path: Path) -> None:
    """Though nothing in it names the repository any more."""
    auth.project.path.rename(tmp_path / "moved")
    world = World(Project(GitRepo(tmp_path / "moved")))
    world.declare("ui:", head="project: shop\n")
    world.apply(PRUNE)
    assert not auth.tree().path.exists()


def test_an_orphan_whose_branch_was_switched_keeps_both_branches(auth: World) -> None:
    """Only what we made ourselves goes."""
    auth.tree().git("switch", "--quiet", "-c", "mine")
    auth.declare("ui:")
    auth.apply(PRUNE)
    assert not auth.tree().path.exists()
    assert "refs/heads/mine" in auth.main.refs()


def test_a_branch_that_another_tree_is_on_by_now_stays(auth: World, tmp_path: Path) -> None:
    """Git would let us take it away from under that tree."""
    auth.main.git("worktree", "add", "--quiet", "--force", str(tmp_path / "second"), "auth")
    auth.declare("ui:")
    auth.apply(PRUNE)
    assert not auth.tree().path.exists()
    assert "refs/heads/auth" in auth.main.refs()


def test_an_empty_manifest_does_not_mean_remove_all(auth: World) -> None:
    """It means that nothing is declared."""
    (auth.project.path / "orchestra.yaml").write_text("version: 1\n")
    assert auth.plan().is_empty
    auth.apply()
    assert auth.tree().path.exists()
