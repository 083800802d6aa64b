"""The law in repositories of every shape."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.clients.git import Git
from reconciler.vault.verify import check
from tests.support.repository import GitRepo
from tests.vault.strategies import age
from tests.vault.world import VaultWorld

FILES = {"a.txt": "a\n", "app/b.txt": "b\n", "app/c.txt": "c\n", ".gitignore": "*.log\n"}


def _sha256(directory: Path) -> GitRepo:
    path = directory / "shop"
    path.mkdir()
    GitRepo(path).git("init", "-q", "--object-format=sha256", "--initial-branch=main")
    GitRepo(path).commit(FILES)
    return GitRepo(path)


def _source(directory: Path) -> GitRepo:
    source = GitRepo.init(directory / "source", FILES)
    for number in range(3):
        source.commit({"a.txt": f"{number}\n"})
    source.git("config", "uploadpack.allowFilter", "true")
    return source


def _shallow(directory: Path) -> GitRepo:
    _source(directory).git("clone", "-q", "--depth=2", f"file://{directory}/source", str(directory / "shop"))
    return GitRepo(directory / "shop")


def _partial(directory: Path) -> GitRepo:
    _source(directory).git("clone", "-q", "--filter=blob:none", f"file://{directory}/source", str(directory / "shop"))
    return GitRepo(directory / "shop")


def _partial_trees(directory: Path) -> GitRepo:
    _source(directory).git("clone", "-q", "--filter=tree:0", f"file://{directory}/source", str(directory / "shop"))
    return GitRepo(directory / "shop")


def _bare(directory: Path) -> GitRepo:
    _source(directory).clone(directory / "shop", "--bare")
    return GitRepo(directory / "shop")


SHAPES = {
    "sha256": _sha256,
    "shallow": _shallow,
    "partial": _partial,
    "partial without trees": _partial_trees,
    "bare": _bare,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_tree_comes_back_in_a_repository_of_any_shape(git: Git, tmp_path: Path, shape: str) -> None:
    """With a commit of its own, and something staged."""
    world = VaultWorld.of(git, SHAPES[shape](tmp_path), tmp_path)
    (tmp_path / "source").exists() and (tmp_path / "source").rename(tmp_path / "gone")  # no network is needed
    world.tree.commit({"app/b.txt": "mine\n"})
    world.tree.write({"a.txt": "staged\n", "new": "n", "x.log": "secret"})
    world.tree.git("add", "a.txt")
    world.tree.write({"a.txt": "unstaged\n", "app/c.txt": None})
    before = world.see()

    archive = world.night_and_morning()

    assert world.see() == before
    assert check(world.vault, archive) == ()


def _detached(world: VaultWorld) -> None:
    world.tree.git("checkout", "-q", "--detach")
    world.tree.commit({"a.txt": "nobody's\n"})


def _unborn(world: VaultWorld) -> None:
    world.tree.git("checkout", "-q", "--orphan", "new")
    world.tree.write({"a.txt": "changed\n"})


def _unborn_empty(world: VaultWorld) -> None:
    world.tree.git("checkout", "-q", "--orphan", "new")
    world.tree.git("rm", "-q", "-r", "--force", ".")
    world.tree.write({"first": "f"})


def _sparse(world: VaultWorld) -> None:
    world.tree.git("sparse-checkout", "set", "--no-cone", "/a.txt", "/new/")
    world.tree.write({"app/c.txt": "there all the same\n", "new/n": "n"})


def _sparse_cone(world: VaultWorld) -> None:
    world.tree.git("sparse-checkout", "set", "--cone", "--sparse-index", "lib")
    world.tree.write({"a.txt": "changed\n"})


def _sparse_staged(world: VaultWorld) -> None:
    """A directory that is not checked out, staged as a tree that no commit has."""
    world.tree.git("sparse-checkout", "set", "--cone", "--sparse-index", "lib")
    blob = world.tree.git("hash-object", "-w", "--stdin", stdin="nobody's\n")
    app = world.tree.git("mktree", stdin=f"100644 blob {blob}\tb.txt\n")
    others = [line for line in world.tree.git("ls-tree", "HEAD").splitlines() if not line.endswith("\tapp")]
    whole = world.tree.git("mktree", stdin="\n".join([*others, f"040000 tree {app}\tapp"]) + "\n")
    world.tree.git("read-tree", whole)
    world.tree.git("sparse-checkout", "reapply")
    assert f"040000 {app} 0\tapp/" in world.tree.git("ls-files", "--sparse", "--stage")


def _intended(world: VaultWorld) -> None:
    world.tree.write({"new": "n", "empty": ""})
    world.tree.git("add", "--intent-to-add", "new", "empty")


def _conflict(world: VaultWorld) -> None:
    """A conflict without a merge that is half done: only the index knows of it."""
    world.repo.commit({"a.txt": "theirs\n", "app/b.txt": None})
    world.tree.commit({"a.txt": "ours\n", "app/b.txt": "ours\n"})
    world.tree.try_git("cherry-pick", "--no-commit", "main")
    assert "UU a.txt" in world.tree.status()


def _conflict_of_nobody(world: VaultWorld) -> None:
    """A conflict between blobs that no commit has, as `git stash pop` and `git apply --3way` leave one."""
    lines = []
    for stage, side in enumerate(("base\n", "ours\n", "theirs\n"), 1):
        name = world.tree.git("hash-object", "-w", "--stdin", stdin=f"{side} of nobody\n")
        lines.append(f"100644 {name} {stage}\ta.txt\n")
    world.tree.git("update-index", "--index-info", stdin=f"0 {'0' * 40}\ta.txt\n{''.join(lines)}")
    world.tree.write({"a.txt": "<<<<<<<\n"})
    assert "UU a.txt" in world.tree.status()


def _resolved(world: VaultWorld) -> None:
    """A conflict that was resolved: git can bring it back."""
    _conflict_of_nobody(world)
    world.tree.write({"a.txt": "both\n"})
    world.tree.git("add", "a.txt")


def _split(world: VaultWorld) -> None:
    world.tree.git("update-index", "--split-index")
    world.tree.write({"a.txt": "staged\n", "new": "n"})
    world.tree.git("add", "a.txt", "new")


def _flags(world: VaultWorld) -> None:
    world.tree.git("update-index", "--assume-unchanged", "a.txt")
    world.tree.git("update-index", "--skip-worktree", "app/b.txt", "app/c.txt")
    world.tree.write({"a.txt": "hidden\n", "app/b.txt": "hidden as well\n", "app/c.txt": None})


def _crlf(world: VaultWorld) -> None:
    """Files that git calls clean, and would check out otherwise."""
    world.tree.commit({".gitattributes": "*.txt text=auto\n"})
    world.tree.write({"a.txt": "a\r\n", "app/b.txt": "b\r\n"})
    world.tree.git("add", "--renormalize", ".")
    assert world.tree.status() == ""


def _only_index(world: VaultWorld) -> None:
    """Staged, and gone from the tree."""
    world.tree.write({"new": "only the index has it\n"})
    world.tree.git("add", "new")
    world.tree.write({"new": None})


def _untracked_everything(world: VaultWorld) -> None:
    world.tree.git("rm", "-q", "-r", "--cached", ".")


def _empty(world: VaultWorld) -> None:
    for name in ("a.txt", "app/b.txt", "app/c.txt", ".gitignore"):
        (world.tree.path / name).unlink()
    (world.tree.path / "app").rmdir()


STATES: dict[str, Callable[[VaultWorld], None]] = {
    name.removeprefix("_").replace("_", " "): act
    for name, act in {
        "_detached": _detached,
        "_unborn": _unborn,
        "_unborn_empty": _unborn_empty,
        "_sparse": _sparse,
        "_sparse_cone": _sparse_cone,
        "_sparse_staged": _sparse_staged,
        "_intended": _intended,
        "_conflict": _conflict,
        "_conflict_of_nobody": _conflict_of_nobody,
        "_resolved": _resolved,
        "_split": _split,
        "_flags": _flags,
        "_crlf": _crlf,
        "_only_index": _only_index,
        "_untracked_everything": _untracked_everything,
        "_empty": _empty,
    }.items()
}


@pytest.mark.parametrize("is_old", [False, True], ids=["young", "old"])
@pytest.mark.parametrize("state", STATES)
def test_a_tree_in_any_state_comes_back(world: VaultWorld, state: str, *, is_old: bool) -> None:
    """Whether or not git relies on what it noted; also after a thorough gc: nothing is left to what happens to be."""
    STATES[state](world)
    if is_old:
        age(world.tree)
    before = world.see()

    archive = world.night()
    world.repo.git("reflog", "expire", "--expire=now", "--all")
    world.repo.git("gc", "-q", "--prune=now")
    world.make_again(archive)
    world.restore(archive)

    assert world.see() == before
    world.tree.git("fsck", "--no-dangling", "--no-reflogs")


def test_a_resolved_conflict_can_be_brought_back(world: VaultWorld) -> None:
    """The sides of it are kept, though no entry of the index names them."""
    _resolved(world)
    archive = world.night()
    world.repo.git("gc", "-q", "--prune=now")
    world.make_again(archive)
    world.restore(archive)

    world.tree.git("checkout", "--merge", "--", "a.txt")

    assert "<<<<<<<" in world.tree.read("a.txt")
