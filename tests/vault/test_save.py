"""A save touches nothing, runs nobody's programs, and holds what would go with the tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.clients.git import Git, git_environment
from reconciler.errors import RefusedError
from reconciler.vault.archive import ARCHIVES
from reconciler.vault.omissions import Omissions, matcher
from reconciler.vault.restore import restore
from reconciler.vault.shelf import remove
from reconciler.vault.tar import read_tar
from reconciler.vault.vault import Vault
from tests.support.repository import GitRepo
from tests.vault.world import NAME, VaultWorld


def _everything(directory: Path) -> Mapping[str, tuple[object, ...]]:
    paths = (Path(place) / name for place, directories, names in os.walk(directory) for name in (*directories, *names))
    return {str(path): _status(path) for path in (directory, *paths)}


def _status(path: Path) -> tuple[object, ...]:
    status = path.lstat()
    content = path.read_bytes() if stat.S_ISREG(status.st_mode) else b""
    return status.st_mode, status.st_mtime_ns, status.st_ino, status.st_ctime_ns, content


def test_the_tree_and_its_index_are_not_touched(world: VaultWorld) -> None:
    """Not a byte, not a time, no lock, no cached tree."""
    world.tree.write({"a.txt": "new\n", "untracked": "u", "x.log": "secret"})
    world.tree.git("add", "a.txt")
    before = _everything(world.tree.path), _everything(world.git_dir)

    world.save()

    assert (_everything(world.tree.path), _everything(world.git_dir)) == before


def test_the_archive_can_be_read_with_plain_git(world: VaultWorld) -> None:
    """The ref says when, the tree holds the bytes, unfiltered."""
    world.repo.commit({".gitattributes": "*.txt text eol=lf\n"})
    world.tree.git("merge", "-q", "main")
    world.tree.write({"app/new.txt": "one\r\n"})

    archive = world.save().archive

    assert archive.ref == f"{ARCHIVES}{NAME}/20261124T020000Z"
    assert world.repo.commit_of(archive.ref) == archive.commit
    raw = world.tree.git("hash-object", "--no-filters", "app/new.txt")
    assert world.repo.git("rev-parse", f"{archive.ref}:files/app/new.txt") == raw
    assert world.repo.commit_of(f"{archive.ref}^1") == world.tree.commit_of("HEAD")
    world.repo.git("fsck", "--strict", "--no-dangling")


def test_nobody_needs_a_name_and_no_hook_or_signature_is_asked_for(world: VaultWorld, tmp_path: Path) -> None:
    """The author is orchestra, whoever runs it."""
    hook = world.repo.path / ".git/hooks/reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n")
    hook.chmod(0o755)
    world.repo.git("config", "commit.gpgSign", "true")
    world.repo.git("config", "gpg.program", "false")
    world.repo.git("config", "user.useConfigOnly", "true")
    nameless = {key: value for key, value in git_environment(os.environ).items() if not key.startswith("GIT_AUTHOR")}
    nameless = {key: value for key, value in nameless.items() if not key.startswith("GIT_COMMITTER")}
    vault = Vault(Git(nameless), world.repository, world.vault.shelf)

    archive = VaultWorld(vault.git, world.repo, world.tree, vault).save().archive

    author = world.repo.git("log", "-1", "--format=%an|%cn|%ci", archive.commit)
    assert author == "orchestra|orchestra|2026-11-24 02:00:00 +0000"
    assert not (tmp_path / "ran").exists()


def test_commits_that_only_reflogs_and_private_refs_reach_are_parents(world: VaultWorld) -> None:
    """What was reset away, amended, or named by a ref of this tree alone outlives it, also a thorough gc."""
    tree = world.tree
    reset = tree.commit({"a.txt": "reset\n"})
    tree.git("reset", "-q", "--hard", "HEAD~1")
    amended = tree.commit({"a.txt": "amended\n"})
    tree.git("commit", "-q", "--amend", "-m", "other")
    private = tree.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "private")
    tree.git("update-ref", "refs/worktree/mine", private)
    before = tree.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "before")
    tree.git("update-ref", "--create-reflog", "-m", "made", "refs/worktree/logged", before)
    tree.git("update-ref", "-m", "moved", "refs/worktree/logged", "HEAD")
    original = tree.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "original")
    tree.git("update-ref", "ORIG_HEAD", original)

    archive = world.night()
    world.repo.git("branch", "-D", "feature")
    world.repo.git("reflog", "expire", "--expire=now", "--all")
    world.repo.git("gc", "-q", "--prune=now")

    parents = set(world.repo.git("rev-list", "--parents", "-1", archive.commit).split()[2:])
    assert {reset, amended, private, before, original} <= parents
    assert world.repo.commit_of(private) == private


def test_private_refs_come_back(world: VaultWorld) -> None:
    """A ref that only this tree had names its commit again."""
    commit = world.tree.commit_of("HEAD")
    world.tree.git("update-ref", "refs/worktree/mine", commit)

    world.night_and_morning()

    assert world.tree.commit_of("refs/worktree/mine") == commit


def test_a_private_ref_whose_commit_is_long_gone_is_left_out(world: VaultWorld) -> None:
    """Git itself does not mind it, and would not make it again."""
    (world.git_dir / "ORIG_HEAD").write_text("1" * 40 + "\n")

    world.night_and_morning()

    assert not (world.git_dir / "ORIG_HEAD").exists()


def test_a_private_ref_that_came_back_keeps_its_commit(world: VaultWorld) -> None:
    """Also when the archive is pruned: git collects what only another tree's refs name, but not what their logs do."""
    private = world.tree.git("commit-tree", "HEAD^{tree}", "-p", "HEAD", "-m", "private")
    world.tree.git("update-ref", "refs/worktree/mine", private)

    remove(world.vault, world.night_and_morning())
    world.repo.git("config", "gc.reflogExpire", "never")  # the time of tests stands still, long ago
    world.repo.git("gc", "-q", "--prune=now")

    assert world.tree.commit_of("refs/worktree/mine") == private


