"""`destroy` takes down what provably holds no work, and keeps the rest with its reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.change import Action
from reconciler.model.outcome import Status
from reconciler.operations.destroy import DestroyOptions, destroy
from reconciler.operations.execution import Execution
from tests.support.fakes import RecordingReporter
from tests.support.repository import GitRepo, Project
from tests.support.world import QUICK, World, describe, snapshot, somebody_in


def test_what_holds_no_work_goes_with_its_branch_and_all_that_tells_of_it(world: World) -> None:
    world.declare(
        "auth: {helpers: {test: {eager: true, helpers: {deep: {eager: true}}}, docs: }}\nui: {checkout: sparse}"
    )
    world.settle()
    plan = world.plan_destroy()
    assert {change.action for change in plan.changes} == {Action.DELETE}
    report = world.destroy()
    assert report.is_complete, describe(report)
    assert world.main.worktrees() == [world.project.path]
    assert world.main.refs().keys() == {"refs/heads/main"}
    assert "branch." not in (world.common_dir / "config").read_text()
    assert not list((world.common_dir / "logs/refs/heads").glob("auth*"))
    assert world.destroy().outcomes == ()
    world.settle()


def test_a_branch_stays_that_orchestra_did_not_make(world: World) -> None:
    world.main.branch("auth")
    world.declare("auth:")
    world.settle()
    assert any(field.before and "stays" in field.before for field in world.plan_destroy().changes[0].fields)
    world.destroy()
    assert world.main.refs().keys() == {"refs/heads/main", "refs/heads/auth"}


def test_a_branch_stays_whose_base_has_not_all_of_it(auth: World) -> None:
    work = auth.tree().commit({"app/a.py": "a = 2\n"})
    auth.destroy()
    assert not auth.tree().path.exists()
    assert auth.main.commit_of("auth") == work
    auth.settle()
    assert auth.tree().read("app/a.py") == "a = 2\n"


def test_a_branch_goes_whose_base_has_all_of_it_by_now(auth: World) -> None:
    auth.tree().commit({"app/a.py": "a = 2\n"})
    auth.main.git("merge", "--quiet", "auth")
    auth.destroy()
    assert auth.main.refs().keys() == {"refs/heads/main"}


def test_a_branch_stays_whose_log_has_what_nothing_else_has(auth: World) -> None:
    auth.tree().commit({"app/a.py": "a = 2\n"})
    auth.tree().git("reset", "--quiet", "--hard", "main")
    (auth.git_dir() / "logs/HEAD").unlink()
    auth.destroy()
    assert "refs/heads/auth" in auth.main.refs()


def test_it_works_from_the_marks_alone(auth: World) -> None:
    (auth.project.path / "orchestra.yaml").write_text("not: [valid")
    auth.destroy()
    assert auth.main.worktrees() == [auth.project.path]


# --- what is kept ----------------------------------------------------------------------------------------------------


def conflict(world: World, verb: str) -> None:
    world.main.commit({"app/a.py": "main\n"})
    world.tree().commit({"app/a.py": "auth\n"})
    world.tree().try_git(*verb.split(), "main")


def dirty(world: World) -> None:
    world.tree().write({"app/a.py": "mine\n"})


def staged(world: World) -> None:
    dirty(world)
    world.tree().git("add", "app/a.py")


def staged_and_changed_back(world: World) -> None:
    staged(world)
    world.tree().write({"app/a.py": "a = 1\n"})


def deleted(world: World) -> None:
    (world.tree().path / "app/a.py").unlink()


def made_executable(world: World) -> None:
    (world.tree().path / "app/a.py").chmod(0o755)


def untracked(world: World) -> None:
    world.tree().write({"new.txt": "mine"})


def untracked_though_not_shown(world: World) -> None:
    untracked(world)
    world.main.git("config", "status.showUntrackedFiles", "no")


def ignored(world: World) -> None:
    (world.common_dir / "info/exclude").write_text(".env\n/orchestra.yaml\n")
    world.tree().write({".env": "SECRET=1"})


def ignored_deep(world: World) -> None:
    (world.common_dir / "info/exclude").write_text("build/\n/orchestra.yaml\n")
    world.tree().write({"app/build/deep/x.o": "mine"})


def ignored_link(world: World) -> None:
    (world.common_dir / "info/exclude").write_text("data\n/orchestra.yaml\n")
    (world.tree().path / "data").symlink_to("/elsewhere")


def edited_contract(world: World) -> None:
    world.tree().write({"SESSION.md": "mine\n"})


def message_on_a_desk(world: World) -> None:
    world.tree().write({".sub-agents/messages/1.md": "mine\n"})


def edited_status(world: World) -> None:
    world.tree().write({".sub-agents/status.yaml": "mine\n"})


def assume_unchanged(world: World) -> None:
    world.tree().git("update-index", "--assume-unchanged", "app/a.py")
    dirty(world)


def skip_worktree(world: World) -> None:
    world.tree().git("update-index", "--skip-worktree", "app/a.py")
    dirty(world)


def only_in_the_reflog(world: World) -> None:
    world.tree().commit({"app/a.py": "a = 2\n"})
    world.tree().git("reset", "--quiet", "--hard", "HEAD~1")


def detached(world: World) -> None:
    world.tree().git("switch", "--quiet", "--detach")


def merging(world: World) -> None:
    conflict(world, "merge")
    assert (world.git_dir() / "MERGE_HEAD").exists()


def merged_and_not_committed(world: World) -> None:
    world.main.commit({"lib/b.py": "main\n"})
    world.tree().git("merge", "--quiet", "--no-commit", "--no-ff", "main")


def rebasing(world: World) -> None:
    conflict(world, "rebase")


def picking(world: World) -> None:
    conflict(world, "cherry-pick")


def reverting(world: World) -> None:
    world.tree().commit({"app/a.py": "a = 2\n"})
    world.tree().git("revert", "--no-commit", "HEAD")
    assert (world.git_dir() / "REVERT_HEAD").exists()


def bisecting(world: World) -> None:
    world.tree().git("bisect", "start")


def private_ref(world: World) -> None:
    world.tree().git("update-ref", "refs/worktree/mine", "HEAD")


def locked(world: World) -> None:
    world.main.git("worktree", "lock", "--reason", "on a stick", str(world.tree().path))


def nested_repository(world: World) -> None:
    (world.common_dir / "info/exclude").write_text("inner/\n/orchestra.yaml\n")
    GitRepo.init(world.tree().path / "inner", {"x.txt": "mine"})


def nested_worktree(world: World) -> None:
    (world.common_dir / "info/exclude").write_text("inner/\n/orchestra.yaml\n")
    world.main.worktree(world.tree().path / "inner", "inner")


def repository_in_place_of_a_submodule(world: World) -> None:
    inner = GitRepo.init(world.tree().path / "part", {"x.txt": "x"})
    world.tree().git("add", "part")
    world.tree().git("commit", "--quiet", "-m", "gitlink")
    inner.write({"x.txt": "mine"})


def a_tag_of_nothing_else(world: World) -> None:
    world.tree().commit({"app/a.py": "a = 2\n"})
    world.tree().git("branch", "--quiet", "keep")
    world.tree().git("reset", "--quiet", "--hard", "HEAD~1")
    world.main.git("branch", "-D", "keep")


KEPT: list[tuple[Callable[[World], None], str]] = [
    (dirty, "1 file not committed (app/a.py)"),
    (staged, "1 file not committed (app/a.py)"),
    (staged_and_changed_back, "1 file not committed (app/a.py)"),
    (deleted, "1 file not committed (app/a.py)"),
    (made_executable, "1 file not committed (app/a.py)"),
    (untracked, "1 file not committed (new.txt)"),
    (untracked_though_not_shown, "1 file not committed (new.txt)"),
    (ignored, "1 ignored file (.env)"),
    (ignored_deep, "1 ignored file (app/build/deep/x.o)"),
    (ignored_link, "1 ignored file (data)"),
    (edited_contract, "1 ignored file (SESSION.md)"),
    (message_on_a_desk, "1 ignored file (.sub-agents/messages/1.md)"),
    (edited_status, "1 ignored file (.sub-agents/status.yaml)"),
    (assume_unchanged, "1 file hidden from git status (app/a.py)"),
    (skip_worktree, "1 file hidden from git status (app/a.py)"),
    (only_in_the_reflog, "1 commit that no branch has"),
    (a_tag_of_nothing_else, "1 commit that no branch has"),
    (detached, "its HEAD is detached"),
    (merging, "a merge is half done"),
    (merged_and_not_committed, "a merge is half done"),
    (rebasing, "a rebase is half done"),
    (picking, "a cherry-pick is half done"),
    (reverting, "a revert is half done"),
    (bisecting, "a bisect is half done"),
    (private_ref, "it has private refs"),
    (locked, "it is locked (on a stick)"),
    (nested_repository, "ignored file"),
    (nested_worktree, "lies inside it"),
    (repository_in_place_of_a_submodule, "it has submodules (part)"),
]


@pytest.mark.parametrize(("make", "why"), KEPT, ids=[make.__name__ for make, _ in KEPT])
def test_work_is_kept_with_its_reason(auth: World, make: Callable[[World], None], why: str) -> None:
    make(auth)
    before = snapshot(auth.tree().path), auth.main.refs()
    change = auth.plan_destroy().changes[0]
    assert change.action is Action.NO_OP
    assert why in change.reason
    assert auth.destroy().is_complete
    assert (snapshot(auth.tree().path), auth.main.refs()) == before


def test_a_process_at_work_keeps_its_tree(auth: World) -> None:
    with somebody_in(auth.tree().path / "app"):
        assert "sleep (" in auth.plan_destroy().changes[0].reason
        auth.destroy()
    assert auth.tree().path.exists()
    auth.destroy()
    assert not auth.tree().path.exists()


def test_filled_submodules_keep_their_tree(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    part = GitRepo.init(tmp_path / "part", {"x.txt": "x"})
    world.main.git("submodule", "--quiet", "add", str(part.path), "part")
    world.main.commit()
    world.declare("auth: {submodules: true}\nplain:")
    world.settle()
    world.tree().write({"part/x.txt": "mine"})
    world.destroy()
    assert world.tree().read("part/x.txt") == "mine"
    assert not world.tree("plain").path.exists(), "empty ones hold nothing"


def test_a_kept_helper_keeps_its_parent_and_no_sibling(world: World) -> None:
    world.declare("auth: {helpers: {test: {eager: true}, docs: {eager: true}}}\nui:")
    world.settle()
    world.tree("auth--test").write({"new.txt": "mine"})
    plan = world.plan_destroy()
    assert "kept, because workspace:auth--test is kept" in next(
        change.reason for change in plan.changes if str(change.address) == "workspace:auth"
    )
    world.destroy()
    left = {path.name for path in world.main.worktrees()}
    assert left == {"shop", "auth", "auth--test"}
    assert {"refs/heads/auth", "refs/heads/auth--test"} <= world.main.refs().keys()


def test_only_what_is_named_is_destroyed(world: World) -> None:
    world.declare("auth: {helpers: {test: {eager: true}}}\nui:")
    world.settle()
    world.destroy("ui")
    assert world.tree().path.exists()
    world.destroy("auth--test")
    assert {path.name for path in world.main.worktrees()} == {"shop", "auth"}


# --- what happens between plan and removal ---------------------------------------------------------------------------


def destroy_after(world: World, meanwhile: Callable[[], object]) -> Status:
    """Destroy, with something happening while the question is asked."""

    def approve(_: object) -> bool:
        meanwhile()
        return True

    done = destroy(world.session(), DestroyOptions(), Execution(RecordingReporter(), approve, QUICK))
    assert done.report is not None
    return done.report.outcomes[0].status


def test_a_commit_made_between_plan_and_removal_is_not_lost(auth: World) -> None:
    made: list[str] = []
    destroy_after(auth, lambda: made.append(auth.tree().commit({"app/a.py": "a = 2\n"})))
    assert auth.main.commit_of("auth") == made[0]


@pytest.mark.parametrize("make", [dirty, untracked, ignored, detached, edited_contract, locked, only_in_the_reflog])
def test_work_made_between_plan_and_removal_is_kept(auth: World, make: Callable[[World], None]) -> None:
    assert destroy_after(auth, lambda: make(auth)) is Status.FAILED
    assert auth.tree().path.exists()


def test_a_commit_made_between_the_two_on_a_detached_head_is_not_lost(auth: World) -> None:
    def commit() -> None:
        detached(auth)
        auth.tree().commit({"app/a.py": "a = 2\n"})

    assert destroy_after(auth, commit) is Status.FAILED
    assert auth.tree().read("app/a.py") == "a = 2\n"


def test_a_tree_that_is_gone_by_then_is_no_failure(auth: World) -> None:
    def remove() -> None:
        shutil.rmtree(auth.tree().path)
        auth.main.git("worktree", "prune")

    assert destroy_after(auth, remove) is Status.DELETED
    assert auth.main.refs().keys() == {"refs/heads/main"}


def test_a_repository_that_is_not_ours_has_nothing_to_destroy(world: World, tmp_path: Path) -> None:
    other = Project(GitRepo.init(tmp_path / "other", {"x": "x"}))
    other.repository.worktree(tmp_path / "mine", "mine")
    assert World(other).destroy().outcomes == ()
    assert (tmp_path / "mine/x").exists()
