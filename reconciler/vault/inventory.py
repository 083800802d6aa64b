"""One look at a tree: what is in it, and for each file the object that its bytes are.

The rule: whether a file is as its blob is decided on bytes, not by git's opinion: git calls a file clean whose line
ends, filter or encoding would come back otherwise.
"""

from __future__ import annotations

import contextlib
import gc
import os
import stat
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reconciler.clients.descent import Descent, Scan, scan
from reconciler.clients.git import Git
from reconciler.clients.pack import ObjectFormat
from reconciler.vault.attributes import AttributeTimes
from reconciler.vault.contents import Contents, Guide, sort_out
from reconciler.vault.identity import Look
from reconciler.vault.index import GITLINK, LINK, Asked, Asker, Index
from reconciler.vault.omissions import Omissions

_PLAIN = "100644"
_EXECUTABLE = "100755"
_QUESTIONS = 8  # that git is asked at once


@dataclass(frozen=True)
class Inventory:
    """A tree at one moment.

    Attributes:
        form: how the repository names objects.
        head: the commit that is checked out; None when there is none.
        index: git's index of it.
        asked: what else git says of it.
        scan: what was found on the disk.
        contents: that, sorted out.
        plain: tracked files that were not written since the index noted them, and whose bytes are their blob's.
        ids: for every other file and link that is not ignored, the object that its bytes or its target are.
        converted: files whose bytes are not their blob's, though git calls them clean.
        unreadable: what could not be read.
        closed: directories of somebody else's, who alone can delete what is in them.
    """

    tree: Path
    git_dir: Path
    form: ObjectFormat
    head: str | None
    index: Index
    asked: Asked
    scan: Scan
    contents: Contents
    plain: frozenset[str]
    ids: dict[str, str]
    converted: frozenset[str]
    unreadable: tuple[str, ...]
    closed: tuple[str, ...]

    def id_of(self, path: str) -> str | None:
        """The object that a file's bytes or a link's target are; None for what is neither, or ignored."""
        return self.index.object_of(path) if path in self.plain else self.ids.get(path)

    @cached_property
    def stored(self) -> dict[str, str]:
        """The object of each file and link that HEAD has not, or not so."""
        staged = self.asked.staged
        read = {path: name for path, name in self.ids.items() if path in staged or not self._is_as_noted(path, name)}
        return read | {path: self.index.object_of(path) for path in sorted(staged) if path in self.plain}

    def _is_as_noted(self, path: str, name: str) -> bool:
        entry = self.index.entry(path)
        return entry is not None and entry.object == name and (path in self.links) == (entry.octal == LINK)

    @cached_property
    def links(self) -> frozenset[str]:
        """Symbolic links that are not ignored."""
        return frozenset(path for path in self.scan.links if path in self.ids)

    @cached_property
    def deleted(self) -> tuple[str, ...]:
        """Tracked files that should be there and are not."""
        missing = self.index.lines.keys() - self.plain - self.ids.keys()
        found = ((path, self.index.entry(path)) for path in missing)
        return tuple(sorted(path for path, entry in found if entry and entry.octal != GITLINK and not entry.is_skipped))

    @property
    def changed_modes(self) -> Iterator[str]:
        """Files that were made executable, or are no longer."""
        for path in self.ids.keys() - self.links:  # those that git notes as they were are as they were in this, too
            entry, status = self.index.entry(path), self.scan.statuses.get(path)
            is_file = entry is not None and status is not None and entry.octal in {_PLAIN, _EXECUTABLE}
            if entry and status and is_file and bool(status.st_mode & stat.S_IXUSR) != (entry.octal == _EXECUTABLE):
                yield path

    @property
    def uncommitted(self) -> frozenset[str]:
        """Files with work that is in no commit."""
        changed = self.stored.keys() - self.converted
        return frozenset({*changed, *self.deleted, *self.changed_modes, *self.asked.staged, *self.index.unmerged})


def take_inventory(git: Git, tree: Path, git_dir: Path, head: str | None, omissions: Omissions) -> Inventory:
    """Look at a tree. It is not touched.

    Raises:
        TransientError: somebody writes there just now.
        PermanentError: git or the operating system refused.
    """
    asker = Asker(git, tree, git_dir)
    with ThreadPoolExecutor(_QUESTIONS) as pool, _without_collecting():
        asking = _Asking(pool, git, asker, head)  # git works while we look
        guide = Guide(tree, asking.index.result, omissions, asking.others.result)
        found = scan(tree, guide.enter)
        index, asked = asking.index.result(), asking.answer()
        contents = sort_out(index, found, guide, asked.others)
        form, attributes = asking.surroundings.result()
        look = Look(tree, form, index, asked, found)
        look.identify(contents.kept_files, AttributeTimes(index, asked.staged, found.statuses, attributes))
        look.try_to_read(contents.ignored_files)
    return Inventory(
        tree=tree,
        git_dir=git_dir,
        form=form,
        head=head,
        index=index,
        asked=asked,
        scan=found,
        contents=contents,
        plain=look.plain,
        ids=look.ids,
        converted=frozenset(look.converted),
        unreadable=(*found.unreadable, *look.unreadable),
        closed=tuple(_closed(tree, found)),
    )


def _closed(tree: Path, found: Scan) -> Iterator[str]:
    me = os.geteuid()
    with Descent(tree) as descent:
        others = (path for path in found.directories if found.statuses[path].st_uid != me)
        for path in others:  # an empty one is deleted by whose the directory above it is
            if not descent.may(path, os.W_OK | os.X_OK) and descent.may(path, os.R_OK) and descent.names(path):
                yield path


class _Asking:
    """What git was asked, all at once."""

    def __init__(self, pool: Executor, git: Git, asker: Asker, head: str | None) -> None:
        self.index = index = pool.submit(asker.index)  # some of the others wait for it
        self.others = pool.submit(asker.others)
        self.surroundings = pool.submit(_surroundings, git, asker.git_dir)
        self._written = pool.submit(asker.written)
        self._sizes = pool.submit(lambda: asker.sizes(index.result()))
        self._converted = pool.submit(asker.converted)
        self._staged = pool.submit(lambda: asker.staged(index.result(), head))
        self._behind = pool.submit(lambda: asker.behind(index.result()))

    def answer(self) -> Asked:
        """Wait for the answers about files."""
        return Asked(
            staged=self._staged.result(),
            others=self.others.result(),
            written=self._written.result(),
            converted=self._converted.result(),
            sizes=self._sizes.result(),
            behind=self._behind.result(),
        )


def _surroundings(git: Git, git_dir: Path) -> tuple[ObjectFormat, Path]:
    """How objects are named, and the file of attributes that all trees share."""
    words = ("rev-parse", "--path-format=absolute", "--show-object-format", "--git-path", "info/attributes")
    name, _, attributes = git.run(*words, git_dir=git_dir).text.removesuffix("\n").partition("\n")
    return ObjectFormat(name), Path(attributes)


@contextlib.contextmanager
def _without_collecting() -> Iterator[None]:
    """Keep Python from walking, again and again, through a million objects all of which are still wanted."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
