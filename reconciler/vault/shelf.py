"""What archives there are, and how one of them goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from reconciler.clients.batch import read_whole
from reconciler.clients.git import Git, Repository
from reconciler.errors import ClientError, PermanentError, RefusedError
from reconciler.vault.archive import ARCHIVES, Archive, archive_ref, is_stamp, read_message
from reconciler.vault.copy import read_receipt, remove_files, seal
from reconciler.vault.vault import Vault, parked


def list_archives(vault: Vault) -> tuple[Archive, ...]:
    """All archives, the oldest first within a name: those in the repository, and those of which the copy alone is left.

    Two programs, however many there are.

    Raises:
        ClientError: git failed.
    """
    refs = {ref: commit for ref, commit in vault.refs(ARCHIVES).items() if _is_archive(ref)}
    commits = read_whole(vault.git, vault.repository.common_dir, refs.values()) if refs else []
    found = [_archive(vault, ref, commit, read) for (ref, commit), read in zip(refs.items(), commits, strict=True)]
    known = {archive.ref for archive in found}
    found += [archive for archive in _copies(vault) if archive.ref not in known]
    return tuple(sorted(found, key=lambda archive: (archive.name, archive.time)))


def _is_archive(ref: str) -> bool:
    part, _, time = ref.removeprefix(ARCHIVES).rpartition("/")
    return bool(part) and "/" not in part and is_stamp(time)


def read_archives(git: Git, repository: Repository, commits: Iterable[str]) -> dict[str, Archive]:
    """The archives of commits, as their messages tell; one that cannot be read is left out. One program.

    Raises:
        ClientError: git failed.
    """
    wanted = sorted(set(commits))
    found = {}
    for commit, read in zip(wanted, read_whole(git, repository.common_dir, wanted) if wanted else [], strict=True):
        message = read[1].decode("utf-8", "replace").partition("\n\n")[2] if read else ""
        said, time = read_message(message), message.partition("\n")[0].rpartition(", ")[2]
        if said:
            found[commit] = Archive(said[0], time, commit, said[1])
    return found


def _archive(vault: Vault, ref: str, commit: str, read: tuple[str, bytes] | None) -> Archive:
    part, _, time = ref.removeprefix(ARCHIVES).rpartition("/")
    said = read_message(read[1].decode("utf-8", "replace").partition("\n\n")[2]) if read else None
    name, summary = said or (part, None)
    return _with_sizes(vault, Archive(name, time, commit, summary))


def _copies(vault: Vault) -> Iterator[Archive]:
    receipts = sorted(vault.shelf.glob("*/[0-9]*.json")) if vault.shelf.is_dir() else []
    for file in filter(lambda each: is_stamp(each.stem), receipts):
        try:
            receipt = read_receipt(file)
        except ClientError:
            continue  # a file that nobody can read names no archive
        if receipt:
            yield _with_sizes(vault, Archive(receipt.name, file.stem, receipt.commit, None, has_ref=False))


def _with_sizes(vault: Vault, archive: Archive) -> Archive:
    bundle, tar = (_size(vault.find(archive.name, archive.time, suffix)) for suffix in ("bundle", "tar"))
    return replace(archive, bundle_bytes=bundle, tar_bytes=tar)


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None


def recover(vault: Vault, archive: Archive) -> None:
    """Bring an archive of which the copy alone is left back into the repository.

    Raises:
        PermanentError: the copy is not as it was written, or needs commits that the repository has not.
        ClientError: git refused.
    """
    file, bundle = (vault.find(archive.name, archive.time, suffix) for suffix in ("json", "bundle"))
    receipt = read_receipt(file)
    if receipt is None or receipt.commit != archive.commit or seal(bundle) != receipt.bundle:
        raise PermanentError(f"{bundle} is not as it was written", hint="do not trust it")
    vault.git.run("bundle", "unbundle", bundle, git_dir=vault.repository.common_dir)
    vault.change_refs(create={archive.ref: archive.commit})


def remove(vault: Vault, archive: Archive) -> None:
    """Remove an archive with all its parts, the ref last: what is half removed is listed and can be removed again.

    Raises:
        RefusedError: the next apply restores it.
        ClientError: git or the operating system refused.
    """
    if archive.commit in parked(vault):
        raise RefusedError(
            f"the archive of {archive.name} of {archive.time} is what the next apply restores",
            hint="apply, or apply with `--fresh`, first",
        )
    remove_files(tuple(vault.file(archive.name, archive.time, suffix) for suffix in ("json", "bundle", "tar")))
    if archive.has_ref:
        vault.change_refs(delete={archive_ref(archive.name, archive.time): archive.commit})
