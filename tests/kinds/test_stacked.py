"""A worktree whose base is the branch of another one."""

from __future__ import annotations

from reconciler.model.address import Address
from tests.support.world import World


def test_a_stacked_worktree_starts_from_the_tip_of_the_one_below(world: World) -> None:
    """Both in one apply, and the one below first, whatever the order in the file."""
    world.declare("b: {base: a}\na:\nc: {base: b}")
    assert world.change("b").waits_for == (Address("workspace", "a"),)
    world.settle()
    assert world.tree("b").git("rev-parse", "HEAD") == world.tree("a").git("rev-parse", "HEAD")


def test_it_starts_from_where_the_branch_is_by_then(world: World) -> None:
    """Not from the default branch."""
    world.declare("a:")
    world.settle()
    world.tree("a").write({"x": "1"})
    world.tree("a").git("add", "x")
    world.tree("a").git("commit", "-qm", "x")
    world.declare("b: {base: a}\na:")
    world.apply()
    assert world.tree("b").read("x") == "1"


def test_it_waits_in_vain_for_one_that_cannot_be_made(world: World) -> None:
    """The one below has a conflict: nothing of the stack is made."""
    world.declare("b: {base: a}\na: {base: nope}")
    report = world.try_apply()
    assert not report.is_complete
    assert not world.tree("b").path.exists()
