"""One snapshot of a repository: records of worktrees, refs, configuration and our marks, read in three programs.

Everything here is a value; what it means is for the kinds to say.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path

from reconciler.clients.git import Git, Repository
from reconciler.clients.marks import Mark, MarkBook, load_book
from reconciler.model.address import Address

CLONE_KEY = "orchestra.clone"
BRANCH_KEY = "orchestra"


class Standing(Enum):
    """How git's record of a worktree and the tree itself stand to each other."""

    PRESENT = "present"  # they point at each other
    MISSING = "missing"  # nothing where the record says
    MOVED = "moved"  # the tree was found elsewhere, pointing back
    CUT_OFF = "cut off"  # the tree points at a git directory that is gone: the repository itself was moved
    FOREIGN = "foreign"  # the tree belongs to another clone; this record was copied along with its git directory


@dataclass(frozen=True, slots=True)
class TreeRecord:
    """One linked worktree as git records it.

    Attributes:
        git_dir: its private git directory.
        path: where the tree is: as recorded, or where it was found when it was moved by hand.
        head: the commit that is checked out; None when there is none.
        branch: the short name of the branch that is checked out; None when HEAD is detached.
        locked: the reason given to `git worktree lock`; None when it is not locked.
        has_index: files were checked out at least once.
        book: our marks; None when it bears none of this clone.
    """

    git_dir: Path
    path: Path
    head: str | None
    branch: str | None
    locked: str | None
    standing: Standing
    has_index: bool
    book: MarkBook | None


@dataclass(frozen=True, slots=True)
class Branch:
    """A local branch.

    Attributes:
        upstream: the full name of the ref it follows; empty when none.
        mark: the address it was made or is used for; None when it is not ours.
        made: orchestra made it (it did not exist before).
    """

    commit: str
    upstream: str = ""
    mark: Address | None = None
    made: bool = False


@dataclass(frozen=True)
class Survey:
    """The snapshot.

    Attributes:
        repository: where it is.
        clone: this clone's identity; None before the first apply, and in a copy of another clone.
        is_copy: the identity in the configuration is bound to another directory: this clone is a copy.
        main: the main worktree; None in a bare repository.
        records: all linked worktrees.
        checked_out: where each branch is checked out, the main worktree included.
        branches: local branches by short name.
        remotes: remote-tracking branches by short name (`origin/main`).
        config: git's configuration, the last value of each key.
    """

    repository: Repository
    clone: str | None
    is_copy: bool
    main: Path | None
    main_branch: str | None
    records: tuple[TreeRecord, ...]
    checked_out: Mapping[str, Path]
    branches: Mapping[str, Branch]
    remotes: Mapping[str, str]
    symbolic: Mapping[str, str]
    config: Mapping[str, str]

    @cached_property
    def marks(self) -> Mapping[Address, tuple[TreeRecord, Mark]]:
        """Every mark of this clone, with the tree it was found in."""
        return {
            address: (record, mark)
            for record in reversed(self.records)
            if record.book and record.standing is not Standing.FOREIGN
            for address, mark in record.book.marks.items()
        }

    @cached_property
    def default_branch(self) -> str | None:
        """The branch that work starts from: as the remote says, else as configured, else `main` or `master`."""
        remote = self.symbolic.get("refs/remotes/origin/HEAD", "").removeprefix("refs/remotes/origin/")
        names = [remote, self.config.get("init.defaultbranch", ""), "main", "master", self.main_branch or ""]
        local = next((name for name in names if name and name in self.branches), None)
        return local or (f"origin/{remote}" if f"origin/{remote}" in self.remotes else None)

    def commit_of(self, name: str) -> str | None:
        """The commit of a local branch, a remote-tracking branch, or None when it is neither."""
        branch = self.branches.get(name)
        return branch.commit if branch else self.remotes.get(name)

    def record_at(self, path: Path) -> TreeRecord | None:
        """The linked worktree at a path."""
        return self._by_path.get(path)

    @cached_property
    def _by_path(self) -> Mapping[Path, TreeRecord]:
        return {record.path: record for record in self.records}


