"""Files of a worktree that git does not track: found by git, read without following a link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.files import Entry
from reconciler.clients.git import Git

INCLUDE_FILE = ".worktreeinclude"
_NO_MONITOR = ("-c", "core.fsmonitor=false")  # it is a program that the configuration names; a plan runs none
_TRACKED, _OTHER = "H", "?"


@dataclass(frozen=True, slots=True)
class Named:
    """What is there by a name: the files below it that git tracks, and those that it does not."""

    tracked: tuple[str, ...]
    untracked: tuple[str, ...]


@dataclass(frozen=True)
class Untracked:
    """The files of one worktree that git does not track. What git finds that ends in `/` is another repository.

    Attributes:
        root: the top of the worktree.
    """

    git: Git
    root: Path

    def named(self, paths: Sequence[str]) -> dict[str, Named]:
        """What is there by each of these names, one program for all.

        Raises:
            ClientError: git failed.
        """
        specs = (f":(top,literal){path}" for path in paths)
        listed = self._list("-t", "--cached", "--others", "--", *specs) if paths else ()
        tagged = [entry.partition(" ")[::2] for entry in listed]
        return {path: _named(path, tagged) for path in paths}

    def matching(self, glob: str) -> tuple[str, ...]:
        """The files that a glob matches.

        Raises:
            ClientError: git failed.
        """
        return self._list("--others", "--", f":(top,glob){glob}")

    @cached_property
    def include_file(self) -> Entry | None:
        """What stands where `.worktreeinclude` belongs.

        Raises:
            ClientError: it cannot be read.
        """
        return files.read(self.root, INCLUDE_FILE)

    @cached_property
    def included(self) -> tuple[str, ...]:
        """The files that git ignores and `.worktreeinclude` names, in the syntax of `.gitignore`.

        Raises:
            ClientError: git failed, or the file is not a regular one.
        """
        entry = self.include_file
        if entry is None or entry.content is None:  # a link is not followed, as git follows none to `.gitignore`
            return ()
        found = self._list("--others", "--ignored", f"--exclude-from={self.root / INCLUDE_FILE}")
        request = "".join(f"{path}\0" for path in found).encode("utf-8", "surrogateescape")
        words = ("check-ignore", "-z", "--stdin")
        answer = self.git.run(*_NO_MONITOR, *words, cwd=self.root, stdin=request, ok=(0, 1)).text if found else ""
        return tuple(path for path in answer.split("\0") if path)

    def size(self, path: str) -> int:
        """The bytes of a file; 0 when it is gone."""
        try:
            return (self.root / path).lstat().st_size
        except OSError:
            return 0

    def read(self, path: str) -> Entry | None:
        """What stands at a path; None when nothing does.

        Raises:
            ConflictError: a step of the way is a symbolic link or no directory.
            ClientError: it cannot be read.
        """
        return files.read(self.root, path)

    def _list(self, *words: str) -> tuple[str, ...]:
        answer = self.git.run(*_NO_MONITOR, "ls-files", "-z", "--full-name", *words, cwd=self.root)
        return tuple(path for path in answer.text.split("\0") if path)


def _named(path: str, tagged: Sequence[tuple[str, str]]) -> Named:
    def below(tag: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(f for t, f in tagged if t == tag and (f == path or f.startswith(f"{path}/"))))

    return Named(below(_TRACKED), below(_OTHER))
