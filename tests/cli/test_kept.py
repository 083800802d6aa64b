"""What `destroy` keeps and why, as people and machines are told it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.world import World


@pytest.fixture
def half_done(tmp_path: Path) -> World:
    """Give a world whose tree `auth` is in the middle of a bisect."""
    world = World.make(tmp_path)
    world.declare("auth:\nui:")
    world.settle()
    world.tree().git("bisect", "start")
    return world


def test_json_says_what_is_kept_and_why(half_done: World) -> None:
    """The last line of the stream has it, whatever else went."""
    run = half_done.project.run("destroy", "--auto-approve", "--json").expect(0)
    summary = json.loads(run.out.splitlines()[-1])
    (kept,) = summary["kept"]
    assert (kept["address"], kept["path"]) == ("workspace:auth", str(half_done.tree().path))
    assert "bisect" in kept["reason"]
    assert "workspace:ui" in {each["address"] for each in summary["resources"]}


def test_a_reason_is_said_once(half_done: World) -> None:
    """The heading has it; below is where the tree is."""
    run = half_done.project.run("destroy", "--auto-approve").expect(0)
    assert run.out.count("bisect") == 1
    assert str(half_done.tree().path) in run.out


def test_a_kept_orphan_says_its_reason_once_too(half_done: World) -> None:
    """In the plan of an apply that would prune, and in one that would not."""
    half_done.declare("docs:")
    for options in (("--prune",), ()):
        out = half_done.project.run("plan", *options).expect(0).out
        assert out.count("bisect") <= 1
    summary = json.loads(half_done.project.run("apply", "--prune", "--auto-approve", "--json").out.splitlines()[-1])
    assert [each["address"] for each in summary["kept"]] == ["workspace:auth"]
