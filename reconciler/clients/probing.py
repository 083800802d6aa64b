"""Try a change of a branch in a tree, up to where it would be made, and leave no trace of it.

The rule: git is asked to prepare the change, with all hooks that it runs for it, and never to commit it; the objects
that it would take lie in a directory of their own.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from reconciler.clients.batch import read_whole
from reconciler.clients.borrowed import HASHES
from reconciler.clients.git import Git
from reconciler.clients.loose import write_object
from reconciler.clients.pack import TREE_MODE, ObjectFormat, tree_content, tree_entries
from reconciler.errors import PermanentError

_NOBODY = b"orchestra <orchestra@localhost> 1000000000 +0000"
_FILE = 0o100644
_PREPARED = re.compile(r"^prepare: ok$", re.MULTILINE)
_BY_HOOK = "aborted by hook"


def would_be_made(git: Git, common_dir: Path, tree: Path, branch: str, path: bytes | None) -> tuple[bool, str]:
    """Try a commit on top of a branch that adds a file; with no path one that has no history.

    Args:
        git: starts git.
        common_dir: the git directory that all trees share.
        tree: the tree that it is tried in.
        branch: its branch.
        path: the file; nothing else is changed.

    Returns:
        Whether git would have done it, and what it said.

    Raises:
        ClientError: it could not even be tried, for a reason that is no hook's.
    """
    with tempfile.TemporaryDirectory(prefix="orchestra-probe-") as scratch:
        commit = _commit(git, common_dir, f"refs/heads/{branch}", path, Path(scratch))
        apart = {
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(common_dir / "objects"),
        }
        request = f"start\nupdate refs/heads/{branch} {commit}\nprepare\nabort\n".encode()
        tried = git.run("update-ref", "--stdin", cwd=tree, stdin=request, ok=range(256), environment=apart)
    if not _PREPARED.search(tried.text) and _BY_HOOK not in tried.stderr:
        raise PermanentError(f"the guard of {tree} cannot be tried: {tried.stderr.strip() or tried.text.strip()}")
    return bool(_PREPARED.search(tried.text)), tried.stderr.strip()


def _commit(git: Git, common_dir: Path, tip: str, path: bytes | None, objects: Path) -> str:
    """Write the commit that is tried, reading no more of the branch than the directories on the way to the file."""
    steps = (path or b"").split(b"/")
    content, *found = read_whole(git, common_dir, [tip, *(f"{tip}:{os.fsdecode(each)}" for each in _parents_of(steps))])
    if content is None:
        raise PermanentError(f"{tip} cannot be read", hint="run `git fsck`")
    form = ObjectFormat(HASHES[len(content[1].split()[1])])
    if path is None:
        return _write_commit(objects, form, write_object(objects, form, "tree", b""))
    name, mode = write_object(objects, form, "blob", b"tried by orchestra\n"), _FILE
    found += [None] * (len(steps) - len(found))
    for step, directory in zip(reversed(steps), reversed(found), strict=True):
        entries = tree_entries(directory[1], form) if directory and directory[0] == "tree" else {}
        name, mode = write_object(objects, form, "tree", tree_content({**entries, step: (mode, name)})), TREE_MODE
    return _write_commit(objects, form, name, form.identify(*content))


def _parents_of(steps: Sequence[bytes]) -> list[bytes]:
    """The directories on the way to a file, the top one first; git cannot be asked for one with a line end."""
    parents = (b"/".join(steps[:depth]) for depth in range(len(steps)))
    return list(takewhile(lambda parent: b"\n" not in parent, parents))


def _write_commit(objects: Path, form: ObjectFormat, tree: str, *parents: str) -> str:
    who = (b"author " + _NOBODY, b"committer " + _NOBODY)
    lines = (f"tree {tree}".encode(), *(f"parent {name}".encode() for name in parents), *who)
    return write_object(objects, form, "commit", b"\n".join((*lines, b"", b"probe\n")))
