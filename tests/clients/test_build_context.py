"""What an image is built from: what Docker would be sent, as it reads `.dockerignore`, and nothing that tools keep."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.clients.docker import build_context
from reconciler.clients.docker.build_context import BuildContext, fingerprint
from reconciler.errors import ConflictError

CONTEXT = BuildContext("web", "web/Dockerfile")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a tree with a context, and more beside it."""
    for path in ("web/Dockerfile", "web/a", "web/b.log", "web/d/a", "web/d/e/f.txt", "web/x/d/a", "web/[q]/a", "top"):
        write(tmp_path, path, path)
    return tmp_path


def write(tree: Path, path: str, text: str) -> None:
    """Write a file, with its directories."""
    (tree / path).parent.mkdir(parents=True, exist_ok=True)
    (tree / path).write_text(text)


def counts(tree: Path, path: str, *omitted: str) -> bool:
    """Whether another content of a file gives another fingerprint."""
    before = fingerprint(tree, CONTEXT, omitted)
    was = (tree / path).read_text() if (tree / path).exists() else None
    write(tree, path, f"{was} and more")
    after = fingerprint(tree, CONTEXT, omitted)
    (tree / path).unlink() if was is None else write(tree, path, was)
    assert fingerprint(tree, CONTEXT, omitted) == before
    return after != before


@pytest.mark.parametrize(
    ("lines", "sent"),
    [
        ("", ["a", "b.log", "d/a", "d/e/f.txt", "x/d/a", "[q]/a"]),
        ("# d\n\n*.log\n", ["a", "d/a", "d/e/f.txt", "x/d/a", "[q]/a"]),
        (" /d/ \n", ["a", "b.log", "x/d/a", "[q]/a"]),
        ("**/d\n", ["a", "b.log", "[q]/a"]),
        ("*\n!d/e\n", ["d/e/f.txt"]),
        ("*\n!**/a\n", ["a", "d/a", "x/d/a", "[q]/a"]),
        ("?\n", ["b.log", "[q]/a"]),
        ("\\[q\\]\n[^a]\n", ["a", "b.log"]),
        ("d/**/f.txt\n", ["a", "b.log", "d/a", "x/d/a", "[q]/a"]),
        # Docker asks no line that would change nothing, and does not make up for it below. (Tried on BuildKit.)
        ("**/d\n!x\n", ["a", "b.log", "[q]/a"]),
        ("[^a]\nd/**\n!**/e\nd\n", ["a", "b.log", "d/e/f.txt", "[q]/a"]),
    ],
)
def test_only_what_is_sent_counts(tree: Path, lines: str, sent: list[str]) -> None:
    """As Docker reads `.dockerignore`; the Dockerfile is always sent."""
    write(tree, "web/.dockerignore", lines)
    files = sorted(str(path.relative_to(tree / "web")) for path in (tree / "web").rglob("*") if path.is_file())
    found = [path for path in files if not path.startswith((".", "Docker")) and counts(tree, f"web/{path}")]
    assert found == sorted(sent)
    assert counts(tree, "web/Dockerfile")


def test_the_ignore_file_of_a_dockerfile_is_read_instead(tree: Path) -> None:
    """It is beside the Dockerfile, by its name."""
    write(tree, "web/.dockerignore", "a\n")
    assert not counts(tree, "web/a")
    write(tree, "web/Dockerfile.dockerignore", "d\n")
    assert counts(tree, "web/a")
    assert not counts(tree, "web/d/a")


def test_what_is_ours_and_what_tools_keep_does_not_count(tree: Path) -> None:
    """Nor does what lies beside the context."""
    write(tree, "web/cache/CACHEDIR.TAG", "")
    for path in ("web/.git", "web/node_modules/m", "web/__pycache__/a.pyc", "web/.sub-agents/s", "web/cache/x", "top"):
        assert not counts(tree, path), path
    assert not counts(tree, "web/a", "web/a")


def test_a_name_a_mode_and_a_link_count(tree: Path) -> None:
    """A link by what it says, not by what it leads to."""
    seen = {fingerprint(tree, CONTEXT, ())}
    (tree / "web/a").chmod(0o755)
    seen.add(fingerprint(tree, CONTEXT, ()))
    (tree / "web/link").symlink_to("../top")
    seen.add(fingerprint(tree, CONTEXT, ()))
    (tree / "web/a").rename(tree / "web/c")
    seen.add(fingerprint(tree, CONTEXT, ()))
    assert len(seen) == 4
    assert not counts(tree, "top")


def test_a_context_behind_a_link_is_refused(tree: Path) -> None:
    """It may lead anywhere."""
    (tree / "away").symlink_to(tree / "web")
    with pytest.raises(ConflictError, match="symbolic link"):
        fingerprint(tree, BuildContext("away", "web/Dockerfile"), ())


def test_a_context_that_is_not_there_differs_from_an_empty_one(tree: Path) -> None:
    """Docker will say what is wrong."""
    (tree / "empty").mkdir()
    absent, empty = (fingerprint(tree, BuildContext(each, "web/Dockerfile"), ()) for each in ("absent", "empty"))
    assert absent != empty


def test_what_is_read_is_bounded(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of more names nothing is told; of more bytes what the file system says of them."""
    with monkeypatch.context() as patch:
        patch.setattr(build_context, "MOST_NAMES", 3)
        assert not counts(tree, "web/a")
    monkeypatch.setattr(build_context, "MOST_BYTES", 0)
    before = fingerprint(tree, CONTEXT, ())
    assert fingerprint(tree, CONTEXT, ()) == before
    os.utime(tree / "web/a", (1, 1))
    assert fingerprint(tree, CONTEXT, ()) != before


def test_what_is_ours_does_not_count_at_the_top_of_the_tree_either(tree: Path) -> None:
    """A context that is the whole tree holds all that orchestra puts there."""
    context = BuildContext(".", "web/Dockerfile")
    before = fingerprint(tree, context, {"SESSION.md"})
    write(tree, "SESSION.md", "ours")
    assert fingerprint(tree, context, {"SESSION.md"}) == before != fingerprint(tree, context, ())
