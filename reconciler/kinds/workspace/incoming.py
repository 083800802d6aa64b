"""What bringing commits into a tree would destroy although git calls the tree clean.

Git overwrites ignored files without a word, and files that it was told not to look at.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath

from reconciler.clients import files
from reconciler.clients.git import Git
from reconciler.clients.trees import TreeRecord
from reconciler.kinds.workspace.remove import is_hidden, is_ours


def endangered(git: Git, record: TreeRecord, commit: str) -> tuple[str, ...]:
    """Name the files of a tree that git would overwrite to get to a commit, and that nothing else has.

    Raises:
        ClientError: git failed.
    """
    listed = git.run("ls-files", "-z", "-v", cwd=record.path).text.split("\0")[:-1]
    words = ("diff-tree", "-r", "-z", "--no-renames", "--name-status", "HEAD", commit)
    answer = git.run(*words, cwd=record.path).text.split("\0")[:-1]
    changed = dict(zip(answer[1::2], answer[::2], strict=True))
    tracked = {line[2:] for line in listed}
    hidden = (line[2:] for line in listed if line[2:] in changed and is_hidden(record.path, line[0], line[2:]))
    new = (path for path, status in changed.items() if status == "A")
    unknown = (name for path in new for name in _unknown_in_the_way(record, path, tracked))
    return tuple(dict.fromkeys((*hidden, *unknown)))


def _unknown_in_the_way(record: TreeRecord, path: str, tracked: Collection[str]) -> Iterator[str]:
    """What stands at a path or on the way to it, is no work of git's, and no unedited file of ours."""
    steps = [str(step) for step in reversed(PurePosixPath(path).parents)][1:]
    for step in (*steps, path):
        place = record.path / step
        if not os.path.lexists(place):
            return
        if place.is_symlink() or not place.is_dir():
            yield from _unless_known(record, step, tracked)
            return
    for found in files.list_files(record.path, path):
        yield from _unless_known(record, found, tracked)


def _unless_known(record: TreeRecord, path: str, tracked: Collection[str]) -> Iterator[str]:
    if path not in tracked and not is_ours(record.path, path, record.book):
        yield path
