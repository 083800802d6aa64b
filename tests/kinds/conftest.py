"""What the tests of kinds start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a repository with three files and no manifest yet."""
    return World.make(tmp_path)


@pytest.fixture
def auth(world: World) -> World:
    """Give a repository in which `auth` was applied."""
    world.declare("auth:")
    world.settle()
    return world
