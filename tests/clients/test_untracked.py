"""What git does not track, as git finds it: whatever the names, and never through a link."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.clients.git import Git
from reconciler.clients.untracked import Named, Untracked
from reconciler.errors import ClientError, ConflictError
from tests.support.repository import GitRepo


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give a repository with tracked, untracked and ignored files."""
    files = {"a.txt": "a", "conf/tracked": "t", ".gitignore": "*.secret\n/[x]*\n"}
    repository = GitRepo.init(tmp_path / "shop", files)
    repository.write({"conf/new": "n", "conf/x.secret": "s", "[x] é\n.secret": "odd", ":(top)y.secret": "magic"})
    return repository.path


def untracked(root: Path) -> Untracked:
    """Look at a repository."""
    return Untracked(Git(os.environ), root)


def test_names_are_taken_literally(root: Path) -> None:
    """Wildcards and magic in them are a part of the name; a directory stands for all below it."""
    names = ("conf", "a.txt", "[x] é\n.secret", ":(top)y.secret", "conf/*", "none")
    assert untracked(root).named(names) == {
        "conf": Named(("conf/tracked",), ("conf/new", "conf/x.secret")),
        "a.txt": Named(("a.txt",), ()),
        "[x] é\n.secret": Named((), ("[x] é\n.secret",)),
        ":(top)y.secret": Named((), (":(top)y.secret",)),
        "conf/*": Named((), ()),
        "none": Named((), ()),
    }
    assert untracked(root).named(()) == {}


def test_globs_are_gits(root: Path) -> None:
    """Whether git ignores a file or not."""
    assert untracked(root).matching("**/*.secret") == (":(top)y.secret", "[x] é\n.secret", "conf/x.secret")
    assert untracked(root).matching("conf/*") == ("conf/new", "conf/x.secret")


def test_included_is_what_git_ignores_too(root: Path) -> None:
    """A link is not followed to the list; without it there is none."""
    assert untracked(root).included == ()
    (root / ".worktreeinclude").write_text("conf/*\n!x.secret\n*.secret\n")
    assert untracked(root).included == (":(top)y.secret", "[x] é\n.secret", "conf/x.secret")
    (root / "list").write_text("*.secret\n")
    (root / ".worktreeinclude").unlink()
    (root / ".worktreeinclude").symlink_to("list")
    assert untracked(root).included == ()


def test_nothing_is_read_through_a_link(root: Path) -> None:
    """A file that is a link is told as one."""
    (root / "link").symlink_to("/etc")
    with pytest.raises(ConflictError):
        untracked(root).read("link/passwd")
    entry = untracked(root).read("link")
    assert entry is not None
    assert (entry.content, entry.link) == (None, "/etc")


def test_no_program_of_the_configuration_is_run(root: Path, tmp_path: Path) -> None:
    """A plan is safe in a stranger's repository."""
    monitor = tmp_path / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    monitor.chmod(0o755)
    GitRepo(root).git("config", "core.fsmonitor", str(monitor))
    untracked(root).named(("conf",))
    untracked(root).matching("**")
    (root / ".worktreeinclude").write_text("*\n")
    assert untracked(root).included
    assert not (tmp_path / "ran").exists()


def test_outside_of_a_repository_it_says_so(tmp_path: Path) -> None:
    """There is nothing that git could tell."""
    with pytest.raises(ClientError):
        untracked(tmp_path).matching("*")