def take_survey(
    git: Git, repository: Repository, *, likely: Iterable[Path] = (), only: Collection[Path] | None = None
) -> Survey:
    """Read the snapshot, in three programs however large the repository is.

    Args:
        git: starts git.
        repository: the repository.
        likely: directories in which a tree that was moved by hand may be, beside those that hold other trees.
        only: read the marks of the trees at these paths alone; None reads all.

    Raises:
        ClientError: git failed.
    """
    with ThreadPoolExecutor(2) as pool:  # three programs that do not need each other
        listed, references = pool.submit(_worktree_list, git, repository), pool.submit(_list_refs, git, repository)
        config = _config(git, repository)
    clone, is_copy = _identity(config, repository)
    entries = listed.result()
    main = None if entries[0].bare else entries[0]
    records = tuple(
        _record(entry, git_dir, clone if only is None or entry.path in only else None)
        for entry, git_dir in _with_git_dirs(entries[1:], repository)
    )
    branches, remotes, symbolic = _refs(references.result(), config, clone)
    return Survey(
        repository=repository,
        clone=clone,
        is_copy=is_copy,
        main=main.path if main else None,
        main_branch=main.branch if main else _bare_head(repository),
        records=_find_moved(records, likely),
        checked_out=_checked_out(main, records),
        branches=branches,
        remotes=remotes,
        symbolic=symbolic,
        config=config,
    )


def identity_value(clone: str, repository: Repository) -> str:
    """What the identity key holds: bound to the git directory's inode, so that a copy is not taken for the original."""
    return f"{clone}@{repository.common_dir.stat().st_ino}"


def _identity(config: Mapping[str, str], repository: Repository) -> tuple[str | None, bool]:
    value = config.get(CLONE_KEY, "")
    clone, _, _ = value.partition("@")
    if not clone:
        return None, False
    return (clone, False) if value == identity_value(clone, repository) else (None, True)


def _config(git: Git, repository: Repository) -> dict[str, str]:
    listed = git.run("config", "--list", "-z", git_dir=repository.common_dir).text
    pairs = (entry.partition("\n") for entry in listed.split("\0") if entry)
    return {key: value for key, _, value in pairs}


@dataclass(frozen=True, slots=True)
class _Entry:
    path: Path
    head: str | None
    branch: str | None
    locked: str | None
    bare: bool


def _worktree_list(git: Git, repository: Repository) -> list[_Entry]:
    listed = git.run("worktree", "list", "--porcelain", "-z", git_dir=repository.common_dir).text
    return [_entry(block.split("\0")) for block in listed.split("\0\0") if block]


def _entry(lines: list[str]) -> _Entry:
    fields = {key: value for key, _, value in (line.partition(" ") for line in lines)}
    branch = fields.get("branch", "").removeprefix("refs/heads/") or None
    head = fields.get("HEAD", "").strip("0") and fields["HEAD"]
    return _Entry(Path(fields["worktree"]), head or None, branch, fields.get("locked"), "bare" in fields)


def _with_git_dirs(entries: list[_Entry], repository: Repository) -> list[tuple[_Entry, Path]]:
    """Find each entry's private git directory: `git worktree list` does not say."""
    directories: dict[Path, Path] = {}
    with contextlib.suppress(FileNotFoundError):
        for git_dir in sorted((repository.common_dir / "worktrees").iterdir()):
            with contextlib.suppress(OSError):
                recorded = Path(os.path.normpath(git_dir / (git_dir / "gitdir").read_text().rstrip("\n")))
                directories[recorded.parent] = git_dir
    return [(entry, directories[entry.path]) for entry in entries if entry.path in directories]


