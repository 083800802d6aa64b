"""Two clones and a copy of one on the same host: none touches another's things, in whatever order they are used."""

from __future__ import annotations

import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

from reconciler.model.change import Action
from reconciler.operations.adopt import adopt
from reconciler.operations.plan import PlanOptions
from tests.support.repository import GitRepo, Project
from tests.support.world import World, snapshot

MANIFEST = "auth: {helpers: {test: {eager: true}, docs: }}\nui:"
NAMED = "project: shop\n"
ORDERS = list(itertools.permutations(["apply a", "apply b", "destroy a"]))


def copied(world: World, place: Path) -> World:
    """Copy a repository, git directory and all, as `cp -a` does."""
    subprocess.run(["cp", "-a", str(world.project.path), str(place)], check=True)
    return World(Project(GitRepo(place)))


@pytest.fixture
def two(tmp_path: Path) -> tuple[World, World]:
    """Give two clones of one origin, in directories of the same name."""
    origin = GitRepo.init(tmp_path / "origin", {"a.txt": "a\n", "b/b.txt": "b\n"})
    worlds = [World.of(Project(origin.clone(tmp_path / who / "shop"))) for who in ("alex", "blake")]
    for world in worlds:
        world.declare(MANIFEST)
    return worlds[0], worlds[1]


@pytest.mark.parametrize("order", ORDERS, ids=", ".join)
def test_two_clones_do_not_know_each_other(two: tuple[World, World], order: tuple[str, ...]) -> None:
    """In every order, what one does leaves every byte and time of the other."""
    for step in order:
        verb, who = step.split()
        acting, other = two if who == "a" else two[::-1]
        before = snapshot(other.project.path.parent, times=True)
        acting.plan()
        if verb == "apply":
            acting.settle()
        else:
            acting.destroy()
        assert snapshot(other.project.path.parent, times=True) == before


def test_two_clones_that_want_the_same_place_tell_so(tmp_path: Path) -> None:
    """The second is told whose it is, and touches nothing."""
    origin = GitRepo.init(tmp_path / "origin", {"a.txt": "a\n"})
    first, second = (World.of(Project(origin.clone(tmp_path / name))) for name in ("one", "two"))
    for world in (first, second):
        world.declare(MANIFEST, head=NAMED)
    first.settle()
    before = snapshot(first.project.path, times=True), snapshot(tmp_path / "shop.wt", times=True)
    assert {change.action for change in second.plan().conflicts} == {Action.CONFLICT}
    assert all("another clone" in change.reason for change in second.plan().conflicts)
    assert second.try_apply().exit_code == 5
    second.destroy()
    assert (snapshot(first.project.path, times=True), snapshot(tmp_path / "shop.wt", times=True)) == before


@pytest.fixture
def original(tmp_path: Path) -> World:
    """Give a clone in which everything was applied, with work in a tree."""
    world = World.make(tmp_path / "here", {"a.txt": "a\n", "b/b.txt": "b\n"})
    world.declare(MANIFEST, head=NAMED)
    world.settle()
    world.tree().write({"a.txt": "work\n"})
    world.tree("ui").commit({"ui.txt": "work\n"})
    return world


def everything(world: World) -> dict[str, str]:
    return snapshot(world.project.path, times=True) | snapshot(world.project.path.parent / "shop.wt", times=True)


@pytest.mark.parametrize("place", ["there/shop", "here/copy"])
def test_a_copy_says_so_gets_an_identity_and_leaves_the_original_alone(
    original: World, tmp_path: Path, place: str
) -> None:
    """Applied, pruned and destroyed, it changes no byte of the original."""
    (tmp_path / "there").mkdir()
    copy = copied(original, tmp_path / place)
    before = everything(original)
    copy.declare(MANIFEST)
    assert any("this clone is a copy of another" in note for note in copy.plan().notes)
    assert not [change for change in copy.plan(PlanOptions(prune=True)).changes if change.orphan]
    copy.settle("auth")
    assert not any("copy" in note for note in copy.plan().notes)
    assert identity(copy) != identity(original)
    assert copy.tree("auth").read("a.txt") == "a\n"
    copy.apply(PlanOptions(prune=True))
    copy.destroy()
    assert everything(original) == before
    assert original.change().action is Action.NO_OP
    original.settle("auth")


