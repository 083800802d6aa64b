"""What an index that a stranger wrote has staged. It is read in a repository that is thrown away."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.clients.borrowed import borrow
from reconciler.clients.git import Git, Repository
from reconciler.errors import PermanentError


@dataclass(frozen=True, slots=True)
class Staged:
    """One path of an index that is not as a commit has it.

    Attributes:
        mode: as git writes it; only zeros when the path is taken out.
        name: the object; only zeros when the path is taken out.
    """

    mode: str
    name: str
    path: str


def find_staged(git: Git, repository: Repository, index: bytes, commit: str) -> list[Staged]:
    """Compare an index with a commit of the repository; the objects that the index names need not be there.

    Raises:
        ClientError: it is no index, or git or the operating system refused.
    """
    with borrow(git, repository, commit) as store:
        try:
            (store.git_dir / "index").write_bytes(index)
        except OSError as error:
            raise PermanentError(f"cannot write {store.git_dir / 'index'}: {error.strerror}") from error
        words = ("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames")
        fields = store.run(*words, "--ignore-submodules=none", commit).text.split("\0")[:-1]
    pairs = ((line.split(" "), path) for line, path in zip(fields[::2], fields[1::2], strict=True))
    return [Staged(words[1], words[3], path) for words, path in pairs]
