"""What `destroy` keeps, and the reason that it gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.model.change import Action
from tests.operations import works
from tests.support.repository import GitRepo
from tests.support.world import World, snapshot, somebody_in

KEPT: list[tuple[Callable[[World], None], str]] = [
    (works.dirty, "1 file not committed (app/a.py)"),
    (works.staged, "1 file not committed (app/a.py)"),
    (works.staged_and_changed_back, "1 file not committed (app/a.py)"),
    (works.deleted, "1 file not committed (app/a.py)"),
    (works.made_executable, "1 file not committed (app/a.py)"),
    (works.untracked, "1 file not committed (new.txt)"),
    (works.untracked_though_not_shown, "1 file not committed (new.txt)"),
    (works.ignored, "1 ignored file (.env)"),
    (works.ignored_deep, "1 ignored file (app/build/deep/x.o)"),
    (works.ignored_link, "1 ignored file (data)"),
    (works.edited_contract, "1 ignored file (SESSION.md)"),
    (works.message_on_a_desk, "1 ignored file (.sub-agents/messages/1.md)"),
    (works.edited_status, "1 ignored file (.sub-agents/status.yaml)"),
    (works.assume_unchanged, "1 file hidden from git status (app/a.py)"),
    (works.skip_worktree, "1 file hidden from git status (app/a.py)"),
    (works.only_in_the_reflog, "1 commit that no branch has"),
    (works.a_tag_of_nothing_else, "1 commit that no branch has"),
    (works.detached, "its HEAD is detached"),
    (works.merging, "a merge is half done"),
    (works.merged_and_not_committed, "a merge is half done"),
    (works.rebasing, "a rebase is half done"),
    (works.picking, "a cherry-pick is half done"),
    (works.reverting, "a revert is half done"),
    (works.bisecting, "a bisect is half done"),
    (works.private_ref, "it has private refs"),
    (works.locked, "it is locked (on a stick)"),
    (works.nested_repository, "ignored file"),
    (works.nested_worktree, "lies inside it"),
    (works.repository_in_place_of_a_submodule, "it has submodules (part)"),
]


@pytest.mark.parametrize(("make", "why"), KEPT, ids=[make.__name__ for make, _ in KEPT])
def test_work_is_kept_with_its_reason(auth: World, make: Callable[[World], None], why: str) -> None:
    """Neither a byte nor a ref of it changes, and the command succeeds."""
    make(auth)
    before = snapshot(auth.tree().path), auth.main.refs()
    change = auth.plan_destroy().changes[0]
    assert change.action is Action.NO_OP
    assert why in change.reason
    assert auth.destroy().is_complete
    assert (snapshot(auth.tree().path), auth.main.refs()) == before


def test_a_process_at_work_keeps_its_tree(auth: World) -> None:
    """It is named."""
    with somebody_in(auth.tree().path / "app"):
        assert "sleep (" in auth.plan_destroy().changes[0].reason
        auth.destroy()
    assert auth.tree().path.exists()
    auth.destroy()
    assert not auth.tree().path.exists()


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
    world.tree("auth--test").write({"new.txt": "mine"})
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
