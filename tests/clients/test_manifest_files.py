"""The manifest's files on disk: inside the root, also through links, and regular."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.clients.manifest_files import ManifestFiles
from tests.support.repository import file_tree


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a root with files, links of all kinds, a pipe and a secret beside it."""
    place = tmp_path / "root"
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret/key").write_text("secret")
    files = {"a.yaml": "abc", "dir/b.yaml": "b", "in": Path("dir/b.yaml"), "dir/up": Path("../a.yaml")}
    outward = {"out": Path("../secret/key"), "absolute": tmp_path / "secret/key", "outdir": Path("../secret")}
    file_tree(place, {**files, **outward, "loop": Path("loop"), "broken": Path("none"), "twice": Path("outdir/key")})
    os.mkfifo(place / "pipe")
    return place


@pytest.mark.parametrize(("path", "content"), [("a.yaml", b"abc"), ("in", b"b"), ("dir/up", b"abc"), ("none", None)])
def test_what_is_inside_is_read(root: Path, path: str, content: bytes | None) -> None:
    """Also through links that stay inside; what is not there is none."""
    assert ManifestFiles(root).read(path, 100) == content
    assert ManifestFiles(root).read("a.yaml", 2) == b"ab"


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("out", "leads out"),
        ("absolute", "leads out"),
        ("outdir/key", "leads out"),
        ("twice", "leads out"),
        ("../secret/key", "leads out"),
        ("broken", "No such file"),
        ("loop", "levels of symbolic links"),
        ("pipe", "not a regular file"),
        ("dir", "directory|regular"),
        ("n" * 300, "too long"),
    ],
)
def test_what_is_outside_or_no_file_is_an_error(root: Path, path: str, reason: str) -> None:
    """No link, however it is made, leads out, and nothing holds the reader."""
    with pytest.raises(OSError, match=reason):
        ManifestFiles(root).read(path, 100)


def test_a_person_may_name_a_file_anywhere(tmp_path: Path, root: Path) -> None:
    """An absolute path was typed by hand."""
    assert ManifestFiles(root).read(str(tmp_path / "secret/key"), 100) == b"secret"


def test_a_root_behind_a_link_is_a_root(tmp_path: Path, root: Path) -> None:
    """Where the root is, is a person's choice as well."""
    (tmp_path / "way").symlink_to("root")
    assert ManifestFiles(tmp_path / "way").read("dir/up", 100) == b"abc"


def test_patterns_are_relative_and_sorted(root: Path) -> None:
    """What they match is named from the root."""
    (root / "c.yaml").write_text("c")
    assert ManifestFiles(root).glob("*.yaml") == ("a.yaml", "c.yaml")
    assert ManifestFiles(root).glob("*/*.yaml") == ("dir/b.yaml",)
    assert ManifestFiles(root).glob("none*") == ()


@pytest.mark.parametrize("pattern", ["outdir/*", "outdir/k?y", "dir/../outdir/*", "far/in/*"])
def test_a_directory_outside_is_not_listed(root: Path, pattern: str) -> None:
    """Not one name of what lies there is told."""
    (root / "far").symlink_to(root.parent / "secret")
    with pytest.raises(OSError, match="leads out of the repository") as caught:
        ManifestFiles(root).glob(pattern)
    assert "key" not in str(caught.value)


def test_a_wildcard_passes_over_what_leads_out(root: Path) -> None:
    """A link that nobody named is nobody's mistake."""
    (root / "inner").symlink_to("dir")
    assert ManifestFiles(root).glob("*/*.yaml") == ("dir/b.yaml", "inner/b.yaml")
    assert ManifestFiles(root).glob("*/key") == ()
    assert ManifestFiles(root).glob("dir/*") == ("dir/b.yaml", "dir/up")
    assert ManifestFiles(root).glob("none/*") == ManifestFiles(root).glob("a.yaml/*") == ()
