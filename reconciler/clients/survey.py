"""One snapshot of a repository: records of worktrees, refs, configuration and our marks, read in three programs.

Everything here is a value; what it means is for the kinds to say.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from reconciler.clients.git import Git, Repository
from reconciler.clients.marks import Mark, load_book
from reconciler.clients.trees import Standing, TreeRecord, find_moved, plain_path, standing_of
from reconciler.model.address import Address

CLONE_KEY = "orchestra.clone"
ORIGIN_KEY = "orchestra.copiedfrom"
BRANCH_KEY = "orchestra"
PARKED = "refs/orchestra/parked/"
"""Below it, by the name of a workspace: the archive that the next apply brings back."""


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
        origins: the identities of those that this clone is a copy of: what waits to be brought back came along.
        main: the main worktree; None in a bare repository, and where only those who stand in it know where it is.
        is_main_hidden: there is one, and nothing here tells where.
        records: all linked worktrees.
        checked_out: where each branch is checked out, the main worktree included.
        branches: local branches by short name.
        remotes: remote-tracking branches by short name (`origin/main`).
        config: git's configuration, the last value of each key.
        parked: the commits of the archives that the next apply brings back, by the names of workspaces.
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
    parked: Mapping[str, str] = field(default_factory=dict)
    origins: tuple[str, ...] = ()
    is_main_hidden: bool = False

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
    def marked_branches(self) -> Mapping[str, tuple[Address, bool]]:
        """Every branch that bears our mark, also one that is gone itself: whose it is, and whether we made it."""
        names = (re.fullmatch(rf"branch\.(.+)\.{BRANCH_KEY}", key, re.DOTALL) for key in self.config)
        marks = {name[1]: _branch_mark(self.config[name[0]], self.clone) for name in names if name}
        return {name: (address, made) for name, (address, made) in marks.items() if address}

    @cached_property
    def default_branch(self) -> str | None:
        """The branch that work starts from: as the remote says, else as configured, else `main` or `master`."""
        remote = self.symbolic.get("refs/remotes/origin/HEAD", "").removeprefix("refs/remotes/")
        if remote in self.remotes:
            local = remote.removeprefix("origin/")
            return local if local in self.branches else remote
        names = [self.config.get("init.defaultbranch", ""), "main", "master", self.main_branch or ""]
        return next((name for name in names if name in self.branches), None)

    def commit_of(self, name: str) -> str | None:
        """The commit of a local branch, a remote-tracking branch, or None when it is neither."""
        branch = self.branches.get(name)
        return branch.commit if branch else self.remotes.get(name)

    @cached_property
    def remote_names(self) -> tuple[str, ...]:
        """The names of the remotes."""
        names = (re.fullmatch(r"remote\.(.+)\.url", key) for key in self.config)
        return tuple(sorted(match[1] for match in names if match))

    def remotes_with(self, branch: str) -> tuple[str, ...]:
        """The remote-tracking branches of that name; the default remote's alone where it has one, as git has it."""
        found = tuple(f"{name}/{branch}" for name in self.remote_names if f"{name}/{branch}" in self.remotes)
        preferred = f"{self.config.get('checkout.defaultremote', '')}/{branch}"
        return (preferred,) if preferred in found else found

    def record_at(self, path: Path) -> TreeRecord | None:
        """The linked worktree at a path."""
        return self._by_path.get(path)

    @cached_property
    def _by_path(self) -> Mapping[Path, TreeRecord]:
        return {record.path: record for record in self.records}


def take_survey(git: Git, repository: Repository, *, likely: Iterable[Path] = ()) -> Survey:
    """Read the snapshot, in three programs however large the repository is.

    Args:
        git: starts git.
        repository: the repository.
        likely: directories in which a tree that was moved by hand may be, beside those that hold other trees.

    Raises:
        ClientError: git failed.
    """
    with ThreadPoolExecutor(2) as pool:  # three programs that do not need each other
        listed, references = pool.submit(_worktree_list, git, repository), pool.submit(_list_refs, git, repository)
        config = _config(git, repository)
    clone, origins = _identity(config, repository)
    entries = listed.result()
    first = entries[0]
    main = None if first.bare else _main_path(first.path, config, repository)
    real_path = cache(os.path.realpath)  # most trees lie in one directory
    found = (_record(entry, git_dir, clone, real_path) for entry, git_dir in _with_git_dirs(entries[1:], repository))
    records = find_moved(tuple(found), likely)
    branches, remotes, symbolic, parked = _refs(references.result(), config, clone)
    return Survey(
        repository=repository,
        clone=clone,
        is_copy=clone is None and bool(origins),
        main=main,
        main_branch=_bare_head(repository) if first.bare else first.branch,
        records=records,
        checked_out=_checked_out(main or first.path, None if first.bare else first.branch, records),
        branches=branches,
        remotes=remotes,
        symbolic=symbolic,
        config=config,
        parked=parked if clone or origins else {},
        origins=origins,
        is_main_hidden=main is None and not first.bare,
    )


