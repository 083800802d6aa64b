"""Files of a commit: read as they were committed, and nothing that only looks like a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.clients.objects import CommitFiles
from reconciler.errors import UsageError
from tests.support.repository import GitRepo

FILES = {"orchestra.yaml": "x", "agents/a.yaml": "a", "agents/b.yaml": "b", "agents/deep/c.yaml": "c", "n\udce9": "n"}


@pytest.fixture
def committed(repo: GitRepo) -> GitRepo:
    """Give a repository with files, a link and a submodule in its last commit, and other files in its work tree."""
    first = repo.commit_of("HEAD")
    repo.commit({**FILES, "link.yaml": Path("orchestra.yaml"), "links": Path("agents")})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{first},module")
    repo.git("commit", "--quiet", "-m", "module")
    repo.write({"orchestra.yaml": "changed", "agents/new.yaml": "new"})
    return repo


def test_files_are_read_as_committed(committed: GitRepo) -> None:
    """What the work tree holds does not count; no more than the limit is read."""
    files = CommitFiles(committed.path / ".git", "main")
    assert {name: files.read(name, 100) for name in FILES} == {name: text.encode() for name, text in FILES.items()}
    assert files.read("a.txt", 1) == b"a"
    assert files.name == committed.commit_of("main")[:9]


@pytest.mark.parametrize(
    "path",
    ["none", "agents", "link.yaml", "links/a.yaml", "module", "module/x", "orchestra.yaml/x", "agents/new.yaml", "/x"],
)
def test_what_is_no_file_is_none(committed: GitRepo, path: str) -> None:
    """Directories, links, what is behind them, submodules, and what was not committed."""
    assert CommitFiles(committed.path / ".git", "main").read(path) is None


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("agents/*.yaml", ["agents/a.yaml", "agents/b.yaml"]),
        ("agents/?.yaml", ["agents/a.yaml", "agents/b.yaml"]),
        ("*/*/c.yaml", ["agents/deep/c.yaml"]),
        ("orchestra.yaml", ["orchestra.yaml"]),
        ("*.txt", ["a.txt"]),
        ("agents.*", []),
    ],
)
def test_patterns_stay_within_a_directory(committed: GitRepo, pattern: str, found: list[str]) -> None:
    """`*` and `?` match no `/`, and a dot is a dot."""
    assert CommitFiles(committed.path / ".git", "main").glob(pattern) == found


@pytest.mark.parametrize("revision", ["main", "HEAD", "HEAD~1", "tag", "main^0", "@", "refs/heads/main"])
def test_any_name_of_a_commit_will_do(committed: GitRepo, revision: str) -> None:
    """A branch, a tag, a relation."""
    committed.git("tag", "-m", "x", "tag")
    expected = committed.commit_of(revision)[:9]
    assert CommitFiles(committed.path / ".git", revision).name == expected


@pytest.mark.parametrize(
    "revision",
    [
        *("", "none", "HEAD~9", "HEAD^9", "HEAD@{99}", "HEAD@{yesterday}", "@{u}", "main:a.txt", "main:none", "-x"),
        *("HEAD^{tree}", "a b", "main..main", "^", "~", "main^{", "\0", "a\nb", "0" * 40, "a" * 40, "n\udce9"),
    ],
)
def test_what_names_no_commit_is_said(committed: GitRepo, revision: str) -> None:
    """The error names what was given, and says how to go on."""
    with pytest.raises(UsageError, match="names no commit here") as caught:
        CommitFiles(committed.path / ".git", revision)
    assert caught.value.hint


def test_a_hash_of_something_else_is_no_commit(committed: GitRepo) -> None:
    """A file and a directory have hashes too."""
    for name in ("main:a.txt", "main^{tree}"):
        with pytest.raises(UsageError):
            CommitFiles(committed.path / ".git", committed.git("rev-parse", name))
