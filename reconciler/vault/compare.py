"""Compare a tree, which was moved aside since, with what was saved of it: cheap, and for the last time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reconciler.clients.descent import Scan, is_same_status, scan
from reconciler.clients.git import Git
from reconciler.vault.contents import Guide
from reconciler.vault.inventory import Inventory, identify_files
from reconciler.vault.position import read_position
from reconciler.vault.save import Saved
from reconciler.vault.unsaveable import begun_reasons


def differences(git: Git, saved: Saved, tree: Path) -> tuple[str, ...]:
    """Say what in a tree is not as it was saved; empty when nothing is. Bytes are read only where a file was touched.

    Args:
        git: starts git.
        saved: what was saved.
        tree: where the tree is now; the move itself is no difference.

    Raises:
        ClientError: git or the operating system refused.
    """
    inventory = saved.inventory
    guide = Guide(tree, inventory.index, saved.omissions)
    found = scan(tree, guide.enter)
    return (
        *_position_differences(git, saved),
        *begun_reasons(inventory.git_dir, saved.given_up),
        *(f"{path} is new" for path in sorted(_new(inventory, found, guide))),
        *(f"{path} cannot be read" for path in found.unreadable),
        *(f"{path} was changed or removed" for path in _changed(replace(inventory, tree=tree), found)),
    )


def _position_differences(git: Git, saved: Saved) -> Iterator[str]:
    before, now = saved.position, read_position(git, saved.inventory.git_dir)
    if now.head != before.head or now.branch != before.branch:
        yield "its HEAD moved"
    elif now != before:
        yield "its index or its log was written"


def _new(inventory: Inventory, found: Scan, guide: Guide) -> set[str]:
    passed_over = {*found.passed_over, *inventory.scan.passed_over}
    appeared = found.statuses.keys() - inventory.scan.statuses.keys()
    repositories = {*found.repositories} - {*inventory.scan.repositories}
    return {path for path in appeared if path not in passed_over and not guide.leaves_out(path)} | repositories


def _changed(inventory: Inventory, found: Scan) -> list[str]:
    """What was saved and is not as it was; a file that was only touched is read."""
    before, contents = inventory.scan.statuses, inventory.contents
    files = (*contents.kept_files, *contents.ignored_files)
    touched = [
        path for path in files if path not in found.statuses or not is_same_status(before[path], found.statuses[path])
    ]
    ids = {path: inventory.ids[path] for path in touched if path in inventory.ids and path in found.statuses}
    same = {path for path, name in identify_files(inventory.tree, inventory.form, ids) if name == ids[path]}
    changed = [path for path in touched if path not in same or not _is_same_look(before[path], found.statuses[path])]
    for path in (*contents.kept_directories, *contents.ignored_directories):
        now = found.statuses.get(path)  # its time is that of what is in it, which is looked at by itself
        if now is None or now.st_mode != before[path].st_mode:
            changed.append(path)
    return changed


def _is_same_look(before: os.stat_result, now: os.stat_result) -> bool:
    return before.st_mode == now.st_mode and before.st_mtime_ns == now.st_mtime_ns
