"""A change that is tried, and never made."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.clients.git import Git, Repository
from reconciler.clients.probing import would_be_made
from reconciler.errors import PermanentError
from tests.support.repository import GitRepo

TELL = """\
#!/bin/sh
[ "$1" = prepared ] || exit 0
while read -r old new ref; do [ "$ref" = HEAD ] || git show --name-status --no-renames --format=%an%n%P "$new" >&2; done
exit 1
"""


@pytest.fixture
def telling(repo: GitRepo) -> GitRepo:
    """Give a repository with a hook that refuses every change, and tells what it is."""
    hook = repo.path / ".git/hooks/reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(TELL)
    hook.chmod(0o755)
    return repo


@pytest.mark.parametrize(
    ("path", "changes"),
    [
        (b"new", ["A\tnew"]),
        (b"app/new", ["A\tapp/new"]),
        (b"lib/deep/new", ["A\tlib/deep/new"]),
        (b"a.txt", ["M\ta.txt"]),
        (b"a.txt/new", ["D\ta.txt", "A\ta.txt/new"]),
        (b"app", ["A\tapp", "D\tapp/b.txt"]),
        (b"odd\n/new", ['A\t"odd\\n/new"']),
        (b"\xff/\xfe", ['A\t"\\377/\\376"']),
    ],
)
def test_the_change_is_one_file_on_top_of_the_branch(
    git: Git, telling: GitRepo, repository: Repository, path: bytes, changes: list[str]
) -> None:
    """Also where a file stands in the way of its directory, or a directory in its own; nothing else is touched."""
    passes, said = would_be_made(git, repository.common_dir, telling.path, "main", path)
    assert not passes
    assert said.splitlines()[:-1] == ["orchestra", telling.git("rev-parse", "main"), "", *changes]


def test_without_a_hook_it_would_be_made_and_is_not(git: Git, repo: GitRepo, repository: Repository) -> None:
    """No object is left either."""
    refs, objects = repo.refs(), sorted((repository.common_dir / "objects").rglob("*"))
    assert would_be_made(git, repository.common_dir, repo.path, "main", b"app/new") == (True, "")
    assert would_be_made(git, repository.common_dir, repo.path, "main", None) == (True, "")
    assert (repo.refs(), sorted((repository.common_dir / "objects").rglob("*"))) == (refs, objects)


def test_a_branch_that_does_not_exist_is_an_error(git: Git, repository: Repository, tmp_path: Path) -> None:
    """It cannot be tried."""
    with pytest.raises(PermanentError, match="refs/heads/gone cannot be read"):
        would_be_made(git, repository.common_dir, tmp_path, "gone", b"new")
