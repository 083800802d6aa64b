"""Several trees are taken down at once, each by a thread of its own: none gets in another's way."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from reconciler.clients import takedown
from reconciler.clients.git import Repository
from tests.support.repository import GitRepo


def test_a_removal_leaves_alone_what_another_is_about_to_remove(
    tmp_path: Path, repo: GitRepo, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that ends while another has just begun does not sweep the other's things away."""
    trees = [repo.worktree(tmp_path / name, name).path for name in ("one", "two")]
    make = tempfile.mkdtemp

    def discard(tree: Path) -> None:
        takedown.set_aside(tree)
        takedown.discard(repository.common_dir, repository.common_dir / "worktrees" / tree.name, tree)

    def interrupted(**options: Path) -> str:
        place = make(**options)
        monkeypatch.setattr(tempfile, "mkdtemp", make)
        discard(trees[1])
        return place

    monkeypatch.setattr(tempfile, "mkdtemp", interrupted)
    discard(trees[0])
    assert repo.worktrees() == [repo.path]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["shop"]
    assert not takedown.has_rubbish(repository.common_dir)
