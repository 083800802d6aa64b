"""Locks that a killed git left: removed only where our run made them, and only when nobody is at work."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from reconciler.clients.git import Repository
from reconciler.clients.stale import drop_stale_locks
from reconciler.errors import LockHeldError
from tests.support.fakes import FakeClock
from tests.support.repository import GitRepo

IN_TREES = ["worktrees/t/HEAD.lock", "worktrees/t/config.worktree.lock", "worktrees/t/info/sparse-checkout.lock"]
OURS = ["config.lock", "refs/heads/ours.lock", "refs/heads/a/b.lock", "refs/orchestra/parked/t.lock", *IN_TREES]
OTHERS = ["index.lock", "packed-refs.lock", "HEAD.lock", "refs/heads/theirs.lock", "worktrees/t/index.lock"]


@pytest.fixture
def locks(tmp_path: Path, repo: GitRepo) -> list[str]:
    """Put a lock in every place; the names relative to the git directory."""
    repo.worktree(tmp_path / "t", "b")
    for name in (*OURS, *OTHERS):
        place = repo.path / ".git" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        os.utime(place, (1000, 1000))
    return [*OURS, *OTHERS]


def left(repository: Repository, names: list[str]) -> list[str]:
    """List the locks that are still there."""
    return [name for name in names if (repository.common_dir / name).exists()]


def test_young_locks_in_our_places_go(repository: Repository, locks: list[str]) -> None:
    """What the killed run may have made is removed, all else stays."""
    drop_stale_locks(repository, ["ours", "a/b", "no-lock"], 999.0)
    assert left(repository, locks) == OTHERS


def test_locks_older_than_the_run_stay(repository: Repository, locks: list[str]) -> None:
    """Somebody else's, whoever they are."""
    drop_stale_locks(repository, ["ours", "a/b"], 1001.0)
    assert left(repository, locks) == locks


def test_a_branch_whose_place_is_another_branch_is_passed_over(repository: Repository, locks: list[str]) -> None:
    """A mark outlives its branch `main/x`, and `main` is a file now."""
    drop_stale_locks(repository, ["main/x", "ours", "a/b"], 999.0)
    assert left(repository, locks) == OTHERS


@pytest.mark.parametrize("name", ["../../../victim", "x/../../../../victim", "/victim"])
def test_no_branch_leads_out_of_the_branches(
    tmp_path: Path, repository: Repository, locks: list[str], name: str
) -> None:
    """Configuration is text that anybody may edit: a name that git would not take names no lock."""
    victim = tmp_path / "shop/victim.lock"
    victim.touch()
    (repository.common_dir / "refs/heads/x").mkdir()
    drop_stale_locks(repository, [str(victim).removesuffix(".lock") if name == "/victim" else name], 999.0)
    assert victim.exists()


def test_a_git_that_outlived_the_run_is_waited_for(tmp_path: Path, repository: Repository, locks: list[str]) -> None:
    """While a git stands in the git directory nothing is removed; when it ends, all is."""
    program = tmp_path / "git-slow"
    program.symlink_to("/bin/sleep")
    clock = FakeClock()
    with subprocess.Popen([program, "600"], cwd=repository.common_dir) as process:
        try:
            with pytest.raises(LockHeldError, match=rf"git-slow \({process.pid}\).* is still at work"):
                drop_stale_locks(repository, ["ours"], 999.0, sleep=clock.sleep)
            assert left(repository, locks) == locks
            assert clock.now >= 5

            def end(_: float) -> None:
                process.kill()
                process.wait()

            drop_stale_locks(repository, ["ours", "a/b"], 999.0, sleep=end)
        finally:
            process.kill()
    assert left(repository, locks) == OTHERS
