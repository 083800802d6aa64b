"""Write the commit of an archive."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from reconciler.clients.batch import STAY_LOCAL
from reconciler.clients.descent import Descent
from reconciler.clients.git import Git
from reconciler.clients.pack import PackWriter
from reconciler.errors import ConflictError, PermanentError
from reconciler.vault.ancestry import private_refs
from reconciler.vault.index import GITLINK, Index
from reconciler.vault.inventory import Inventory
from reconciler.vault.metadata import TOP, Directory, Metadata, describe_contents, directory_of, to_json
from reconciler.vault.objects import EXTRAS, METADATA, Tree, add_commit, add_files, add_index, add_tree
from reconciler.vault.position import Position
from reconciler.vault.sparse import read_sparse
from reconciler.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Written:
    """A commit that was written.

    Attributes:
        entries: what its tree holds: git's mode and the object, by path.
    """

    commit: str
    entries: Tree


def write_commit(
    vault: Vault,
    inventory: Inventory,
    position: Position,
    name: str,
    *,
    parents: Sequence[str],
    message: str,
    now: datetime,
    extras: Mapping[str, bytes],
) -> Written:
    """Write the commit with all that is in it; no ref names it yet.

    Raises:
        ConflictError: a file was changed since it was looked at.
        PermanentError: the index names what the repository has not.
        ClientError: git or the operating system refused.
    """
    git, common_dir = vault.git, vault.repository.common_dir
    named = _index_objects(git, common_dir, inventory)
    metadata = to_json(_describe(git, inventory, position, name))
    with PackWriter(common_dir / "objects" / "pack", inventory.form) as pack:
        entries = {**add_files(pack, inventory), **add_index(pack, inventory, named)}
        if inventory.form.identify("blob", b"") in named:
            pack.add("blob", b"")  # git knows it without having it, as in files that are only intended to be added
        texts = {METADATA: metadata, **{f"{EXTRAS}/{name}": content for name, content in extras.items()}}
        entries.update({path: (0o100644, pack.add("blob", content)) for path, content in texts.items()})
        commit = add_commit(pack, add_tree(pack, entries), parents, message, now)
        pack.store(git, common_dir)
    return Written(commit, entries)


def _index_objects(git: Git, common_dir: Path, inventory: Inventory) -> dict[str, str]:
    """What only the index names, with its type. In a partial clone some of it may be left at the remote, as it was."""
    wanted = sorted(_named(inventory))
    if not wanted:
        return {}
    words = (*STAY_LOCAL, "cat-file", "--buffer", "--batch-check=%(objecttype)")
    request = "".join(f"{name}\n" for name in wanted).encode()
    kinds = git.run(*words, git_dir=common_dir, stdin=request).lines
    found = {name: kind for name, kind in zip(wanted, kinds, strict=True) if not kind.endswith(" missing")}
    if len(found) < len(wanted) and not _is_partial(git, common_dir):
        raise PermanentError(
            f"the index of {inventory.tree} names {len(wanted) - len(found)} objects which the repository has not",
            hint="run `git fsck`",
        )
    return found


def _named(inventory: Inventory) -> set[str]:
    """Objects that the index names, and HEAD perhaps not."""
    conflicts = (name for names in inventory.index.unmerged.values() for name in names)
    staged = (name for path, name in inventory.asked.staged.items() if _is_blob(inventory.index, path))
    return {*conflicts, *staged, *inventory.asked.behind} - {""}


def _is_blob(index: Index, path: str) -> bool:
    entry = index.entry(path)
    return entry is not None and entry.octal != GITLINK


def _is_partial(git: Git, common_dir: Path) -> bool:
    words = ("config", "--get-regexp", r"^(remote\..*\.promisor|extensions\.partialclone)$")
    return bool(git.run(*words, git_dir=common_dir, ok=(0, 1)).stdout)


def _describe(git: Git, inventory: Inventory, position: Position, name: str) -> Metadata:
    targets, top = _look_again(inventory)
    files, links, directories, usual = describe_contents(inventory, targets)
    sparse, settings = read_sparse(git, inventory.git_dir)
    return Metadata(
        name=name,
        branch=position.branch,
        head=position.head,
        path=str(inventory.tree),
        object_format=inventory.form.name,
        usual_modes=usual,
        files=files,
        links=links,
        directories={TOP: top, **directories},
        deleted=inventory.deleted,
        index_mtime_ns=inventory.index.mtime_ns,
        shared_index=inventory.index.shared[0] if inventory.index.shared else None,
        sparse=sparse,
        sparse_config=settings,
        private_refs=private_refs(inventory.git_dir),
    )


def _look_again(inventory: Inventory) -> tuple[Mapping[str, str], Directory]:
    """Where links lead, and the tree's own directory."""
    with Descent(inventory.tree) as descent:
        try:
            targets = {path: descent.link(path) for path in inventory.links}
            return targets, directory_of(os.fstat(descent.top))
        except FileNotFoundError as error:
            raise ConflictError(f"{error.filename} went away while it was saved", hint="try again") from error
