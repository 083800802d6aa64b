"""Move a tree from one commit to another, so that a kill leaves word of where it was going.

While a tree is on its way a note in its private git directory names both commits, and git's own lock of the index is
held, so that nobody commits half of it. What a kill left is brought to its end file by file: one that is as the old
commit has it, or a mere beginning of the new one, is ours to write; any other is somebody's work and is kept.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from reconciler.clients import files, index_lock
from reconciler.clients.git import Git
from reconciler.clients.hooks import around
from reconciler.clients.process import processes_using
from reconciler.clients.trees import MOVE_NOTE
from reconciler.errors import ClientError, ConflictError, TransientError
from reconciler.kinds.workspace.fill import is_beginning

_HOLDER = b"held by orchestra sync\n"
_NEXT_INDEX = "orchestra.index"


@dataclass(frozen=True, slots=True)
class Move:
    """From which commit to which, and what the log is to say of it."""

    start: str
    target: str
    reason: str


def advance(git: Git, tree: Path, git_dir: Path, move: Move) -> None:
    """Bring a tree without uncommitted changes, and the branch that it is on, to another commit.

    Raises:
        TransientError: another git is at work there.
        ConflictError: somebody changed the tree or its branch meanwhile; both are as they were.
        ClientError: it could not be written; it is as it was, or the next command brings it to its end.
    """
    _begin(git_dir, move)
    try:
        _require_head(git, tree, move.start)
        _git(git, tree, git_dir, "update-index", "-q", "--refresh", ok=(0, 1))
        _git(git, tree, git_dir, "read-tree", "-m", "-u", move.start, move.target)
        git.run(*around(git_dir), "update-ref", "-m", move.reason, "HEAD", move.target, move.start, cwd=tree)
    except (ClientError, ConflictError) as error:
        with suppress(ClientError):  # the note stays then, and the next command goes on from there
            _write_files(git, tree, git_dir, replace(move, start=move.target, target=move.start))
            _let_go(git_dir)
        hint = error.hint or "see what changed there meanwhile, then try again"
        raise ConflictError(f"{tree} cannot be brought to {move.target[:9]}: {error.message}", hint=hint) from error
    _end(git_dir)


def resume(git: Git, tree: Path, git_dir: Path) -> None:
    """Bring to its end what was interrupted; nothing to do is success. The caller holds the repository's lock.

    Raises:
        TransientError: what was started then is still at work.
        ConflictError: somebody staged or committed there since; what was half done is left to them.
        ClientError: it could not be written.
    """
    move = _read_note(git_dir)
    if move is None:
        _let_go(git_dir)  # of a note that cannot be read
        return
    if users := [f"{name} ({pid})" for pid, name in processes_using(tree) if name.startswith("git")]:
        raise TransientError(f"{tree} is being written by {', '.join(users)}", hint="wait for it, then try again")
    head = git.run("rev-parse", "HEAD", cwd=tree).text.strip()
    if head not in {move.start, move.target} or not _is_index_of(git, tree, move):
        _let_go(git_dir)
        hint = f"`git -C {tree} status` shows what it had written; keep it or take it back"
        raise ConflictError(f"{tree} was changed after a sync there was cut off", hint=hint)
    _begin(git_dir, move)
    _write_files(git, tree, git_dir, move)
    if head == move.start:
        git.run(*around(git_dir), "update-ref", "-m", move.reason, "HEAD", move.target, move.start, cwd=tree)
    _end(git_dir)


def _require_head(git: Git, tree: Path, commit: str) -> None:
    head = git.run("rev-parse", "HEAD", cwd=tree).text.strip()
    if head != commit:
        raise ConflictError(f"somebody committed {head[:9]} meanwhile", hint="try again")


# --- files -----------------------------------------------------------------------------------------------------------


def _write_files(git: Git, tree: Path, git_dir: Path, move: Move) -> None:
    """Write what is on its way to the target, and let the next index say so."""
    words = ("diff-tree", "-r", "-z", "--no-renames", "--name-status", move.start, move.target)
    answer = git.run(*words, cwd=tree).text.split("\0")[:-1]
    changed = dict(zip(answer[1::2], answer[::2], strict=True))
    left = _differing(git, tree, git_dir, move.start)
    to_do = _differing(git, tree, git_dir, move.target)
    for name in (name for name, status in changed.items() if status == "D" and name not in left):
        _remove(tree, name)
    as_before = {name for name, status in changed.items() if status != "A" and name not in left}
    is_ours = (n for n in changed if n in to_do and (n in as_before or _is_begun(git, tree, n, move)))
    request = os.fsencode("".join(f"{name}\0" for name in is_ours))
    _git(git, tree, git_dir, "checkout-index", "--force", "--quiet", "-z", "--stdin", stdin=request)
    _git(git, tree, git_dir, "update-index", "-q", "--refresh", ok=(0, 1))


def _differing(git: Git, tree: Path, git_dir: Path, commit: str) -> frozenset[str]:
    """Let the next index be a commit's, and name the files that are not as it has them."""
    _git(git, tree, git_dir, "read-tree", "--reset", commit)
    _git(git, tree, git_dir, "update-index", "-q", "--refresh", ok=(0, 1))
    listed = _git(git, tree, git_dir, "diff-files", "-z", "--name-only", "--ignore-submodules=all")
    return frozenset(listed.split("\0")[:-1])


