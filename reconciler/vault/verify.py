"""Read an archive back before anything may be removed: every part of it, against the bytes in the tree."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import ClientError, ConflictError, TransientError
from reconciler.vault.archive import Archive
from reconciler.vault.copy import bundle_problems, read_receipt, seal
from reconciler.vault.identity import identify_files
from reconciler.vault.objects import INDEX
from reconciler.vault.save import Saved
from reconciler.vault.stored import Stored, object_problems, read_metadata, read_stored
from reconciler.vault.tar import tar_differences
from reconciler.vault.vault import Vault


def verify(vault: Vault, saved: Saved) -> tuple[str, ...]:
    """Say what of a save is not whole, or not as the tree is now; empty when all of it is. Nothing is changed.

    Raises:
        TransientError: another git was in the way for the moment.
    """
    return _told(_save_problems(vault, saved))


def check(vault: Vault, archive: Archive) -> tuple[str, ...]:
    """Say what of an archive is not whole, whatever became of its tree; empty when all of it is. Nothing is changed.

    Raises:
        TransientError: another git was in the way for the moment.
    """
    return _told(_archive_problems(vault, archive))


def _told(problems: Iterator[str]) -> tuple[str, ...]:
    """What cannot be read at all is a problem as well, unless another git was in the way for the moment."""
    found: list[str] = []
    try:
        found.extend(problems)
    except TransientError:
        raise
    except (ClientError, ConflictError) as error:
        found.append(error.message)
    return tuple(found)


def _save_problems(vault: Vault, saved: Saved) -> Iterator[str]:
    archive = saved.archive
    yield from _ref_problems(vault, archive)
    stored = read_stored(vault.git, vault.repository.common_dir, archive.commit)
    if stored.entries != saved.written.entries:
        yield "the archive does not hold what was saved"
    yield from object_problems(vault.git, vault.repository.common_dir, stored)
    yield from _tree_problems(saved)
    yield from _copy_problems(vault, archive)
    tar = vault.file(archive.name, archive.time, "tar") if archive.tar_bytes is not None else None
    yield from tar_differences(saved.inventory, tar)


def _archive_problems(vault: Vault, archive: Archive) -> Iterator[str]:
    yield from _ref_problems(vault, archive)
    stored: Stored = read_stored(vault.git, vault.repository.common_dir, archive.commit)
    yield from object_problems(vault.git, vault.repository.common_dir, stored)
    read_metadata(vault.git, vault.repository.common_dir, stored)
    yield from _copy_problems(vault, archive)


def _ref_problems(vault: Vault, archive: Archive) -> Iterator[str]:
    found = vault.refs(archive.ref).get(archive.ref)
    if found != archive.commit:
        yield f"{archive.ref} names {found}, not {archive.commit}" if found else f"{archive.ref} is gone"


def _tree_problems(saved: Saved) -> Iterator[str]:
    """Files whose bytes, read now, are not those that were stored."""
    inventory = saved.inventory
    for path, name in identify_files(inventory.tree, inventory.form, inventory.stored):
        if name != inventory.stored[path]:
            yield f"{path} is not in the archive as it is in the tree"
    index, stored = inventory.git_dir / "index", saved.written.entries.get(INDEX)
    content = index.read_bytes() if index.exists() else None
    if (content is None) != (stored is None) or (
        content is not None and stored and inventory.form.identify("blob", content) != stored[1]
    ):
        yield "the index is not in the archive as it is in the tree"


def _copy_problems(vault: Vault, archive: Archive) -> Iterator[str]:
    file, bundle, tar = (vault.find(archive.name, archive.time, suffix) for suffix in ("json", "bundle", "tar"))
    receipt = read_receipt(file)
    if receipt is None:
        yield f"{file} is gone"
        return
    if receipt.commit != archive.commit:
        yield f"{file} is the receipt of another archive"
    if seal(bundle) != receipt.bundle:
        yield f"{bundle} is not as it was written"
    yield from bundle_problems(vault.git, vault.repository, bundle, archive.commit)
    if receipt.tar and seal(tar) != receipt.tar:
        yield f"{tar} is not as it was written"
    if archive.summary and archive.summary.ignored and not receipt.tar:
        yield f"{file} does not name the tar of {archive.summary.ignored} ignored files"
