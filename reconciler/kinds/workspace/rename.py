"""Rename a branch under its tree, and move a tree, in steps of which each is done or not, and can be done again.

`git branch -m` deletes the old name before it writes the new one, and `git worktree move` moves the tree before its
record: a kill in between would lose a branch, or a tree that moved far.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git, Repository
from reconciler.clients.refusals import refused
from reconciler.clients.survey import BRANCH_KEY
from reconciler.clients.trees import connect


def begin_rename(git: Git, repository: Repository, old: str, new: str) -> None:
    """Hand a branch's configuration, and with it its mark, to its new name. The caller writes the mark anew.

    Raises:
        ClientError: git failed.
    """
    where = repository.common_dir
    git.run("config", "--rename-section", f"branch.{old}", f"branch.{new}", git_dir=where, ok=(0, 128))


def rename(git: Git, repository: Repository, tree: Path, old: str, new: str) -> None:
    """Give the branch of a tree its new name, beside the old one until the tree is on it.

    Raises:
        ClientError: git failed.
    """
    if f"{new}/".startswith(f"{old}/") or f"{old}/".startswith(f"{new}/"):
        git.run("branch", "-m", old, new, git_dir=repository.common_dir)  # the two cannot be there at the same time
        return
    where = repository.common_dir
    message = f"orchestra: renamed refs/heads/{old} to refs/heads/{new}"
    _copy_log(where, old, new)
    tip = _tip(git, where, old)
    git.run(
        "update-ref", "-m", message, f"refs/heads/{new}", tip, _tip(git, where, new) or "0" * len(tip), git_dir=where
    )
    git.run("symbolic-ref", "-m", message, "HEAD", f"refs/heads/{new}", cwd=tree)
    git.run("update-ref", "-d", f"refs/heads/{old}", tip, git_dir=where)


def finish_rename(git: Git, repository: Repository, old: str, new: str) -> None:
    """Remove the old name where a kill left it: known by that the mark went to the new one, which has all its commits.

    Raises:
        ClientError: git failed.
    """
    where = repository.common_dir
    tip = _tip(git, where, old)
    if not tip or _has_mark(git, where, old) or not _has_mark(git, where, new):
        return
    listed = git.run("for-each-ref", "--format=%(worktreepath)", f"refs/heads/{old}", git_dir=where).text.strip()
    if not listed and not git.run("merge-base", "--is-ancestor", tip, new, git_dir=where, ok=(0, 1)).code:
        git.run("update-ref", "-d", f"refs/heads/{old}", tip, git_dir=where)


def move(git_dir: Path, old: Path, new: Path) -> None:
    """Move a tree. Its record goes first: what it then lacks is found at the place that its mark names.

    Raises:
        ClientError: it could not be moved; it is where it was.
    """
    try:
        new.parent.mkdir(parents=True, exist_ok=True)
        files.write(git_dir, "gitdir", os.fsencode(f"{new}/.git\n"))
        if new.is_dir():
            new.rmdir()  # it is empty
        old.rename(new)
    except OSError as error:
        connect(old, git_dir)
        raise refused(f"cannot move {old} to {new}", error) from error
    connect(new, git_dir)


def _tip(git: Git, where: Path, branch: str) -> str:
    name = f"refs/heads/{branch}"
    return git.run("rev-parse", "--verify", "--quiet", name, git_dir=where, ok=(0, 1)).text.strip()


def _has_mark(git: Git, where: Path, branch: str) -> bool:
    return not git.run("config", "--get", f"branch.{branch}.{BRANCH_KEY}", git_dir=where, ok=(0, 1)).code


def _copy_log(common_dir: Path, old: str, new: str) -> None:
    """Let the log go along; where git keeps its logs otherwise, it begins anew."""
    logs = common_dir / "logs" / "refs" / "heads"
    with contextlib.suppress(OSError):
        (logs / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(logs / old, logs / new)
