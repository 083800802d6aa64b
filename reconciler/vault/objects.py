"""An archive's commit and the tree in it, as objects.

metadata.json    what objects cannot say
index            git's index, as it lay there
sharedindex      the file that a split index leans on
files/...        each file and link that HEAD has not, or not so, unfiltered
extras/...       what the caller wants to have back
objects/...      what only the index names: staged content, the sides of a conflict
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from datetime import datetime

from reconciler.clients.descent import Descent
from reconciler.clients.pack import TREE_MODE, PackWriter, tree_content
from reconciler.errors import ConflictError
from reconciler.vault.inventory import Inventory

METADATA, INDEX, SHARED_INDEX, FILES, OBJECTS = "metadata.json", "index", "sharedindex", "files", "objects"
EXTRAS = "extras"
_AUTHOR = "orchestra <orchestra@localhost>"
_FILE, _PROGRAM, _LINK = 0o100644, 0o100755, 0o120000

Tree = dict[str, tuple[int, str]]


def add_files(pack: PackWriter, inventory: Inventory) -> Tree:
    """Add the bytes of files and the targets of links; gives where they belong.

    Raises:
        ConflictError: one was changed since it was looked at.
        PermanentError: the operating system refused.
    """
    with Descent(inventory.tree) as descent:
        return {f"{FILES}/{path}": _add_file(pack, inventory, descent, path) for path in inventory.stored}


def _add_file(pack: PackWriter, inventory: Inventory, descent: Descent, path: str) -> tuple[int, str]:
    status, name = inventory.scan.statuses[path], inventory.stored[path]
    try:
        if stat.S_ISLNK(status.st_mode):
            if pack.add("blob", os.fsencode(descent.link(path))) != name:
                raise ConflictError(f"{inventory.tree / path} was changed while it was saved", hint="try again")
            return _LINK, name
        with descent.open(path) as file:
            pack.add_file(name, os.fstat(file.fileno()).st_size, file)
    except FileNotFoundError:
        raise ConflictError(f"{inventory.tree / path} went away while it was saved", hint="try again") from None
    return (_PROGRAM if status.st_mode & stat.S_IXUSR else _FILE), name


def add_index(pack: PackWriter, inventory: Inventory, objects: Mapping[str, str]) -> Tree:
    """Add the index; gives where it, and the objects that it names, belong.

    Args:
        pack: takes them.
        inventory: the tree.
        objects: what only the index names, with its type.
    """
    index = inventory.index
    added: Tree = {
        f"{OBJECTS}/{name}": (TREE_MODE if kind == "tree" else _FILE, name) for name, kind in objects.items()
    }
    if index.content is not None:
        added[INDEX] = _FILE, pack.add("blob", index.content)
    if index.shared:
        added[SHARED_INDEX] = _FILE, pack.add("blob", index.shared[1])
    return added


def add_tree(pack: PackWriter, entries: Tree) -> str:
    """Add the trees that hold entries, and give the topmost."""
    directories: dict[str, dict[bytes, tuple[int, str]]] = {"": {}}
    for path, entry in entries.items():
        _place(directories, path)[os.fsencode(path.rpartition("/")[2])] = entry
    for path in sorted(directories, key=lambda each: each.count("/"), reverse=True):
        if path:
            name = pack.add("tree", tree_content(directories[path]))
            directories[path.rpartition("/")[0]][os.fsencode(path.rpartition("/")[2])] = TREE_MODE, name
    return pack.add("tree", tree_content(directories[""]))


def _place(directories: dict[str, dict[bytes, tuple[int, str]]], path: str) -> dict[bytes, tuple[int, str]]:
    """The directory of a path, with all those above it."""
    directory = path.rpartition("/")[0]
    above = directory
    while above and above not in directories:
        directories[above] = {}
        above = above.rpartition("/")[0]
    return directories[directory]


def add_commit(pack: PackWriter, tree: str, parents: Iterable[str], message: str, now: datetime) -> str:
    """Add the commit. Its author is orchestra, whoever runs it, and nobody signs it."""
    who = f"{_AUTHOR} {int(now.timestamp())} +0000"
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {who}", f"committer {who}"]
    return pack.add("commit", ("\n".join(lines) + f"\n\n{message}").encode("ascii"))