def test_commits_that_a_branch_has_are_not_parents(world: VaultWorld) -> None:
    """Only what nothing else reaches."""
    world.tree.commit({"a.txt": "one\n"})
    world.tree.commit({"a.txt": "two\n"})

    archive = world.save().archive

    assert world.repo.git("rev-list", "--parents", "-1", archive.commit).split()[1:] == [world.tree.commit_of("HEAD")]


def test_the_summary_counts_what_people_ask_for(world: VaultWorld) -> None:
    """Commits that the base has not, files that are in none, ignored ones."""
    base = world.repo.commit_of("main")
    world.tree.commit({"a.txt": "one\n"})
    world.tree.write({"a.txt": "two\n", "new": "n", "app/b.txt": None, "x.log": "1234"})

    summary = world.save(base=base).archive.summary

    assert summary
    assert (summary.branch, summary.commits, summary.uncommitted) == ("feature", 1, 3)
    assert (summary.ignored, summary.ignored_bytes) == (1, 4)


def test_what_can_be_made_again_is_not_saved(world: VaultWorld) -> None:
    """Ignored directories that prove what they are, scratch, and our own files; nothing else."""
    world.repo.commit({".gitignore": "*.log\nnode_modules/\n.venv/\n.cache/\nfalse/\n/plain/\n/mine\n"})
    world.tree.git("merge", "-q", "main")
    tag = "Signature: 8a477f597d28d172789f06886806bc55\n"
    world.tree.write(
        {
            "node_modules/.package-lock.json": "{}",
            "node_modules/x/index.js": "",
            ".venv/pyvenv.cfg": "",
            ".venv/bin/python": "",
            ".cache/CACHEDIR.TAG": tag,
            ".cache/x": "",
            "false/CACHEDIR.TAG": "no signature",
            "false/x": "",
            "plain/node_modules": "a file",
            "mine": "ours",
            "tmp/scratch.log": "",
            "tmp/scratch": "",
            "keep.log": "k",
        }
    )

    omissions = Omissions(scratch=matcher(["tmp"]), ours={"mine"})
    archive = world.save(omissions=omissions).archive

    tar = world.vault.file(NAME, archive.time, "tar")
    assert [member.path for member, _ in read_tar(tar)] == [
        "false",
        "false/CACHEDIR.TAG",
        "false/x",
        "keep.log",
        "plain",
        "plain/node_modules",
    ]
    assert world.repo.git("ls-tree", "-r", "--name-only", archive.commit, "files/") == ""


