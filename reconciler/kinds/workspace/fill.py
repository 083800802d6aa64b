"""Write a tree's files, and finish what a kill left half written, without touching a byte that somebody else wrote."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from reconciler.clients import index_lock
from reconciler.clients.git import Git
from reconciler.clients.process import processes_using
from reconciler.clients.refusals import refused
from reconciler.errors import ClientError, PermanentError, TransientError

_FILLING = b"orchestra: this tree is being filled\n"


def shield(git_dir: Path) -> None:
    """Let git commit nothing in a tree of which files are missing: what is not there yet would count as deleted.

    It is git's own lock, since a new tree has no hooks of ours; whoever goes on with filling the tree takes it away.
    """
    with contextlib.suppress(ClientError):  # it is git's already, or the disk is full
        index_lock.take(git_dir, _FILLING)


def fill(git: Git, tree: Path, git_dir: Path) -> None:
    """Check out the files of a tree that was just made; completes one that is half written.

    Raises:
        TransientError: another git is at work there.
        PermanentError: git failed (disk full, no permission).
    """
    drop_stale_locks(tree, git_dir)
    if _holds_only_git_file(tree) and not (git_dir / "index").exists():
        # Not `reset --hard`: that one also locks the branch, and a kill would leave it locked.
        git.run("read-tree", "-m", "-u", "HEAD", cwd=tree)
    else:
        complete(git, tree, git_dir)


def complete(git: Git, tree: Path, git_dir: Path) -> None:
    """Write the files that the index names and the tree lacks; keep all that is there.

    A file that differs is somebody's work, unless it is a mere beginning of what it should be: git writes files in
    place, so that a kill can leave one cut short.

    Raises:
        TransientError: another git is at work there.
        PermanentError: git failed.
    """
    drop_stale_locks(tree, git_dir)
    if not (git_dir / "index").exists():
        git.run("read-tree", "HEAD", cwd=tree)
        if (git_dir / "info" / "sparse-checkout").exists():
            git.run("sparse-checkout", "reapply", cwd=tree, ok=(0, 1))
    request = "".join(f"{name}\0" for name in _lost(git, tree)).encode("utf-8", "surrogateescape")
    git.run("checkout-index", "--quiet", "-z", "--stdin", cwd=tree, stdin=request, ok=range(256))
    _require_written(git, tree)
    git.run("update-index", "-q", "--refresh", cwd=tree, ok=(0, 1))
    _mend_cut_short(git, tree)


def _lost(git: Git, tree: Path) -> list[str]:
    """What is missing for no reason that is somebody's: a conflict, or a file in its way."""
    missing = git.run("ls-files", "-z", "--deleted", cwd=tree).text.split("\0")[:-1]
    unmerged = {line.partition("\t")[2] for line in git.run("ls-files", "-z", "-u", cwd=tree).text.split("\0")}
    return [name for name in missing if name not in unmerged and not _is_in_the_way(tree, name)]


def _require_written(git: Git, tree: Path) -> None:
    lost = _lost(git, tree)
    if lost:
        shown = ", ".join(lost[:3])
        hint = "see that there is space and that the directory can be written, then apply again"
        raise PermanentError(f"{len(lost)} files of {tree} could not be written ({shown})", hint=hint)


def _is_in_the_way(tree: Path, name: str) -> bool:
    """Whether something that is no directory stands where a directory on the way to a file would be."""
    steps = (tree / step for step in Path(name).parents)
    return any(os.path.lexists(step) and (step.is_symlink() or not step.is_dir()) for step in steps)


def _mend_cut_short(git: Git, tree: Path) -> None:
    words = ("diff-files", "-z", "--name-only", "--diff-filter=M", "--ignore-submodules=all")
    differing = git.run(*words, cwd=tree).text.split("\0")
    cut = [name for name in differing if name and is_beginning(git, tree, name)]
    if cut:
        request = "".join(f"{name}\0" for name in cut).encode("utf-8", "surrogateescape")
        git.run("checkout-index", "--quiet", "--force", "-z", "--stdin", cwd=tree, stdin=request)


def is_beginning(git: Git, tree: Path, name: str, commit: str = "") -> bool:
    """Whether a file is cut short: a mere beginning of what a commit, or else the index, has by its name."""
    file = tree / name
    if file.is_symlink() or not file.is_file():
        return False
    wanted = git.run("cat-file", "--filters", f"{commit}:{name}", cwd=tree, ok=(0, 128))
    found = file.read_bytes()
    return wanted.code == 0 and found != wanted.stdout and wanted.stdout.startswith(found)


def drop_stale_locks(tree: Path, git_dir: Path) -> None:
    """Remove the locks of a killed git; only of a tree that we fill, and only when nothing lives there.

    Raises:
        TransientError: something does.
        PermanentError: the operating system refused.
    """
    index_lock.release(git_dir, _FILLING)
    locks = sorted(git_dir.glob("*.lock"))
    users = processes_using(tree) if locks else ()
    if users:
        names = ", ".join(f"{name} ({pid})" for pid, name in users)
        raise TransientError(f"{tree} is being written by {names}", hint="wait for it, then apply again")
    for lock in locks:
        try:
            lock.unlink(missing_ok=True)
        except OSError as error:
            raise refused(f"cannot remove the stale lock {lock}", error) from error


def _holds_only_git_file(tree: Path) -> bool:
    return {entry.name for entry in tree.iterdir()} <= {".git"}
