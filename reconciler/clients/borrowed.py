"""A repository of our own that borrows another's objects: git can be asked to merge and compare there, harmlessly.

The rule: what is asked here writes nothing into the repository that lends, runs nothing that somebody configured (merge
drivers, text converters), and takes nothing from the network, since it knows no remote: a promised object that is not
here is a failure.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients.git import Git, Repository
from reconciler.clients.loose import write_object
from reconciler.clients.pack import ObjectFormat
from reconciler.clients.process import Finished
from reconciler.clients.refusals import refused
from reconciler.errors import PermanentError

# Nobody's configuration: with it, what two people are told of one history could differ.
_PLAIN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_LAZY_FETCH": "1",
}
_NO_ATTRIBUTES = ("-c", f"core.attributesFile={os.devnull}")
_CHUNK = 1 << 20
HASHES = {40: "sha1", 64: "sha256"}  # by the length of a name


@dataclass(frozen=True, slots=True)
class Borrowed:
    """Objects to ask about.

    Attributes:
        git_dir: the repository that borrows.
        hash_name: what names its objects.
    """

    git: Git
    git_dir: Path
    hash_name: str

    def run(self, *words: str, stdin: str = "", ok: Sequence[int] = (0,)) -> Finished:
        """Run one git command here.

        Raises:
            ClientError: it failed.
        """
        request = stdin.encode("utf-8", "surrogateescape")
        return self.git.run(*_NO_ATTRIBUTES, *words, git_dir=self.git_dir, stdin=request, ok=ok, environment=_PLAIN)

    def write(self, target: Path, *words: str, stdin: str = "", most: int) -> None:
        """Run one git command here, and write what it says into a file: it may not fit into memory.

        Raises:
            PermanentError: it says more than so many bytes, or the operating system refused.
            ClientError: it failed.
        """
        request, left = stdin.encode("utf-8", "surrogateescape"), most
        with self.git.stream(
            *_NO_ATTRIBUTES, *words, git_dir=self.git_dir, stdin=request, environment=_PLAIN
        ) as output:
            try:
                with target.open("wb") as file:
                    while left >= 0 and (chunk := output.read(_CHUNK)):
                        left -= file.write(chunk)
            except OSError as error:
                raise refused(f"cannot write {target}", error) from error
            if left < 0:
                raise PermanentError(f"`git {words[-1]}` says more than {most} bytes")

    @property
    def is_shallow(self) -> bool:
        """Whether history was cut off somewhere."""
        return (self.git_dir / "shallow").exists()

    @property
    def cut(self) -> frozenset[str]:
        """The commits at which history was cut off."""
        with contextlib.suppress(FileNotFoundError):
            return frozenset((self.git_dir / "shallow").read_text().split())
        return frozenset()

    @property
    def empty_tree(self) -> str:
        """The name of the tree that has nothing in it."""
        return hashlib.new(self.hash_name, b"tree 0\0").hexdigest()

    def trees(self, commits: Iterable[str]) -> dict[str, str]:
        """The tree of each commit; what is not here, or is no commit, is left out. One program for all.

        Raises:
            ClientError: git failed.
        """
        return {name: tree for name, (_, tree) in self._peeled(commits).items()}

    def commits(self, names: Iterable[str]) -> dict[str, str]:
        """The commit that each name, of a commit or a tag of one, stands for; what stands for none is left out.

        Raises:
            ClientError: git failed.
        """
        return {name: commit for name, (commit, _) in self._peeled(names).items()}

    def _peeled(self, names: Iterable[str]) -> dict[str, tuple[str, str]]:
        ordered = sorted(set(names))
        request = "".join(f"{name}^{{commit}}\n{name}^{{tree}}\n" for name in ordered)
        found = [line.split(" ") for line in self.run("cat-file", "--batch-check", stdin=request).lines]
        pairs = zip(ordered, found[::2], found[1::2], strict=True)
        return {
            name: (commit[0], tree[0]) for name, commit, tree in pairs if (commit[1], tree[1]) == ("commit", "tree")
        }

    def merge_bases(self, one: str, other: str) -> list[str]:
        """The best common ancestors; none in histories that do not touch, or were cut off.

        Raises:
            ClientError: git failed.
        """
        return self.run("merge-base", "--all", one, other, ok=(0, 1)).text.split()

    def independent(self, commits: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
        """The commits that neither another of them has nor one that is known; one program for all.

        Raises:
            ClientError: git failed.
        """
        names = set(commits)
        request = "".join([*(f"{name}\n" for name in sorted(names)), *(f"^{name}\n" for name in sorted(set(known)))])
        words = ("-c", "core.commitGraph=false", "rev-list", "--parents", "--stdin")
        listed = {line.split()[0]: line.split()[1:] for line in self.run(*words, stdin=request).lines}
        return tuple(sorted((names & listed.keys()).difference(*listed.values())))

    def merge(self, ours: str, theirs: str) -> str | None:
        """The tree that a merge of two commits has; None when they conflict.

        Raises:
            ClientError: git failed.
        """
        merged = self.run("merge-tree", "--write-tree", "--no-messages", ours, theirs, ok=(0, 1))
        return None if merged.code else merged.text.strip()

    def merge_trees(self, base: str, ours: str, theirs: str) -> str | None:
        """The same for two trees that began as a third (before 2.40, git takes no base; so it is given a history).

        Raises:
            ClientError: git failed, or the operating system refused.
        """
        root = self.write_commit(base)
        return self.merge(self.write_commit(ours, root), self.write_commit(theirs, root))

    def write_commit(self, tree: str, *parents: str, seconds: int = 0, subject: str = "") -> str:
        """Write a commit as git does; it is gone with this repository. The same is named the same, whoever writes it.

        Raises:
            ClientError: the operating system refused.
        """
        who = f"orchestra <> {seconds} +0000"
        lines = [f"tree {tree}", *(f"parent {name}" for name in parents), f"author {who}", f"committer {who}"]
        body = "\n".join([*lines, "", f"{subject}\n"]).encode()
        return write_object(self.git_dir / "objects", ObjectFormat(self.hash_name), "commit", body)


@contextlib.contextmanager
def borrow(git: Git, repository: Repository, name: str, quarantine: Path | None = None) -> Iterator[Borrowed]:
    """Make a repository that borrows the objects of another, and remove it afterwards.

    Args:
        git: starts git.
        repository: the one that lends.
        name: the full name of any of its objects: tells what hash it uses.
        quarantine: where git keeps objects that were pushed and not taken yet; they are borrowed too.

    Raises:
        ClientError: it could not be made.
    """
    hash_name = HASHES.get(len(name), "sha1")
    with scratch_directory() as git_dir:
        words = ("init", "--quiet", "--bare", "--template=", f"--object-format={hash_name}", git_dir)
        git.run(*words, cwd=git_dir, environment=_PLAIN)
        _lend(repository.common_dir, git_dir, quarantine)
        yield Borrowed(git, git_dir, hash_name)


@contextlib.contextmanager
def scratch_directory() -> Iterator[Path]:
    """Have a directory for the length of a block.

    Raises:
        ClientError: it could not be made.
    """
    try:
        directory = tempfile.TemporaryDirectory(prefix="orchestra-", ignore_cleanup_errors=True)
    except OSError as error:
        raise refused("cannot make a temporary directory", error) from error
    with directory as name:
        yield Path(name)


def _lend(common_dir: Path, git_dir: Path, quarantine: Path | None) -> None:
    """Point from one to the other, through a link: git would not read every name of an object directory there."""
    try:
        lent = {"lent": common_dir / "objects", **({"pushed": quarantine} if quarantine else {})}
        for link, objects in lent.items():
            (git_dir / link).symlink_to(objects)
        (git_dir / "objects" / "info" / "alternates").write_text("".join(f"../{link}\n" for link in lent))
        if (common_dir / "shallow").exists():
            shutil.copyfile(common_dir / "shallow", git_dir / "shallow")
    except OSError as error:
        raise refused(f"cannot borrow the objects of {common_dir}", error) from error
