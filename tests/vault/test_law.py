"""The law: what is saved, removed and restored is what it was, to the byte, the mode and the nanosecond."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from tests.vault.strategies import age, write_index_later
from tests.vault.world import VaultWorld

_NOTED_NS = slice(24, 28)  # of the first entry's time of change, in an index of version 2


def test_a_tree_that_git_relies_on_comes_back(world: VaultWorld) -> None:
    """Files that were noted in an earlier second, then changed with their size and their time kept."""
    for name in ("a.txt", "app/b.txt", "app/c.txt"):
        os.utime(world.tree.path / name, ns=(1, 1_600_000_000_000_000_000))
    (world.tree.path / "app/b.txt").chmod(0o600)
    age(world.tree)
    world.tree.write({"a.txt": "A\n"})
    os.utime(world.tree.path / "a.txt", ns=(1, 1_600_000_000_000_000_000))
    write_index_later(world.tree)
    before = world.see()

    archive = world.night_and_morning()

    assert world.see() == before
    stored = world.repo.git("ls-tree", "-r", "--name-only", archive.commit, "files/")
    assert stored.splitlines() == ["files/a.txt"]


def test_what_was_written_before_the_clock_was_set_back_comes_back(world: VaultWorld) -> None:
    """By the times of such an index git takes a file for as old as it noted it, whatever was written in that second."""
    file, index = world.tree.path / "a.txt", world.git_dir / "index"
    time.sleep(1.02 - time.time() % 1)
    world.tree.write({"a.txt": "b\n"})
    world.tree.git("add", "a.txt")
    os.utime(index, (1 << 32, 1 << 32))
    world.tree.write({"a.txt": "c\n"})

    world.night_and_morning()

    assert file.read_text() == "c\n"


def test_times_that_an_index_cannot_hold_come_back(world: VaultWorld) -> None:
    """Those before 1970 it holds as ones after 2038."""
    os.utime(world.tree.path / "a.txt", ns=(1, -5_000_000_001))
    age(world.tree)
    before = world.see()

    world.night_and_morning()

    assert world.see() == before


def test_times_that_were_noted_by_the_second_come_back(world: VaultWorld) -> None:
    """Other programs than git write whole seconds into the index, and git does not mind."""
    age(world.tree)
    index = world.git_dir / "index"
    content = bytearray(index.read_bytes()[:-20])
    content[_NOTED_NS] = bytes(4)
    index.write_bytes(content + hashlib.sha1(content, usedforsecurity=False).digest())
    write_index_later(world.tree)
    before = world.see()

    world.night_and_morning()

    assert world.see() == before


def test_a_tree_with_every_kind_of_change_comes_back(world: VaultWorld) -> None:
    """Staged, unstaged, both, deleted, untracked, ignored, modes, links, empty directories."""
    tree = world.tree
    tree.write({"a.txt": "staged\n"})
    tree.git("add", "a.txt")
    tree.write(
        {"a.txt": "and changed again\n", "app/b.txt": None, "new file\n.txt": b"\xff\0\r\n", "secret.log": "s3cret"}
    )
    tree.write({"link": Path("nowhere/at/all"), "to-app": Path("app")})
    (tree.path / "empty/inner").mkdir(parents=True)
    (tree.path / "new file\n.txt").chmod(0o600)
    (tree.path / "logs").mkdir(mode=0o750)
    tree.write({"logs/deep.log": "x"})
    (tree.path / "logs/deep.log").chmod(0o400)
    os.utime(tree.path / "app", ns=(1, 1_600_000_000_123_456_789))
    os.utime(tree.path / "a.txt", ns=(1, 1_500_000_000_987_654_321))
    before = world.see()

    world.night_and_morning()

    assert world.see() == before
