"""Real hook managers: what they installed still runs in a guarded tree, ours refuses, and doing so again is noticed."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.change import Action
from tests.support.repository import GitRepo
from tests.support.tools import require, search_path
from tests.support.world import World

LEFTHOOK = "pre-commit: {commands: {note: {run: echo ran >>$TOLD}}}\n"
PRE_COMMIT = """\
repos:
  - repo: local
    hooks: [{id: note, name: note, entry: sh -c 'echo ran >>$TOLD', language: system, always_run: true}]
"""
Install = Callable[[World], None]


def _run(tree: Path, *words: str) -> None:
    done = subprocess.run(words, cwd=tree, env={**os.environ, "PATH": search_path()}, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _hook(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "pre-commit").write_text('#!/bin/sh\necho ran >>"$TOLD"\n')
    (directory / "pre-commit").chmod(0o755)


def _plain(world: World) -> None:
    _hook(world.common_dir / "hooks")


def _global(world: World) -> None:
    hooks = world.project.path.parent / "company hooks"
    _hook(hooks)
    settings = world.project.path.parent / "gitconfig"
    settings.write_text(f'[core]\n\thooksPath = "{hooks}"\n')
    os.environ["GIT_CONFIG_GLOBAL"] = str(settings)


def _husky(world: World) -> None:
    """As `npm prepare` does, in each tree: what it writes is not committed."""
    for tree in world.main.worktrees():
        _run(tree, "husky")
        (tree / ".husky/pre-commit").write_text('echo ran >>"$TOLD"\n')


def _lefthook(world: World) -> None:
    _run(world.project.path, "lefthook", "install", "--force")


def _pre_commit(world: World) -> None:
    _run(world.project.path, "pre-commit", "install")


MANAGERS: dict[str, Install] = {
    "plain": _plain,
    "global": _global,
    "husky": _husky,
    "lefthook": _lefthook,
    "pre-commit": _pre_commit,
}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the file that hooks write to when they run."""
    require("husky", "lefthook", "pre-commit")
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("PATH", search_path())
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "pre-commit"))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    return tmp_path / "told"


@pytest.fixture
def shop(tmp_path: Path, told: Path) -> World:
    """Give a repository with the managers' own files in it."""
    files = {"app/a.py": "a\n", "lib/b.py": "b\n", "lefthook.yml": LEFTHOOK, ".pre-commit-config.yaml": PRE_COMMIT}
    world = World.make(tmp_path, {**files, ".gitignore": ".husky/\n"})
    world.declare("auth: {modify: app}")
    return world


def _require_both(tree: GitRepo, told: Path) -> None:
    """Theirs runs, and ours refuses."""
    told.unlink(missing_ok=True)
    tree.commit({"app/a.py": f"{os.urandom(4).hex()}\n"})
    assert told.read_text() == "ran\n"
    tree.write({"lib/b.py": "changed\n"})
    tree.git("add", "--all")
    assert "orchestra: refused: " in tree.try_git("commit", "--message", "x").stderr
    tree.git("reset", "--quiet", "--hard")


@pytest.mark.parametrize("manager", MANAGERS)
def test_hooks_that_were_there_before_still_run(shop: World, told: Path, manager: str) -> None:
    """However they came."""
    MANAGERS[manager](shop)
    shop.apply()
    if manager == "husky":  # in a new tree its hooks are not there before it was run there
        MANAGERS[manager](shop)
        shop.apply()
    assert shop.plan().is_empty
    _require_both(shop.tree(), told)


@pytest.mark.parametrize("manager", MANAGERS)
def test_hooks_that_come_later_are_noticed_and_run_after_the_next_apply(shop: World, told: Path, manager: str) -> None:
    """Those that git would not run at all through us are drift; where there is a hook of ours, it hands on at once."""
    shop.apply()
    MANAGERS[manager](shop)
    shop.apply()
    assert shop.plan().is_empty
    _require_both(shop.tree(), told)


def test_lefthook_in_the_tree_itself_is_noticed(shop: World, told: Path) -> None:
    """It renames our hooks and puts its own into our directory."""
    shop.apply()
    _run(shop.tree().path, "lefthook", "install", "--force")
    change = shop.change("guard:auth")
    assert (change.action, "not in force" in change.reason) == (Action.UPDATE, True)
    shop.apply()
    assert shop.plan().is_empty
    tree = shop.tree()
    tree.write({"lib/b.py": "changed\n"})
    tree.git("add", "--all")
    assert "orchestra: refused: " in tree.try_git("commit", "--message", "x").stderr


def test_husky_in_the_tree_itself_leaves_ours_in_force(shop: World, told: Path) -> None:
    """It writes into the shared configuration, which a tree's own goes before; the plan sees that."""
    shop.apply()
    _husky(shop)
    assert shop.change("guard:auth").action is Action.UPDATE
    shop.apply()
    _require_both(shop.tree(), told)
