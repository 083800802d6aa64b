"""Files of ours where something that is not ours is, or belongs: ours makes way, and nothing is followed out."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.operations.adopt import adopt
from reconciler.operations.options import PlanOptions
from tests.support.world import World, snapshot

OURS = ("SESSION.md", "CLAUDE.local.md", "AGENTS.override.md", ".allowed-paths")


SESSION = "file:auth/SESSION.md"


@pytest.mark.parametrize("name", OURS)
def test_ours_goes_to_the_desks_where_the_repository_has_one_by_its_name(tmp_path: Path, name: str) -> None:
    """The plan says so before the tree is made, and the repository's own is untouched."""
    world = World.make(tmp_path, {"a.txt": "a", name: "theirs\n"})
    world.declare("auth: {helpers: {test: {eager: true}}}")
    change = world.change(f"file:auth/{name}")
    assert any(f".sub-agents/{name}" in note and "the repository has a file" in note for note in change.notes)
    world.settle()
    for tree in ("auth", "auth--test"):
        if (tree, name) != ("auth--test", "SESSION.md"):
            assert world.tree(tree).read(name) == "theirs\n"
            assert (world.tree(tree).path / ".sub-agents" / name).exists()
    assert world.plan().is_empty


def test_what_loads_the_contract_names_the_place_that_it_has(tmp_path: Path) -> None:
    """Else the agent would be told to read the repository's file of that name."""
    world = World.make(tmp_path, {"SESSION.md": "theirs\n"})
    world.declare("auth: {helpers: {test: {eager: true}}}")
    world.settle()
    assert world.tree().read("CLAUDE.local.md") == "@.sub-agents/SESSION.md\n"
    assert world.tree("auth--test").read("CLAUDE.local.md") == "@CONTRACT.md\n"
    world.tree().git("rm", "--quiet", "SESSION.md")
    world.tree().git("commit", "--quiet", "-m", "not any more")
    world.settle()
    assert world.tree().read("CLAUDE.local.md") == "@SESSION.md\n"


def test_a_file_that_the_repository_gets_by_a_name_of_ours_moves_ours_aside(auth: World) -> None:
    """And back when the repository loses it."""
    auth.main.commit({"SESSION.md": "theirs\n"})
    auth.tree().git("merge", "--quiet", "main")
    auth.settle()
    assert auth.tree().read("SESSION.md") == "theirs\n"
    assert "# Session: auth" in auth.tree().read(".sub-agents/SESSION.md")
    auth.tree().git("rm", "--quiet", "SESSION.md")
    auth.tree().git("commit", "--quiet", "-m", "not any more")
    auth.settle()
    assert "# Session: auth" in auth.tree().read("SESSION.md")
    assert not (auth.tree().path / ".sub-agents/SESSION.md").exists(), "nothing of ours is left where it was"


def test_a_file_of_the_users_that_git_does_not_know_moves_ours_aside(world: World) -> None:
    """Adopting a tree changes nothing in it."""
    world.main.worktree(world.tree().path, "auth").write({"CLAUDE.local.md": "my own notes\n"})
    world.declare("auth:")
    adopt(world.session(), "auth", cwd=world.project.path)
    world.settle("auth")
    assert world.tree().read("CLAUDE.local.md") == "my own notes\n"
    assert world.tree().read(".sub-agents/CLAUDE.local.md") == "@SESSION.md\n"


def test_a_repository_with_its_own_desks_is_a_conflict_and_its_files_stay(tmp_path: Path) -> None:
    """Everything that would lie there says why it cannot."""
    world = World.make(tmp_path, {"a.txt": "a", ".sub-agents/theirs.md": "theirs\n"})
    world.declare("auth: {helpers: {test: }}")
    conflicts = world.plan().conflicts
    assert conflicts
    assert all("the repository itself has .sub-agents" in change.reason for change in conflicts)
    assert world.try_apply().exit_code == 5
    assert snapshot(world.tree().path / ".sub-agents").keys() <= {"theirs.md", "test"}
    assert world.tree().status() == ""


@pytest.mark.parametrize("stands", ["link", "file"])
def test_nothing_is_written_where_the_desks_are_a_link_or_a_file(auth: World, tmp_path: Path, stands: str) -> None:
    """The plan knows it, and what it leads to is untouched."""
    desks = auth.tree().path / ".sub-agents"
    outside = tmp_path / "outside"
    outside.mkdir()
    desks.rename(tmp_path / "away")
    desks.symlink_to(outside) if stands == "link" else desks.write_text("mine")
    auth.declare("auth: {helpers: {test: , docs: {eager: true}}}")
    plan = auth.plan()
    assert {str(change.address) for change in plan.conflicts} >= {"workspace:auth--test", "workspace:auth--docs"}
    assert auth.try_apply().exit_code == 5
    assert not list(outside.iterdir())
    assert desks.is_symlink() or desks.read_text() == "mine"


def test_a_desk_that_became_a_link_is_not_written_through(world: World, tmp_path: Path) -> None:
    """Neither by an apply nor by a removal."""
    world.declare("auth: {helpers: {test: }}")
    world.apply()
    desk = world.tree().path / ".sub-agents/test"
    desk.rename(tmp_path / "outside")
    desk.symlink_to(tmp_path / "outside")
    before = snapshot(tmp_path / "outside")
    world.declare("auth: {helpers: {test: {task: Write tests}}}")
    assert world.try_apply().exit_code == 5
    world.declare("auth:")
    world.plan(PlanOptions(prune=True))
    world.try_apply(PlanOptions(prune=True))
    assert snapshot(tmp_path / "outside") == before
    assert desk.is_symlink()
