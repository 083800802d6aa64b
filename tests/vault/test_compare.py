"""After the tree was moved aside: is it still what was saved?"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.vault.compare import differences
from reconciler.vault.omissions import Omissions, matcher
from reconciler.vault.save import Saved
from tests.support.repository import GitRepo
from tests.vault.strategies import age
from tests.vault.world import VaultWorld

OMISSIONS = Omissions(scratch=matcher(["cache"]))


def _aside(world: VaultWorld) -> Path:
    return world.tree.path.rename(world.tree.path.with_name("aside"))


@pytest.fixture
def saved(world: VaultWorld) -> Saved:
    """Save a tree that has something of everything."""
    world.tree.write({"a.txt": "changed\n", "new": "new\n", "x.log": "secret", "cache/c": "", "link": Path("a.txt")})
    age(world.tree)
    return world.save(omissions=OMISSIONS)


def test_the_move_itself_is_no_difference(world: VaultWorld, saved: Saved) -> None:
    """Nor is scratch that is written, nor a time that was touched and set back."""
    aside = _aside(world)
    (aside / "cache/d").write_text("more")
    status = (aside / "app/b.txt").stat()
    os.utime(aside / "app/b.txt", ns=(1, status.st_mtime_ns))

    assert differences(world.git, saved.sighting, aside) == ()


CHANGES: dict[str, tuple[Callable[[GitRepo], object], str]] = {
    "tracked file written": (lambda tree: tree.write({"app/b.txt": "B\n"}), "app/b.txt was changed or removed"),
    "untracked file written": (lambda tree: tree.write({"new": "NEW\n"}), "new was changed or removed"),
    "ignored file written": (lambda tree: tree.write({"x.log": "SECRET"}), "x.log was changed or removed"),
    "file removed": (lambda tree: tree.write({"a.txt": None}), "a.txt was changed or removed"),
    "file made": (lambda tree: tree.write({"more": ""}), "more is new"),
    "ignored file made": (lambda tree: tree.write({"y.log": ""}), "y.log is new"),
    "mode changed": (lambda tree: (tree.path / "a.txt").chmod(0o700), "a.txt was changed or removed"),
    "repository made": (lambda tree: GitRepo.init(tree.path / "inner"), "inner is new"),
    "directory's mode changed": (lambda tree: (tree.path / "app").chmod(0o700), "app was changed or removed"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_written_since_is_a_difference(world: VaultWorld, saved: Saved, change: str) -> None:
    """Each is named."""
    act, expected = CHANGES[change]
    act(GitRepo(_aside(world)))

    assert expected in differences(world.git, saved.sighting, world.tree.path.with_name("aside"))


def test_what_git_did_since_is_a_difference(world: VaultWorld, saved: Saved) -> None:
    """A commit, something staged, a commit that was reset away again."""
    world.tree.git("add", "new")
    assert differences(world.git, saved.sighting, world.tree.path) == ("its index or its log was written",)
    world.tree.git("commit", "-qm", "more")
    assert differences(world.git, saved.sighting, world.tree.path) == ("its HEAD moved",)


def test_a_file_that_was_written_with_its_size_and_time_kept_is_a_difference(world: VaultWorld, saved: Saved) -> None:
    """The system notes it."""
    file = world.tree.path / "new"
    status = file.stat()
    file.write_text("wen\n")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert differences(world.git, saved.sighting, world.tree.path) == ("new was changed or removed",)
