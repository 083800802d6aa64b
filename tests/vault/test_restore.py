"""A restore overwrites nobody's work, follows no link, believes no path, and can be done again."""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from reconciler.clients.pack import ObjectFormat, PackWriter
from reconciler.errors import ConflictError, OrchestraError, PermanentError, TransientError
from reconciler.vault.archive import Archive, commit_message
from reconciler.vault.copy import Receipt, read_receipt, seal, write_receipt
from reconciler.vault.objects import add_commit, add_tree
from reconciler.vault.omissions import Omissions
from tests.support.repository import GitRepo
from tests.vault.world import NAME, NOW, Seen, VaultWorld


@pytest.fixture
def before(world: VaultWorld) -> Seen:
    """Give the tree something of everything."""
    world.tree.write({"a.txt": "staged\n"})
    world.tree.git("add", "a.txt")
    world.tree.write({"a.txt": "unstaged\n", "app/b.txt": None, "new/n": "new\n", "x.log": "secret"})
    world.tree.write({"link": Path("a.txt")})
    (world.tree.path / "app/c.txt").unlink()
    (world.tree.path / "app/c.txt").mkdir()
    world.tree.write({"app/c.txt/in": "a directory for a file\n"})
    return world.see()


def test_done_again_it_changes_nothing(world: VaultWorld, before: Seen) -> None:
    """Neither bytes nor times."""
    archive = world.night_and_morning()

    world.restore(archive)

    assert world.see() == before


def test_git_need_not_read_again_what_came_back(world: VaultWorld, before: Seen) -> None:
    """What it noted of files is true of the new ones: status is quick in the morning, and so is the next save."""
    changed = world.tree.git("diff", "--name-only").split("\n")

    world.night_and_morning()

    assert world.tree.git("diff-files", "--name-only").split("\n") == changed


def test_files_of_the_callers_own_may_be_overwritten(world: VaultWorld, before: Seen) -> None:
    """And nothing else that is not git's."""
    archive = world.night()
    world.make_again(archive)
    world.tree.write({"x.log": "ours"})

    world.restore(archive, Omissions(ours={"x.log"}))

    assert world.see() == before


IN_THE_WAY: dict[str, tuple[Callable[[GitRepo], object], str]] = {
    "untracked file": (lambda tree: tree.write({"new/n": "somebody's"}), "new/n"),
    "ignored file": (lambda tree: tree.write({"x.log": "somebody's"}), "x.log"),
    "tracked file": (lambda tree: tree.write({"a.txt": "somebody's"}), "a.txt"),
    "tracked file to be removed": (lambda tree: tree.write({"app/b.txt": "somebody's"}), "app/b.txt"),
    "file for a directory": (lambda tree: tree.write({"new": "somebody's"}), "new"),
    "directory for a file": (lambda tree: tree.write({"new/n/deep": "somebody's"}), "new/n/deep"),
    "link for a directory": (lambda tree: tree.write({"new": Path("/etc")}), "new"),
    "link for a file": (lambda tree: tree.write({"x.log": Path("/etc/passwd")}), "x.log"),
    "pipe for a file": (lambda tree: os.mkfifo(tree.path / "x.log"), "x.log"),
    "repository for a file": (lambda tree: GitRepo.init(tree.path / "x.log"), "x.log"),
}


@pytest.mark.parametrize("case", IN_THE_WAY)
def test_somebodys_work_is_not_overwritten(world: VaultWorld, before: Seen, case: str) -> None:
    """It is named, and nothing is changed."""
    act, path = IN_THE_WAY[case]
    archive = world.night()
    world.make_again(archive)
    act(world.tree)
    found = world.see()

    with pytest.raises(ConflictError, match=f"would overwrite: {path}$"):
        world.restore(archive)

    assert world.see() == found


def test_a_file_that_is_in_nobodys_way_stays(world: VaultWorld, before: Seen) -> None:
    """What was installed meanwhile, for instance."""
    archive = world.night()
    world.make_again(archive)
    world.tree.write({"more": "m"})

    world.restore(archive)

    assert world.tree.read("more") == "m"
    assert world.tree.read("a.txt") == "unstaged\n"


def test_a_tree_at_another_commit_is_refused(world: VaultWorld, before: Seen) -> None:
    """What the archive leaves to HEAD would be another's."""
    archive = world.night()
    world.make_again(archive)
    world.tree.git("commit", "-q", "--allow-empty", "-m", "on")

    with pytest.raises(ConflictError, match=r"is at [0-9a-f]+, and the archive at"):
        world.restore(archive)


