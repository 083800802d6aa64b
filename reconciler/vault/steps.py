"""What is to be done to make a tree what an archive holds: pure, and refused whole if somebody's work is in the way.

A byte may be overwritten if it is git's checkout (the index knows the file, and nothing was written since), the
caller's own, or what it is to be already. So a restore that was killed can be done again.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler.vault.inventory import Inventory
from reconciler.vault.wanted import Item, Wanted


@dataclass(frozen=True, slots=True)
class Steps:
    """What to do, in this order.

    Attributes:
        remove: files and links that git checked out and that are not to be.
        remove_directories: those that may be empty then, deepest first.
        write: files and links that are not as they are to be.
        touch: files and links whose bytes are right.
        in_the_way: what is somebody's work; if there is any, nothing is done.
    """

    remove: list[str]
    remove_directories: list[str]
    write: dict[str, Item]
    touch: dict[str, Item]
    in_the_way: list[str]


def decide(wanted: Wanted, inventory: Inventory, is_gits: Callable[[str], bool], ours: Callable[[str], bool]) -> Steps:
    """Decide what to do.

    Args:
        wanted: what is to be.
        inventory: what is.
        is_gits: whether a file is as git checked it out.
        ours: whether a file is one that the caller wrote and can write again.
    """
    statuses = inventory.scan.statuses
    write = {path: item for path, item in wanted.items.items() if not _is_so(item, path, inventory)}
    touch = {path: item for path, item in wanted.items.items() if path not in write}
    blocking = _Blocking(wanted)
    files = [path for path, status in statuses.items() if not stat.S_ISDIR(status.st_mode)]
    unwanted = [path for path in files if path not in wanted.items and _must_go(path, inventory, blocking)]
    replaced = [path for path in files if path in write]
    in_the_way = [path for path in (*unwanted, *replaced) if not (is_gits(path) or ours(path))]
    in_the_way += [path for path in _closed(inventory) if path in wanted.items or blocking.is_below_file(path)]
    return Steps(unwanted, list(_directories(wanted, inventory, blocking)), write, touch, sorted(in_the_way))


def _must_go(path: str, inventory: Inventory, blocking: _Blocking) -> bool:
    """Whether a file that is not to be cannot stay: git would show it as there again, or it is in the way."""
    return path in inventory.index.lines or blocking.is_for_directory(path) or blocking.is_below_file(path)


def _is_so(item: Item, path: str, inventory: Inventory) -> bool:
    status = inventory.scan.statuses.get(path)
    if status is None or inventory.id_of(path) != item.object:
        return False
    return stat.S_ISLNK(status.st_mode) == (item.target is not None)


def _closed(inventory: Inventory) -> Iterator[str]:
    """Directories that were not looked into, and so stay."""
    yield from inventory.scan.passed_over
    yield from inventory.scan.repositories


class _Blocking:
    """Tells what stands where something else is to be."""

    def __init__(self, wanted: Wanted) -> None:
        self._items = wanted.items
        self._directories = {*wanted.directories, *(above for path in wanted.items for above in _above(path))}

    def is_for_directory(self, path: str) -> bool:
        """Whether a directory is to be there."""
        return path in self._directories

    def is_below_file(self, path: str) -> bool:
        """Whether a file or link is to be where one of the directories on the way is."""
        return any(above in self._items for above in _above(path))


def _above(path: str) -> Iterator[str]:
    directory = path.rpartition("/")[0]
    while directory:
        yield directory
        directory = directory.rpartition("/")[0]


def _directories(wanted: Wanted, inventory: Inventory, blocking: _Blocking) -> Iterator[str]:
    """Directories of git's that are not to be: those with something tracked, and those in place of a file."""
    for path in sorted(inventory.contents.kept_directories, key=lambda each: each.count("/"), reverse=True):
        is_gits = path in inventory.index.directories or path in inventory.index.lines
        if path not in wanted.directories and (is_gits or path in wanted.items or blocking.is_below_file(path)):
            yield path