def test_what_can_be_made_again_but_is_not_ignored_is_saved(world: VaultWorld) -> None:
    """The proof is asked of ignored directories alone."""
    world.tree.write({"env/pyvenv.cfg": "", "env/mine.py": "x"})

    archive = world.save().archive

    assert "files/env/mine.py" in world.repo.git("ls-tree", "-r", "--name-only", archive.commit)


def test_a_tree_above_the_limit_is_not_saved(world: VaultWorld) -> None:
    """Nothing is made, and the error names both sizes."""
    world.tree.write({"x.log": "x" * 2000})

    with pytest.raises(RefusedError, match="would copy 2,000 bytes, and the limit is 1,999"):
        world.save(limit_bytes=1999)

    assert world.repo.refs("refs/orchestra") == {}
    assert not world.vault.shelf.exists()


def test_all_of_the_copy_is_for_its_owner_alone(world: VaultWorld) -> None:
    """Nobody else can read tar, bundle or receipt, nor list them."""
    world.tree.write({"x.log": "secret"})
    world.save()

    modes = {path.suffix: stat.S_IMODE(path.stat().st_mode) for path in (world.vault.shelf / NAME).iterdir()}
    assert modes == {".tar": 0o600, ".bundle": 0o600, ".json": 0o600}
    assert stat.S_IMODE((world.vault.shelf / NAME).stat().st_mode) == 0o700


def test_two_saves_in_one_second_are_two_archives(world: VaultWorld) -> None:
    """The second is called by the next second."""
    assert [world.save().archive.time for _ in range(2)] == ["20261124T020000Z", "20261124T020001Z"]


def test_the_bundle_holds_what_the_base_has_not(world: VaultWorld, tmp_path: Path) -> None:
    """A clone that has the base gets all of the archive from it, and the tree comes back there."""
    world.repo.clone(tmp_path / "other", "--no-checkout")
    base = world.repo.commit_of("main")
    world.tree.commit({"a.txt": "committed\n"})
    world.tree.write({"a.txt": "not committed\n", "new": "n"})
    before = world.see()
    archive = world.save(base=base).archive
    bundle = world.vault.file(NAME, archive.time, "bundle")

    other = GitRepo(tmp_path / "other")
    other.git("fetch", "-q", str(bundle), f"+refs/orchestra/saving/*:{ARCHIVES}*")
    other.git("worktree", "add", "-q", "--detach", str(tmp_path / "elsewhere"), archive.summary.head or "")
    there = GitRepo(tmp_path / "elsewhere")
    vault = Vault(world.git, world.git.discover(other.path), world.vault.shelf)
    restore(vault, archive, there.path, Path(there.git("rev-parse", "--absolute-git-dir")))

    assert VaultWorld(world.git, other, there, vault).see() == before


def test_no_ignored_file_leaves_with_the_repository(world: VaultWorld, tmp_path: Path) -> None:
    """A mirror, a pushed mirror and a bundle of everything carry the archive, and nothing that git ignores."""
    world.tree.write({"x.log": "t0p-s3cret", "deep/y.log": "t0p-s3cret too", "seen": "not secret"})
    archive = world.save().archive
    GitRepo.init(tmp_path / "pushed", bare=True)
    world.repo.git("push", "-q", "--mirror", str(tmp_path / "pushed"))
    world.repo.clone(tmp_path / "cloned", "--mirror")
    world.repo.git("bundle", "create", "--quiet", str(tmp_path / "all.bundle"), "--all")
    bundled = GitRepo.init(tmp_path / "bundled", bare=True)
    bundled.git("fetch", "-q", str(tmp_path / "all.bundle"), "+refs/*:refs/*")

    for copy in (world.repo, *(GitRepo(tmp_path / name) for name in ("pushed", "cloned", "bundled"))):
        assert copy.commit_of(archive.ref) == archive.commit
        objects = copy.git("cat-file", "--batch-all-objects", "--batch", "--buffer")
        assert "not secret" in objects
        assert "s3cret" not in objects
        assert ".log" not in copy.git("cat-file", "blob", f"{archive.ref}:metadata.json")