def test_a_tree_that_git_is_at_work_in_is_refused(world: VaultWorld, before: Seen) -> None:
    """It may be done later."""
    archive = world.night()
    world.make_again(archive)
    (world.git_dir / "index.lock").touch()

    with pytest.raises(TransientError, match="git is at work"):
        world.restore(archive)


def test_a_smudged_checkout_is_overwritten(world: VaultWorld) -> None:
    """What a filter or line ends made of a file at checkout is git's, also when the filter is not what it was."""
    world.repo.git("config", "filter.up.smudge", "tr a-z A-Z")
    world.repo.git("config", "filter.up.clean", "tr A-Z a-z")
    world.tree.commit({".gitattributes": "*.up filter=up\n*.crlf eol=crlf\n", "f.up": "x\n", "g.crlf": "1\n"})
    world.tree.write({"f.up": "x\n", "g.crlf": "1\n"})
    before = world.see()
    archive = world.night()

    world.make_again(archive)
    assert world.tree.read("f.up") == "X\n"
    world.restore(archive)

    assert world.see() == before


# --- archives that were tampered with --------------------------------------------------------------------------------


def _forge(world: VaultWorld, archive: Archive, change: Callable[[dict[str, Any]], object]) -> Archive:
    """Make an archive of other metadata, whose objects fit."""
    metadata = json.loads(world.repo.git("cat-file", "blob", f"{archive.commit}:metadata.json"))
    change(metadata)
    content = b"evil\n"
    with PackWriter(world.repo.path / ".git/objects/pack", ObjectFormat("sha1")) as pack:
        entries = {"metadata.json": (0o100644, pack.add("blob", json.dumps(metadata).encode()))}
        index = world.repo.git("rev-parse", f"{archive.commit}:index")
        entries["index"] = 0o100644, index
        for path, _, _, name in metadata["files"]:
            if name:
                entries[f"files/{path}"] = 0o100644, pack.add("blob", content)
        for path, target, _, name in metadata["links"]:
            if name:
                entries[f"files/{path}"] = 0o120000, pack.add("blob", str(target).encode())
        assert archive.summary
        message = commit_message(NAME, archive.time, archive.summary)
        commit = add_commit(pack, add_tree(pack, entries), [archive.summary.head or ""], message, NOW)
        pack.store(world.git, world.repository.common_dir)
    receipt = world.vault.file(NAME, archive.time, "json")
    written = read_receipt(receipt)
    assert written
    write_receipt(receipt, replace(written, commit=commit))
    return replace(archive, commit=commit)


