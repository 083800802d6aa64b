"""The law: `apply; work; destroy; apply` gives back the same bytes and the same status."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from reconciler.kinds.workspace.fates import Removal
from tests.operations import works
from tests.operations.looks import Look, is_ours, look
from tests.support.world import World
from tests.vault.strategies import ATTRIBUTES, START, Action, actions, configure

EXAMPLES = 300 if os.environ.get("FAULTS_LONG") else 4
SHAPES = {
    "one": ("auth:", ("auth",)),
    "sparse": ("auth: {checkout: sparse, modify: [dir]}", ("auth",)),
    "helpers": (
        "auth: {helpers: {test: {eager: true, helpers: {deep: {eager: true}}}}}",
        ("auth", "auth--test", "auth--test--deep"),
    ),
}


@contextmanager
def shop(worktrees: str) -> Iterator[World]:
    """Give a repository with filters and odd names, and a branch whose commit is in conflict with most of what is done.

    Its own directory, since one test sees many of them.
    """
    with tempfile.TemporaryDirectory() as directory:
        world = World.make(Path(directory), {"x": "x"})
        configure(world.main)
        world.main.commit(START)
        world.main.git("branch", "clashing")
        other = world.main.worktree(Path(directory) / "other", "clashing")
        other.commit({"a.txt": "theirs\n", "dir/b.txt": "theirs\n"}, "clash")
        world.main.git("worktree", "remove", str(other.path))
        world.declare(worktrees)
        world.settle()
        yield world


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    shape=st.sampled_from(sorted(SHAPES)),
    done=st.lists(st.tuples(st.integers(0, 2), actions), min_size=1, max_size=10),
    delete_branches=st.booleans(),
    nights=st.integers(1, 2),
)
def test_every_tree_comes_back(
    shape: str, done: list[tuple[int, Action]], nights: int, *, delete_branches: bool
) -> None:
    """Bytes, modes, times, status, index, HEAD and branch, as often as it is done; no commit of any log is lost."""
    worktrees, names = SHAPES[shape]
    with shop(worktrees) as world:
        for which, action in done:
            action(world.tree(names[which % len(names)]))
        before = {name: look_at(world, name) for name in names}
        note(str({name: each.seen.status for name, each in before.items()}))
        logged = {
            commit for name in names for commit in world.tree(name).try_git("reflog", "--format=%H").stdout.split()
        }
        kept = {name for name in names if is_unborn(before[name])}
        for _ in range(nights):
            report = world.destroy(removal=Removal(delete_branches=delete_branches))
            assert report.is_complete
            assert all(world.tree(name).path.exists() is (name in kept or kept_by(name, kept)) for name in names)
            assert logged <= {*world.main.git("rev-list", "--all", "--reflog").split()}
            world.apply()
            assert {name: look_at(world, name) for name in names} == before
        assert world.plan().is_empty


def look_at(world: World, name: str) -> Look:
    """Look; git's opinion of files counts only while the filters are in force that it was formed with."""
    seen = look(world, name)
    attributes = world.tree(name).path / ".gitattributes"
    if attributes.is_file() and not attributes.is_symlink() and attributes.read_bytes() == ATTRIBUTES.encode():
        return seen
    return replace(seen, seen=replace(seen.seen, status=b""))


def is_unborn(seen: Look) -> bool:
    """Nothing is checked out: such a tree is kept."""
    return not seen.head[0]


def kept_by(name: str, kept: set[str]) -> bool:
    """A helper that is kept keeps those above it."""
    return any(other.startswith(f"{name}--") for other in kept)


def test_a_whole_orchestra_comes_back(world: World) -> None:
    """Three levels and a sibling, each with work of its own, twice; then there is nothing left to do."""
    world.declare("auth: {helpers: {test: {eager: true, helpers: {deep: {eager: true}}}, docs: }}\nui:")
    world.settle()
    names = ("auth", "auth--test", "auth--test--deep", "ui")
    for name in names:
        world.tree(name).commit({"app/a.py": f"{name}\n"})
        world.tree(name).write({f"{name}.txt": "mine", "top.txt": None, ".sub-agents/messages/1.md": "read me"})
    world.tree().write({".sub-agents/docs/inbox/1.md": "do it"})
    before = {name: look(world, name) for name in names}
    for delete_branches in (False, True):
        world.destroy(removal=Removal(delete_branches=delete_branches))
        assert world.main.worktrees() == [world.project.path]
        assert world.destroy().outcomes == ()
        world.apply()
        assert {name: look(world, name) for name in names} == before
        world.require_settled(*names)


@pytest.mark.parametrize("delete_branches", [False, True])
def test_what_was_renamed_meanwhile_comes_back_under_its_new_name(world: World, *, delete_branches: bool) -> None:
    """On its branch, which is renamed as well, as are those of its helpers."""
    world.declare("auth: {helpers: {test: {eager: true}}}")
    world.settle()
    pairs = {"auth": "login", "auth--test": "login--test"}
    for name in pairs:
        world.tree(name).commit({"app/a.py": f"{name}\n"})
        world.tree(name).write({"new.txt": name, "SESSION.md": "mine"})
    before = {name: look(world, name) for name in pairs}
    world.destroy(removal=Removal(delete_branches=delete_branches))
    world.declare("login: {was: auth, helpers: {test: {eager: true}}}")
    world.apply()
    for old, new in pairs.items():
        after = look(world, new)
        assert without_ours(after) == without_ours(before[old])
        assert after.head == (before[old].head[0], new)
        assert world.tree(new).read("SESSION.md") == "mine"
    assert not {"refs/heads/auth", "refs/heads/auth--test"} & world.main.refs().keys()
    assert not world.main.refs("refs/orchestra/parked")
    world.require_settled(*pairs.values())


def without_ours(seen: Look) -> dict[str, tuple[object, ...]]:
    """What a contract says depends on the name."""
    return {path: entry for path, entry in seen.seen.files.items() if not is_ours(path)}


def test_an_edited_contract_comes_back_and_is_drift_as_before(auth: World) -> None:
    """Its mark comes along: it is neither replaced nor taken for what was declared."""
    works.edited_contract(auth)
    before = auth.change("file:auth/SESSION.md")
    assert before.drift
    auth.destroy()
    auth.apply()
    assert auth.tree().read("SESSION.md") == "mine\n"
    assert auth.change("file:auth/SESSION.md") == before


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_was_declared_otherwise_meanwhile_is_so_and_the_work_is_there(auth: World, when: str) -> None:
    """Made sparse over night: what is not in it is gone from the tree, unless somebody changed it."""
    sparse = "auth: {checkout: sparse, modify: [app]}"
    auth.declare(sparse if when == "before" else "auth:")
    auth.settle()
    auth.tree().write({"app/a.py": "mine\n", "app/new.txt": "mine"})
    auth.destroy()
    auth.declare("auth:" if when == "before" else sparse)
    auth.settle("auth")
    assert auth.tree().read("app/a.py") == "mine\n"
    assert auth.tree().read("app/new.txt") == "mine"
    assert (auth.tree().path / "lib/b.py").exists() is (when == "before")


def test_a_path_that_was_declared_otherwise_meanwhile_is_where_it_comes_back(auth: World) -> None:
    """The archive says where it was, the manifest where it is to be."""
    works.all_at_once(auth)
    before = look(auth)
    auth.destroy()
    auth.declare("auth: {path: ../shop.wt/other}")
    auth.apply()
    assert without_ours(look(auth, "other")) == without_ours(before)
    assert auth.plan().is_empty
