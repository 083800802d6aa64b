"""Whatever was tampered with is found before anything is removed."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.vault.save import Saved
from reconciler.vault.verify import check, verify
from tests.vault.world import NAME, VaultWorld


@pytest.fixture
def saved(world: VaultWorld) -> Saved:
    """Save a tree that has something of everything."""
    world.tree.write({"a.txt": "staged\n"})
    world.tree.git("add", "a.txt")
    world.tree.write({"a.txt": "unstaged\n", "new": "new\n", "x.log": "secret", "link": Path("a.txt")})
    return world.save()


def _file(world: VaultWorld, saved: Saved, suffix: str) -> Path:
    return world.vault.file(NAME, saved.archive.time, suffix)


def test_an_archive_that_is_whole_has_no_problems(world: VaultWorld, saved: Saved) -> None:
    """Neither beside its tree nor without it."""
    assert verify(world.vault, saved) == ()
    world.remove()
    assert check(world.vault, saved.archive) == ()


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _ref_moved(world: VaultWorld, saved: Saved) -> None:
    world.repo.git("update-ref", saved.archive.ref, "HEAD")


def _ref_deleted(world: VaultWorld, saved: Saved) -> None:
    world.repo.git("update-ref", "-d", saved.archive.ref)


def _unpack(world: VaultWorld) -> None:
    """Turn packs into loose objects, which can be tampered with one by one."""
    packs = sorted((world.repo.path / ".git/objects/pack").glob("pack-*.pack"))
    for pack in packs:
        content = pack.read_bytes()
        for part in (pack, pack.with_suffix(".idx")):
            part.unlink()
        with (world.repo.path / "pack").open("wb") as file:
            file.write(content)
        with (world.repo.path / "pack").open("rb") as file:
            os.system(f"git -C '{world.repo.path}' unpack-objects -q <'{file.name}'")  # noqa: S605


def _loose(world: VaultWorld, saved: Saved, path: str) -> Path:
    _unpack(world)
    name = world.repo.git("rev-parse", f"{saved.archive.commit}:{path}")
    return world.repo.path / ".git/objects" / name[:2] / name[2:]


def _object_gone(world: VaultWorld, saved: Saved) -> None:
    _loose(world, saved, "files/new").unlink()


def _object_replaced(world: VaultWorld, saved: Saved) -> None:
    place = _loose(world, saved, "files/new")
    place.chmod(0o644)
    place.write_bytes(zlib.compress(b"blob 4\0old\n"))


def _staged_object_gone(world: VaultWorld, saved: Saved) -> None:
    name = world.tree.git("rev-parse", ":a.txt")
    _loose(world, saved, f"objects/{name}").unlink()


def _pack_flipped(world: VaultWorld, saved: Saved) -> None:
    pack = max((world.repo.path / ".git/objects/pack").glob("*.pack"), key=lambda each: each.stat().st_mtime_ns)
    pack.chmod(0o644)
    _flip(pack)


def _part(suffix: str, act: Callable[[Path], object]) -> Callable[[VaultWorld, Saved], None]:
    def tamper(world: VaultWorld, saved: Saved) -> None:
        act(_file(world, saved, suffix))

    return tamper


def _receipt_of_another(world: VaultWorld, saved: Saved) -> None:
    file = _file(world, saved, "json")
    file.write_text(file.read_text().replace(saved.archive.commit, "0" * 40))


def _bundle_of_another(world: VaultWorld, saved: Saved) -> None:
    """Replace the bundle by a good one of something else, and let the receipt agree."""
    from reconciler.vault.copy import Receipt, seal, write_receipt  # noqa: PLC0415

    bundle, tar = _file(world, saved, "bundle"), _file(world, saved, "tar")
    world.repo.git("bundle", "create", "--quiet", str(bundle), "main")
    write_receipt(_file(world, saved, "json"), Receipt(NAME, saved.archive.commit, seal(bundle), seal(tar)))


def _bundle_flipped_before_its_receipt(world: VaultWorld, saved: Saved) -> None:
    """Damage the bundle, and let the receipt agree: git looks at no more than the head of a bundle."""
    from reconciler.vault.copy import Receipt, seal, write_receipt  # noqa: PLC0415

    bundle, tar = _file(world, saved, "bundle"), _file(world, saved, "tar")
    content = bytearray(bundle.read_bytes())
    content[-100] ^= 1
    bundle.write_bytes(content)
    write_receipt(_file(world, saved, "json"), Receipt(NAME, saved.archive.commit, seal(bundle), seal(tar)))


TAMPERINGS = {
    "ref moved": _ref_moved,
    "ref deleted": _ref_deleted,
    "object gone": _object_gone,
    "object replaced": _object_replaced,
    "staged object gone": _staged_object_gone,
    "pack flipped": _pack_flipped,
    "bundle flipped": _part("bundle", _flip),
    "bundle gone": _part("bundle", Path.unlink),
    "bundle of another": _bundle_of_another,
    "bundle flipped before its receipt": _bundle_flipped_before_its_receipt,
    "tar flipped": _part("tar", _flip),
    "tar gone": _part("tar", Path.unlink),
    "tar cut": _part("tar", lambda path: os.truncate(path, 700)),
    "receipt gone": _part("json", Path.unlink),
    "receipt torn": _part("json", lambda path: path.write_text("{")),
    "receipt of another": _receipt_of_another,
}


@pytest.mark.parametrize("tampering", TAMPERINGS)
def test_tampering_is_found(world: VaultWorld, saved: Saved, tampering: str) -> None:
    """Beside the tree, and without it."""
    TAMPERINGS[tampering](world, saved)

    assert verify(world.vault, saved) != ()
    assert check(world.vault, saved.archive) != ()


@pytest.mark.parametrize("path", ["a.txt", "new", "x.log"])
def test_a_file_that_was_written_since_is_found(world: VaultWorld, saved: Saved, path: str) -> None:
    """Also when neither its size nor its time tells."""
    file = world.tree.path / path
    status = file.stat()
    file.write_bytes(bytes(reversed(file.read_bytes())))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))

    assert any(path in problem for problem in verify(world.vault, saved))


def test_an_index_that_was_written_since_is_found(world: VaultWorld, saved: Saved) -> None:
    """What is staged is work."""
    world.tree.git("add", "new")

    assert verify(world.vault, saved) == ("the index is not in the archive as it is in the tree",)
