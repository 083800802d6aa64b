"""Patterns of scratch cover what git's own would; a directory proves what it is by what is in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.vault.omissions import can_be_made_again, matcher
from tests.support.repository import GitRepo, file_tree

PATHS = ["a", "b/a", "b/c/a", "b/c/d", "node_modules/x/y", "b/node_modules/x", "x.log", "b/x.log", "a b", "[a]", "b/ab"]
PIECES = st.sampled_from(
    ["a", "b", "c", "*", "**", "x.log", "*.log", "node_modules", "?", "[ab]", "[!a]", "\\[a\\]", "a?b"]
)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """Give a repository with files of all these paths."""
    return GitRepo.init(tmp_path_factory.mktemp("patterns"), dict.fromkeys(PATHS, ""))


@settings(max_examples=60)
@given(pattern=st.lists(PIECES, min_size=1, max_size=3).map("/".join))
def test_a_pattern_covers_what_git_says(repo: GitRepo, pattern: str) -> None:
    """With wildcards just what it matches, else all below it."""
    is_literal = not any(character in pattern for character in "*?[\\")
    magic = f":(top,literal){pattern}" if is_literal else f":(top,glob){pattern}"
    expected = set(repo.git("ls-files", "-z", "--", magic).split("\0")) - {""}

    covers = matcher([pattern])

    assert {path for path in PATHS if covers(path)} == expected


def test_no_pattern_covers_nothing() -> None:
    """And several cover what each does."""
    assert not matcher([])("a")
    assert [path for path in PATHS if matcher(["x.log", "b/c/*"])(path)] == ["b/c/a", "b/c/d", "x.log"]


@pytest.mark.parametrize(
    ("files", "is_proof"),
    [
        ({"node_modules/.modules.yaml": ""}, True),
        ({"node_modules/.package-lock.json": ""}, True),
        ({"node_modules/x": ""}, False),
        ({"other/.package-lock.json": ""}, False),
        ({"venv/pyvenv.cfg": ""}, True),
        ({"cache/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n# more"}, True),
        ({"cache/CACHEDIR.TAG": "Signature: none"}, False),
        ({"cache/CACHEDIR.TAG": Path("elsewhere")}, False),
    ],
)
def test_a_directory_proves_that_it_can_be_made_again(tmp_path: Path, files: dict[str, str], is_proof: bool) -> None:
    """By a file that only its tool writes."""
    file_tree(tmp_path, files)
    (directory,) = tmp_path.iterdir()

    assert can_be_made_again(tmp_path, directory.name, [path.name for path in directory.iterdir()]) is is_proof
