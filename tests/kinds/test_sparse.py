"""Sparse checkouts: what is checked out, and what becomes of it when the lines, or somebody by hand, change it."""

from __future__ import annotations

from tests.support.world import World

# --- sparse ----------------------------------------------------------------------------------------------------------


def names(world: World, name: str = "auth") -> set[str]:
    return set(world.tree(name).git("ls-files", "--cached", "-t").splitlines())


def test_sparse_checks_out_what_may_be_modified_shared_or_read(world: World) -> None:
    """And nothing beside it."""
    world.declare("auth: {checkout: sparse, modify: app, read: ['*.txt']}")
    world.settle()
    assert names(world) == {"H app/a.py", "S lib/b.py", "H top.txt"}
    assert not (world.tree().path / "lib").exists()


def test_sparse_lines_change_and_go_and_come_back(world: World) -> None:
    """From sparse to other lines, to full, to sparse, to full."""
    world.declare("auth: {checkout: sparse, modify: app}")
    world.settle()
    world.declare("auth: {checkout: sparse, modify: lib}")
    assert [field.path for field in world.change().fields] == ["checkout"]
    world.settle()
    assert names(world) == {"S app/a.py", "H lib/b.py", "S top.txt"}
    world.declare("auth: {modify: lib}")
    world.settle()
    assert names(world) == {"H app/a.py", "H lib/b.py", "H top.txt"}
    world.declare("auth: {checkout: sparse, modify: app}")
    world.settle()
    world.declare("auth:")
    world.settle()
    assert (world.tree().path / "lib/b.py").exists()


def test_a_file_that_was_changed_stays_when_the_lines_leave_it_out(world: World) -> None:
    """Git keeps it; the plan is empty nevertheless."""
    world.declare("auth:")
    world.settle()
    world.tree().write({"lib/b.py": "mine\n", "lib/new.py": "mine\n"})
    world.declare("auth: {checkout: sparse, modify: app}")
    world.apply()
    assert world.plan().is_empty
    assert world.tree().read("lib/b.py") == "mine\n"
    assert world.tree().read("lib/new.py") == "mine\n"
    assert not (world.tree().path / "top.txt").exists()


def test_a_checkout_changed_by_hand_is_drift_and_kept(world: World) -> None:
    """Who widened it wanted to see more; an edit of the manifest is carried out."""
    world.declare("auth: {checkout: sparse, modify: app}")
    world.settle()
    world.tree().git("sparse-checkout", "add", "/lib")
    assert any("its checkout was changed by hand" in drift for drift in world.change().drift)
    world.settle()
    assert (world.tree().path / "lib/b.py").exists()
    world.declare("auth: {checkout: sparse, modify: [app, '*.txt']}")
    world.settle()
    assert names(world) == {"H app/a.py", "S lib/b.py", "H top.txt"}


def test_a_full_tree_of_a_sparse_main_worktree_is_full(world: World) -> None:
    """Git copies the main worktree's lines into every new tree."""
    world.main.git("sparse-checkout", "set", "--cone", "app")
    world.declare("auth:\nui: {checkout: sparse, modify: lib}")
    world.settle()
    assert names(world) == {"H app/a.py", "H lib/b.py", "H top.txt"}
    assert names(world, "ui") == {"S app/a.py", "H lib/b.py", "S top.txt"}
    assert not (world.project.path / "lib").exists()
