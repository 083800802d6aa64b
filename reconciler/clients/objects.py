"""Files of a commit, read through GitPython from git's objects: no work tree, no filter, no hook."""

from __future__ import annotations

from pathlib import Path

import git
from git.objects import Blob

from reconciler.clients.globs import is_named_by
from reconciler.errors import UsageError


class CommitFiles:
    """The files of one commit.

    Args:
        common_dir: the repository's git directory.
        revision: what names the commit.

    Raises:
        UsageError: there is no such commit.
    """

    def __init__(self, common_dir: Path, revision: str) -> None:
        try:
            self._commit = git.Repo(common_dir).commit(revision)
            self._tree = self._commit.tree  # only now is the commit itself read
        except (git.exc.BadName, git.exc.GitError, ValueError, LookupError, NotImplementedError) as error:
            raise UsageError(f"{revision} names no commit here", hint="fetch it, or name a branch or a hash") from error
        self.name = self._commit.hexsha[:9]

    def read(self, path: str, limit: int = -1) -> bytes | None:
        """Read at most `limit` bytes of a file; None when there is none, or when it is a link or directory."""
        try:
            found = self._tree / path
        except KeyError:
            return None
        is_file = isinstance(found, Blob) and found.mode != Blob.link_mode
        return bytes(found.data_stream.read(limit)) if is_file else None

    def glob(self, pattern: str) -> list[str]:
        """The files whose path matches, by the rules of a shell: no wildcard crosses `/` or begins a hidden name."""
        paths = (str(item.path) for item in self._commit.tree.traverse() if isinstance(item, Blob))
        return sorted(path for path in paths if is_named_by(path, pattern))
