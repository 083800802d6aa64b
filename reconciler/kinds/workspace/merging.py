"""What a branch would be with its base's commits in it, found out apart from its tree: nothing there is touched.

So a merge or rebase with conflicts is never begun where somebody works, and a kill cannot leave one there.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reconciler.clients.git import Git, Repository
from reconciler.clients.trees import TreeRecord, linked_git_dir
from reconciler.errors import ClientError, ConflictError

_SCRATCH = Path("orchestra", "scratch")
_NO_HOOKS = ("-c", "core.hooksPath=/dev/null", "-c", "rebase.updateRefs=false")
_OF_THE_BASE = re.compile(r"branch: Created from |orchestra sync: fast-forwarded |.*: Fast-forward$")
"""How the log of a branch tells that it was moved to a commit which is not its own."""


def merged_commit(git: Git, record: TreeRecord, base: str, commit: str, *, sign: bool) -> str:
    """Merge a commit into what a tree has checked out, and return the new commit; a fast-forward where it can be one.

    Args:
        git: starts git.
        record: the tree.
        base: what the commit is called in the message.
        commit: what to bring in.
        sign: the user wants commits signed.

    Raises:
        ConflictError: there are conflicts.
        ClientError: git failed.
    """
    if not git.run("merge-base", "--is-ancestor", "HEAD", commit, cwd=record.path, ok=(0, 1)).code:
        return commit
    words = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", "HEAD", commit)
    merged = git.run(*words, cwd=record.path, ok=(0, 1))
    tree, *names = merged.text.split("\0")
    if merged.code:
        raise _conflict(("merge", commit[:9]), record, [name for name in names if name])
    message = ("-m", f"Merge {base} into {record.branch}", *(("-S",) if sign else ()))
    return git.run("commit-tree", *message, "-p", "HEAD", "-p", commit, tree, cwd=record.path).text.strip()


def rebased_commit(
    git: Git, repository: Repository, record: TreeRecord, commit: str, former: Sequence[str] = ()
) -> str:
    """Put what a tree has checked out onto a commit, in a scratch worktree without files, and return the new commit.

    Args:
        git: starts git.
        repository: where the scratch worktree is made.
        record: the tree.
        commit: what to put it onto.
        former: what the base had before it was rewritten: that stays behind.

    Raises:
        ConflictError: there are conflicts.
        ClientError: git failed.
    """
    with _scratch(git, repository, record) as place:
        upstream = commit
        if former:  # a commit that has both, for git leaves behind what one commit has
            parents = [word for parent in (commit, *former) for word in ("-p", parent)]
            upstream = git.run("commit-tree", "-m", "upstream", *parents, f"{commit}^{{tree}}", cwd=place).text.strip()
        try:
            git.run(*_NO_HOOKS, "rebase", "--quiet", "--onto", commit, upstream, cwd=place)
        except ClientError as error:
            names = git.lines("diff", "--name-only", "--diff-filter=U", cwd=place)
            if not names:
                raise
            way = ("rebase", "--onto", commit[:9], former[0][:9]) if former else ("rebase", commit[:9])
            raise _conflict(way, record, names) from error
        return git.run("rev-parse", "HEAD", cwd=place).text.strip()


def former_commits(git: Git, record: TreeRecord, ref: str, commit: str, known: Iterable[str]) -> tuple[str, ...]:
    """What a tree has checked out of its base as that was before it was rewritten: commits that the base has lost.

    A commit that the branch made itself is never one of them, also where the base had it for a while.

    Args:
        git: starts git.
        record: the tree.
        ref: the base; its log tells where it was.
        commit: where it is.
        known: where else it is known to have been.

    Raises:
        ClientError: git failed.
    """
    was = {*known, *git.lines("log", "--walk-reflogs", "--format=%H", ref, "--", cwd=record.path)}
    lost = [
        each for each in git.lines("rev-list", "--topo-order", "HEAD", f"^{commit}", cwd=record.path) if each in was
    ]
    if not lost:
        return ()
    words = ("log", "--walk-reflogs", "--format=%H %gs", f"refs/heads/{record.branch}", "--")
    moves = (line.partition(" ") for line in git.lines(*words, cwd=record.path))
    made = {name for name, _, why in moves if not _OF_THE_BASE.match(why)}
    return tuple(each for each in lost if each not in made)


@contextmanager
def _scratch(git: Git, repository: Repository, record: TreeRecord) -> Iterator[Path]:
    head = git.run("rev-parse", "HEAD", cwd=record.path).text.strip()
    place = repository.common_dir / _SCRATCH / record.git_dir.name
    words = ("worktree", "add", "--force", "--force", "--quiet", "--no-checkout", "--detach", place, head)
    git.run(*words, git_dir=repository.common_dir)
    try:
        git.run("sparse-checkout", "set", "--no-cone", "/.git", cwd=place)
        git.run("read-tree", "-m", "-u", "HEAD", cwd=place)
        yield place
    finally:
        _drop(git, repository, place)


def has_scratch(common_dir: Path) -> bool:
    """Whether a kill left a scratch worktree."""
    return any((common_dir / _SCRATCH).glob("*"))


def sweep_scratch(git: Git, repository: Repository) -> None:
    """Remove the scratch worktrees that a kill left. The caller holds the repository's lock.

    Raises:
        ClientError: git failed.
    """
    for place in sorted((repository.common_dir / _SCRATCH).glob("*")):
        _drop(git, repository, place)


def _drop(git: Git, repository: Repository, place: Path) -> None:
    record = linked_git_dir(place)
    git.run("worktree", "remove", "--force", "--force", place, git_dir=repository.common_dir, ok=(0, 128))
    shutil.rmtree(place, ignore_errors=True)  # what a killed git had only begun, it does not know
    if record and record.parent == repository.common_dir / "worktrees":
        shutil.rmtree(record, ignore_errors=True)  # nor does it know what it had begun to remove


def _conflict(way: Sequence[str], record: TreeRecord, names: list[str]) -> ConflictError:
    hint = f"run `git {' '.join(way)}` in {record.path} and resolve them"
    return ConflictError(f"conflicts in {', '.join(names)}", hint=hint)
