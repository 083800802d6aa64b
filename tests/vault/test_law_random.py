"""The law over random trees."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from reconciler.clients.git import Git
from tests.support.repository import GitRepo
from tests.vault.strategies import ATTRIBUTES, START, Action, actions, age, configure
from tests.vault.world import VaultWorld

EXAMPLES = int(os.environ.get("VAULT_EXAMPLES", "40"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """Give a repository with filters, and a branch whose commit is in conflict with most of what is done."""
    repo = GitRepo.init(tmp_path_factory.mktemp("source") / "shop")
    configure(repo)
    repo.commit(START, "first")
    repo.git("checkout", "-q", "-b", "clashing")
    repo.commit({"a.txt": "theirs\n", "dir/b.txt": "theirs\n"}, "clash")
    repo.git("checkout", "-q", "main")
    return repo


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(done=st.lists(actions, min_size=1, max_size=12))
def test_every_tree_comes_back(source: GitRepo, git: Git, done: list[Action]) -> None:
    """Bytes, modes, times, status and index are what they were."""
    with tempfile.TemporaryDirectory() as scratch:
        world = _world(source, git, Path(scratch))
        age(world.tree)
        for action in done:
            action(world.tree)
        before = world.see()
        status = before.status if _has_attributes(world) else world.status_anew()
        note(status.decode(errors="replace"))

        world.night_and_morning()

        after = world.see()
        assert after.files == before.files
        assert after.status == status
        assert after.index == before.index


def _has_attributes(world: VaultWorld) -> bool:
    """Whether the filters are still in force.

    Git keeps its opinion of files that are not written. Where the filters are not what they were, it has another
    opinion as soon as it must look again, as in a tree that was made anew.
    """
    file = world.tree.path / ".gitattributes"
    return file.is_file() and file.read_bytes() == ATTRIBUTES.encode()


def _world(source: GitRepo, git: Git, scratch: Path) -> VaultWorld:
    """Give the repository anew: its branches, its filters, one tree."""
    repo = source.clone(scratch / "shop", "--no-checkout")
    configure(repo)
    repo.git("branch", "clashing", "origin/clashing")
    (repo.path / ".git/pointers").rmdir()
    (repo.path / ".git/pointers").symlink_to(source.path / ".git/pointers")
    return VaultWorld.of(git, repo, scratch)