def _is_begun(git: Git, tree: Path, name: str, move: Move) -> bool:
    """Whether a file is missing, or a mere beginning of what one of the commits has."""
    if not os.path.lexists(tree / name):
        return True
    return any(is_beginning(git, tree, name, commit) for commit in (move.target, move.start))


def _remove(tree: Path, name: str) -> None:
    """Remove a file, and the directories that are empty without it; what stands there by now otherwise stays."""
    with suppress(ConflictError):
        entry = files.read(tree, name)
        if entry is None or (entry.content is None and entry.link is None):
            return
        files.remove(tree, name)
        for parent in list(Path(name).parents)[:-1]:
            if not files.remove_empty_directory(tree, parent.as_posix()):
                return


# --- index and note --------------------------------------------------------------------------------------------------


def _git(git: Git, tree: Path, git_dir: Path, *words: str, stdin: bytes = b"", ok: tuple[int, ...] = (0,)) -> str:
    """Run git on the index that is to be the next."""
    index = {"GIT_INDEX_FILE": str(git_dir / _NEXT_INDEX)}
    return git.run(*words, cwd=tree, stdin=stdin, ok=ok, environment=index).text


def _is_index_of(git: Git, tree: Path, move: Move) -> bool:
    words = ("diff-index", "--cached", "--quiet", "--ignore-submodules=all")
    return any(git.run(*words, commit, cwd=tree, ok=(0, 1)).code == 0 for commit in (move.start, move.target))


def _begin(git_dir: Path, move: Move) -> None:
    """Leave word, then keep everybody else off. In this order, so that a lock that is left is known to be ours."""
    files.write(git_dir, MOVE_NOTE, json.dumps(asdict(move)).encode(), durable=True)
    try:
        index_lock.take(git_dir, _HOLDER)
    except ClientError:
        files.remove(git_dir, MOVE_NOTE)
        raise
    shutil.copyfile(git_dir / "index", git_dir / _NEXT_INDEX)


def _read_note(git_dir: Path) -> Move | None:
    entry = files.read(git_dir, MOVE_NOTE)
    if entry is None:
        return None
    try:
        said: Mapping[str, str] = json.loads(entry.content or b"")
        return Move(str(said["start"]), str(said["target"]), str(said["reason"]))
    except (ValueError, KeyError, TypeError):
        return None


def _end(git_dir: Path) -> None:
    """Put the next index in force, and let others at it."""
    (git_dir / _NEXT_INDEX).replace(git_dir / "index")
    _let_go(git_dir)


def _let_go(git_dir: Path) -> None:
    (git_dir / _NEXT_INDEX).unlink(missing_ok=True)
    index_lock.release(git_dir, _HOLDER)
    files.remove(git_dir, MOVE_NOTE)
