"""Whether submodules come back by themselves: clean, at the recorded commit, and known to one of their remotes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from reconciler.clients.git import Git
from reconciler.clients.trees import linked_git_dir

# The configuration of a submodule is whoever's wrote in it: no program that it names is run.
_QUIET = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}", "-c", "protocol.allow=never")
# Its own submodules are asked one by one: git would go to where they were, and the tree may have been moved aside.
_STATUS = ("status", "--porcelain", "-z", "--untracked-files=all", "--ignored=matching", "--ignore-submodules=dirty")


def submodule_reasons(git: Git, tree: Path, git_dir: Path, links: Mapping[str, str]) -> Iterator[str]:
    """Say what of a tree's submodules would be lost with it.

    Args:
        git: starts git.
        tree: where the files are.
        git_dir: the tree's private git directory: its submodules' are below.
        links: the commit that is recorded for each submodule that is filled, by path.

    Raises:
        ClientError: git failed.
    """
    modules = git_dir / "modules"
    stores = {os.path.realpath(store): store for store in _stores(modules)}
    for path, commit in links.items():
        yield from _tree_reasons(git, tree, stores, path, commit)
    for store in stores.values():
        yield from _commit_reasons(git, store, str(store.relative_to(modules)))


def _stores(modules: Path) -> list[Path]:
    """The git directories of submodules, those of submodules of submodules as well."""
    found: list[Path] = []
    for directory, subdirectories, names in os.walk(modules):
        if "HEAD" in names and "objects" in subdirectories:
            found.append(Path(directory))
            subdirectories[:] = [name for name in subdirectories if name == "modules"]
    return sorted(found)


def _tree_reasons(git: Git, top: Path, stores: Mapping[str, Path], path: str, commit: str) -> Iterator[str]:
    """What is in a submodule's files; then in those of its own submodules, of which its status says too little."""
    store = stores.get(os.path.realpath(linked_git_dir(top / path) or top))
    if store is None:
        yield f"{path} is a repository of its own, no submodule of this tree"
        return
    if _ask(git, store, "rev-parse", "--verify", "--quiet", "HEAD") != commit:
        yield f"submodule {path} is at another commit than the one that is recorded"
    if _list(git, store, top / path, *_STATUS):
        yield f"submodule {path} has files that are not committed, or ignored"
    listed = [line.partition("\t") for line in _list(git, store, top / path, "ls-files", "-z", "-v", "--stage")]
    if any(tag[0].islower() or tag[0] == "S" for tag, _, _ in listed):
        yield f"submodule {path} has files that git was told not to look at"
    for tag, _, name in listed:
        if tag[2:8] == "160000" and (top / path / name / ".git").exists():
            yield from _tree_reasons(git, top, stores, f"{path}/{name}", tag.split(" ")[2])


def _list(git: Git, store: Path, tree: Path, *words: str) -> list[str]:
    return git.run(f"--work-tree={tree}", *_QUIET, *words, cwd=tree, git_dir=store).text.split("\0")[:-1]


def _commit_reasons(git: Git, store: Path, name: str) -> Iterator[str]:
    if _ask(git, store, "rev-parse", "--verify", "--quiet", "refs/stash"):
        yield f"submodule {name} has a stash"
        return
    only_here = ("rev-list", "--max-count=1", "--ignore-missing", "HEAD", "--all", "--reflog", "--not", "--remotes")
    if _ask(git, store, *only_here):
        yield f"submodule {name} has commits that none of its remotes has"


def _ask(git: Git, store: Path, *words: str) -> str:
    """Git's answer about a store; `core.worktree` of its own is not looked at."""
    return git.run(f"--work-tree={store}", *_QUIET, *words, git_dir=store, ok=(0, 1)).text.strip()