EVIL = ObjectFormat("sha1").identify("blob", b"evil\n")
PATHS = [
    "../evil",
    "/evil",
    "a/../../evil",
    ".git",
    ".git/hooks/pre-commit",
    "app/.GIT/config",
    "",
    ".",
    "./evil",
    "a//b",
    "\0",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_that_leads_elsewhere_is_refused(world: VaultWorld, path: str) -> None:
    """As a file, as a link, as a directory: nothing is written at all."""
    archive = world.night()
    world.make_again(archive)
    before = world.see()
    outside = sorted(world.tree.path.parent.iterdir())
    forgeries: tuple[Callable[[dict[str, list[object]]], object], ...] = (
        lambda metadata: metadata["directories"].append([path, 0o755, 1]),
        lambda metadata: metadata["links"].append([path, "/etc", 1, None]),
    )

    for forge in forgeries:
        forged = _forge(world, archive, forge)
        if path == "." and forge is forgeries[0]:
            continue  # the tree's own directory
        with pytest.raises(PermanentError, match="where nothing may be written"):
            world.restore(forged)

    assert world.see() == before
    assert sorted(world.tree.path.parent.iterdir()) == outside


WRONG: dict[str, tuple[str, object]] = {
    "a mode that is none": ("directories", [["app", 10**12, 1]]),
    "a time that is none": ("directories", [["app", 0o755, 10**30]]),
    "a time in words": ("index_mtime_ns", "now"),
    "no usual modes": ("usual_modes", None),
    "a file that is no index": ("shared_index", "config.worktree"),
    "a place that is none": ("path", "/a\0b"),
    "settings that are none": ("sparse_config", ["a"]),
}


@pytest.mark.parametrize("case", WRONG)
def test_metadata_that_no_save_writes_is_refused(world: VaultWorld, case: str) -> None:
    """In our words, before anything is written."""
    world.tree.write({"new": "new\n"})
    archive = world.night()
    world.make_again(archive)
    before = world.see()
    key, value = WRONG[case]

    with pytest.raises(PermanentError, match="metadata cannot be read"):
        world.restore(_forge(world, archive, lambda metadata: metadata.update({key: value})))

    assert world.see() == before


@pytest.mark.parametrize("way", ["name", "value"])
def test_a_private_ref_that_says_more_than_a_name_is_left_out(world: VaultWorld, way: str) -> None:
    """Git takes orders line by line: nothing of an archive becomes another order."""
    archive = world.night()
    world.make_again(archive)
    world.repo.git("branch", "victim")
    order, commit = "\ndelete refs/heads/victim", world.tree.commit_of("HEAD")
    name = f"refs/worktree/x {commit}{order}\ncreate refs/worktree/y"
    refs = {name: commit} if way == "name" else {"refs/worktree/x": commit + order}

    world.restore(_forge(world, archive, lambda metadata: metadata.update(private_refs=refs)))

    assert world.repo.refs("refs/heads/victim")


def test_a_file_below_a_link_of_the_same_archive_is_refused(world: VaultWorld, tmp_path: Path) -> None:
    """It would be written where the link leads."""
    archive = world.night()
    world.make_again(archive)
    (tmp_path / "outside").mkdir()

    def forge(metadata: dict[str, list[object]]) -> None:
        target = str(tmp_path / "outside")
        metadata["links"].append(["way", target, 1, ObjectFormat("sha1").identify("blob", target.encode())])
        metadata["files"].append(["way/evil", 0o644, 1, EVIL])

    with pytest.raises(OrchestraError):
        world.restore(_forge(world, archive, forge))

    assert list((tmp_path / "outside").iterdir()) == []


def test_nothing_is_written_through_a_link_that_stands_in_the_tree(world: VaultWorld, tmp_path: Path) -> None:
    """Somebody replaced a directory by a link since."""
    world.tree.write({"new/n": "new\n"})
    archive = world.night()
    world.make_again(archive)
    (tmp_path / "outside").mkdir()
    world.tree.write({"new": tmp_path / "outside"})

    with pytest.raises(ConflictError):
        world.restore(archive)

    assert list((tmp_path / "outside").iterdir()) == []


@pytest.mark.parametrize("path", ["../evil", "/evil", ".git/evil"])
def test_a_tar_that_leads_elsewhere_is_refused(world: VaultWorld, path: str) -> None:
    """Also when the receipt agrees with it."""
    world.tree.write({"x.log": "secret"})
    archive = world.night()
    world.make_again(archive)
    tar, receipt = (world.vault.file(NAME, archive.time, suffix) for suffix in ("tar", "json"))
    with tarfile.open(tar, "w") as forged:
        info = tarfile.TarInfo(path)
        info.size = 4
        forged.addfile(info, BytesIO(b"evil"))
    written = read_receipt(receipt)
    assert written
    write_receipt(receipt, Receipt(NAME, archive.commit, written.bundle, seal(tar)))

    with pytest.raises(PermanentError, match="where nothing may be written"):
        world.restore(archive)


def test_ignored_files_that_are_lost_are_told(world: VaultWorld) -> None:
    """Before anything is written."""
    world.tree.write({"x.log": "secret", "new": "n"})
    archive = world.night()
    world.make_again(archive)
    shutil.rmtree(world.vault.shelf)

    with pytest.raises(PermanentError, match="1 ignored file saved with this archive"):
        world.restore(archive)

    assert not (world.tree.path / "new").exists()


def test_an_object_that_is_missing_is_told(world: VaultWorld) -> None:
    """With it back, the restore can be done again."""
    world.tree.write({"a.txt": "changed\n"})
    before = world.see()
    archive = world.night()
    world.make_again(archive)
    packs = world.repo.path / ".git/objects/pack"
    pack = max(packs.glob("*.pack"), key=lambda each: each.stat().st_mtime_ns)
    for part in packs.glob(f"{pack.stem}*"):
        part.rename(part.with_suffix(part.suffix + ".away"))
    with pytest.raises(PermanentError):
        world.restore(archive)
    for part in packs.glob("*.away"):
        part.rename(part.with_suffix(""))

    world.restore(archive)

    assert world.see() == before
