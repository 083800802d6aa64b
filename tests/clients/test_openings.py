from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.boundaries.pattern import parse
from reconciler.clients.sandbox.openings import MOST_CLOSED, Openings, Wanted, find_openings, made_beside, remove_made
from tests.support.repository import file_tree

FILES = {
    "a/x.py": "1",
    "a/b/deep/y.py": "1",
    "c/one.md": "1",
    "c/two.txt": "1",
    "c/sub/z": "1",
    "top.json": "1",
    ".git": "gitdir: x\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a tree with some files."""
    file_tree(tmp_path, FILES)
    return tmp_path


def found(tree: Path, **wanted: list[str]) -> Openings:
    """What is opened for patterns."""
    return find_openings(tree, Wanted(**{key: tuple(map(parse, texts)) for key, texts in wanted.items()}))


@pytest.mark.parametrize(
    ("wanted", "opened"),
    [
        pytest.param({"modify": ["a"]}, {"a": True}, id="a directory"),
        pytest.param({"modify": ["a/**"]}, {"a": True}, id="all below one"),
        pytest.param({"modify": ["**"]}, {"": True, ".git": False}, id="everything"),
        pytest.param({"modify": ["new/one"]}, {"new/one": True}, id="a missing directory"),
        pytest.param({"modify": ["c/*.md"]}, {"c": True, "c/two.txt": False, "c/sub": False}, id="some of one"),
        pytest.param(
            {"modify": ["top.json"]}, {"": True, ".git": False, "a": False, "c": False}, id="a file at the top"
        ),
        pytest.param({"modify": ["*/sub/**"]}, {"c/sub": True}, id="what matches by now"),
        pytest.param({"modify": ["a"], "deny": ["a/b/deep"]}, {"a": True, "a/b": True, "a/b/deep": False}, id="denied"),
        pytest.param({"modify": ["c"], "deny": ["a/b"]}, {"c": True}, id="denied elsewhere"),
        pytest.param({"modify": ["a/**/y.py"]}, {"a": True}, id="scattered"),
        pytest.param({"shared": ["**/y.py"]}, {}, id="shared and scattered"),
        pytest.param({"modify": ["c/*.md", "c/sub/z"]}, {"c": True, "c/two.txt": False, "c/sub": True}, id="nested"),
    ],
)
def test_areas_become_directories(tree, wanted, opened):
    """A directory is open, and closed is what in it is not in the area."""
    assert found(tree, **wanted).writable == opened


def test_scratch_that_is_strewn_about_is_open_where_it_is_there(tree):
    """Each directory that matches, with all below it; nothing is looked for in what is open, or behind a link."""
    file_tree(tree, {"a/.venv/lib/.venv/x": "1", "b/c/.venv/x": "1", "open/.venv/x": "1", "c/sub/.git/.venv/x": "1"})
    (tree / "b/link").symlink_to(tree / "a")
    openings = found(tree, modify=["open"], scratch=["**/.venv", "**/.cache", "b/**/x"])
    assert openings.writable == {"open": True, "a/.venv": True, "b/c/.venv": True}
    assert openings.strewn == ["a/.venv", "b/c/.venv"]
    said = "what matches it by now is open, and nothing that is new"
    assert openings.remarks == [f"{pattern}: {said}" for pattern in ("**/.venv", "**/.cache", "b/**/x")]


@pytest.mark.parametrize(
    ("scratch", "opened", "made"),
    [
        pytest.param(".pytest_cache", {".pytest_cache": True}, [".pytest_cache"], id="hidden"),
        pytest.param("a/.venv", {"a/.venv": True}, ["a/.venv"], id="deeper"),
        pytest.param("target", {"target": True}, ["target"], id="plain"),
        pytest.param(
            "c/debug.log", {"c": True, **dict.fromkeys(["c/one.md", "c/sub", "c/two.txt"], False)}, [], id="file"
        ),
    ],
)
def test_scratch_that_is_missing_is_a_directory_unless_its_name_has_an_extension(tree, scratch, opened, made):
    """Caches of tools have names that begin with a dot, and nothing beside them has to be opened for them."""
    openings = found(tree, scratch=[scratch])
    assert (openings.writable, openings.made) == (opened, made)


def test_a_hidden_name_of_the_area_that_is_missing_is_a_file(tree):
    """An agent that may write `.gitignore` is to find no directory there."""
    assert found(tree, modify=["a/.gitignore"]).made == []


def test_of_too_much_that_is_strewn_about_the_rest_stays_closed(tree):
    """The cost of opening is quadratic; it is said."""
    file_tree(tree, {f"many/{number:03}/.cache/x": "1" for number in range(MOST_CLOSED + 1)})
    openings = found(tree, scratch=["**/.cache"])
    assert len(openings.writable) == MOST_CLOSED
    assert openings.remarks[-1] == f"more than {MOST_CLOSED} directories match: many/200/.cache and others are closed"


@pytest.mark.parametrize("text", ["link", "link/inner", "link/*.md", "*/inner/**", "link/new/one"])
def test_nothing_is_opened_through_a_link(tree, text):
    """Neither what a link leads to, nor what lies behind it; nothing is made there."""
    other = tree.parent / f"{tree.name}.other"
    (other / "inner").mkdir(parents=True)
    (tree / "link").symlink_to(other)
    assert found(tree, modify=[text]).writable == {}
    assert sorted(path.name for path in other.iterdir()) == ["inner"]


def test_too_much_to_close_stays_open(tree):
    """The cost of closing is quadratic; it is said."""
    file_tree(tree, {f"c/{number}.txt": "1" for number in range(MOST_CLOSED)})
    openings = found(tree, modify=["c/*.md"])
    assert openings.writable == {"c": True}
    assert openings.remarks == ["c is open, all of it, for c/*.md: too much lies in it to close the rest"]


def test_what_was_made_goes_when_it_stayed_empty(tree):
    """Each directory that was made for it, and no other."""
    openings = found(tree, modify=["a/new/one", "a/new/two"])
    (tree / "a/new/two/file").write_text("1")
    remove_made(tree, openings)
    assert (tree / "a/new/two/file").exists()
    assert not (tree / "a/new/one").exists()


def test_what_was_made_beside_the_area_may_be_undone(tree):
    """It is not closed at the next command."""
    wanted = Wanted(modify=(parse("c/*.md"),))
    openings = find_openings(tree, wanted)
    file_tree(tree, {"c/no.txt": "1", "c/yes.md": "1"})
    made = made_beside(tree, wanted, openings)
    assert made == {"c/no.txt"}
    again = find_openings(tree, Wanted(modify=wanted.modify, made=made))
    assert again.writable == {"c": True, "c/two.txt": False, "c/sub": False}
