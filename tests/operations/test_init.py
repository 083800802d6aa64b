"""`init`: a first manifest, with which the first tree runs where the repository says how."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.change import Action
from tests.support.repository import Project, project
from tests.support.world import World

BARE = "version: 1\nproject: shop\n\nworktrees: {}\n"
AUTO = "version: 1\nproject: shop\n\ndefaults:\n  dependencies: auto  # what the lock files say\n\nworktrees: {}\n"


def _written(shop: Project) -> str:
    shop.run("init").expect(0)
    shop.run("validate").expect(0)
    return shop.repository.read("orchestra.yaml")


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ((), BARE),
        (("uv.lock", "pnpm-lock.yaml"), AUTO),
        (("requirements.txt",), AUTO),
        (("app/uv.lock",), BARE),
        (("package-lock.json", "pnpm-lock.yaml"), BARE),
    ],
)
def test_what_lock_files_say_is_installed(tmp_path: Path, names: tuple[str, ...], text: str) -> None:
    """At the top, and where it is clear who is meant: else the first plan would be an error."""
    assert _written(project(tmp_path, {"a": "", **dict.fromkeys(names, "")})) == text


def test_what_is_not_committed_says_nothing(tmp_path: Path) -> None:
    """A new tree will not have it."""
    shop = project(tmp_path, {"a": ""})
    shop.repository.write({"uv.lock": ""})
    assert _written(shop) == BARE


def test_a_repository_without_a_commit_has_nothing(tmp_path: Path) -> None:
    """It gets the shortest one."""
    shop = project(tmp_path, {})
    shop.repository.git("switch", "--quiet", "--orphan", "new")
    shop.repository.git("branch", "--quiet", "-D", "main")
    assert _written(shop) == BARE


def test_the_first_tree_has_what_is_installed(tmp_path: Path) -> None:
    """`init`, `add`, and its plan installs."""
    world = World.make(tmp_path, {"requirements.txt": ""})
    world.project.run("init").expect(0)
    world.project.run("add", "auth").expect(0)
    assert world.change("dependency:auth/pip").action is Action.CREATE
