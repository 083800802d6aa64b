"""What the tests of the sandbox start from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.sandboxed import Shop
from tests.support.users import USERS, directory_of


@pytest.fixture(params=USERS)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Give a repository with two workspaces, of root and of somebody who is not."""
    with directory_of(request.param) as directory:
        yield Shop.make(request.param, directory)


@pytest.fixture
def own(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Give one of whoever runs the tests, where that makes no difference."""
    with directory_of(USERS[0]) as directory:
        yield Shop.make(USERS[0], directory)