def identity_value(clone: str, repository: Repository) -> str:
    """What the identity key holds: bound to the git directory's inode, so that a copy is not taken for the original."""
    return f"{clone}@{repository.common_dir.stat().st_ino}"


def _identity(config: Mapping[str, str], repository: Repository) -> tuple[str | None, tuple[str, ...]]:
    """The identity, None before it has one of its own, and those that it is a copy of."""
    value, origins = config.get(CLONE_KEY, ""), tuple(config.get(ORIGIN_KEY, "").split())
    clone, _, _ = value.partition("@")
    if not clone or value == identity_value(clone, repository):
        return clone or None, origins
    return None, (*origins, clone)


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
                named = os.fsdecode((git_dir / "gitdir").read_bytes()).rstrip("\n")
                recorded = Path(os.path.normpath(git_dir / named))
                directories[recorded.parent] = git_dir
    return [(entry, directories[entry.path]) for entry in entries if entry.path in directories]


def _main_path(listed: Path, config: Mapping[str, str], repository: Repository) -> Path | None:
    """The main worktree, where anything tells; git lists the git directory itself where that lies apart."""
    said = config.get("core.worktree")  # so in a submodule
    if said:
        return Path(os.path.normpath(repository.common_dir / said))
    is_apart = os.path.realpath(listed) == os.path.realpath(repository.common_dir)
    return repository.main or (None if is_apart else listed)


def _record(entry: _Entry, git_dir: Path, clone: str | None, real_path: Callable[[Path], str]) -> TreeRecord:
    return TreeRecord(
        git_dir=git_dir,
        path=plain_path(entry.path, real_path),
        head=entry.head,
        branch=entry.branch,
        locked=entry.locked,
        standing=standing_of(entry.path, git_dir),
        has_index=(git_dir / "index").exists(),
        book=load_book(git_dir, clone),
    )


def _checked_out(main: Path, branch: str | None, records: Iterable[TreeRecord]) -> dict[str, Path]:
    places = {record.branch: record.path for record in records if record.branch}
    return {**places, branch: main} if branch else places


def _list_refs(git: Git, repository: Repository) -> list[str]:
    form = "--format=%(refname) %(objectname) %(symref) %(upstream)"
    return git.lines("for-each-ref", form, "refs/heads", "refs/remotes", PARKED, git_dir=repository.common_dir)


def _refs(
    listed: list[str], config: Mapping[str, str], clone: str | None
) -> tuple[dict[str, Branch], dict[str, str], dict[str, str], dict[str, str]]:
    branches, remotes, symbolic, parked = {}, {}, {}, {}
    for line in listed:
        name, commit, target, upstream = line.split(" ")
        if target:
            symbolic[name] = target
        elif name.startswith("refs/heads/"):
            short = name.removeprefix("refs/heads/")
            branches[short] = Branch(commit, upstream, *_branch_mark(config.get(f"branch.{short}.{BRANCH_KEY}"), clone))
        elif name.startswith(PARKED):
            parked[name.removeprefix(PARKED)] = commit
        else:
            remotes[name.removeprefix("refs/remotes/")] = commit
    return branches, remotes, symbolic, parked


def branch_mark_value(clone: str, address: Address, *, made: bool) -> str:
    """What a branch's mark holds."""
    return f"{clone} {address} {'made' if made else 'used'}"


def _branch_mark(value: str | None, clone: str | None) -> tuple[Address | None, bool]:
    owner, _, rest = (value or "").partition(" ")
    name, _, how = rest.partition(" ")
    if clone is None or owner != clone:
        return None, False
    try:
        return Address.parse(name), how == "made"
    except ValueError:  # somebody edited it
        return None, False


def _bare_head(repository: Repository) -> str | None:
    with contextlib.suppress(OSError):
        text = os.fsdecode((repository.common_dir / "HEAD").read_bytes()).rstrip("\n")
        if text.startswith("ref: refs/heads/"):
            return text.removeprefix("ref: refs/heads/")
    return None
