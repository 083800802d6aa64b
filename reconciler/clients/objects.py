"""Files of a commit, read through GitPython from git's objects: no work tree, no filter, no hook."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import git
from git.objects import Blob

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
        wanted = pattern.split("/")
        paths = (str(item.path) for item in self._commit.tree.traverse() if isinstance(item, Blob))
        return sorted(path for path in paths if _is_match(path.split("/"), wanted))


def _is_match(names: list[str], wanted: list[str]) -> bool:
    return len(names) == len(wanted) and all(
        fnmatchcase(name, pattern) and (not name.startswith(".") or pattern.startswith("."))
        for name, pattern in zip(names, wanted, strict=True)
    )
