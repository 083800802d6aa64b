"""What an index that a stranger wrote has staged. It is read in a repository that is thrown away."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.clients.borrowed import Borrowed, borrow
from reconciler.clients.git import Git, Repository
from reconciler.clients.refusals import refused

Index = Mapping[str, bytes]
"""An index and what it shares, which lies beside it (`core.splitIndex`): files by their names."""

_SUBJECT = "staged in the sandbox"


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


@dataclass(frozen=True, slots=True)
class StrangeIndex:
    """An index that can be asked about, beside the commit that it began as.

    Attributes:
        store: where it lies; the objects that it names need not be there.
    """

    store: Borrowed
    commit: str

    def staged(self) -> list[Staged]:
        """What is not as the commit has it.

        Raises:
            ClientError: it is no index.
        """
        words = ("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "--no-renames")
        fields = self.store.run(*words, "--ignore-submodules=none", self.commit).text.split("\0")[:-1]
        pairs = ((line.split(" "), path) for line, path in zip(fields[::2], fields[1::2], strict=True))
        return [Staged(words[1], words[3], path) for words, path in pairs]

    def write(self) -> str:
        """Make a commit of all that it has; the same index gives the same one.

        Raises:
            ClientError: it is no index, or has a merge that is not ended.
        """
        tree = self.store.run("write-tree", "--missing-ok").text.strip()
        seconds = self.store.run("log", "-1", "--format=%ct", self.commit).text.strip()
        return self.store.write_commit(tree, self.commit, seconds=int(seconds), subject=_SUBJECT)


@contextlib.contextmanager
def reading(git: Git, repository: Repository, index: Index, commit: str) -> Iterator[StrangeIndex]:
    """Give an index to git, in a repository that borrows the objects of another.

    Raises:
        ClientError: git or the operating system refused.
    """
    with borrow(git, repository, commit) as store:
        try:
            for name, content in index.items():
                (store.git_dir / name).write_bytes(content)
        except OSError as error:
            raise refused(f"cannot write into {store.git_dir}", error) from error
        yield StrangeIndex(store, commit)