def _record(entry: _Entry, git_dir: Path, clone: str | None) -> TreeRecord:
    return TreeRecord(
        git_dir=git_dir,
        path=entry.path,
        head=entry.head,
        branch=entry.branch,
        locked=entry.locked,
        standing=_standing(entry.path, git_dir),
        has_index=(git_dir / "index").exists(),
        book=load_book(git_dir, clone),
    )


def linked_git_dir(tree: Path) -> Path | None:
    """The private git directory that a tree's `.git` file names; None when it has no such file."""
    try:
        text = (tree / ".git").read_text()
    except (OSError, ValueError):
        return None
    name = text.removeprefix("gitdir:").strip()
    return Path(os.path.normpath(tree / name)) if text.startswith("gitdir:") else None


def _standing(tree: Path, git_dir: Path) -> Standing:
    named = linked_git_dir(tree)
    if named is None:
        return Standing.MISSING
    if named == git_dir or os.path.realpath(named) == os.path.realpath(git_dir):
        return Standing.PRESENT
    return Standing.FOREIGN if named.exists() else Standing.CUT_OFF


def _find_moved(records: tuple[TreeRecord, ...], likely: Iterable[Path]) -> tuple[TreeRecord, ...]:
    """Look for trees that are not where git thinks, beside where trees are or are wanted."""
    lost = {record.git_dir for record in records if record.standing is Standing.MISSING}
    if not lost:
        return records
    found: dict[Path, Path] = {}
    for parent in {*(record.path.parent for record in records), *likely}:
        with contextlib.suppress(OSError):
            for tree in sorted(parent.iterdir()):
                git_dir = linked_git_dir(tree)
                if git_dir in lost:
                    found.setdefault(git_dir, tree)
    return tuple(_moved(record, found.get(record.git_dir)) for record in records)


def _moved(record: TreeRecord, tree: Path | None) -> TreeRecord:
    if tree is None:
        return record
    return TreeRecord(
        record.git_dir, tree, record.head, record.branch, record.locked, Standing.MOVED, record.has_index, record.book
    )


def _checked_out(main: _Entry | None, records: tuple[TreeRecord, ...]) -> dict[str, Path]:
    places = {record.branch: record.path for record in records if record.branch}
    return {**places, main.branch: main.path} if main and main.branch else places


def _list_refs(git: Git, repository: Repository) -> list[str]:
    form = "--format=%(refname) %(objectname) %(symref) %(upstream)"
    return git.lines("for-each-ref", form, "refs/heads", "refs/remotes", git_dir=repository.common_dir)


def _refs(
    listed: list[str], config: Mapping[str, str], clone: str | None
) -> tuple[dict[str, Branch], dict[str, str], dict[str, str]]:
    branches, remotes, symbolic = {}, {}, {}
    for line in listed:
        name, commit, target, upstream = line.split(" ")
        if target:
            symbolic[name] = target
        elif name.startswith("refs/heads/"):
            short = name.removeprefix("refs/heads/")
            branches[short] = Branch(commit, upstream, *_branch_mark(config.get(f"branch.{short}.{BRANCH_KEY}"), clone))
        else:
            remotes[name.removeprefix("refs/remotes/")] = commit
    return branches, remotes, symbolic


def branch_mark_value(clone: str, address: Address, *, made: bool) -> str:
    """What a branch's mark holds."""
    return f"{clone} {address} {'made' if made else 'used'}"


def _branch_mark(value: str | None, clone: str | None) -> tuple[Address | None, bool]:
    owner, _, rest = (value or "").partition(" ")
    name, _, how = rest.partition(" ")
    if clone is None or owner != clone or ":" not in name:
        return None, False
    return Address.parse(name), how == "made"


def _bare_head(repository: Repository) -> str | None:
    with contextlib.suppress(OSError):
        text = (repository.common_dir / "HEAD").read_text().strip()
        if text.startswith("ref: refs/heads/"):
            return text.removeprefix("ref: refs/heads/")
    return None
