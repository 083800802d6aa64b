"""A repository whose git directory lies apart (`git init --separate-git-dir`): git does not list its main worktree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repository import GitRepo, Project
from tests.support.world import World, snapshot


@pytest.fixture
def apart(tmp_path: Path) -> World:
    """Give a repository in `shop`, its git directory in `shop.git`."""
    (tmp_path / "shop").mkdir()
    repository = GitRepo(tmp_path / "shop")
    repository.git("init", "--quiet", "--initial-branch=main", "--separate-git-dir", str(tmp_path / "shop.git"))
    repository.commit({"app/a.py": "a = 1\n"}, "first")
    return World.of(Project(repository))


def test_the_manifest_is_written_into_the_main_worktree(apart: World) -> None:
    """And found there, also from a directory in it."""
    apart.project.run("init", cwd=apart.project.path / "app").expect(0)
    assert (apart.project.path / "orchestra.yaml").exists()
    assert not (apart.common_dir / "orchestra.yaml").exists()
    apart.declare("auth:")
    apart.settle()
    assert apart.tree().read("app/a.py") == "a = 1\n"
    assert apart.project.run("plan", cwd=apart.project.path / "app").expect(0).out.startswith("No changes.")


@pytest.mark.parametrize("command", ["init", "plan"])
@pytest.mark.parametrize("where", ["shop.wt/auth", "shop.git"])
def test_from_elsewhere_the_main_worktree_is_no_guess(apart: World, tmp_path: Path, where: str, command: str) -> None:
    """It is said, with a way out; nothing is written into a git directory."""
    apart.declare("auth:")
    apart.settle()
    before = snapshot(tmp_path)
    done = apart.project.run(command, cwd=tmp_path / where).expect(3)
    assert "main worktree" in done.err
    assert "--file" in done.err
    assert snapshot(tmp_path) == before


def test_from_elsewhere_the_manifest_can_be_named(apart: World, tmp_path: Path) -> None:
    """The branch of the main worktree is still known to be taken."""
    apart.declare("auth:")
    apart.settle()
    where = apart.tree().path
    manifest = str(apart.project.path / "orchestra.yaml")
    assert apart.project.run("--file", manifest, "plan", cwd=where).expect(0).out.startswith("No changes.")
    apart.declare("auth:\nmain:")
    taken = apart.project.run("--file", manifest, "plan", cwd=where).expect(5)
    assert "branch main is already checked out" in taken.out
