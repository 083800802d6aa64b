"""Objects in bulk, bit by bit."""

from __future__ import annotations

import os

import pytest

from reconciler.clients.batch import object_sizes, read_whole, reading
from reconciler.clients.descent import CHUNK
from reconciler.clients.git import Git, Repository
from reconciler.errors import PermanentError
from tests.support.repository import GitRepo

MISSING = "0" * 39 + "1"


def test_objects_come_in_the_order_asked_for(git: Git, repo: GitRepo, repository: Repository) -> None:
    """Large ones, empty ones, missing ones."""
    large = bytes(range(256)) * (CHUNK // 100)
    repo.commit({"large": large, "empty": ""})
    names = ["HEAD:large", MISSING, "HEAD:empty", "HEAD:a.txt", "HEAD:a.txt"]

    found = read_whole(git, repository.common_dir, names)

    assert found == [("blob", large), None, ("blob", b""), ("blob", b"a\n"), ("blob", b"a\n")]


def test_sizes_are_told_without_reading(git: Git, repo: GitRepo, repository: Repository) -> None:
    """A missing object has none."""
    assert object_sizes(git, repository.common_dir, ["HEAD:a.txt", MISSING]) == [2, -1]
    assert object_sizes(git, repository.common_dir, []) == []


def test_an_object_that_is_damaged_is_an_error(git: Git, repo: GitRepo, repository: Repository) -> None:
    """Not its end."""
    repo.commit({"large": os.urandom(CHUNK * 3)})
    name = repo.git("rev-parse", "HEAD:large")
    loose = repository.common_dir / "objects" / name[:2] / name[2:]
    loose.chmod(0o644)
    loose.write_bytes(loose.read_bytes()[:CHUNK])

    with pytest.raises(PermanentError):
        read_whole(git, repository.common_dir, [name, "HEAD"])


def test_a_reader_that_gives_up_ends_the_program(git: Git, repo: GitRepo, repository: Repository) -> None:
    """And what it raised is what is told."""
    repo.commit({"large": bytes(CHUNK * 3)})

    with pytest.raises(ZeroDivisionError), reading(git, repository.common_dir, ["HEAD:large"] * 50):
        raise ZeroDivisionError
