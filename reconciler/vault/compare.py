"""Compare a tree with what was seen of it: cheap, and for the last time when it was saved and moved aside.

Of the many files that are as the index notes them git itself looks whether they still are. Directories tell whether
something was made or removed in them. All else is looked at one by one, and read where it was touched.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from reconciler.clients.descent import Descent, is_same_status
from reconciler.clients.git import Git
from reconciler.errors import ConflictError
from reconciler.vault.contents import Guide
from reconciler.vault.identity import identify_files
from reconciler.vault.index import Asker
from reconciler.vault.inventory import Inventory
from reconciler.vault.losses import Loss
from reconciler.vault.metadata import TOP
from reconciler.vault.position import read_position
from reconciler.vault.sighting import Sighting
from reconciler.vault.unsaveable import begun_reasons, reasons_in_submodules

_TICK_NS = 2_000_000_000  # a file system's times may lag behind by as much


def differences(git: Git, seen: Sighting, tree: Path, given_up: Collection[Loss] = ()) -> tuple[str, ...]:
    """Say what in a tree is not as it was seen; empty when nothing is.

    Args:
        git: starts git.
        seen: what was seen.
        tree: where the tree is now; that it was moved is no difference.
        given_up: what may be lost.

    Raises:
        ClientError: git or the operating system refused.
    """
    inventory = replace(seen.inventory, tree=tree)
    with ThreadPoolExecutor(1) as pool:
        asker = Asker(git, tree, inventory.git_dir)
        written = pool.submit(asker.written)
        new = tuple(_new(inventory, Guide(tree, lambda: inventory.index, seen.omissions, asker.others)))
        by_hand = [path for path in _files(inventory) if path not in inventory.plain]
        changed = tuple(_changed(inventory, [*by_hand, *sorted(written.result() & inventory.plain)]))
    return (
        *_position_differences(git, seen),
        *begun_reasons(inventory.git_dir, given_up),
        *reasons_in_submodules(git, inventory, given_up),
        *(f"{path} is new" for path in new),
        *(f"{path} was changed or removed" for path in changed),
    )


def _position_differences(git: Git, seen: Sighting) -> Iterator[str]:
    before, now = seen.position, read_position(git, seen.inventory.git_dir)
    if now.head != before.head or now.branch != before.branch:
        yield "its HEAD moved"
    elif now.refs != before.refs:
        yield "its own refs moved"
    elif now != before:
        yield "its index or its log was written"


def _files(inventory: Inventory) -> Iterator[str]:
    yield from inventory.contents.kept_files
    yield from inventory.contents.ignored_files


def _changed(inventory: Inventory, paths: list[str]) -> Iterator[str]:
    """The files among some that are not as they were; those that were only touched are read."""
    before = inventory.scan.statuses
    with Descent(inventory.tree) as descent:
        now = {path: descent.status(path) for path in paths}
        for path in _directories(inventory):
            status = descent.status(path)
            if status is None or status.st_mode != before[path].st_mode:
                yield path
    touched = [path for path in paths if not is_same_status(before[path], now[path])]
    readable = (path for path in touched if inventory.id_of(path) is not None)
    read = dict(identify_files(inventory.tree, inventory.form, readable))
    for path in touched:
        is_same = path in read and read[path] == inventory.id_of(path)
        if not (is_same and _is_same_look(before[path], now[path])):
            yield path


def _directories(inventory: Inventory) -> Iterator[str]:
    yield from inventory.contents.kept_directories
    yield from inventory.contents.ignored_directories


def _is_same_look(before: os.stat_result, now: os.stat_result | None) -> bool:
    return now is not None and before.st_mode == now.st_mode and before.st_mtime_ns == now.st_mtime_ns


def _new(inventory: Inventory, guide: Guide) -> Iterator[str]:
    """What is there that was not. Only directories that were written, or might have been, are listed."""
    known: dict[str, set[str]] = {}
    repositories = {*inventory.scan.repositories}  # nobody looked into them
    with Descent(inventory.tree) as descent:
        for directory in (TOP, *_directories(inventory)):
            if directory not in repositories and not _is_untouched(inventory, descent, directory):
                known = known or _names(inventory)
                yield from _new_in(descent, guide, directory, known)


def _is_untouched(inventory: Inventory, descent: Descent, directory: str) -> bool:
    """Whether nothing can have been made in a directory since it was listed."""
    now = descent.status(directory)
    before = inventory.scan.top if directory == TOP else inventory.scan.statuses[directory]
    is_old = before.st_mtime_ns < inventory.scan.began_ns - _TICK_NS
    is_moved = directory == TOP  # and its own status was changed by that
    return is_old and now is not None and (is_same_status(before, now) or (is_moved and _is_same_look(before, now)))


def _names(inventory: Inventory) -> dict[str, set[str]]:
    """The names that were in each directory."""
    found: dict[str, set[str]] = {}
    for path in inventory.scan.statuses:
        directory, _, name = path.rpartition("/")
        found.setdefault(directory, set()).add(name)
    return found


def _new_in(descent: Descent, guide: Guide, directory: str, known: dict[str, set[str]]) -> Iterator[str]:
    prefix = "" if directory == TOP else f"{directory}/"
    try:
        names = descent.names(directory)
    except (FileNotFoundError, ConflictError):
        return  # it is told as removed
    for name in sorted(set(names) - known.get(prefix[:-1], set())):
        path = prefix + name
        if path == ".git" or guide.leaves_out(path):
            continue
        status = descent.status(path)
        if status and stat.S_ISDIR(status.st_mode) and not guide.enter(path, frozenset(descent.names(path))):
            continue
        yield path
