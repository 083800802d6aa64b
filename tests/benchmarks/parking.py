"""What parking a large tree costs: programs; and time, beside `git status` of that tree and beside removing it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from reconciler.clients.survey import PARKED
from tests.benchmarks import undeleted
from tests.benchmarks.measure import Pairs, Row
from tests.benchmarks.programs import count
from tests.benchmarks.world import World, manifest, shell
from tests.support.repository import GitRepo

SIZES = (5_000, 50_000)
CHANGED = 50
_PER_DIRECTORY = 100
_TREE = "shop.wt/w000"
_LIMIT = 3


def run(scratch: Path, pairs: int) -> Iterator[Row]:
    """Park a tree of each size, with as many changes in it: time all but the deletion, and count programs."""
    worlds = {files: _world(scratch / str(files), files) for files in (CHANGED, *SIZES)}
    large, small = worlds[SIZES[-1]], worlds[CHANGED]
    yield from _times(large, small, pairs)
    parked = Pairs((large.seconds("destroy", "--auto-approve"),), (_removed_by_git(large),))
    print(f"  destroy of it, beside git worktree remove --force of a clean one\n{parked}", flush=True)
    yield parked.row(f"destroy of {SIZES[-1]} files, beside git worktree remove")
    large.run("apply", "--auto-approve")
    counts = [count(worlds[files], scratch, "destroy", "--auto-approve") for files in SIZES]
    shown = ", ".join(map(str, counts))
    yield Row(f"programs of parking, {SIZES} files", shown, limit="the same number", kept=len(set(counts)) == 1)


def _times(large: World, small: World, pairs: int) -> Iterator[Row]:
    """Time `destroy` but for the deletion, beside `git status`: all of it, and what is more than for a small tree."""
    _status(large)  # it reads what an index that is younger than the files cannot tell
    taken = [(_parked(large), _parked(small), _status(large)) for _ in range(pairs)]
    whole = Pairs(tuple(turn[0] for turn in taken), tuple(turn[2] for turn in taken))
    more = Pairs(tuple(turn[0] - turn[1] for turn in taken), whole.theirs)
    print(f"  parking {SIZES[-1]} files, but for deleting them, beside git status\n{whole}", flush=True)
    print(f"  the same, less what it takes for {CHANGED} files\n{more}", flush=True)
    yield whole.row(f"parking {SIZES[-1]} files undeleted, beside git status")
    yield more.row(f"  less the same of {CHANGED} files", f"within {_LIMIT}", _is_cheap)


def _is_cheap(pairs: Pairs) -> bool:
    return pairs.median <= _LIMIT


def _parked(world: World) -> float:
    """Time what `destroy` does before it deletes."""
    seconds = world.shell.seconds([sys.executable, "-m", undeleted.__name__, "destroy", "--auto-approve"], world.path)
    world.shell.run(["git", "update-ref", "-d", f"{PARKED}w000"], world.path)
    return seconds


def _status(world: World) -> float:
    return world.shell.seconds(["git", "status", "--porcelain=v2"], world.path.parent / _TREE)


def _removed_by_git(world: World) -> float:
    """Time git with another tree of the same files."""
    other = world.path.parent / "other"
    world.shell.run(["git", "worktree", "add", "--quiet", "--detach", other], world.path)
    return world.shell.seconds(["git", "worktree", "remove", "--force", other], world.path)


def _world(scratch: Path, files: int) -> World:
    """Make a tree of so many small files, and work in it as somebody does: changed, staged and new files."""
    places = [f"area{number // _PER_DIRECTORY:03}/file{number:05}.txt" for number in range(files)]
    scratch.mkdir()
    source = GitRepo.init(scratch / "source")
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
