"""What git's index says of a tree, asked of git itself: every version of it, split and sparse too, none rewritten."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reconciler.clients.batch import STAY_LOCAL
from reconciler.clients.git import Git
from reconciler.errors import PermanentError

GITLINK = 0o160000
_QUIET = ("-c", "core.fsmonitor=false")  # a program that the configuration names would be run otherwise
_INTENT_TO_ADD = 1 << 29
_SECOND = 1_000_000_000

_ENTRY = re.compile(
    rb"(.) (\d+) ([0-9a-f]+) (\d)\t([^\0]+)\0  ctime: (\d+):(\d+)\n  mtime: (\d+):(\d+)\n  dev: \d+\tino: (\d+)\n"
    rb"  uid: \d+\tgid: \d+\n  size: (\d+)\tflags: ([0-9a-f]+)\n"
)


@dataclass(slots=True)
class Entry:
    """A file in the index that is in no conflict.

    Attributes:
        mode: git's: 100644, 100755, 120000 or 160000 in octal.
        noted: what the index noted of the file when it last held its bytes: change and modification in nanoseconds,
            the lower 32 bits of inode and size.
        skipped: not to be in the tree (sparse), whether or not it is.
        intended: added with `--intent-to-add`: its blob is none.
    """

    mode: int
    object: str
    noted: tuple[int, int, int, int]
    skipped: bool
    intended: bool


@dataclass(frozen=True)
class Index:
    """The index of one tree.

    Attributes:
        entries: by path.
        unmerged: the objects of each path that is in conflict.
        staged: paths whose entry is not what HEAD has, with the object; empty for one that is staged as deleted.
        others: files that are neither tracked nor ignored; a directory that is a repository ends in `/`.
        converted: tracked files that a filter or another encoding stands between.
        content: the file itself; None when there is none.
        mtime_ns: when it was written.
        shared: the name and the bytes of the file that a split index leans on.
    """

    entries: dict[str, Entry]
    unmerged: dict[str, list[str]]
    staged: dict[str, str]
    others: frozenset[str]
    converted: frozenset[str]
    content: bytes | None
    mtime_ns: int
    shared: tuple[str, bytes] | None
    sparse_trees: tuple[str, ...]
    resolved: tuple[str, ...]

    @cached_property
    def tracked_directories(self) -> frozenset[str]:
        """Every directory that holds something tracked, however deep."""
        return _directories((*self.entries, *self.unmerged))

    @cached_property
    def other_directories(self) -> frozenset[str]:
        """Every directory that holds something that is neither tracked nor ignored."""
        return _directories(self.others)

    @property
    def objects(self) -> set[str]:
        """Objects that perhaps only the index names."""
        conflicts = (name for names in self.unmerged.values() for name in names)
        staged = (name for path, name in self.staged.items() if self._is_object(path))
        return {*conflicts, *staged, *self.sparse_trees, *self.resolved} - {""}

    def _is_object(self, path: str) -> bool:
        entry = self.entries.get(path)
        return entry is not None and entry.mode != GITLINK and not entry.intended


def _directories(paths: Iterable[str]) -> frozenset[str]:
    found: set[str] = set()
    last = ""
    for path in paths:
        directory = path.rpartition("/")[0]
        if directory != last:
            last = directory
            while directory and directory not in found:
                found.add(directory)
                directory = directory.rpartition("/")[0]
    return frozenset(found)


def read_index(git: Git, tree: Path, git_dir: Path, head: str | None) -> Index:
    """Read it, in a number of programs that does not grow with the tree.

    Args:
        git: starts git.
        tree: where the files are.
        git_dir: the tree's private git directory.
        head: the commit that is checked out; None for a branch that is not born.

    Raises:
        ClientError: git failed.
    """
    ask = _Asker(git, tree, git_dir)
    content, mtime_ns = _read(git_dir / "index")
    with ThreadPoolExecutor(3) as pool:
        others = pool.submit(ask.paths, "ls-files", "--others", "--exclude-standard", "-z")
        converted = pool.submit(ask.paths, "ls-files", "-z", "--", _CONVERTED)
        staged = pool.submit(ask.staged, head)
        entries, unmerged = _entries(ask.bytes("ls-files", "--stage", "-v", "--debug", "-z"))
    return Index(
        entries=entries,
        unmerged=unmerged,
        staged=staged.result() if head else {path: entry.object for path, entry in entries.items()},
        others=frozenset(others.result()),
        converted=frozenset(converted.result()),
        content=content,
        mtime_ns=mtime_ns,
        shared=_shared(git_dir, content or b""),
        sparse_trees=ask.sparse_trees() if b"sdir" in (content or b"") else (),
        resolved=ask.resolved() if b"REUC" in (content or b"") else (),
    )


_CONVERTED = ":(top,exclude,attr:!filter !working-tree-encoding)"


@dataclass(frozen=True, slots=True)
class _Asker:
    git: Git
    tree: Path
    git_dir: Path

    def bytes(self, *words: str) -> bytes:
        where = f"--work-tree={self.tree}"
        return self.git.run(where, *STAY_LOCAL, *_QUIET, *words, cwd=self.tree, git_dir=self.git_dir).stdout

    def paths(self, *words: str) -> list[str]:
        return [os.fsdecode(path) for path in self.bytes(*words).split(b"\0")[:-1]]

    def staged(self, head: str | None) -> dict[str, str]:
        """What the index has otherwise than HEAD; that which is only intended to be added counts."""
        if head is None:
            return {}
        words = ("diff-index", "--cached", "--raw", "--no-abbrev", "--no-renames", "--ita-visible-in-index", "-z")
        fields = self.paths(*words, "--ignore-submodules=none", head, "--")
        return {path: _after(change) for change, path in zip(fields[::2], fields[1::2], strict=True)}

    def sparse_trees(self) -> tuple[str, ...]:
        lines = self.paths("ls-files", "--sparse", "--stage", "-z")
        return tuple(line.split(" ")[1] for line in lines if line.startswith("040000 "))

    def resolved(self) -> tuple[str, ...]:
        """Blobs of conflicts that were resolved: `git checkout --merge` brings these back."""
        lines = self.paths("ls-files", "--resolve-undo", "-z")
        return tuple(line.split(" ")[1] for line in lines)


def _after(change: str) -> str:
    """The new object of a line of `--raw`: `:<mode> <mode> <object> <object> <letter>`."""
    name = change.split(" ")[3]
    return name if name.strip("0") else ""


def _entries(listed: bytes) -> tuple[dict[str, Entry], dict[str, list[str]]]:
    entries: dict[str, Entry] = {}
    unmerged: dict[str, list[str]] = {}
    for tag, mode, name, stage, path, *numbers, flags in _fields(listed):
        if stage != b"0":
            unmerged.setdefault(os.fsdecode(path), []).append(name.decode())
            continue
        ctime, ctime_ns, mtime, mtime_ns, inode, size = map(int, numbers)
        noted = (ctime * _SECOND + ctime_ns, mtime * _SECOND + mtime_ns, inode, size)
        intended = bool(int(flags, 16) & _INTENT_TO_ADD)
        entries[os.fsdecode(path)] = Entry(int(mode, 8), name.decode(), noted, tag in b"Ss", intended)
    return entries, unmerged


def _fields(listed: bytes) -> Iterator[tuple[bytes, ...]]:
    """Take the list apart; git reserves the right to change how it looks, and then nothing may be read into it."""
    end = 0
    for match in _ENTRY.finditer(listed):
        if match.start() != end:
            break
        end = match.end()
        yield match.groups()
    if end != len(listed):
        raise PermanentError("this git lists its index in a form that orchestra does not know")


def noted_status(status: os.stat_result) -> tuple[int, int, int, int]:
    """What the index would note of a file."""
    return (status.st_ctime_ns, status.st_mtime_ns, status.st_ino & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)


def is_racy(noted: tuple[int, int, int, int], mtime_ns: int) -> bool:
    """Whether a file may have been changed after the index noted it without its times telling: git's own rule."""
    return noted[1] // _SECOND >= mtime_ns // _SECOND


def _read(file: Path) -> tuple[bytes | None, int]:
    try:
        with file.open("rb") as opened:
            return opened.read(), os.fstat(opened.fileno()).st_mtime_ns
    except FileNotFoundError:
        return None, 0


def _shared(git_dir: Path, content: bytes) -> tuple[str, bytes] | None:
    """The file that a split index names in its extension `link`: it alone says which entries are meant."""
    for name in _shared_names(git_dir):
        if b"link" in content and bytes.fromhex(name.removeprefix("sharedindex.")) in content:
            return name, (git_dir / name).read_bytes()
    return None


def _shared_names(git_dir: Path) -> Iterator[str]:
    yield from sorted(file.name for file in git_dir.glob("sharedindex.*") if _is_hash(file.name.partition(".")[2]))


def _is_hash(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{40,64}", text) is not None
