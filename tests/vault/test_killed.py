"""Killed wherever the disk changed: a save leaves no half archive, and a restore can be done again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.vault.archive import ARCHIVES, Archive
from reconciler.vault.shelf import list_archives
from reconciler.vault.verify import check, verify
from tests.faults.harness import wait_for_survivors
from tests.faults.points import watch
from tests.faults.watchers import Counter, Killer
from tests.vault.world import NAME, Seen, VaultWorld


def _in_child(act: Callable[[], object]) -> int:
    """Run something in a process of its own, and give what became of it."""
    child = os.fork()
    if not child:
        try:
            act()
        except BaseException:  # noqa: BLE001 - what it is does not matter: the process that is told of it is another
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _points(act: Callable[[], object], root: Path) -> list[int]:
    """The points of an undisturbed run after which the disk below a directory had changed."""
    answer = root.with_name(f"{root.name}-points")

    def count() -> None:
        counter = Counter(root)
        watch(counter)
        act()
        answer.write_text(json.dumps(counter.changed))

    assert _in_child(count) == 0
    found: list[int] = json.loads(answer.read_text())
    return found


def _killed(act: Callable[[], object], number: int) -> None:
    def run() -> None:
        watch(Killer(number, is_before=False))
        act()

    assert _in_child(run) in {-signal.SIGKILL, 0}


@pytest.fixture
def before(world: VaultWorld) -> Seen:
    """Give the tree something of everything."""
    world.tree.write({"a.txt": "staged\n"})
    world.tree.git("add", "a.txt")
    world.tree.write({"a.txt": "unstaged\n", "app/b.txt": None, "new/n": "new\n", "x.log": "secret", "logs/y.log": "y"})
    world.tree.write({"link": Path("a.txt")})
    (world.tree.path / "app/c.txt").unlink()
    world.tree.write({"app/c.txt/in": "a directory for a file\n"})
    (world.tree.path / "empty").mkdir(mode=0o700)
    return world.see()


def _keep(world: VaultWorld) -> Callable[[], None]:
    """Keep the world as it is; gives what puts it back."""
    root = world.tree.path.parent
    store = root.with_name(f"{root.name}-kept")
    subprocess.run(["cp", "-a", root, store], check=True)

    def put_back() -> None:
        wait_for_survivors(root)
        shutil.rmtree(root)
        subprocess.run(["cp", "-a", store, root], check=True)

    return put_back


def test_a_save_that_was_killed_leaves_all_of_an_archive_or_none(world: VaultWorld, before: Seen) -> None:
    """And the next save sweeps what is left, and is whole."""
    put_back = _keep(world)
    for number in _points(world.save, world.tree.path.parent):
        put_back()
        _killed(world.save, number)
        wait_for_survivors(world.tree.path.parent)
        for archive in list_archives(world.vault):
            assert not archive.has_ref or check(world.vault, archive) == (), number

        assert world.see() == before, number
        saved = world.save()

        assert verify(world.vault, saved) == (), number
        assert set(world.repo.refs("refs/orchestra")) == set(world.repo.refs(ARCHIVES)), number
        times = {archive.time for archive in list_archives(world.vault)}
        assert {path.stem for path in (world.vault.shelf / NAME).iterdir()} == times, number


def test_a_restore_that_was_killed_is_done_again(world: VaultWorld, before: Seen) -> None:
    """It ends as if it had not been, wherever it was killed."""
    archive: Archive = world.night()
    world.make_again(archive)
    put_back = _keep(world)
    for number in _points(lambda: world.restore(archive), world.tree.path.parent):
        put_back()
        _killed(lambda: world.restore(archive), number)
        wait_for_survivors(world.tree.path.parent)

        world.restore(archive)

        assert world.see() == before, number
