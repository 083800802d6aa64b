"""A disk that is full while a tree is saved: a clear error, and nothing half made."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.clients.git import Git
from reconciler.errors import PermanentError
from reconciler.vault.verify import verify
from tests.support.repository import GitRepo
from tests.vault.world import NAME, VaultWorld


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a file system of its own; needs root."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "none", str(place)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"cannot mount: {mounted.stderr.strip()}")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("path", ["x.log", "untracked"], ids=["tar", "bundle"])
def test_the_shelf_is_full(world: VaultWorld, small_disk: Path, path: str) -> None:
    """No ref, no part of an archive; with space, the next save is whole."""
    full = replace(world, vault=replace(world.vault, shelf=small_disk / "clone"))
    world.tree.write({path: os.urandom(10_000_000)})

    with pytest.raises(PermanentError) as refused:
        full.save()

    assert refused.value.hint.startswith("free some space")
    assert list((small_disk / "clone" / NAME).iterdir()) == []
    assert world.repo.refs("refs/orchestra") == {}
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert verify(full.vault, full.save()) == ()


def test_the_repositorys_disk_is_full(git: Git, small_disk: Path, tmp_path: Path) -> None:
    """The tree lies elsewhere, and is as it was."""
    world = VaultWorld.of(git, GitRepo.init(small_disk / "shop", {"a.txt": "a\n"}), tmp_path)
    world.tree.write({"untracked": os.urandom(10_000_000)})
    before = world.see()

    with pytest.raises(PermanentError, match="No space left"):
        world.save()

    assert world.see() == before
    assert world.repo.refs("refs/orchestra") == {}
    assert list((small_disk / "shop/.git/objects/pack").glob("tmp_*")) == []
    assert list((world.vault.shelf / NAME).iterdir()) == []
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    assert verify(world.vault, world.save()) == ()
