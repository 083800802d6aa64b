"""Commits that go when a tree's git directory or its branch does: what only reflogs and private refs reach."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git, Repository

_PRIVATE = ("refs/worktree/", "refs/bisect/", "refs/rewritten/", "ORIG_HEAD")
_HASH = re.compile(r"[0-9a-f]{40,64}", re.ASCII)
_REF = re.compile(r"[^\x00-\x20\x7f~^:?*\[\\]+")  # nothing that git would read as more than one name
_MISSING = "missing"
_LOGGED = re.compile(r"^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) ", re.MULTILINE | re.ASCII)


def private_refs(git_dir: Path) -> dict[str, str]:
    """The refs that only one tree has (`refs/worktree`, `refs/bisect`, `refs/rewritten`, `ORIG_HEAD`), by name.

    Raises:
        ClientError: the operating system refused.
    """
    names = [*files.list_files(git_dir, "refs"), *(file.name for file in sorted(git_dir.glob("*_HEAD")))]
    found = {name: _content(git_dir / name) for name in names if not name.endswith(".lock")}
    return {name: value for name, value in found.items() if _is_hash(value)}


def refs_to_no_commit(git: Git, git_dir: Path) -> tuple[str, ...]:
    """The refs that only one tree has and that name a file, a tree or a tag, which no archive keeps.

    Raises:
        ClientError: git or the operating system refused.
    """
    refs = private_refs(git_dir)
    kinds = _kinds(git, git_dir, refs.values())
    return tuple(ref for ref, name in refs.items() if kinds[name] not in {"commit", _MISSING})


def restore_private_refs(git: Git, git_dir: Path, refs: Mapping[str, str]) -> None:
    """Make the refs again that only one tree had, unless they are there, or their commits were gone by then.

    Raises:
        ClientError: git refused.
    """
    there = private_refs(git_dir)
    wanted = {ref: name for ref, name in refs.items() if _is_private(ref) and _is_hash(name) and ref not in there}
    kinds = _kinds(git, git_dir, wanted.values())
    lines = "".join(f"create {ref} {name}\n" for ref, name in wanted.items() if kinds[name] != _MISSING)
    if lines:
        # With a log: git collects what only another tree's refs name, but not what only its logs do.
        log = ("--create-reflog", "-m", "orchestra: brought back")
        words = ("-c", f"core.hooksPath={os.devnull}", "update-ref", *log, "--no-deref", "--stdin")
        git.run(*words, git_dir=git_dir, stdin=lines.encode())


def _is_private(ref: str) -> bool:
    return ref.startswith(_PRIVATE) and _REF.fullmatch(ref) is not None


def _kinds(git: Git, git_dir: Path, names: Collection[str]) -> dict[str, str]:
    """What each object is, by its name; nothing is fetched."""
    if not names:
        return {}
    words = ("-c", "protocol.allow=never", "cat-file", "--batch-check=%(objecttype)")
    answer = git.run(*words, git_dir=git_dir, stdin="".join(f"{name}\n" for name in names).encode())
    return dict(zip(names, (line.rpartition(" ")[2] for line in answer.lines), strict=True))


Commits = Mapping[str, Collection[str]]
"""Commits, each with its parents."""


def only_logged(git: Git, repository: Repository, git_dir: Path, branch: str | None, head: str | None) -> Commits:
    """The commits that no ref but a tree's own, and no HEAD of it, reaches: its reflogs and private refs alone do.

    Raises:
        ClientError: git or the operating system refused.
    """
    logs = [git_dir / log for log in files.list_files(git_dir, "logs")]  # of HEAD, and of private refs
    if branch:
        logs.append(repository.common_dir / "logs" / "refs" / "heads" / branch)
    logged = {name for log in logs for name in logged_commits(log)}
    candidates = {*logged, *private_refs(git_dir).values()} - {head}
    kinds = _commits(git, repository.common_dir, candidates) if candidates else []
    return _unreached(git, repository.common_dir, kinds, head)


def youngest(commits: Commits) -> tuple[str, ...]:
    """Those of which no other one is a child."""
    parents = {parent for each in commits.values() for parent in each}
    return tuple(sorted(commits.keys() - parents))


def logged_commits(log: Path) -> set[str]:
    """The commits that a reflog names."""
    found = _LOGGED.findall(_content(log))
    return {name for pair in found for name in pair if name.strip("0")}


def _content(file: Path) -> str:
    try:
        return file.read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return ""


def _is_hash(value: str) -> bool:
    return _HASH.fullmatch(value) is not None


def _commits(git: Git, git_dir: Path, names: Collection[str]) -> list[str]:
    """Those that are there, and commits (or tags of one): the others are long gone, and git itself does not mind."""
    request = "".join(f"{name}^{{commit}}\n" for name in sorted(names)).encode()
    answer = git.run("-c", "protocol.allow=never", "cat-file", "--batch-check", git_dir=git_dir, stdin=request)
    fields = (line.split(" ") for line in answer.lines)
    return [words[0] for words in fields if words[1:2] == ["commit"]]


def _unreached(git: Git, git_dir: Path, tips: list[str], head: str | None) -> Commits:
    if not tips:
        return {}
    request = "".join(f"{name}\n" for name in tips).encode()
    others = ("--not", *([head] if head else []), "--branches", "--remotes", "--tags")
    listed = git.run("rev-list", "--parents", "--stdin", *others, git_dir=git_dir, stdin=request).lines
    return {words[0]: words[1:] for words in map(str.split, listed) if words}
