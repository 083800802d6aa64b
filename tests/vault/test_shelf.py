"""What archives there are, which one comes back, and how one goes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.clients.git import Git
from reconciler.clients.process import Finished, Runner
from reconciler.errors import PermanentError, RefusedError
from reconciler.vault.archive import SAVING
from reconciler.vault.shelf import list_archives, recover, remove
from reconciler.vault.vault import Vault, park, parked, sweep, unpark, unpark_all
from tests.vault.world import NAME, VaultWorld


class Counting(Runner):
    """Counts the programs."""

    count = 0

    def run(self, *arguments: object, **options: object) -> Finished:
        self.count += 1
        return super().run(*arguments, **options)  # type: ignore[arg-type]

    def stream(self, *arguments: object, **options: object) -> object:  # type: ignore[override]
        self.count += 1
        return super().stream(*arguments, **options)  # type: ignore[arg-type]


def test_archives_are_listed_as_they_were_saved(world: VaultWorld) -> None:
    """With what is in each, in the order of time."""
    world.tree.write({"x.log": "1234"})
    saved = [world.save().archive for _ in range(2)]

    assert list_archives(world.vault) == tuple(saved)
    assert [archive.tar_bytes and archive.bundle_bytes for archive in saved] == [
        archive.bundle_bytes for archive in saved
    ]


def test_of_no_workspaces_nothing_is_unparked(world: VaultWorld) -> None:
    """Git lists all refs where it is given no prefix; they are what the vault deletes then."""
    park(world.vault, world.save().archive)
    before = world.repo.refs()
    unpark_all(world.vault)

    assert world.repo.refs() == before


def test_listing_starts_as_many_programs_for_many_as_for_one(world: VaultWorld) -> None:
    """However many archives there are."""
    counts = []
    for _ in range(3):
        world.save()
        runner = Counting(os.environ)
        list_archives(Vault(Git(os.environ, runner), world.repository, world.vault.shelf))
        counts.append(runner.count)

    assert counts == [2, 2, 2]


def test_saving_starts_as_many_programs_for_many_files_as_for_one(world: VaultWorld) -> None:
    """However many are changed, untracked, ignored or staged."""
    counts = []
    for number in (1, 30):
        names = [f"new{each}" for each in range(number)]
        world.tree.write({name: name for name in names} | {f"staged{each}": "s" for each in names})
        world.tree.write({f"{name}.log": name for name in names})
        world.tree.git("add", *(f"staged{each}" for each in names))
        runner = Counting(os.environ)
        vault = Vault(Git(os.environ, runner), world.repository, world.vault.shelf)
        VaultWorld(vault.git, world.repo, world.tree, vault).save()
        counts.append(runner.count)

    assert counts[0] == counts[1]


def test_an_archive_of_which_the_copy_alone_is_left_is_listed(world: VaultWorld) -> None:
    """Somebody deleted its ref."""
    archive = world.save().archive
    world.repo.git("update-ref", "-d", archive.ref)

    (found,) = list_archives(world.vault)

    assert (found.name, found.time, found.commit, found.has_ref) == (NAME, archive.time, archive.commit, False)


def test_an_archive_comes_back_from_its_copy(world: VaultWorld) -> None:
    """Also when all that only it named is gone from the repository."""
    world.tree.write({"new": "new\n"})
    before = world.see()
    archive = world.night()
    world.repo.git("update-ref", "-d", archive.ref)
    world.repo.git("gc", "-q", "--prune=now")
    (found,) = list_archives(world.vault)

    recover(world.vault, found)

    assert list_archives(world.vault) == (archive,)
    world.make_again(archive)
    world.restore(archive)
    assert world.see() == before


def test_a_copy_that_was_tampered_with_does_not_come_back(world: VaultWorld) -> None:
    """Nothing of it gets into the repository."""
    archive = world.save().archive
    world.repo.git("update-ref", "-d", archive.ref)
    with world.vault.file(NAME, archive.time, "bundle").open("ab") as bundle:
        bundle.write(b"x")

    with pytest.raises(PermanentError, match="is not as it was written"):
        recover(world.vault, archive)

    assert world.repo.refs("refs/orchestra") == {}


def test_a_ref_that_is_no_archive_of_ours_is_listed_without_a_summary(world: VaultWorld) -> None:
    """Nothing is made of it."""
    world.repo.git("update-ref", "refs/orchestra/archive/other/20200101T000000Z", "HEAD")

    (found,) = list_archives(world.vault)

    assert (found.name, found.summary) == ("other", None)


def test_what_no_save_would_call_so_is_no_archive(world: VaultWorld) -> None:
    """A ref or a file that somebody else put there has no time by which it could be listed or pruned."""
    for name in ("flat", "other/mine", "a/b/20200101T000000Z", "other/99999999T999999Z", "other/20200101T0000Z"):
        world.repo.git("update-ref", f"refs/orchestra/archive/{name}", "HEAD")
    saved = world.save().archive
    receipt = world.vault.file(NAME, saved.time, "json")
    receipt.with_name("2020.json").write_bytes(receipt.read_bytes())

    assert [archive.when for archive in list_archives(world.vault)] == [saved.when]


def test_what_was_removed_is_gone_in_all_its_parts(world: VaultWorld) -> None:
    """Also when some of them were gone before."""
    world.tree.write({"x.log": "1234"})
    first, second = (world.save().archive for _ in range(2))
    world.vault.file(NAME, first.time, "bundle").unlink()

    remove(world.vault, first)

    assert list_archives(world.vault) == (second,)
    assert {path.stem for path in (world.vault.shelf / NAME).iterdir()} == {second.time}


def test_the_archive_that_comes_back_next_is_not_removed(world: VaultWorld) -> None:
    """Not before it came back, or nobody wants it any more."""
    first, second = (world.save().archive for _ in range(2))
    park(world.vault, first)
    park(world.vault, second)
    assert parked(world.vault) == {second.commit}

    with pytest.raises(RefusedError, match="is what the next apply restores"):
        remove(world.vault, second)
    unpark(world.vault, first)
    assert parked(world.vault) == {second.commit}
    unpark(world.vault, second)
    remove(world.vault, second)

    assert list_archives(world.vault) == (first,)


def test_names_of_helpers_do_not_collide_with_their_parents(world: VaultWorld) -> None:
    """`auth/test` lies beside `auth`, in refs and on the shelf."""
    from reconciler.vault.save import save  # noqa: PLC0415
    from tests.vault.world import NOW  # noqa: PLC0415

    both = [save(world.vault, world.record(), name, now=NOW).archive for name in ("auth", "auth/test")]
    for archive in both:
        park(world.vault, archive)

    assert list_archives(world.vault) == tuple(both)
    assert parked(world.vault) == {archive.commit for archive in both}


def test_a_sweep_takes_what_a_kill_left_and_nothing_else(world: VaultWorld) -> None:
    """Parts without an archive and without a receipt; what a save was about to do; never a whole archive."""
    whole = world.save().archive
    lost = world.save().archive
    world.repo.git("update-ref", "-d", lost.ref)  # its copy is all that is left of it
    begun = world.save().archive
    world.repo.git("update-ref", f"{SAVING}{NAME}/{begun.time}", begun.commit)
    world.repo.git("update-ref", "-d", begun.ref)
    place = world.vault.shelf / NAME
    for name in ("20200101T000000Z.tar", "20200101T000000Z.bundle.lock", ".20200101T000000Z.json.orchestra.tmp"):
        (place / name).touch()
    (place / "notes.txt").touch()  # somebody's
    (place / "notes").mkdir()

    sweep(world.vault, NAME)

    assert {path.stem for path in place.iterdir()} == {whole.time, lost.time, "notes"}
    assert world.repo.refs("refs/orchestra") == {whole.ref: whole.commit}


def test_a_workspace_that_was_never_saved_is_swept_in_vain(world: VaultWorld, tmp_path: Path) -> None:
    """Nothing is made by it."""
    sweep(world.vault, "other")

    assert not world.vault.shelf.exists()
