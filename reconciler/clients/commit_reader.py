"""The files of a commit as a manifest is read from them, by git itself and with nobody's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from reconciler.clients.borrowed import Borrowed
from reconciler.clients.globs import is_named_by

_FILES = ("100644", "100755")


class CommitReader:
    """Reads files of one commit; two programs and one for each file.

    Args:
        store: where the commit is.
        commit: its name.
    """

    def __init__(self, store: Borrowed, commit: str) -> None:
        self._store = store
        self._commit = commit
        self._read: dict[str, bytes] = {}

    @cached_property
    def _files(self) -> Mapping[str, str]:
        listed = self._store.run("ls-tree", "-r", "-z", "--full-tree", self._commit).text
        entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
        found = ((head.split(" "), path) for head, _, path in entries)
        return {path: words[2] for words, path in found if words[0] in _FILES}

    def read(self, path: str, limit: int) -> bytes | None:
        """Read at most `limit` bytes of a file; None when there is none, or when it is a link or directory.

        Raises:
            ClientError: git failed.
        """
        name = self._files.get(path)
        if name and name not in self._read:
            self._read[name] = self._store.run("cat-file", "blob", name).stdout
        return self._read[name][:limit] if name else None

    def glob(self, pattern: str) -> list[str]:
        """The files whose path matches, by the rules of a shell: no wildcard crosses `/` or begins a hidden name.

        Raises:
            ClientError: git failed.
        """
        return sorted(path for path in self._files if is_named_by(path, pattern))
