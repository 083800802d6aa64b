"""A directory with a repository and all that lies around it: kept, put back, and described, to be compared."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import GitRepo

# What no two runs have in common, and nothing is decided by: git's caches of times, logs of when, our own history.
_VOLATILE = re.compile(
    r"(^|/)\.git(/worktrees/[^/]+)?/(config|index|ORIG_HEAD|FETCH_HEAD|AUTO_MERGE|COMMIT_EDITMSG|logs/.*|objects/.*|refs/.*|packed-refs"
    r"|orchestra/(journal\.jsonl|lock|removed)|orchestra\.sandbox(/lock)?)$"  # locks: what the kernel holds counts
)
_SALTED = re.compile(rb'"sha256": "[0-9a-f]{64}", "secret": true, "salt": "[0-9a-f]{32}"')
_CLONE = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(@\d+)?")


def footprint(root: Path) -> int:
    """Hash what a look at all directory entries tells: any write changes it. Our history and the lock do not count."""
    return hash(tuple(_entries(root)))


def _entries(root: Path) -> Iterator[tuple[str, int, int, int, int]]:
    waiting = [str(root)]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in sorted(entries, key=lambda each: each.name):
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(entry.path)
                    yield entry.path, status.st_ino, status.st_mode, 0, 0
                elif not entry.path.endswith(("/orchestra/journal.jsonl", "/orchestra/lock")):
                    yield entry.path, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns


@dataclass(frozen=True, slots=True)
class World:
    """A directory `root` that holds the repository `shop`, its trees, and what else there is.

    Attributes:
        root: the directory; it stays the same one, since clones are known by the inode of their git directory.
        store: where kept states lie, outside of it.
    """

    root: Path
    store: Path

    @property
    def repository(self) -> GitRepo:
        """The main worktree."""
        return GitRepo(self.root / "shop")

    def tree(self, name: str) -> GitRepo:
        """The tree of a workspace at its default path."""
        return GitRepo(self.root / "shop.wt" / name)

    def keep(self, name: str) -> None:
        """Keep the state of now under a name."""
        shutil.copytree(self.root, self.store / name, symlinks=True)

    def put_back(self, name: str) -> None:
        """Make everything as it was when it was kept; the git directory stays the same directory."""
        _clear(self.root, spared=(self.root / "shop", self.root / "shop/.git"))
        shutil.copytree(self.store / name, self.root, symlinks=True, dirs_exist_ok=True)

    def description(self) -> dict[str, str]:
        """Describe everything that matters: files, their modes, refs, what each tree is on, what git says of it."""
        trees = [GitRepo(path) for path in self.repository.worktrees() if path.is_dir()]
        return {
            **_files(self.root),
            **{f"ref {name}": commit for name, commit in self.repository.refs().items() if not _is_archive(name)},
            **{f"waits {name}": "" for name in self.repository.refs("refs/orchestra/parked")},
            **{f"status {tree.path.relative_to(self.root)}": tree.status() for tree in trees},
            **{f"index {tree.path.relative_to(self.root)}": tree.git("ls-files", "--stage", "-v") for tree in trees},
            "config": "\n".join(sorted(_CLONE.sub(b"CLONE", self._config().encode()).decode().splitlines())),
            "worktrees": self.repository.git("worktree", "list", "--porcelain"),
        }

    def _config(self) -> str:
        return self.repository.git("config", "--local", "--list")


def _is_archive(ref: str) -> bool:
    """Whether it is called by its time, or names what is."""
    return ref.startswith("refs/orchestra/")


def _clear(directory: Path, spared: tuple[Path, ...]) -> None:
    for path in directory.iterdir():
        if path in spared:
            _clear(path, spared)
        elif path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _files(root: Path) -> dict[str, str]:
    found = {}
    for directory, names, files in os.walk(root):
        for name in (*files, *names):
            path = Path(directory, name)
            relative = path.relative_to(root).as_posix()
            if (
                relative.partition("/")[0] != "state"
                and not _VOLATILE.search(relative)
                and not _VOLATILE.search(f"{relative}/x")
            ):
                found[relative] = _describe(path)
    return found


def _describe(path: Path) -> str:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return f"link to {path.readlink()}"
    if stat.S_ISDIR(mode):
        return "directory"
    content = _SALTED.sub(b"SALTED", _CLONE.sub(b"CLONE", path.read_bytes()))
    if path.name == "config.worktree":
        content = b"\n".join(sorted(content.splitlines()))  # who writes first is of no consequence
    return f"{stat.filemode(mode)} {content!r}"


def difference(wanted: dict[str, str], found: dict[str, str]) -> str:
    """Name what differs between two descriptions, and where it begins to; empty when nothing does."""
    names = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    return "\n".join(f"{name}\n{_from_first_difference(wanted.get(name), found.get(name))}" for name in names)


def _from_first_difference(wanted: str | None, found: str | None) -> str:
    same = next((at for at, (a, b) in enumerate(zip(wanted or "", found or "", strict=False)) if a != b), 0)
    start = max(0, same - 60)
    wanted_here, found_here = (None if text is None else text[start : start + 300] for text in (wanted, found))
    return f"  wanted {wanted_here!r}\n  found  {found_here!r}"
