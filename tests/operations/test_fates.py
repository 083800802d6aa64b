"""What becomes of each tree when it is destroyed, the reason that is told, and that nothing of it is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.kinds.workspace.removal import Removal
from tests.operations import works
from tests.operations.looks import look
from tests.support.repository import GitRepo, Project
from tests.support.world import World

Make = Callable[[World], None]


def plain(directory: Path, worktrees: str = "auth:", *words: str) -> World:
    """Give a repository in which `auth` was applied."""
    repository = GitRepo(directory / "shop")
    repository.path.mkdir()
    repository.git("init", "--quiet", "--initial-branch=main", *words)
    repository.commit({"app/a.py": works.lines(), "lib/b.py": "b = 1\n", "top.txt": "top\n"}, "first")
    return applied(World.of(Project(repository)), worktrees)


def applied(world: World, worktrees: str = "auth:") -> World:
    world.declare(worktrees)
    world.settle()
    return world


def sha256(directory: Path) -> World:
    return plain(directory, "auth:", "--object-format=sha256")


def clone(*words: str) -> Callable[[Path], World]:
    """A clone of some kind, whose origin is gone by the time that something is destroyed."""

    def start(directory: Path) -> World:
        origin = GitRepo.init(directory / "origin", {"app/a.py": "a = 1\n", "lib/b.py": "b = 1\n", "top.txt": "top\n"})
        origin.git("config", "uploadpack.allowFilter", "true")
        origin.commit({"top.txt": "two\n"})
        GitRepo(directory).git("clone", "--quiet", *words, f"file://{origin.path}", "shop")
        world = applied(World.of(Project(GitRepo(directory / "shop"))))
        origin.path.rename(directory / "away")
        return world

    return start


def on_dev(directory: Path) -> World:
    world = World.make(directory)
    world.main.branch("dev")
    return applied(world, "auth: {base: dev}")


def with_submodule(worktrees: str) -> Callable[[Path], World]:
    def start(directory: Path) -> World:
        part = GitRepo.init(directory / "part", {"x.txt": "x"})
        world = World.make(directory)
        world.main.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(part.path), "part")
        world.main.commit()
        return applied(world, worktrees)

    return start


def filled_by_hand(world: World) -> None:
    world.tree().git("submodule", "--quiet", "update", "--init")


def dirty_submodule(world: World) -> None:
    world.tree().write({"part/x.txt": "mine"})


@dataclass(frozen=True)
class Case:
    """A tree.

    Attributes:
        fate: `removed`, `parked` or `kept`.
        why: what the plan says.
        flags: of `destroy`.
        where: what is special about the repository that `start` makes.
    """

    make: Make
    fate: str
    why: str
    flags: str = ""
    where: str = ""
    start: Callable[[Path], World] = plain

    def __str__(self) -> str:
        return " ".join(filter(None, (self.make.__name__, self.flags, self.where)))


TREES = [
    # merged, or not
    Case(works.nothing, "removed", "nothing of its own"),
    Case(works.merged, "removed", "ancestor of main"),
    Case(works.squashed_at_once, "removed", "same tree as main"),
    Case(works.taken_back_itself, "removed", "changes nothing since it left main"),
    Case(works.picked, "removed", "every commit is on main as a patch"),
    Case(works.squashed_since, "removed", "squashed into main"),
    Case(works.merged_by_hand, "removed", "to merge it would change nothing on main"),
    Case(works.pushed, "removed", "all of it is on origin/auth"),
    Case(works.merged_where_the_base_comes_from, "removed", "same tree as origin/main", "--merged-only"),
    Case(works.followed_by_its_base, "parked", "1 commit that main has not"),
    Case(works.merged_then_reverted, "parked", "merged, then reverted on main"),
    Case(works.committed, "parked", "1 commit that main has not"),
    Case(works.merged_and_dirty, "parked", "ancestor of main, 1 file not committed (new.txt)"),
    # not committed
    Case(works.dirty, "parked", "1 file not committed (app/a.py)"),
    Case(works.staged, "parked", "1 file not committed (app/a.py)"),
    Case(works.staged_and_changed_back, "parked", "1 file not committed (app/a.py)"),
    Case(works.deleted, "parked", "1 file not committed (app/a.py)"),
    Case(works.made_executable, "parked", "1 file not committed (app/a.py)"),
    Case(works.untracked, "parked", "1 file not committed (new.txt)"),
    Case(works.untracked_though_not_shown, "parked", "1 file not committed (new.txt)"),
    Case(works.intended, "parked", "1 file not committed (new.txt)"),
    Case(works.assume_unchanged, "parked", "1 file not committed (app/a.py)"),
    Case(works.skip_worktree, "parked", "1 file not committed (app/a.py)"),
    Case(works.all_at_once, "parked", "1 commit that main has not, 4 files not committed"),
    Case(works.ours_staged, "parked", "6 files not committed"),
    # ignored
    Case(works.ignored, "removed", "nothing of its own; archived: 1 ignored file (.env)"),
    Case(works.ignored_deep, "removed", "1 ignored file (app/build/deep/x.o)"),
    Case(works.ignored_link, "removed", "1 ignored file (data)"),
    Case(works.edited_contract, "removed", "1 ignored file (SESSION.md)"),
    Case(works.message_on_a_desk, "removed", "1 ignored file (.sub-agents/messages/1.md)"),
    Case(works.edited_status, "removed", "1 ignored file (.sub-agents/status.yaml)"),
    # commits that no branch has
    Case(works.only_in_the_reflog, "removed", "nothing of its own; archived: 1 commit that no branch has"),
    Case(works.a_tag_of_nothing_else, "removed", "nothing of its own"),
    Case(works.only_in_the_branch_log, "removed", "nothing of its own"),
    Case(works.stashed, "removed", "nothing of its own"),
    Case(works.private_ref, "removed", "nothing of its own"),
    Case(works.detached, "removed", "ancestor of main"),
    Case(works.detached_with_a_commit, "parked", "1 commit that main has not"),
    Case(works.on_another_branch, "parked", "1 commit that main has not"),
    Case(works.unborn, "kept", "branch fresh has no commit yet"),
    # what no save can hold
    Case(works.merging, "kept", "a merge is half done"),
    Case(works.merged_and_not_committed, "kept", "a merge is half done"),
    Case(works.rebasing, "kept", "a rebase is half done"),
    Case(works.picking, "kept", "a cherry-pick is half done"),
    Case(works.reverting, "kept", "a revert is half done"),
    Case(works.bisecting, "kept", "a bisect is half done"),
    Case(works.index_lock, "kept", "index.lock exists"),
    Case(works.locked, "kept", "it is locked (on a stick)"),
    Case(works.nested_repository, "kept", "repositories lie in it that are no submodules (inner)"),
    Case(works.nested_worktree, "kept", "lies inside it"),
    Case(works.repository_in_place_of_a_submodule, "kept", "part is a repository of its own"),
    Case(works.large, "kept", "a save would copy 5,000 bytes, and the limit is 4,096", "--archive-limit 4K"),
    # as it was asked for
    Case(works.committed, "kept", "it is not merged (1 commit that main has not)", "--merged-only"),
    Case(works.untracked, "kept", "it is not merged (1 file not committed (new.txt))", "--merged-only"),
    Case(works.made_executable, "kept", "it is not merged (1 file not committed (app/a.py))", "--merged-only"),
    Case(works.merged, "removed", "ancestor of main", "--merged-only"),
    Case(works.untracked, "kept", "somebody worked there at 20", "--older-than 1h"),
    Case(works.deleted_long_after, "kept", "somebody worked there at 20", "--older-than 1h"),
    Case(works.of_a_time_to_come, "kept", "at a time that is still to come by this clock", "--older-than 1h"),
    Case(works.long_ago, "parked", "1 file not committed (new.txt)", "--older-than 1h"),
    Case(works.committed, "parked", "1 commit that main has not", "--delete-branches"),
    Case(works.only_in_the_branch_log, "removed", "nothing of its own", "--delete-branches"),
    Case(works.pushed, "removed", "all of it is on origin/auth", "--delete-branches"),
    Case(works.on_another_branch, "parked", "1 commit that main has not", "--delete-branches"),
    Case(works.rebasing, "parked", "lost, as requested: a rebase is half done", "--discard-half-done"),
    # repositories of other kinds
    Case(works.all_at_once, "parked", "4 files not committed", where="sha256", start=sha256),
    Case(works.all_at_once, "parked", "4 files not committed", where="shallow", start=clone("--depth=1")),
    Case(works.all_at_once, "parked", "4 files not committed", where="partial", start=clone("--filter=blob:none")),
    Case(works.base_gone, "parked", "of which it cannot be told whether they are merged", where="on dev", start=on_dev),
    Case(works.nothing, "removed", "nothing of its own", where="empty submodule", start=with_submodule("auth:")),
    Case(
        works.nothing,
        "removed",
        "nothing of its own",
        where="submodule",
        start=with_submodule("auth: {submodules: true}"),
    ),
    Case(filled_by_hand, "kept", "its declaration does not have them filled", start=with_submodule("auth:")),
    Case(dirty_submodule, "kept", "submodule part has files", start=with_submodule("auth: {submodules: true}")),
]


@pytest.fixture(autouse=True)
def _may_fill_submodules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))


@pytest.mark.parametrize("case", TREES, ids=str)
def test_each_tree_ends_as_the_plan_says_and_nothing_is_lost(case: Case, tmp_path: Path) -> None:
    """A person is told why; it is there still, or comes back; what only a log named can be found."""
    world = case.start(tmp_path)
    case.make(world)
    before, branches, logged = look(world), world.main.refs("refs/heads"), commits_in_logs(world)
    run = world.project.run("destroy", "--auto-approve", *case.flags.split()).expect(0)
    told = " ".join((run.out + run.err).split())
    assert re.search(rf"{case.fate}: .*{re.escape(case.why)}", told), told
    if case.fate == "kept":
        assert look(world) == before
        assert world.main.refs("refs/heads") == branches
        return
    assert world.main.worktrees() == [world.project.path]
    assert not world.tree().path.exists()
    forget_all_logs(world)
    assert logged <= {*world.main.git("rev-list", "--all", "--reflog").split()}
    world.apply()
    assert look(world) == before
    assert branches.items() <= world.main.refs("refs/heads").items()
    assert world.plan().is_empty
    assert not world.main.refs("refs/orchestra/parked")


def test_the_branch_of_what_was_taken_back_stays(world: World) -> None:
    """Its base has its commits, and not what they brought; no later destroy takes it for what a kill left."""
    applied(world, "auth:")
    works.merged_then_reverted(world)
    tip = world.main.commit_of("auth")
    run = world.project.run("destroy", "--auto-approve").expect(0)
    assert "(parked: merged, then reverted on main; the next apply" in " ".join(run.out.split())
    world.destroy()
    assert world.main.refs("refs/heads")["refs/heads/auth"] == tip
    world.destroy(removal=Removal(delete_branches=True))
    assert "refs/heads/auth" not in world.main.refs("refs/heads"), "the archive has it"


def commits_in_logs(world: World) -> set[str]:
    """All that the logs of the tree and of its branch name."""
    named = world.tree().try_git("reflog", "--format=%H").stdout.split()
    return {*named, *world.main.git("reflog", "--format=%H", "auth", "--").split()}


def forget_all_logs(world: World) -> None:
    """Let git drop all that no ref names; the stash is a ref whose log is more than that."""
    if not world.main.refs("refs/stash"):
        world.main.git("reflog", "expire", "--expire=now", "--all")
    world.main.git("-c", "gc.pruneExpire=now", "prune", "--expire=now")
