"""Which bytes are a path, and how one is shown."""

from __future__ import annotations

import pytest

from reconciler.boundaries.paths import fault, shown
from tests.support.repository import GitRepo


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (b"a/b c.md", "a/b c.md"),
        ("a/é".encode(), "a/é"),
        (b"a/\xc3", '"a/\\303"'),
        (b"a\tb\n", '"a\\tb\\n"'),
        (b"a\x1b[1m", '"a\\033[1m"'),
        (b'\xff"\\', '"\\377\\"\\\\"'),
    ],
)
def test_a_path_is_shown_as_git_shows_it(path: bytes, text: str) -> None:
    """In quotes only where it must be."""
    assert shown(path) == text


def test_quoted_paths_are_those_of_git(tmp_path) -> None:
    """Every byte that cannot be printed is written the same."""
    repository = GitRepo.init(tmp_path / "repository")
    blob = repository.git("hash-object", "-w", "--stdin")
    path = b"\xff" + bytes(byte for byte in range(1, 256) if byte not in b"/")
    entry = f"100644 {blob}\t{path.decode('utf-8', 'surrogateescape')}\0"
    repository.git("update-index", "-z", "--index-info", stdin=entry)

    assert repository.git("ls-files") == shown(path)


@pytest.mark.parametrize(
    "path",
    [b"", b"/a", b"a//b", b"a/", b".", b"a/./b", b"../a", b"a/..", b".git/x", b"a/.GiT", b"a\0b", b"b" * 256],
)
def test_what_is_no_path_has_a_fault(path: bytes) -> None:
    """git would not record it, or no disk hold it."""
    assert fault(path)


@pytest.mark.parametrize("path", [b"a", b".gitignore", b"a/...", b"\xff", b"a\n", b"*?[", b"b" * 255])
def test_what_is_a_path_has_none(path: bytes) -> None:
    """However odd it is."""
    assert fault(path) == ""
