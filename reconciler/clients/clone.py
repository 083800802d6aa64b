"""What a clone needs once, before the first apply: an identity, and configuration per worktree."""

from __future__ import annotations

import uuid

from reconciler.clients.git import Git, Repository
from reconciler.clients.survey import CLONE_KEY, ORIGIN_KEY, identity_value


def prepare_clone(git: Git, repository: Repository) -> str:
    """Give the clone an identity, unless it has one, and return it. The caller holds the repository's lock.

    A copy of a clone carries the original's identity, bound to the original's git directory: it gets a new one,
    and remembers where what waits to be brought back has its files.

    Raises:
        ClientError: git failed.
    """
    _enable_worktree_config(git, repository)
    value = _get(git, repository, CLONE_KEY)
    clone = value.partition("@")[0]
    if clone and value == identity_value(clone, repository):
        return clone
    if clone:
        origins = " ".join((*_get(git, repository, ORIGIN_KEY).split(), clone))
        git.run("config", ORIGIN_KEY, origins, git_dir=repository.common_dir)
    clone = str(uuid.uuid4())
    git.run("config", CLONE_KEY, identity_value(clone, repository), git_dir=repository.common_dir)
    return clone


def _enable_worktree_config(git: Git, repository: Repository) -> None:
    """Turn on per-worktree configuration in the order that git's own `sparse-checkout` uses.

    `core.bare` and `core.worktree` must move to the main worktree's own file: linked worktrees read the shared one.
    """
    where = repository.common_dir
    for key in ("core.bare", "core.worktree"):
        value = git.run("config", "--file", where / "config", "--get", key, git_dir=where, ok=(0, 1)).text.strip()
        if value and (key, value) != ("core.bare", "false"):
            git.run("config", "--file", where / "config.worktree", key, value, git_dir=where)
            git.run("config", "extensions.worktreeConfig", "true", git_dir=where)
            git.run("config", "--file", where / "config", "--unset", key, git_dir=where)
    if _get(git, repository, "extensions.worktreeConfig") != "true":
        git.run("config", "extensions.worktreeConfig", "true", git_dir=where)


def _get(git: Git, repository: Repository, key: str) -> str:
    return git.run("config", "--get", key, git_dir=repository.common_dir, ok=(0, 1)).text.strip()
