"""Every attempt of the table is run for real, and is stopped by the layer that the table says."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.operations.check_commits import Asked, check_commits
from tests.escapes.table import ATTEMPTS, CHECK, GUARD, GUARDED, NOTHING, PRELUDE, Attempt, page
from tests.support.repository import GitRepo
from tests.support.world import World

MANIFEST = "worktrees:\n  auth: {modify: app, deny: app/vendor}\n  ui: {modify: lib}\n"
FILES = {"app/a.py": "a\n", "lib/b.py": "b\n", "top.txt": "top\n", ".gitignore": "*.log\n", "orchestra.yaml": MANIFEST}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a directory with a repository in which all was applied, and a copy of it beside."""
    place = tmp_path_factory.mktemp("escapes") / "now"
    world = World.make(place, FILES)
    world.main.commit({"lib/b.py": "by the base\n"})
    for name in ("foreign", "foreign2"):
        world.main.git("checkout", "--quiet", "-b", name)
        world.main.commit({f"lib/{name}": "x\n"})
        world.main.git("checkout", "--quiet", "main")
    GitRepo.init(place / "remote", bare=True)
    world.apply()
    world.main.git("update-ref", "refs/orchestra/archive/x/y", "HEAD")
    world.main.commit({"lib/new": "x\n"})
    shutil.copytree(place, place.with_name("before"), symlinks=True)
    return place


@pytest.fixture
def place(prepared: Path) -> Iterator[Path]:
    """Give it as it was: paths stand in git's records, so that it is always the same place."""
    shutil.rmtree(prepared)
    shutil.copytree(prepared.with_name("before"), prepared, symlinks=True)
    return prepared


def _attempt(place: Path, script: str) -> str:
    """Run a script in the tree; gives all that was said."""
    names = {"MAIN": "shop", "OTHER": "shop.wt/ui", "REMOTE": "remote"}
    variables = {variable: str(place / name) for variable, name in names.items()}
    done = subprocess.run(
        ["sh", "-c", PRELUDE + script],
        cwd=place / "shop.wt/auth",
        env={**os.environ, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return done.stdout + done.stderr


def _stopped_by(place: Path, said: str) -> str:
    checked = check_commits(place / "shop", os.environ, Asked(names=("auth",)))
    if not checked.is_fine:
        return CHECK
    return GUARD if "orchestra: refused: " in said else NOTHING


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_it_is_stopped_where_the_table_says(place: Path, attempt: Attempt) -> None:
    """By the guard, by check, or not at all."""
    said = _attempt(place, attempt.script)
    assert _stopped_by(place, said) == attempt.stopped[GUARDED], said


def test_the_page_is_made_from_the_table() -> None:
    """`python -m tests.escapes` writes it."""
    text = (Path(__file__).parents[2] / "specs/escapes.md").read_text(encoding="utf-8")
    assert text == page()
