"""A registry, and the environment in which the tools know no other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from tests.support.registry import Registry, serving
from tests.support.tools import environment


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    """Give a registry."""
    with serving() as made:
        yield made


@pytest.fixture
def around(registry: Registry, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Give the environment of the tools, which is in force; caches are this test's own."""
    made = environment(registry, tmp_path / "caches")
    with mock.patch.dict(os.environ, made):
        yield made
