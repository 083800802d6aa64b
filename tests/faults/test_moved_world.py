"""The world moves between plan and apply: what moved is refused by name, with both values, and the rest goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.outcome import Report, Status
from reconciler.operations.apply import apply
from reconciler.operations.execution import Execution
from reconciler.operations.options import PlanOptions
from reconciler.operations.session import open_session
from tests.support.fakes import RecordingReporter
from tests.support.repository import GitRepo, Project, project

BEFORE = """\
worktrees:
  auth: {task: First}
  ui: {branch: ui}
  docs:
  billing:
"""
# One of everything that a plan can order: a new tree and a new desk, a rename, a move, an edited file, a removal.
AFTER = """\
worktrees:
  auth: {task: Second, helpers: {test: }}
  ui: {branch: web}
  docs: {path: ../elsewhere/docs}
  extra:
"""


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """Give a project in which one manifest is applied and another one declared."""
    shop = project(tmp_path, {"orchestra.yaml": BEFORE, "a/b.txt": "b\n", "c.txt": "c\n"})
    shop.apply()
    shop.repository.write({"orchestra.yaml": AFTER})
    return shop


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _replace_by_link(shop: Project) -> None:
    file = shop.tree("auth").path / "SESSION.md"
    file.unlink()
    file.symlink_to("../../victim")


# What somebody does after the plan was made; the change that is refused, and what its refusal names.
MOVES: dict[str, tuple[Callable[[Project], object], str, str]] = {
    "its branch was made": (lambda shop: shop.repository.branch("extra"), "workspace:extra", "branch"),
    "its place was taken": (
        lambda shop: GitRepo.init(shop.tree("extra").path, {"x": "x\n"}),
        "workspace:extra",
        "obstacle",
    ),
    "a file stands in its place": (
        lambda shop: shop.tree("extra").path.write_text("mine\n"),
        "workspace:extra",
        "obstacle",
    ),
    "its branch was checked out": (
        lambda shop: shop.repository.git("switch", "--quiet", "-c", "extra"),
        "workspace:extra",
        "checked out at",
    ),
    "its tree was switched": (
        lambda shop: shop.tree("ui").git("switch", "--quiet", "-c", "other"),
        "workspace:ui",
        "branch",
    ),
    "its HEAD was detached": (
        lambda shop: shop.tree("ui").git("switch", "--quiet", "--detach"),
        "workspace:ui",
        "branch",
    ),
    "the new name was taken": (lambda shop: shop.repository.branch("web"), "workspace:ui", "only after a person"),
    "its tree was locked": (
        lambda shop: shop.repository.git("worktree", "lock", "../shop.wt/docs"),
        "workspace:docs",
        "locked",
    ),
    "its tree was deleted": (lambda shop: _remove(shop.tree("docs").path), "workspace:docs", "tree"),
    "its tree was moved": (
        lambda shop: shop.tree("docs").path.rename(shop.path.parent / "shop.wt/moved"),
        "workspace:docs",
        "path",
    ),
    "the new place was taken": (
        lambda shop: GitRepo.init(shop.path.parent / "elsewhere/docs", {"x": "x\n"}),
        "workspace:docs",
        "only after a person",
    ),
    "its file was edited": (
        lambda shop: shop.tree("auth").write({"SESSION.md": "mine\n"}),
        "file:auth/SESSION.md",
        "content",
    ),
    "its file was deleted": (
        lambda shop: _remove(shop.tree("auth").path / "SESSION.md"),
        "file:auth/SESSION.md",
        "content",
    ),
    "its file became a link": (_replace_by_link, "file:auth/SESSION.md", "content"),
    "its file became a directory": (
        lambda shop: (
            _remove(shop.tree("auth").path / "SESSION.md"),
            (shop.tree("auth").path / "SESSION.md/x").mkdir(parents=True),
        ),
        "file:auth/SESSION.md",
        "content",
    ),
}
# What makes a removal a loss since it was planned; it is kept, and the reason named.
WORK: dict[str, tuple[Callable[[Project], object], str]] = {
    "an untracked file": (
        lambda shop: shop.tree("billing").write({"new.txt": "n\n"}),
        "1 file not committed (new.txt)",
    ),
    "a change": (lambda shop: shop.tree("billing").write({"c.txt": "mine\n"}), "1 file not committed (c.txt)"),
    "a half-done merge": (
        lambda shop: (
            GitRepo(shop.path).git("branch", "theirs"),
            shop.tree("billing").commit({"c.txt": "1\n"}),
            shop.tree("billing").try_git("merge", "--no-commit", "--no-ff", "theirs"),
            shop.tree("billing").git("update-ref", "MERGE_HEAD", "theirs"),
        ),
        "a merge is half done",
    ),
    "a lock": (lambda shop: shop.repository.git("worktree", "lock", "../shop.wt/billing"), "it is locked"),
    "an edited file of ours": (lambda shop: shop.tree("billing").write({"SESSION.md": "mine\n"}), "ignored file"),
}


def apply_after(shop: Project, move: Callable[[Project], object]) -> Report:
    """Plan, let somebody move the world, and carry the plan out."""

    def approve(_plan: object) -> bool:
        move(shop)
        return True

    execution = Execution(RecordingReporter(), approve)
    report = apply(open_session(shop.path, os.environ), PlanOptions(prune=True), execution).report
    assert report is not None
    return report


@pytest.mark.parametrize(("move", "refused", "named"), MOVES.values(), ids=MOVES.keys())
def test_what_moved_after_the_plan_is_refused(
    shop: Project, move: Callable[[Project], object], refused: str, named: str
) -> None:
    """Only that, and what needs it; the code is that of a conflict."""
    report = apply_after(shop, move)
    failed = {str(each.address): each for each in report.outcomes if each.status is Status.FAILED}
    assert set(failed) == {refused}
    assert named in failed[refused].reason
    assert "planned" in failed[refused].reason
    assert report.exit_code == 5
    done = {
        each.status
        for each in report.outcomes
        if not str(each.address).startswith((refused, refused.replace("workspace", "file")))
    }
    assert done <= {Status.CREATED, Status.UPDATED, Status.DELETED, Status.UNCHANGED}


@pytest.mark.parametrize(("move", "refused", "named"), MOVES.values(), ids=MOVES.keys())
def test_what_moved_after_a_plan_was_saved_is_refused(
    shop: Project, tmp_path: Path, move: Callable[[Project], object], refused: str, named: str
) -> None:
    """A saved plan is held against the world of the day it is applied."""
    shop.run("plan", "--prune", "--out", str(tmp_path / "plan")).expect(0)
    move(shop)
    ended = shop.run("apply", str(tmp_path / "plan")).expect(5)
    assert f"{refused} failed" in ended.out
    assert "Traceback" not in ended.err + ended.out
    assert "stale" in ended.out
    assert not shop.tree("billing").path.exists()


@pytest.mark.parametrize(("move", "named"), WORK.values(), ids=WORK.keys())
def test_work_that_came_after_the_plan_is_kept(shop: Project, move: Callable[[Project], object], named: str) -> None:
    """What was to be removed is looked at once more."""
    report = apply_after(shop, move)
    billing = next(each for each in report.outcomes if str(each.address) == "workspace:billing")
    assert billing.status is Status.FAILED
    assert named in billing.reason
    assert shop.tree("billing").path.is_dir()
    assert report.exit_code == 4


def test_a_commit_that_came_after_the_plan_is_kept_on_its_branch(shop: Project) -> None:
    """The tree may go, since the commit is safe where its branch is."""
    commit: list[str] = []
    apply_after(shop, lambda shop: commit.append(shop.tree("billing").commit({"c.txt": "mine\n"})))
    assert shop.repository.commit_of("billing") == commit[0]


def test_a_saved_plan_applied_twice_changes_nothing_the_second_time(shop: Project, tmp_path: Path) -> None:
    """What it ordered is there, or gone, by then."""
    shop.run("plan", "--prune", "--out", str(tmp_path / "plan")).expect(0)
    shop.run("apply", str(tmp_path / "plan")).expect(0)
    refs = shop.repository.refs()
    again = shop.run("apply", str(tmp_path / "plan")).expect(0)
    assert "added" not in again.out or "0 added, 0 changed, 0 destroyed" in again.out
    assert shop.repository.refs() == refs


def test_a_saved_plan_of_another_clone_is_refused(shop: Project, tmp_path: Path) -> None:
    """Even of a copy, in which all names are the same."""
    shop.run("plan", "--prune", "--out", str(tmp_path / "plan")).expect(0)
    shutil.copytree(shop.path, tmp_path / "copy" / "shop", symlinks=True)
    other = Project(GitRepo(tmp_path / "copy" / "shop"))
    ended = other.run("apply", str(tmp_path / "plan")).expect(5)
    assert "another clone" in ended.err
    shop.run("apply", str(tmp_path / "plan")).expect(0)
