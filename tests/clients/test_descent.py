"""Looking at and writing many files: no link is followed, nothing is entered that should not be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reconciler.clients.descent import Descent, is_same_status, scan
from reconciler.errors import ConflictError, PermanentError
from tests.support.repository import file_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a tree of files, links and a pipe."""
    file_tree(tmp_path / "tree", {"a": "a", "d/b": "b", "d/e/c": "c", "link": Path("d"), ".git": "gitdir: x"})
    os.mkfifo(tmp_path / "tree/d/pipe")
    return tmp_path / "tree"


def test_everything_is_found_once_and_no_link_followed(tree: Path) -> None:
    """Sorted by kind; git's own file at the top is passed over."""
    found = scan(tree)

    assert list(found.statuses) == ["a", "d", "link", "d/b", "d/e", "d/pipe", "d/e/c"]
    assert (found.directories, found.links, found.special) == (["d", "d/e"], ["link"], ["d/pipe"])
    assert stat.S_ISLNK(found.statuses["link"].st_mode)


def test_what_is_not_to_be_entered_is_only_looked_through_for_repositories(tree: Path) -> None:
    """However deep they lie."""
    file_tree(tree, {"d/e/f/inner/.git/HEAD": "", "d/e/f/.gitignore": ""})

    found = scan(tree, lambda path, _: path != "d")

    assert (found.passed_over, found.repositories) == (["d"], ["d/e/f/inner"])
    assert "d/b" not in found.statuses


@pytest.mark.parametrize("name", [".git", ".GIT"])
def test_a_repository_is_not_entered(tree: Path, name: str) -> None:
    """A disk may not tell the two names apart."""
    file_tree(tree, {f"d/e/{name}": "gitdir: elsewhere"})

    found = scan(tree)

    assert found.repositories == ["d/e"]
    assert "d/e/c" not in found.statuses


def test_a_tree_that_is_too_deep_is_told_as_unreadable(tmp_path: Path) -> None:
    """Instead of an error of ours."""
    deep = tmp_path / "tree"
    for _ in range(230):
        deep /= "d"
    deep.mkdir(parents=True)

    assert len(scan(tmp_path / "tree").unreadable) == 1


def test_a_root_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """By a look and by a descent."""
    with pytest.raises(PermanentError):
        scan(tmp_path / "none")
    with pytest.raises(PermanentError), Descent(tmp_path / "none"):
        pass


def test_what_is_placed_has_its_mode_and_its_time(tree: Path) -> None:
    """Also where a directory, a link or another file has been; its directories are made."""
    with Descent(tree) as descent:
        descent.place("new/x/y", (b"one ", b"two"), mode=0o4750, mtime_ns=1_234_567_890_123_456_789)
        descent.place("link", (b"a file now",), mode=0o600, mtime_ns=None)
        descent.place_link("a", os.fsdecode(b"\xff"), mtime_ns=5)
        descent.make_directory("empty/inner")
        descent.set("empty", mode=0o700, mtime_ns=7)

    status = (tree / "new/x/y").stat()
    assert (tree / "new/x/y").read_bytes() == b"one two"
    assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o4750, 1_234_567_890_123_456_789)
    assert not (tree / "link").is_symlink()
    assert os.fsencode((tree / "a").readlink()) == b"\xff"
    assert (tree / "a").lstat().st_mtime_ns == 5
    assert ((tree / "empty").stat().st_mtime_ns, stat.S_IMODE((tree / "empty").stat().st_mode)) == (7, 0o700)


def test_nothing_is_left_of_what_could_not_be_placed(tree: Path) -> None:
    """The old file stays."""

    def broken() -> object:
        yield b"half"
        raise PermanentError("no more")

    with Descent(tree) as descent, pytest.raises(PermanentError, match="no more"):
        descent.place("d/b", broken(), mode=0o644, mtime_ns=None)  # type: ignore[arg-type]

    assert (tree / "d/b").read_text() == "b"
    assert sorted(path.name for path in (tree / "d").iterdir()) == ["b", "e", "pipe"]


@pytest.mark.parametrize("path", ["link/b", "a/b"])
def test_no_link_and_no_file_is_passed_through(tree: Path, path: str) -> None:
    """Neither to read nor to write."""
    with Descent(tree) as descent:
        assert descent.status(path) is None
        for act in (
            lambda: descent.place(path, (b"",), mode=0o644, mtime_ns=None),
            lambda: descent.place_link(path, "x", mtime_ns=1),
            lambda: descent.remove(path),
            lambda: descent.set(path, mode=None, mtime_ns=1),
            lambda: descent.link(path),
        ):
            with pytest.raises(ConflictError, match="a symbolic link or no directory"):
                act()

    assert (tree / "d/b").read_text() == "b"


def test_only_regular_files_are_opened(tree: Path) -> None:
    """A pipe would hold us, a link lead elsewhere."""
    with Descent(tree) as descent:
        for path in ("d/pipe", "link"):
            with pytest.raises(ConflictError), descent.open(path):
                pass


def test_only_empty_directories_are_removed(tree: Path) -> None:
    """Already gone is success."""
    with Descent(tree) as descent:
        descent.remove("d/e/c")
        descent.remove("d/e/c")

        assert descent.remove_directory("d/e")
        assert descent.remove_directory("d/e")
        assert not descent.remove_directory("d")


def test_a_change_that_hides_its_time_is_seen(tree: Path) -> None:
    """The system stamps it all the same."""
    before = (tree / "a").stat()
    (tree / "a").write_text("b")
    os.utime(tree / "a", ns=(before.st_atime_ns, before.st_mtime_ns))

    assert is_same_status(before, before)
    assert not is_same_status(before, (tree / "a").stat())
    assert not is_same_status(before, None)
