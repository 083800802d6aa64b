"""`was:`: a worktree that is renamed in the manifest keeps its tree, branch, marks, files and helpers."""

from __future__ import annotations

import shutil

from reconciler.model.change import Action, Mode
from reconciler.model.outcome import Status
from reconciler.operations.plan import PlanOptions
from tests.support.repository import GitRepo
from tests.support.world import World

HELPERS = "helpers: {test: {eager: true, helpers: {fixtures: }}, docs: }"


def test_a_worktree_is_renamed_with_its_helpers(world: World) -> None:
    """Trees, branches, desks and what lies on them; the plan without `was:` is empty too."""
    world.declare(f"auth: {{{HELPERS}}}")
    world.settle()
    world.tree().write({"app/a.py": "mine\n", ".sub-agents/docs/inbox/1.md": "a message"})
    world.tree("auth--test").commit({"t.py": "t\n"})
    world.declare(f"login: {{was: auth, {HELPERS}}}")
    change = world.change("login")
    assert (change.action, change.mode, change.reason) == (Action.UPDATE, Mode.IN_PLACE, "renamed in the manifest")
    world.settle("login")
    assert world.tree("login").status() == " M app/a.py"
    assert world.tree("login").git("branch", "--show-current") == "login"
    assert world.tree("login--test").read("t.py") == "t\n"
    assert world.tree("login").read(".sub-agents/docs/inbox/1.md") == "a message"
    assert "login--test" in world.tree("login").read(".sub-agents/test/WORKSPACE")
    assert not world.tree("auth").path.exists()
    assert {"refs/heads/login", "refs/heads/login--test", "refs/heads/main"} == world.main.refs().keys()
    world.declare(f"login: {{{HELPERS}}}")
    world.settle("login")
    assert not [change for change in world.plan().changes if change.orphan]


def test_a_worktree_is_renamed_that_keeps_branch_and_path(world: World) -> None:
    """Only its marks change; an edit stays an edit."""
    world.declare("auth:")
    world.settle()
    world.tree().write({"SESSION.md": "mine\n"})
    world.declare("login: {was: auth, branch: auth, path: ../shop.wt/auth}")
    world.settle()
    assert world.tree().read("SESSION.md") == "mine\n"
    assert world.change("login").notes == ()


def test_a_rename_that_git_must_not_do_is_left_to_a_person_and_the_marks_are_renamed(world: World) -> None:
    """Its files converge under the new name meanwhile."""
    world.declare("auth:")
    world.settle()
    world.main.git("worktree", "lock", str(world.tree().path))
    world.declare("login: {was: auth, task: Harden it}")
    world.apply()
    assert "Harden it" in world.tree().read("SESSION.md")
    change = world.change("login")
    assert change.mode is Mode.PERSON
    world.main.git("worktree", "unlock", str(world.tree().path))
    world.settle()
    assert world.tree("login").path.exists()


def test_a_tree_that_was_deleted_is_made_again_under_its_new_name(world: World) -> None:
    """With its commits."""
    world.declare("auth:")
    world.settle()
    work = world.tree().commit({"app/a.py": "a = 2\n"})
    shutil.rmtree(world.tree().path)
    world.declare("login: {was: auth}")
    world.settle()
    assert world.tree("login").commit_of("HEAD") == work
    assert world.tree("login").git("branch", "--show-current") == "login"


def test_was_of_what_never_was_is_a_new_worktree(world: World) -> None:
    """The key may stay in the manifest."""
    world.declare("login: {was: auth}")
    assert world.change("login").action is Action.CREATE
    world.settle()


def test_without_was_the_old_one_is_an_orphan_and_the_new_one_is_made(world: World) -> None:
    """Nothing is guessed."""
    world.declare("auth:")
    world.settle()
    world.declare("login:")
    assert world.change("login").action is Action.CREATE
    assert world.change("auth").orphan
    world.settle()
    assert world.tree("auth").path.exists()
    world.apply(PlanOptions(prune=True))
    assert not world.tree("auth").path.exists()
    assert isinstance(world.tree("login"), GitRepo)


def test_the_plan_of_a_rename_lists_what_apply_then_changes(world: World) -> None:
    """What loads the contract knows that it is ours under the former name as well."""
    world.declare("auth: {helpers: {test: {eager: true}}}")
    world.settle()
    world.declare("login: {was: auth, helpers: {test: {eager: true}}}")
    planned = world.plan()
    assert ".sub-agents/SESSION.md" not in str([change.fields for change in planned.pending])
    report = world.apply()
    assert report.count(Status.UPDATED) == planned.summary.change
    assert report.count(Status.CREATED) == planned.summary.add


def test_a_helper_that_is_renamed_with_its_parent_is_merged_into_the_new_branch(world: World) -> None:
    """Its base goes by the new name too, so that it can be told what of it is merged."""
    world.declare(f"auth: {{{HELPERS}}}")
    world.settle()
    world.declare(f"login: {{was: auth, {HELPERS}}}")
    world.settle("login")
    change = next(each for each in world.plan_destroy().changes if str(each.address) == "workspace:login--test")
    assert change.reason.startswith("removed: ")


def test_a_guard_that_is_renamed_with_its_worktree_is_not_said_to_be_edited(world: World) -> None:
    """Nobody did that, and it held all the time; with its helpers, and beside a change of the area."""
    world.declare("auth: {modify: app, helpers: {test: {modify: app/t, eager: true}}}")
    world.settle()
    world.declare("login: {was: auth, modify: app, helpers: {test: {modify: app/t, eager: true}}}")
    guards = [change for change in world.plan().changes if change.address.kind == "guard"]
    assert [change.reason for change in guards] == ["renamed in the manifest"] * 2
    assert [(field.path, field.before, field.after) for field in guards[0].fields] == [("name", "auth", "login")]
    world.settle("login")
    world.declare("login: {was: auth, modify: app, helpers: {test: {modify: app/t, eager: true}}}")
    assert world.plan().is_empty
