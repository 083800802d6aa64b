"""The tree that something of ours lies in: the one that bears its workspace's mark, and what git ignores there."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from reconciler.clients import excludes
from reconciler.clients.git import Git
from reconciler.clients.marks import Mark, MarkBook, load_book
from reconciler.clients.survey import Survey
from reconciler.clients.trees import Standing, standing_of
from reconciler.errors import ConflictError
from reconciler.kinds.installed import installed_paths
from reconciler.kinds.memory import Located
from reconciler.model.address import Address
from reconciler.model.layout import DESKS

PLAN_AGAIN = "run `orchestra plan` to see why"
_HIDING = threading.Lock()


def require_identity(clone: str | None) -> str:
    """The identity of a clone, which the first apply gives it.

    Raises:
        ConflictError: there is none yet.
    """
    if clone is None:
        raise no_identity()
    return clone


def no_identity() -> ConflictError:
    """What to say where nothing can be made, since no mark could name the clone."""
    return ConflictError("this clone has no identity yet", hint="run `orchestra apply`")


@dataclass(frozen=True, slots=True)
class Tree:
    """What the things of one tree have in common.

    Attributes:
        git_dir: None when there is no tree that bears the workspace's mark.
        is_hiding: git ignores all files of ours; what is not there yet, or is only to be linked again, will be made so.
    """

    path: Path
    git_dir: Path | None = None
    book: MarkBook | None = None
    is_hiding: bool = True

    @property
    def exists(self) -> bool:
        """Whether there is one that bears the mark."""
        return self.git_dir is not None

    def mark(self, address: Address, was: Address | None) -> Mark | None:
        """Find the mark of a thing, also under the name that it had before."""
        return self.book.find(address, was) if self.book else None


@dataclass(frozen=True, slots=True)
class Trees:
    """Finds trees, and hides what is ours in them.

    Attributes:
        clone: the identity that marks name; None before the first apply.
        global_excludes: the user's own global excludes, which each tree's exclude file repeats.
    """

    git: Git
    clone: str | None
    global_excludes: str
    located: Located

    def load(self, declared: Path, workspaces: Collection[str]) -> Tree:
        """Find the tree that bears the mark of a workspace under one of its names.

        Any other tree that stands in its place is not looked into.
        """
        tree = self.locate(declared, workspaces)
        if tree.git_dir is None:
            return tree
        text = self._exclude_text(tree.book)
        return replace(tree, is_hiding=self.located.is_cut_off(declared) or excludes.is_excluding(tree.git_dir, text))

    def locate(self, declared: Path, workspaces: Collection[str]) -> Tree:
        """The same for those who have nothing in the tree that git must ignore, and need not know whether it does."""
        git_dir = self.located.git_dir_of(declared)
        book = load_book(git_dir, self.clone) if git_dir else None
        if git_dir is None or book is None or not any(book.is_of(name) for name in workspaces):
            return Tree(self.located.resolve(declared))
        return Tree(self.located.resolve(declared), git_dir, book)

    def require(self, address: Address, declared: Path, workspaces: tuple[str, ...]) -> tuple[Tree, Path]:
        """The tree to write into, and its git directory.

        Raises:
            ConflictError: it is not there, or not as it was planned from.
        """
        tree = self.load(declared, workspaces)
        if tree.git_dir is None:
            raise ConflictError(f"{tree.path} is no tree of {workspaces[0]}", hint=PLAN_AGAIN)
        standing = standing_of(tree.path, tree.git_dir)
        if standing is not Standing.PRESENT:
            message = f"tree {tree.path}: planned from 'present', found {standing.value!r}"
            raise ConflictError(f"{address} is not what it was planned from: {message}", hint=PLAN_AGAIN)
        return tree, tree.git_dir

    def hide(self, tree: Path, git_dir: Path, written: Mapping[Address, str] | None = None) -> None:
        """Keep what is ours in a tree, by its marks, out of its `git status`.

        Args:
            tree: the tree.
            git_dir: its private git directory.
            written: where things that their marks do not tell of, or tell otherwise, are about to be.

        Raises:
            ConflictError: the tree has an exclude file of somebody else's.
            ClientError: it could not be written.
        """
        with _HIDING:  # with the marks as they are then: another thread may add to them
            text = self._exclude_text(load_book(git_dir, self.clone), written or {})
            if not excludes.is_excluding(git_dir, text):
                excludes.exclude(self.git, tree, git_dir, text)

    def refuse_committed(self, address: Address, tree: Path, path: str) -> None:
        """What stands there may have been committed since the plan, or come with another branch; it is not ours.

        Raises:
            ConflictError: it was.
        """
        words = ("ls-tree", "-z", "--full-tree", "--name-only", "HEAD", "--", path)
        if self.git.run(*words, cwd=tree, ok=(0, 128)).text:
            message = f"{path} in the repository: planned from nothing, found it committed in {tree}"
            raise ConflictError(f"{address} is not what it was planned from: {message}", hint=PLAN_AGAIN)

    def _exclude_text(self, book: MarkBook | None, written: Mapping[Address, str] = MappingProxyType({})) -> str:
        places = {**places_of(book), **written}
        ours = {path for path in places.values() if not path.startswith(f"{DESKS}/")}  # desks ignore themselves
        return excludes.exclude_text(self.global_excludes, ours | installed_paths(book))


def places_of(book: MarkBook | None) -> dict[Address, str]:
    """Where the files of ours in a tree lie, by its marks."""
    marks = book.marks if book else {}
    return {a: str(m.declared["path"]) for a, m in marks.items() if "sha256" in m.declared and "path" in m.declared}


def tip_of(survey: Survey, tree: Path, starts: tuple[tuple[str, str | None], ...]) -> str | None:
    """The commit whose files a tree has, or will have.

    Args:
        survey: the repository as it is.
        tree: the declared path of the tree.
        starts: branch and base of its workspace and of those above it: the first that exists says what it will have.
    """
    record = survey.record_at(tree)
    if record and record.head:
        return record.head
    for branch, base in starts:
        remotes = survey.remotes_with(branch)
        names = (branch, remotes[0] if len(remotes) == 1 else "", base or survey.default_branch or "")
        found = next((commit for commit in map(survey.commit_of, names) if commit), None)
        if found:
            return found
    return starts[-1][1] if starts else None  # a tag or a hash is for git to resolve
