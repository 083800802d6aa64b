"""Every attempt of the table is run for real, and is stopped by the layer that the table says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.operations.check_commits import Asked, check_commits
from tests.escapes.attempt import REFS, SANDBOXED, SETTINGS, Attempt, Seen, is_copied
from tests.escapes.page import page
from tests.escapes.table import ATTEMPTS, PRELUDE
from tests.faults.world import World as Kept
from tests.support.pictures import changed, picture
from tests.support.repository import GitRepo, file_tree
from tests.support.tools import require
from tests.support.users import ROOT, USERS, directory_of
from tests.support.world import World

MANIFEST = "worktrees:\n  auth: {modify: app, deny: app/vendor}\n  ui: {modify: lib}\n"
FILES = {"app/a.py": "a\n", "lib/b.py": "b\n", "top.txt": "top\n", ".gitignore": "*.log\n", "orchestra.yaml": MANIFEST}
_IDENTITY = "[user]\n\tname = Alex Example\n\temail = alex@example.org\n"

# What an import writes, and the area: all else is to be as it was.
_OPEN = re.compile(
    r"shop/\.git/(orchestra/.*|objects/.*|worktrees/auth/(orchestra\.sandbox|refs|index|logs|ORIG_HEAD)\b.*"
    r"|(logs/)?refs/heads/auth)|shop\.wt/auth/(app|\.sub-agents)\b.*"
)


@pytest.fixture(scope="module")
def kept() -> Iterator[Kept]:
    """Give a directory with a repository in which all was applied, and a copy of it beside."""
    require("bwrap")
    with directory_of(USERS[0]) as directory:
        kept = Kept(directory / "now", directory / "store")
        _prepare(kept.root)
        kept.keep("before")
        yield kept


def _prepare(place: Path) -> None:
    world = World.make(place, FILES)
    world.main.git("update-index", "--add", "--cacheinfo", f"160000,{world.main.git('rev-parse', 'HEAD')},lib/m")
    (world.main.path / "lib/m").mkdir()
    world.main.commit({"lib/b.py": "by the base\n"})
    for name in ("foreign", "foreign2"):
        world.main.git("checkout", "--quiet", "-b", name)
        world.main.commit({f"lib/{name}": "x\n"})
        world.main.git("checkout", "--quiet", "main")
    GitRepo.init(place / "remote", bare=True)
    file_tree(place, {"out/file": "mine\n", "home/.gitconfig": _IDENTITY})
    world.apply()
    world.main.git("update-ref", "refs/orchestra/archive/x/y", "HEAD")
    world.main.commit({"lib/new": "x\n", "app/a.py": "by the base\n"})


@pytest.fixture
def place(kept: Kept) -> Path:
    """Give it as it was: paths stand in git's records, so that it is always the same place."""
    kept.put_back("before")
    return kept.root


def _attempt(place: Path, script: str, setting: str) -> str:
    """Run a script in the tree; gives all that was said."""
    names = {"MAIN": "shop", "OTHER": "shop.wt/ui", "REMOTE": "remote", "OUT": "out"}
    variables = {variable: str(place / name) for variable, name in names.items()}
    words, cwd = ["sh", "-c", PRELUDE + script], place / "shop.wt/auth"
    if setting == SANDBOXED:
        told = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
        words = [sys.executable, "-m", "reconciler", "exec", "--no-settings", *told, "auth", "--", *words]
        cwd = place / "shop"
    done = subprocess.run(
        words,
        cwd=cwd,
        env={**os.environ, **variables, "HOME": str(place / "home"), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    return done.stdout + done.stderr


def _outside(place: Path, setting: str) -> dict[str, str]:
    """What a sandbox keeps as it is; without one, nothing is."""
    if setting != SANDBOXED:
        return {}
    return picture(place, lambda path: _OPEN.fullmatch(str(path.relative_to(place))) is not None)


def _is_copied(place: Path, given: str) -> bool:
    copy = place / "shop/.git/worktrees/auth/orchestra.sandbox/git"
    found = GitRepo(place / "shop").try_git(f"--git-dir={copy}", *REFS).stdout
    return copy.exists() and is_copied(given, found, "auth")


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda attempt: attempt.name)
def test_it_is_stopped_where_the_table_says(place: Path, attempt: Attempt, setting: str) -> None:
    """By one of the layers, or not at all."""
    before, given = _outside(place, setting), GitRepo(place / "shop").git(*REFS)
    said = _attempt(place, attempt.script, setting)
    subprocess.run(["git", "status"], cwd=place / "shop.wt/auth", capture_output=True, check=False)  # a person's
    reached = changed(before, _outside(place, setting))
    checked = check_commits(place / "shop", os.environ, Asked(names=("auth",)))
    seen = Seen(said, checked.is_fine, bool(reached), _is_copied(place, given))
    assert seen.stopped(setting) == attempt.stopped[setting], f"{said}\n{reached}"


def test_the_page_is_made_from_the_table() -> None:
    """`python -m tests.escapes` writes it."""
    text = (Path(__file__).parents[2] / "specs/escapes.md").read_text(encoding="utf-8")
    assert text == page()
