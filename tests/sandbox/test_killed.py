"""Killed after any step of an import, the next `exec` completes it: no commit is lost, nor anything a person staged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.harness import KILLED, Points, Server, serving, wait_for_survivors
from tests.faults.world import World
from tests.support.repository import GitRepo, file_tree
from tests.support.tools import require
from tests.support.users import USERS, directory_of

_FILES = {"packages/auth/session.py": "x = 1\n", "top.txt": "top\n", ".gitignore": "/orchestra.yaml\n"}
_COMMIT = "cd packages/auth; echo 1 > s.py; git add .; git stash -q; echo 1 > one.py; git add .; git commit -qm one"
_SETTLE = ("exec", "auth", "--", "true")
_RENEWED = "cd packages/auth; echo 1 > one.py; git add .; git commit -qm one"
_FIRST = "sandbox.incoming.incoming"
"""What an import begins with."""


@pytest.fixture(scope="module")
def server(_hermetic: None) -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def bare(server: Server) -> Iterator[World]:
    """Give a tree that never had a sandbox."""
    require("bwrap")
    with directory_of(USERS[0]) as directory:
        world = World(directory / "world", directory / "store")
        shop = GitRepo.init(world.root / "shop", _FILES)
        for name, value in (("user.email", "alex@example.org"), ("user.name", "Alex Example"), ("gc.auto", "0")):
            shop.git("config", name, value)
        file_tree(shop.path, {"orchestra.yaml": "worktrees: {auth: {modify: packages/auth}}\n"})
        server.run(shop.path, ("apply", "--auto-approve")).expect(0)
        yield world


@pytest.fixture
def world(server: Server, bare: World) -> World:
    """Give a tree whose sandbox has a commit and a stash that nobody has looked at, and in which a person staged."""
    words = ("exec", "auth", "--", "sh", "-c", _COMMIT)
    bare.keep("empty")
    number = _points(server, bare, words).names.index(_FIRST)
    bare.put_back("empty")
    server.run(bare.root / "shop", words, {"call": number, "before": False}).expect(KILLED)
    wait_for_survivors(bare.root)
    bare.tree("auth").write({"top.txt": "staged\n"})
    bare.tree("auth").git("add", "top.txt")
    bare.keep("before")
    return bare


@pytest.fixture
def moved(server: Server, bare: World) -> World:
    """Give a tree whose sandbox has all, and whose branch a person took further outside."""
    server.run(bare.root / "shop", ("exec", "auth", "--", "sh", "-c", _RENEWED)).expect(0)
    bare.tree("auth").write({"packages/auth/hand.py": "1\n"})
    bare.tree("auth").git("add", "packages")
    bare.tree("auth").git("commit", "-qm", "by hand")
    bare.keep("before")
    return bare


def _points(server: Server, world: World, words: tuple[str, ...]) -> Points:
    ended = server.run(world.root / "shop", words, {"count": str(world.root)}).expect(0)
    return Points(*json.loads(ended.report))


def _left(world: World) -> tuple[object, ...]:
    """What there is to lose, and whether the import is complete."""
    shop, tree = world.repository, world.tree("auth")
    kept = tree.git("for-each-ref", "--format=%(subject)", "refs/worktree/sandbox").splitlines()
    state = json.loads((_admin(world) / "orchestra.sandbox/state.json").read_text())
    return (
        shop.git("log", "--format=%s", "auth").splitlines(),
        tree.status().splitlines(),
        [line.partition(": ")[0] for line in kept],
        (state["stepping"], state["settled"], state["held"], state["imported"] == shop.git("rev-parse", "auth")),
        shop.git("fsck", "--strict", "--no-dangling"),
    )


def _admin(world: World) -> Path:
    return world.root / "shop/.git/worktrees/auth"


def test_an_import_that_is_killed_anywhere_is_completed_by_the_next_command(server: Server, world: World) -> None:
    """Between the objects, the branch, the index, what is kept beside them, and every note of it."""
    points = _points(server, world, _SETTLE)
    wanted = _left(world)
    assert wanted == (["one", "first"], ["M  top.txt"], ["WIP on auth"], (None, True, [], True), "")
    begun = points.names.index(_FIRST)
    numbers = [number for number in points.changed if number > begun]
    assert len(numbers) > 5
    for number in numbers:
        world.put_back("before")
        server.run(world.root / "shop", _SETTLE, {"call": number, "before": False}).expect(KILLED)
        wait_for_survivors(world.root)
        server.run(world.root / "shop", _SETTLE).expect(0)
        assert _left(world) == wanted, f"killed after {points.names[number - 1]}, point {number}"


def test_a_killed_exec_never_takes_a_branch_back(server: Server, moved: World) -> None:
    """What a person committed outside is brought into the sandbox; killed on the way, the branch stays there."""
    points = _points(server, moved, _SETTLE)
    wanted = _left(moved)
    assert wanted == (["by hand", "one", "first"], [], [], (None, True, [], True), "")
    assert len(points.changed) > 5
    for number in points.changed:
        moved.put_back("before")
        server.run(moved.root / "shop", _SETTLE, {"call": number, "before": False}).expect(KILLED)
        wait_for_survivors(moved.root)
        server.run(moved.root / "shop", _SETTLE).expect(0)
        assert _left(moved) == wanted, f"killed after {points.names[number - 1]}, point {number}"
