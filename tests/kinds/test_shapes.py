"""Repositories of every shape: bare, SHA-256, unborn, partial, with hooks, at paths of any bytes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.model.change import Action
from tests.support.repository import GitRepo, Project
from tests.support.world import World, snapshot


@pytest.fixture
def bare(tmp_path: Path) -> World:
    """Give a bare repository with a worktree on its default branch, where the manifest is."""
    GitRepo.init(tmp_path / "seed", {"app/a.py": "a = 1\n"}).clone(tmp_path / "shop.git", "--bare")
    GitRepo(tmp_path / "shop.git").git("worktree", "add", "--quiet", str(tmp_path / "main"), "main")
    return World.of(Project(GitRepo(tmp_path / "main")))


def test_a_bare_repository_has_worktrees(bare: World, tmp_path: Path) -> None:
    """The manifest is the one of the worktree on its default branch."""
    bare.declare("auth: {helpers: {test: {eager: true}}}", head="project: shop\n")
    bare.settle()
    assert GitRepo(tmp_path / "shop.wt/auth").read("app/a.py") == "a = 1\n"
    assert GitRepo(tmp_path / "shop.git").git("rev-parse", "--is-bare-repository") == "true"
    assert bare.main.git("rev-parse", "--is-bare-repository") == "false"
    assert bare.destroy().exit_code == 0
    assert bare.main.worktrees() == [tmp_path / "shop.git", tmp_path / "main"]


def test_a_repository_without_a_commit_is_a_conflict_until_there_is_one(tmp_path: Path) -> None:
    """The hint says which."""
    world = World.of(Project(GitRepo.init(tmp_path / "shop")))
    world.declare("auth: {helpers: {test: {eager: true}}}")
    change = world.change()
    assert change.action is Action.CONFLICT
    assert "make a first commit" in change.hint
    assert world.try_apply().exit_code == 5
    world.main.git("commit", "--quiet", "--allow-empty", "-m", "first")
    world.settle()


def test_a_repository_with_longer_hashes(tmp_path: Path) -> None:
    """SHA-256 throughout."""
    (tmp_path / "shop").mkdir()
    repository = GitRepo(tmp_path / "shop")
    repository.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    repository.commit({"a.txt": "a", "SESSION.md": "theirs\n"})
    world = World.of(Project(repository))
    world.declare("auth: {helpers: {test: {eager: true}}}")
    world.settle()
    assert world.tree().read("SESSION.md") == "theirs\n"
    repository.commit({"b.txt": "b"})
    assert any("1 commit behind" in note for note in world.change().notes)
    world.destroy()
    assert repository.worktrees() == [repository.path]


@pytest.mark.parametrize("name", [b"caf\xe9", "döner ☃".encode(), b"new\nline", b'quote"s', b"back\\slash", b" lead"])
def test_a_repository_at_a_path_of_any_bytes(tmp_path: Path, name: bytes) -> None:
    """Also bytes that are no text: made, mended and taken down."""
    place = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    world = World.make(place)
    world.declare("auth: {helpers: {test: {eager: true}}}")
    world.settle()
    (world.tree().path / "SESSION.md").unlink()
    world.settle()
    world.destroy()
    assert world.main.worktrees()[1:] == []


def test_a_repository_reached_through_a_link(world: World, tmp_path: Path) -> None:
    """It is one repository, by either path."""
    (tmp_path / "link").symlink_to(tmp_path / "shop")
    through = World(Project(GitRepo(tmp_path / "link")))
    world.declare("auth:")
    through.settle()
    world.require_settled()
    assert world.tree().path.is_dir()


def test_the_users_hook_runs_once_as_for_git_worktree_add(world: World, tmp_path: Path) -> None:
    """With the same arguments, in the same place; not again when nothing is made."""
    hook = world.common_dir / "hooks/post-checkout"
    log = tmp_path / "log"
    hook.write_text(f'#!/bin/sh\nprintf "%s|" "$@" "$PWD" >> {log}\necho >> {log}\n')
    hook.chmod(0o755)
    world.main.worktree(tmp_path / "by-hand", "by-hand")
    expected = log.read_text().replace("/by-hand|", "/shop.wt/auth|")
    log.unlink()
    world.declare("auth:")
    world.settle()
    assert log.read_text() == expected
    world.settle()
    assert log.read_text() == expected


def test_a_hook_that_fails_is_told_and_does_not_undo_the_tree(world: World) -> None:
    """As git does; the next apply goes on from there, without the hook."""
    hook = world.common_dir / "hooks/post-checkout"
    hook.write_text("#!/bin/sh\necho broken >&2\nexit 3\n")
    hook.chmod(0o755)
    world.declare("auth:")
    report = world.try_apply()
    assert any("hook failed: broken" in outcome.reason for outcome in report.outcomes)
    assert (world.tree().path / "app/a.py").exists()
    world.settle()


def test_hooks_from_elsewhere_run_too(world: World, tmp_path: Path) -> None:
    """`core.hooksPath` is kept."""
    (tmp_path / "hooks").mkdir()
    hook = tmp_path / "hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\necho $3 >> {tmp_path}/log\n")
    hook.chmod(0o755)
    world.main.git("config", "core.hooksPath", str(tmp_path / "hooks"))
    world.declare("auth:")
    world.settle()
    assert (tmp_path / "log").read_text() == "1\n"


def test_a_partial_clone_is_planned_without_the_network(tmp_path: Path) -> None:
    """What a commit has by name is known without its files."""
    origin = GitRepo.init(tmp_path / "origin", {"a.txt": "a"})
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("switch", "--quiet", "-c", "auth")
    origin.commit({"SESSION.md": "theirs\n", "big.txt": "big\n"})
    origin.git("switch", "--quiet", "main")
    GitRepo(tmp_path).git("clone", "--quiet", "--filter=blob:none", f"file://{origin.path}", str(tmp_path / "shop"))
    world = World.of(Project(GitRepo(tmp_path / "shop")))
    world.declare("auth:")
    origin.path.rename(tmp_path / "unplugged")
    assert "the repository has a file" in str(world.change("file:auth/SESSION.md").notes)
    (tmp_path / "unplugged").rename(origin.path)
    world.settle()
    assert world.tree().read("big.txt") == "big\n"


@pytest.mark.parametrize("base", ["v1", "origin/auth"])
def test_what_a_base_has_by_a_name_of_ours_is_known_before_the_tree_is_made(tmp_path: Path, base: str) -> None:
    """A tag or a remote branch as well."""
    origin = GitRepo.init(tmp_path / "origin", {"a.txt": "a"})
    origin.git("switch", "--quiet", "-c", "auth")
    origin.commit({"SESSION.md": "theirs\n"})
    origin.git("tag", "-a", "-m", "one", "v1")
    origin.git("switch", "--quiet", "main")
    world = World.of(Project(origin.clone(tmp_path / "shop")))
    world.declare(f"fresh: {{base: {base}, helpers: {{test: {{eager: true}}}}}}")
    assert "the repository has a file" in str(world.change("file:fresh/SESSION.md").notes)
    world.settle()
    assert world.tree("fresh").read("SESSION.md") == "theirs\n"


def test_two_trees_with_eager_helpers_of_all_levels(world: World) -> None:
    """Each tree is a sibling, each desk knows its tree."""
    world.declare("""
        auth: {modify: app, helpers: {test: {eager: true, helpers: {fixtures: {eager: true}}}, docs: }}
        ui: {modify: lib, helpers: {test: {eager: true, workspace: tree, links: true}, desk: {workspace: desk}}}
    """)
    world.settle()
    assert {path.name for path in world.main.worktrees()} == {
        "shop", "auth", "auth--test", "auth--test--fixtures", "ui", "ui--test",
    }  # fmt: skip
    desks = world.tree().path / ".sub-agents"
    assert (desks / "test/.sub-agents/fixtures/CONTRACT.md").exists()
    assert (desks / "docs/WORKSPACE").read_text() == f"{world.tree('auth--docs').path}\n"
    link = world.tree("ui").path / ".sub-agents/test/tree"
    assert link.readlink() == world.tree("ui--test").path
    assert snapshot(world.tree().path) == snapshot(world.tree().path)
