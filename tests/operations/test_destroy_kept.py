"""What `destroy` keeps beside single trees that cannot be saved (those are in `test_fates`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.mounting import mounted
from tests.support.repository import GitRepo
from tests.support.world import World, somebody_in


def test_a_process_at_work_keeps_its_tree(auth: World) -> None:
    """It is named."""
    with somebody_in(auth.tree().path / "app"):
        assert "sleep (" in auth.plan_destroy().changes[0].reason
        auth.destroy()
    assert auth.tree().path.exists()
    auth.destroy()
    assert not auth.tree().path.exists()


@pytest.mark.parametrize("name", ["data", "scratch"])
def test_what_is_mounted_in_a_tree_keeps_it(world: World, tmp_path: Path, name: str) -> None:
    """Its files are somebody else's, and would be deleted where they really are; also where nothing would be saved."""
    world.declare("auth: {scratch: [scratch]}")
    world.settle()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/precious").write_text("mine")
    place = world.tree().path / name
    place.mkdir()
    with mounted(tmp_path / "elsewhere", place):
        assert f"something is mounted at {place}" in world.plan_destroy().changes[0].reason
        world.destroy()
        assert (place / "precious").read_text() == "mine"
    assert (tmp_path / "elsewhere/precious").read_text() == "mine"


def test_a_damaged_tree_is_kept_and_hides_no_other(world: World) -> None:
    """Also when its branch alone is left; what the repository has not is named, with the way out."""
    world.declare("auth:\nui:")
    world.settle()
    commit = world.tree().commit({"app/a.py": "mine\n"})
    loose = world.common_dir / "objects" / commit[:2] / commit[2:]
    content = loose.read_bytes()
    loose.unlink()
    reasons = {str(change.address): change.reason for change in world.plan_destroy().changes}
    assert "kept: it cannot be examined: " in reasons["workspace:auth"]
    assert reasons["workspace:ui"] == "removed: nothing of its own"
    assert "`git fsck` tells which" in world.project.run("plan").expect(1).err

    loose.write_bytes(content)
    world.destroy("auth")
    loose.unlink()
    reasons = {str(change.address): change.reason for change in world.plan_destroy().changes}
    assert reasons == {"workspace:ui": "removed: nothing of its own"}


def test_filled_submodules_keep_their_tree(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty ones hold nothing."""
    (tmp_path / "gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    part = GitRepo.init(tmp_path / "part", {"x.txt": "x"})
    world.main.git("submodule", "--quiet", "add", str(part.path), "part")
    world.main.commit()
    world.declare("auth: {submodules: true}\nplain:")
    world.settle()
    world.tree().write({"part/x.txt": "mine"})
    world.destroy()
    assert world.tree().read("part/x.txt") == "mine"
    assert not world.tree("plain").path.exists(), "empty ones hold nothing"


def test_a_kept_helper_keeps_its_parent_and_no_sibling(world: World) -> None:
    """Its base is the parent's branch."""
    world.declare("auth: {helpers: {test: {eager: true}, docs: {eager: true}}}\nui:")
    world.settle()
    world.tree("auth--test").git("bisect", "start")
    plan = world.plan_destroy()
    assert "kept, because workspace:auth--test is kept" in next(
        change.reason for change in plan.changes if str(change.address) == "workspace:auth"
    )
    world.destroy()
    left = {path.name for path in world.main.worktrees()}
    assert left == {"shop", "auth", "auth--test"}
    assert {"refs/heads/auth", "refs/heads/auth--test"} <= world.main.refs().keys()


def test_only_what_is_named_is_destroyed(world: World) -> None:
    """With its helpers."""
    world.declare("auth: {helpers: {test: {eager: true}}}\nui:")
    world.settle()
    world.destroy("ui")
    assert world.tree().path.exists()
    world.destroy("auth--test")
    assert {path.name for path in world.main.worktrees()} == {"shop", "auth"}
