"""What commands say where something is left to a person, cannot be done, or is not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.operations.history import history
from reconciler.operations.options import PlanOptions
from reconciler.operations.status import status
from tests.support.repository import GitRepo, Project
from tests.support.world import World


def test_status_says_what_to_do_of_what_is_left_to_a_person(auth: World) -> None:
    """Not only that something is."""
    auth.main.git("worktree", "lock", str(auth.tree().path))
    auth.declare("auth: {branch: other}")
    (said,) = (need for each in status(auth.session()) for need in each.needs_you)
    assert "locked" in said
    assert "git branch -m auth other" in said


def test_a_plan_that_cannot_be_saved_says_what_to_do(auth: World) -> None:
    """The directory is not there."""
    run = auth.project.run("plan", "--out", "nowhere/plan.json").expect(3)
    assert "nowhere" in run.err
    assert "hint: " in run.err


@pytest.mark.parametrize("name", [".", ""])
def test_a_plan_is_not_saved_in_the_place_of_a_directory(auth: World, name: str) -> None:
    """A way out stands beside it."""
    run = auth.project.run("plan", "--out", name).expect(3)
    assert "is a directory" in run.err
    assert "hint: " in run.err


def test_a_plan_from_another_manifest_is_not_saved(auth: World) -> None:
    """It starts from what may not be there, so it cannot be carried out."""
    run = auth.project.run("plan", "--against", "HEAD", "--out", "saved").expect(3)
    assert "--against and --out exclude each other" in run.err
    assert not (auth.main.path / "saved").exists()


def test_a_desk_that_was_forgotten_comes_back_by_apply(world: World) -> None:
    """There is no tree that could be adopted, and both say so."""
    world.declare("auth: {helpers: {docs: {workspace: desk}}}")
    world.settle()
    assert "`orchestra apply` takes it back" in world.project.run("forget", "auth--docs").expect(0).out
    run = world.project.run("adopt", "auth--docs").expect(3)
    assert "auth--docs has no tree" in run.err
    assert "hint: `orchestra apply` takes its desk back" in run.err
    world.settle()


def test_what_is_declared_and_not_there_is_made_and_not_adopted(auth: World) -> None:
    """It is not said that it was not declared."""
    auth.declare("auth:\nui:")
    run = auth.project.run("adopt", "ui").expect(3)
    assert f"ui is declared, and {auth.tree('ui').path} is no worktree" in run.err
    assert "hint: `orchestra apply` makes it" in run.err


def test_the_main_worktree_is_not_adopted_and_is_called_by_its_name(auth: World) -> None:
    """It is a worktree of the clone."""
    run = auth.project.run("adopt", ".").expect(3)
    assert "is the main worktree" in run.err
    assert "hint: " in run.err


def test_nothing_is_promised_of_what_waits_for_a_conflict(tmp_path: Path) -> None:
    """In a repository without commits nothing can be made."""
    world = World.of(Project(GitRepo.init(tmp_path / "shop")))
    world.declare("a: {helpers: {t: {eager: true}}}")
    out = world.project.run("plan").expect(5).out
    assert not [line for line in out.splitlines() if line.startswith("  + ")], out
    assert "! workspace:a--t" in out
    assert "base the default branch" not in out
    assert "no default branch" in out


def test_a_target_makes_no_tree_without_its_contract(world: World) -> None:
    """A helper brings its parent, and that its files."""
    world.declare("auth: {helpers: {test: {eager: true}, docs: {eager: true}}}")
    world.apply(PlanOptions(targets=("auth--test",)))
    assert (world.tree("auth--test").path / "CONTRACT.md").exists()
    assert (world.tree().path / "SESSION.md").exists()
    assert not world.tree("auth--docs").path.exists()


def test_history_says_what_failed_and_why(auth: World) -> None:
    """Also what stood in the way from the beginning, and how much was not tried for it."""
    auth.declare("auth:\nui:")
    auth.tree("ui").write({"mine.txt": "mine"})
    auth.try_apply()
    (last, *_) = history(auth.session(), 1)
    assert any("workspace:ui failed" in change and "is not empty" in change for change in last.changes), last


def test_a_contract_says_which_branch_is_meant_while_the_tree_is_on_another(auth: World) -> None:
    """A rename that is left to a person changes the declaration alone."""
    auth.main.git("worktree", "lock", str(auth.tree().path))
    auth.declare("auth: {branch: other}")
    auth.apply()
    text = auth.tree().read("SESSION.md")
    assert "on the branch that is checked out" in text
    assert "until somebody renames it" in text


@pytest.mark.parametrize("words", [("--target", "ui--t"), ("--target", "workspace:ui"), ("--exclude", "ui")])
def test_what_another_owns_is_not_called_unknown(world: World, words: tuple[str, str]) -> None:
    """It is declared, as `graph` shows, and the way out takes it in."""
    world.declare("auth:\nui: {owner: kim@example.org, helpers: {t: }}")
    run = world.project.run("plan", *words).expect(3)
    assert f"{' '.join(words)}: another owns it" in run.err
    assert "hint: `--all-owners`" in run.err
    world.project.run("plan", *words, "--all-owners").expect(0)


@pytest.mark.parametrize(
    "words", [("path", "workspace:auth"), ("remove", "workspace:auth"), ("sync", "workspace:auht")]
)
def test_a_name_is_suggested_for_an_address(auth: World, words: tuple[str, str]) -> None:
    """What plans call it is what a person copies."""
    run = auth.project.run(*words).expect(3)
    assert f"no workspace `{words[1]}` is declared" in run.err
    assert "hint: did you mean `auth`?" in run.err


def test_remove_says_where_it_is_still_declared(world: World) -> None:
    """The local file declares it too; nothing is promised of what it made."""
    world.declare("auth: {helpers: {test: }}\nui:")
    world.main.write({"orchestra.local.yaml": "worktrees:\n  auth: {task: Mine}\n"})
    run = world.project.run("remove", "auth").expect(0)
    assert "`auth` is still declared, at orchestra.local.yaml:2:3; take it out there too\n" in run.err
    assert "--prune" not in run.err
    run = world.project.run("remove", "ui").expect(0)
    assert "--prune" in run.err
    run = world.project.run("remove", "auth").expect(3)
    assert "hint: take it out at orchestra.local.yaml:2:3" in run.err


def test_a_helper_is_not_added_by_its_full_name(auth: World) -> None:
    """Everything else names it so: the way to declare it is told."""
    run = auth.project.run("add", "auth--test", "--modify", "app/tests").expect(3)
    assert "hint: `orchestra add test --parent auth`" in run.err


def test_add_says_what_makes_what_another_owns(auth: World) -> None:
    """A plain apply leaves it alone; with --apply it is made, since it was asked for."""
    assert "`orchestra apply --all-owners` makes it" in auth.project.run("add", "ui", "--owner", "x@y.z").expect(0).err
    auth.project.run("add", "web", "--owner", "x@y.z", "--apply", "--auto-approve").expect(0)
    assert (auth.tree("web").path / "SESSION.md").is_file()


def test_a_list_of_the_archives_of_one_says_that_it_has_none(auth: World) -> None:
    """Others may have some."""
    assert auth.project.run("archive", "list", "auth").expect(0).out == "There are no archives of auth.\n"


def test_a_base_that_is_not_there_does_not_ask_for_a_first_commit(auth: World) -> None:
    """The repository has commits."""
    auth.declare("ui: {base: nosuch}")
    assert "hint: make it, fetch it, or name another `base:`" in auth.project.run("plan").expect(5).out
