"""Objects that are written as a pack are those that git would have written, or none are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.clients.git import Git, Repository
from reconciler.clients.pack import TREE_MODE, ObjectFormat, PackWriter, tree_content
from reconciler.errors import ConflictError
from tests.support.repository import GitRepo


def _pack_dir(repository: Repository) -> Path:
    return repository.common_dir / "objects" / "pack"


@settings(max_examples=15)
@given(contents=st.lists(st.one_of(st.binary(max_size=50), st.builds(bytes, st.integers(0, 70_000))), max_size=5))
def test_blobs_can_be_read_with_git(git: Git, contents: list[bytes]) -> None:
    """Of any size, also the same one twice."""
    with tempfile.TemporaryDirectory() as directory:
        repo = GitRepo.init(Path(directory), {})
        repository = git.discover(repo.path)
        with PackWriter(_pack_dir(repository), ObjectFormat("sha1")) as pack:
            names = [pack.add("blob", content) for content in contents]
            pack.store(git, repository.common_dir)

        for name, content in zip(names, contents, strict=True):
            assert git.run("cat-file", "blob", name, cwd=repo.path).stdout == content


def test_trees_are_in_gits_order(git: Git, repo: GitRepo, repository: Repository) -> None:
    """A directory sorts as if its name ended in a slash."""
    with PackWriter(_pack_dir(repository), ObjectFormat("sha1")) as pack:
        blob = pack.add("blob", b"x")
        inner = pack.add("tree", tree_content({b"x": (0o100644, blob)}))
        entries = {
            b"a": (TREE_MODE, inner),
            b"a.b": (0o100644, blob),
            b"a0": (0o100755, blob),
            b"\xff": (0o120000, blob),
        }
        outer = pack.add("tree", tree_content(entries))
        pack.store(git, repository.common_dir)

    assert repo.git("fsck", "--strict", outer) is not None
    assert repo.git("ls-tree", "--name-only", outer).splitlines() == ["a.b", "a", "a0", '"\\377"']


def test_nothing_is_left_of_a_pack_that_was_not_stored(repository: Repository) -> None:
    """Nor while it is written does it have a name that git would keep."""
    with PackWriter(_pack_dir(repository), ObjectFormat("sha1")) as pack:
        pack.add("blob", b"x")
        assert [path.name.startswith("tmp_") for path in _pack_dir(repository).iterdir()] == [True]

    assert list(_pack_dir(repository).iterdir()) == []


@pytest.mark.parametrize("found", [b"other", b"longer than that", b""])
def test_a_file_that_is_not_what_it_was_is_refused(repository: Repository, tmp_path: Path, found: bytes) -> None:
    """Other bytes, more of them, fewer."""
    form = ObjectFormat("sha1")
    (tmp_path / "file").write_bytes(found)
    with (
        PackWriter(_pack_dir(repository), form) as pack,
        (tmp_path / "file").open("rb") as file,
        pytest.raises(ConflictError, match="was changed while it was saved"),
    ):
        pack.add_file(form.identify("blob", b"bytes"), 5, file)
