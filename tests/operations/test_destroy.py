"""`destroy` takes down what is marked: branches, what tells of them, and what happens while it is asked about."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.change import Action
from reconciler.model.outcome import Status
from reconciler.operations.destroy import DestroyOptions, destroy
from reconciler.operations.execution import Execution
from tests.operations import works
from tests.operations.looks import Look, look
from tests.support.fakes import RecordingReporter
from tests.support.repository import GitRepo, Project
from tests.support.world import QUICK, World, describe


def test_what_holds_no_work_goes_with_its_branch_and_all_that_tells_of_it(world: World) -> None:
    """Trees, branches, their configuration and logs; done again there is nothing, and apply makes it anew."""
    world.declare(
        "auth: {helpers: {test: {eager: true, helpers: {deep: {eager: true}}}, docs: }}\nui: {checkout: sparse}"
    )
    world.settle()
    plan = world.plan_destroy()
    assert {change.action for change in plan.changes} == {Action.DELETE}
    report = world.destroy()
    assert report.is_complete, describe(report)
    assert world.main.worktrees() == [world.project.path]
    assert branches(world) == {"main"}
    assert "branch." not in (world.common_dir / "config").read_text()
    assert not list((world.common_dir / "logs/refs/heads").glob("auth*"))
    assert world.destroy().outcomes == ()
    world.settle()
    assert not world.main.refs("refs/orchestra/parked"), "all of it was brought back"


def branches(world: World) -> set[str]:
    """Name all branches."""
    return {name.removeprefix("refs/heads/") for name in world.main.refs("refs/heads")}


def test_a_branch_stays_that_orchestra_did_not_make(world: World) -> None:
    """The plan says so."""
    world.main.branch("auth")
    world.declare("auth:")
    world.settle()
    assert any(field.before and "stays" in field.before for field in world.plan_destroy().changes[0].fields)
    world.destroy()
    assert branches(world) == {"main", "auth"}


def test_a_branch_stays_whose_base_has_not_all_of_it(auth: World) -> None:
    """The next apply starts from it."""
    work = auth.tree().commit({"app/a.py": "a = 2\n"})
    auth.destroy()
    assert not auth.tree().path.exists()
    assert auth.main.commit_of("auth") == work
    auth.settle()
    assert auth.tree().read("app/a.py") == "a = 2\n"


def test_a_branch_goes_whose_base_has_all_of_it_by_now(auth: World) -> None:
    """Merged work is in the base."""
    auth.tree().commit({"app/a.py": "a = 2\n"})
    auth.main.git("merge", "--quiet", "auth")
    auth.destroy()
    assert branches(auth) == {"main"}


def test_a_branch_stays_whose_log_has_what_nothing_else_has(auth: World) -> None:
    """The log goes with the branch."""
    auth.tree().commit({"app/a.py": "a = 2\n"})
    auth.tree().git("reset", "--quiet", "--hard", "main")
    (auth.git_dir() / "logs/HEAD").unlink()
    auth.destroy()
    assert "refs/heads/auth" in auth.main.refs()


def test_it_works_from_the_marks_alone(auth: World) -> None:
    """The manifest need not be readable."""
    (auth.project.path / "orchestra.yaml").write_text("not: [valid")
    auth.destroy()
    assert auth.main.worktrees() == [auth.project.path]


def destroy_after(world: World, meanwhile: Callable[[], object]) -> Status:
    """Destroy, with something happening while the question is asked."""

    def approve(_: object) -> bool:
        meanwhile()
        return True

    done = destroy(world.session(), DestroyOptions(), Execution(RecordingReporter(), approve, QUICK))
    assert done.report is not None
    return done.report.outcomes[0].status


def test_a_commit_made_between_plan_and_removal_is_not_lost(auth: World) -> None:
    """Its branch stays."""
    made: list[str] = []
    destroy_after(auth, lambda: made.append(auth.tree().commit({"app/a.py": "a = 2\n"})))
    assert auth.main.commit_of("auth") == made[0]


@pytest.mark.parametrize(
    "make",
    [works.dirty, works.untracked, works.ignored, works.edited_contract, works.only_in_the_reflog],
)
def test_work_made_between_plan_and_removal_comes_back(auth: World, make: Callable[[World], None]) -> None:
    """Each tree is looked into once more, and saved as it is then."""
    before: list[Look] = []

    def work() -> None:
        make(auth)
        before.append(look(auth))

    assert destroy_after(auth, work) is Status.DELETED
    auth.apply()
    assert look(auth) == before[0]


@pytest.mark.parametrize("make", [works.locked, works.rebasing, works.nested_repository])
def test_what_cannot_be_saved_and_came_between_plan_and_removal_is_kept(
    auth: World, make: Callable[[World], None]
) -> None:
    """Each tree is judged once more."""
    assert destroy_after(auth, lambda: make(auth)) is Status.FAILED
    assert auth.tree().path.exists()


def test_a_tree_that_was_switched_between_the_two_is_not_the_one_that_was_shown(auth: World) -> None:
    """It is refused; the next plan shows it as it is, and its commit comes back."""

    def commit() -> None:
        works.detached(auth)
        auth.tree().commit({"app/a.py": "a = 2\n"})

    assert destroy_after(auth, commit) is Status.FAILED
    auth.destroy()
    assert not auth.tree().path.exists()
    auth.apply()
    assert auth.tree().read("app/a.py") == "a = 2\n"
    assert auth.tree().git("branch", "--show-current") == ""


def test_a_tree_that_is_gone_by_then_is_no_failure(auth: World) -> None:
    """What is left of it goes."""

    def remove() -> None:
        shutil.rmtree(auth.tree().path)
        auth.main.git("worktree", "prune")

    assert destroy_after(auth, remove) is Status.DELETED
    assert branches(auth) == {"main"}


def test_a_repository_that_is_not_ours_has_nothing_to_destroy(world: World, tmp_path: Path) -> None:
    """What bears no mark is not seen."""
    other = Project(GitRepo.init(tmp_path / "other", {"x": "x"}))
    other.repository.worktree(tmp_path / "mine", "mine")
    assert World(other).destroy().outcomes == ()
    assert (tmp_path / "mine/x").exists()
