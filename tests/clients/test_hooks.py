"""Where a tree's configuration leads git for its hooks is read as git reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.clients import hooks
from reconciler.clients.git import Git


@pytest.mark.parametrize("odd", ["a\nb", "a\tb", "a\u2028b", "a\x85b", "a\x0cb", 'a"b\\n', "a;b # c", " a "])
def test_what_git_wrote_is_read_back(git: Git, tmp_path: Path, odd: str) -> None:
    """Whatever the path holds: git writes line ends with a backslash, and no other sign ends a line of its."""
    place = tmp_path / odd / "hooks"
    (tmp_path / "private").mkdir()
    hooks.configure(git, tmp_path / "private", str(place))
    assert hooks.configured(tmp_path / "private") == str(place)
