"""What parking a large tree costs: programs; and time, beside `git status` of that tree and beside removing it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from reconciler.clients.git import Git
from reconciler.clients.survey import take_survey
from reconciler.vault.compare import differences
from reconciler.vault.save import save
from reconciler.vault.vault import Vault
from reconciler.vault.verify import verify
from tests.benchmarks.measure import Pairs, Row, in_turns
from tests.benchmarks.programs import count
from tests.benchmarks.world import World, manifest, shell
from tests.support.repository import GitRepo

SIZES = (5_000, 50_000)
CHANGED = 50
_PER_DIRECTORY = 100
_TREE = "shop.wt/w000"
_LIMIT = 3


def run(scratch: Path, pairs: int) -> Iterator[Row]:
    """Park a tree of each size, with as many changes in it: count programs; time the larger one."""
    counts = []
    for files in SIZES:
        world = _world(scratch, files)
        if files == SIZES[-1]:
            yield from _times(world, files, pairs)
        counts.append(count(world, scratch, "destroy", "--auto-approve"))
        print(f"parking a tree of {files} files, {CHANGED} of them changed: {counts[-1]} programs", flush=True)
    shown = ", ".join(map(str, counts))
    yield Row(f"programs of parking, {SIZES} files", shown, limit="the same number", kept=len(set(counts)) == 1)


def _times(world: World, files: int, pairs: int) -> Iterator[Row]:
    """Time what is done to save the tree, and all of `destroy` beside what git needs to remove it."""
    saving = _Saving(world)
    measured = in_turns(pairs, saving.seconds, lambda: _seconds(world, "status", "--porcelain=v2"))
    print(f"  saving {files} files, reading back and comparing, beside git status\n{measured}", flush=True)
    yield measured.row(f"saving {files} files, beside git status", f"within {_LIMIT}", _is_cheap)
    removed = _removed_by_git(world)
    parked = Pairs((world.seconds("destroy", "--auto-approve"),), (removed,))
    world.run("apply", "--auto-approve")
    print(f"  destroy of it, beside git worktree remove --force of a clean one\n{parked}", flush=True)
    yield parked.row(f"destroy of {files} files, beside git worktree remove")


def _is_cheap(pairs: Pairs) -> bool:
    return pairs.median <= _LIMIT


class _Saving:
    """What `destroy` does to a tree before it deletes it, in this process."""

    def __init__(self, world: World) -> None:
        self._git = Git(os.environ)
        repository = self._git.discover(world.path)
        self._vault = Vault.of(self._git, repository, world.path.parent / "state", "clone")
        tree = world.path.parent / _TREE
        (self._record,) = (each for each in take_survey(self._git, repository).records if each.path == tree)

    def seconds(self) -> float:
        """Save, read back, compare once more."""
        os.sync()
        begin = time.perf_counter()
        saved = save(self._vault, self._record, "w000", now=datetime.now(UTC))
        problems = (*verify(self._vault, saved), *differences(self._git, saved.sighting, self._record.path))
        seconds = time.perf_counter() - begin
        if problems:
            raise SystemExit(f"the save is not whole: {problems}")
        return seconds


def _seconds(world: World, *words: str) -> float:
    return world.shell.seconds(["git", *words], world.path.parent / _TREE)


def _removed_by_git(world: World) -> float:
    """Time git with another tree of the same files."""
    other = world.path.parent / "other"
    world.shell.run(["git", "worktree", "add", "--quiet", "--detach", other], world.path)
    return world.shell.seconds(["git", "worktree", "remove", "--force", other], world.path)


def _world(scratch: Path, files: int) -> World:
    """Make a tree of so many small files, and work in it as somebody does: changed, staged and new files."""
    places = [f"area{number // _PER_DIRECTORY:03}/file{number:05}.txt" for number in range(files)]
    source = GitRepo.init(scratch / f"source-{files}")
    source.git("config", "gc.auto", "0")  # else it would be at work in the background
    source.commit({place: f"{place}\n" for place in places})
    source.git("gc", "--quiet")  # as every clone is: from loose objects git reads the sizes of blobs ten times slower
    world = World.of(source, scratch / "world", shell(scratch), manifest(1))
    world.run("apply", "--auto-approve")
    tree = GitRepo(world.path.parent / _TREE)
    step = files // CHANGED
    tree.write(dict.fromkeys(places[::step][: CHANGED // 3], "staged\n"))
    tree.git("add", "--all")
    tree.write(dict.fromkeys(places[::step][CHANGED // 5 : CHANGED - CHANGED // 5], "changed\n"))
    tree.write({f"new/file{number:05}.txt": "new\n" for number in range(CHANGED // 5)})
    return world
