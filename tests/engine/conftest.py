"""Every test here needs an engine."""

from __future__ import annotations

import pytest

from tests.support.engine import require_engine


@pytest.fixture(scope="session", autouse=True)
def _engine() -> None:
    require_engine()
