"""Read git's objects in bulk, one program for all of them, each bit by bit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from reconciler.clients.descent import CHUNK
from reconciler.clients.git import Git
from reconciler.errors import PermanentError

# In a partial clone git would fetch, one object at a time, what is asked for and is not there.
STAY_LOCAL = ("-c", "protocol.allow=never")


@dataclass(frozen=True, slots=True)
class ObjectHead:
    """What git says of an object; its kind is empty when the repository has none of that name."""

    kind: str
    size: int


def object_sizes(git: Git, git_dir: Path, names: Sequence[str]) -> list[int]:
    """The sizes of objects, -1 for those that the repository has not; nothing is fetched.

    Raises:
        ClientError: git failed.
    """
    if not names:
        return []
    request = "\n".join(names).encode() + b"\n"
    words = (*STAY_LOCAL, "cat-file", "--buffer", "--batch-check=%(objectsize)")
    lines = git.run(*words, git_dir=git_dir, stdin=request).stdout.split(b"\n")[:-1]
    return [int(line) if line.isdigit() else -1 for line in lines]


class ObjectReader:
    """Objects in the order in which they were asked for."""

    def __init__(self, stdout: IO[bytes]) -> None:
        self._stdout = stdout

    def next(self) -> tuple[ObjectHead, Iterator[bytes]]:
        """The next object; its bytes must be read to their end before the one after it.

        Raises:
            PermanentError: git stopped speaking.
        """
        words = self._stdout.readline().removesuffix(b"\n").split(b" ")
        if words[-1] == b"missing":
            return ObjectHead("", 0), iter(())
        if len(words) != 3:  # noqa: PLR2004 - name, kind, size
            raise PermanentError("git stopped in the middle of reading objects", hint="run `git fsck`")
        head = ObjectHead(words[1].decode(), int(words[2]))
        return head, self._content(head.size)

    def _content(self, size: int) -> Iterator[bytes]:
        left = size
        while left:
            chunk = self._stdout.read(min(left, CHUNK))
            if not chunk:
                raise PermanentError("git stopped in the middle of an object", hint="run `git fsck`")
            left -= len(chunk)
            yield chunk
        self._stdout.read(1)  # the line end that follows


@contextlib.contextmanager
def reading(git: Git, git_dir: Path, names: Iterable[str], *, fetch: bool = False) -> Iterator[ObjectReader]:
    """Read objects whole, in the order of their names.

    Args:
        git: starts git.
        git_dir: whose objects.
        names: what to read.
        fetch: whether git may get from a remote what a partial clone left there.

    Raises:
        ClientError: git failed.
    """
    request = "".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape")
    words = (*(() if fetch else STAY_LOCAL), "cat-file", "--buffer", "--batch")
    with git.stream(*words, git_dir=git_dir, stdin=request) as stdout:
        yield ObjectReader(stdout)


def read_whole(git: Git, git_dir: Path, names: Iterable[str]) -> list[tuple[str, bytes] | None]:
    """Kind and bytes of small objects; None for what the repository has not.

    Raises:
        ClientError: git failed.
    """
    wanted = list(names)
    found: list[tuple[str, bytes] | None] = []
    with reading(git, git_dir, wanted) as reader:
        for _ in wanted:
            head, chunks = reader.next()
            content = b"".join(chunks)
            found.append((head.kind, content) if head.kind else None)
    return found
