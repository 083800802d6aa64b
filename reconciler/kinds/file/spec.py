"""What is wanted of a file, and what was found of it. Values only."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.clients.files import Entry
from reconciler.kinds.digest import digest
from reconciler.model.address import Address
from reconciler.model.layout import DESKS

KIND = "file"


@dataclass(frozen=True, slots=True)
class Source:
    """The file of the main worktree that a file is a copy of; it has the same path there.

    Attributes:
        root: the main worktree.
        mode: its permission bits, without set-user-ID and the like.
        where: the place in the manifest that asks for the copy.
        is_there: it exists.
        is_known: somebody looked.
    """

    root: Path
    mode: int
    where: str
    is_there: bool = True
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A declared file.

    Attributes:
        workspace: full name of the workspace whose tree holds it.
        tree: that tree.
        path: where it lies in the tree, `/`-separated.
        content: its bytes; None when it is a link.
        link: the target of a symbolic link.
        seed: it is written once and then belongs to whoever edits it.
        starts: branch and base of the tree's workspace and of those above it: the first that exists says what the
            repository has there by name. A base of None is the default branch.
        was: its address before the workspace was renamed.
        replace: an edit by hand is to be replaced, as requested.
        secret: its content holds a value of the environment: it is never shown, and its owner alone may read it.
        loads: a file beside it that it names as `@file`: where that one has to make way, it is told its new place.
        points_to: full name and declared path of a workspace whose tree it names: a tree that was moved by hand is
            named where it is.
        source: what it is a copy of; None when orchestra itself says what it holds.
        salt: what its digest is made with.
    """

    workspace: str
    tree: Path
    path: str
    content: bytes | None = None
    link: str | None = None
    seed: bool = False
    starts: tuple[tuple[str, str | None], ...] = ()
    was: Address | None = None
    replace: bool = False
    secret: bool = False
    loads: str | None = None
    points_to: tuple[str, Path] | None = None
    source: Source | None = None
    salt: str = ""

    def as_found(self, actual: FileActual | None) -> FileSpec:
        """What is wanted beside what was found."""
        if actual is None or self.content is None:
            return self
        content = self.content
        if actual.is_loading_aside:
            content = content.replace(f"@{self.loads}".encode(), f"@{DESKS}/{self.loads}".encode())
        if actual.points_at and self.points_to:
            content = content.replace(os.fsencode(self.points_to[1]), os.fsencode(actual.points_at))
        return replace(self, content=content, salt=actual.salt)

    @property
    def fallback(self) -> str | None:
        """Where it goes when the repository has a file of its name; None when there is no other place."""
        return None if self.source or self.path.startswith(f"{DESKS}/") else f"{DESKS}/{self.path}"

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The names by which its tree may be marked: the one of now, and the one before it was renamed."""
        return (self.workspace, self.was.name.partition("/")[0]) if self.was else (self.workspace,)

    @property
    def digest(self) -> str:
        """What identifies the wanted content."""
        return digest(Entry(content=self.content, link=self.link), self.salt)


@dataclass(frozen=True, slots=True)
class FileActual:
    """What was found of a file.

    Attributes:
        path: where it is, or will be, in its tree.
        entry: what stands there.
        applied: the digest that was last applied; None when it bears no mark.
        applied_mode: of a copy, the permission bits that were last applied.
        moved_aside: why it is not where it was declared; empty when it is.
        blocked: why it cannot be written, and `hint` the way out.
        hidden: git does not show it as untracked.
        tree: its tree (needed where nothing is declared any more).
        secret: what was applied last held a value of the environment.
        is_loading_aside: the file that it loads has to make way, and it has not.
        salt: what the applied digest was made with.
        is_only_copy: it is a copy, and what it was copied from does not hold the same any more.
        may_come_back: its tree is not there, and an archive of that waits to be brought back.
        brought_back: it came back from the archive of its tree just now.
        points_at: where the tree that it names was moved by hand; None when it is where it is declared.
    """

    path: str
    entry: Entry | None = None
    applied: str | None = None
    applied_mode: int | None = None
    moved_aside: str = ""
    blocked: str = ""
    hint: str = ""
    hidden: bool = True
    tree: Path = Path()
    secret: bool = False
    is_loading_aside: bool = False
    points_at: Path | None = None
    brought_back: bool = False
    salt: str = ""
    is_only_copy: bool = False
    may_come_back: bool = False

    @property
    def digest(self) -> str:
        """What identifies the content that was found; empty when there is nothing."""
        return digest(self.entry, self.salt) if self.entry else ""

    @property
    def mode(self) -> int:
        """The permission bits that were found."""
        return self.entry.mode & 0o777 if self.entry else 0