def test_a_copy_brings_back_what_waits_in_it_and_the_original_still_can(original: World, tmp_path: Path) -> None:
    """Also a repository that was moved to another disk: it looks the same. What git ignores lies outside of it."""
    (original.common_dir / "info/exclude").write_text(".env\n/orchestra.yaml\n")
    original.tree().write({".env": "SECRET=1"})
    before = original.tree().status()
    original.destroy()
    shelf = snapshot(original.session().state, times=True)
    copy = copied(original, tmp_path / "here/copy")
    copy.declare(MANIFEST)
    assert copy.project.run("archive", "list").expect(0).out.count("*") > 1
    assert "from the archive of" in copy.change().reason
    copy.apply()
    for world in (copy, original):
        assert (world.tree().read(".env"), world.tree().read("a.txt")) == ("SECRET=1", "work\n")
        assert world.tree().status() == before
        if world is copy:
            assert snapshot(original.session().state, times=True) == shelf
            copy.destroy()
            original.apply()
            copy.apply()


def identity(world: World) -> str:
    return world.main.git("config", "orchestra.clone")


def test_a_copy_that_wants_the_originals_places_is_told_so(original: World, tmp_path: Path) -> None:
    """Git directory and trees of the original stay as they are."""
    copy = copied(original, tmp_path / "here/copy")
    before = everything(original)
    plan = copy.plan()
    assert {str(change.address) for change in plan.conflicts} >= {"workspace:auth", "workspace:ui"}
    assert all("copied from" in change.reason for change in plan.conflicts if change.address.kind == "workspace")
    assert copy.try_apply(PlanOptions(prune=True)).exit_code == 5
    assert copy.destroy().outcomes == ()
    assert everything(original) == before


def test_the_original_is_destroyed_and_the_copy_keeps_its_own(original: World, tmp_path: Path) -> None:
    """Each knows its own by the clone that the marks name."""
    copy = copied(original, tmp_path / "here/copy")
    copy.declare(MANIFEST)
    copy.settle("auth")
    mine = snapshot(tmp_path / "here/copy.wt", times=True)
    original.tree().git("checkout", "--quiet", ".")
    original.destroy()
    assert not original.tree().path.exists()
    assert snapshot(tmp_path / "here/copy.wt", times=True) == mine
    copy.settle("auth")


def test_a_copy_that_is_moved_does_not_take_the_originals_trees(original: World, tmp_path: Path) -> None:
    """`git worktree repair` would."""
    copy = copied(original, tmp_path / "here/copy")
    copy.declare(MANIFEST, head="project: copy\n")
    copy.settle("auth")
    before = everything(original)
    copy.project.path.rename(tmp_path / "here/moved")
    moved_copy = World(Project(GitRepo(tmp_path / "here/moved")))
    moved_copy.settle("auth", "by-hand")
    assert everything(original) == before, "`git worktree repair` would have taken them"
    (tmp_path / "here/copy.wt/auth").rename(tmp_path / "here/copy.wt/by-hand")
    moved_copy.settle("auth", "by-hand")
    assert everything(original) == before


def test_original_and_trees_are_copied_together(original: World, tmp_path: Path) -> None:
    """The copied trees name the original: they are nobody's to change."""
    subprocess.run(["cp", "-a", str(tmp_path / "here"), str(tmp_path / "there")], check=True)
    copy = World(Project(GitRepo(tmp_path / "there/shop")))
    before = everything(original)
    theirs = snapshot(tmp_path / "there/shop.wt")
    assert copy.plan().conflicts
    copy.try_apply(PlanOptions(prune=True))
    copy.destroy()
    assert everything(original) == before
    assert snapshot(tmp_path / "there/shop.wt") == theirs, "what bears no mark of this clone is never changed"


def test_a_copy_of_a_clone_that_is_gone_is_not_taken_for_it(original: World, tmp_path: Path) -> None:
    """A person takes the trees over, by commands that the plan names."""
    copy = copied(original, tmp_path / "here/copy")
    shutil.rmtree(original.project.path)
    theirs = snapshot(tmp_path / "here/shop.wt")
    copy.declare(MANIFEST)
    change = copy.change()
    assert change.action is Action.CONFLICT
    assert "belongs to a clone that is gone" in change.reason
    copy.try_apply(PlanOptions(prune=True))
    copy.destroy()
    assert snapshot(tmp_path / "here/shop.wt") == theirs
    copy.main.git("worktree", "repair")
    copy.declare(MANIFEST, head=NAMED)
    for name in ("auth", "auth--test", "ui"):
        adopt(copy.session(), name, cwd=copy.project.path)
    copy.settle("auth")
    assert (tmp_path / "here/shop.wt/auth/a.txt").read_text() == "work\n"


def test_a_clone_that_is_made_by_git_is_no_copy(original: World, tmp_path: Path) -> None:
    """It has no identity yet and says nothing."""
    clone = World.of(Project(original.main.clone(tmp_path / "there/shop")))
    clone.declare(MANIFEST)
    assert clone.plan().notes == ()
    before = everything(original)
    clone.settle()
    assert everything(original) == before
