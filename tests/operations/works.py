"""Everything in a tree that is somebody's work, made in the tree of `auth`. Never a test."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.repository import GitRepo
from tests.support.world import World


def conflict(world: World, verb: str) -> None:
    world.main.commit({"app/a.py": "main\n"})
    world.tree().commit({"app/a.py": "auth\n"})
    world.tree().try_git(*verb.split(), "main")


def dirty(world: World) -> None:
    world.tree().write({"app/a.py": "mine\n"})


def staged(world: World) -> None:
    dirty(world)
    world.tree().git("add", "app/a.py")


def staged_and_changed_back(world: World) -> None:
    staged(world)
    world.tree().write({"app/a.py": "a = 1\n"})


def deleted(world: World) -> None:
    (world.tree().path / "app/a.py").unlink()


def made_executable(world: World) -> None:
    (world.tree().path / "app/a.py").chmod(0o755)


def untracked(world: World) -> None:
    world.tree().write({"new.txt": "mine"})


def untracked_though_not_shown(world: World) -> None:
    untracked(world)
    world.main.git("config", "status.showUntrackedFiles", "no")


def ignored(world: World) -> None:
    (world.common_dir / "info/exclude").write_text(".env\n/orchestra.yaml\n")
    world.tree().write({".env": "SECRET=1"})


def ignored_deep(world: World) -> None:
    (world.common_dir / "info/exclude").write_text("build/\n/orchestra.yaml\n")
    world.tree().write({"app/build/deep/x.o": "mine"})


def ignored_link(world: World) -> None:
    (world.common_dir / "info/exclude").write_text("data\n/orchestra.yaml\n")
    (world.tree().path / "data").symlink_to("/elsewhere")


def edited_contract(world: World) -> None:
    world.tree().write({"SESSION.md": "mine\n"})


def message_on_a_desk(world: World) -> None:
    world.tree().write({".sub-agents/messages/1.md": "mine\n"})


def edited_status(world: World) -> None:
    world.tree().write({".sub-agents/status.yaml": "mine\n"})


def assume_unchanged(world: World) -> None:
    world.tree().git("update-index", "--assume-unchanged", "app/a.py")
    dirty(world)


def skip_worktree(world: World) -> None:
    world.tree().git("update-index", "--skip-worktree", "app/a.py")
    dirty(world)


def only_in_the_reflog(world: World) -> None:
    world.tree().commit({"app/a.py": "a = 2\n"})
    world.tree().git("reset", "--quiet", "--hard", "HEAD~1")


def detached(world: World) -> None:
    world.tree().git("switch", "--quiet", "--detach")


def merging(world: World) -> None:
    conflict(world, "merge")
    assert (world.git_dir() / "MERGE_HEAD").exists()


def merged_and_not_committed(world: World) -> None:
    world.main.commit({"lib/b.py": "main\n"})
    world.tree().git("merge", "--quiet", "--no-commit", "--no-ff", "main")


def rebasing(world: World) -> None:
    conflict(world, "rebase")


def picking(world: World) -> None:
    conflict(world, "cherry-pick")


def reverting(world: World) -> None:
    world.tree().commit({"app/a.py": "a = 2\n"})
    world.tree().git("revert", "--no-commit", "HEAD")
    assert (world.git_dir() / "REVERT_HEAD").exists()


def bisecting(world: World) -> None:
    world.tree().git("bisect", "start")


def private_ref(world: World) -> None:
    world.tree().git("update-ref", "refs/worktree/mine", "HEAD")


def locked(world: World) -> None:
    world.main.git("worktree", "lock", "--reason", "on a stick", str(world.tree().path))


def nested_repository(world: World) -> None:
    (world.common_dir / "info/exclude").write_text("inner/\n/orchestra.yaml\n")
    GitRepo.init(world.tree().path / "inner", {"x.txt": "mine"})


def nested_worktree(world: World) -> None:
    (world.common_dir / "info/exclude").write_text("inner/\n/orchestra.yaml\n")
    world.main.worktree(world.tree().path / "inner", "inner")


def repository_in_place_of_a_submodule(world: World) -> None:
    inner = GitRepo.init(world.tree().path / "part", {"x.txt": "x"})
    world.tree().git("add", "part")
    world.tree().git("commit", "--quiet", "-m", "gitlink")
    inner.write({"x.txt": "mine"})


def a_tag_of_nothing_else(world: World) -> None:
    world.tree().commit({"app/a.py": "a = 2\n"})
    world.tree().git("branch", "--quiet", "keep")
    world.tree().git("reset", "--quiet", "--hard", "HEAD~1")
    world.main.git("branch", "-D", "keep")


def nothing(_world: World) -> None:
    """Leave it as it was made."""


def lines(first: str = "1", last: str = "9") -> str:
    return "\n".join([first, *"2345678", last]) + "\n"


def two_commits(world: World) -> None:
    world.tree().commit({"app/a.py": lines("one")}, "one")
    world.tree().commit({"app/a.py": lines("one", "nine")}, "two")


def committed(world: World) -> None:
    world.tree().commit({"app/a.py": "a = 2\n"})


def merged(world: World) -> None:
    two_commits(world)
    world.main.git("merge", "--quiet", "--no-ff", "auth")


def squashed_at_once(world: World) -> None:
    two_commits(world)
    world.main.git("merge", "--quiet", "--squash", "auth")
    world.main.commit()


def taken_back_itself(world: World) -> None:
    committed(world)
    world.tree().git("revert", "--no-edit", "HEAD")
    world.main.commit({"lib/b.py": "main\n"})


def picked(world: World) -> None:
    two_commits(world)
    world.main.commit({"lib/b.py": "main\n"})
    world.main.git("cherry-pick", "auth~1", "auth")


def squashed_since(world: World) -> None:
    two_commits(world)
    world.main.commit({"lib/b.py": "main\n"})
    world.main.git("merge", "--quiet", "--squash", "auth")
    world.main.commit()
    world.main.commit({"app/a.py": lines("one", "ten")})


def merged_by_hand(world: World) -> None:
    """Its two changes came with others, in other commits."""
    world.tree().commit({"app/a.py": "a = 2\n", "lib/b.py": "b = 2\n"})
    world.main.commit({"app/a.py": "a = 2\n", "new.txt": "x"})
    world.main.commit({"lib/b.py": "b = 2\n", "other.txt": "x"})


def merged_then_reverted(world: World) -> None:
    merged(world)
    world.main.git("revert", "--no-edit", "-m", "1", "HEAD")


def merged_and_dirty(world: World) -> None:
    merged(world)
    world.tree().write({"new.txt": "mine"})


def pushed(world: World) -> None:
    """Its upstream has it, its base has not."""
    origin = world.main.clone(world.project.path.parent / "origin.git", "--bare")
    world.main.git("remote", "add", "origin", str(origin.path))
    committed(world)
    world.tree().git("push", "--quiet", "--set-upstream", "origin", "auth")


def merged_where_the_base_comes_from(world: World) -> None:
    """It was squashed elsewhere and fetched; the base itself was not updated yet."""
    origin = world.main.clone(world.project.path.parent / "origin.git", "--bare")
    world.main.git("remote", "add", "origin", str(origin.path))
    world.main.git("fetch", "--quiet", "origin")
    world.main.git("branch", "--quiet", "--set-upstream-to=origin/main", "main")
    committed(world)
    squashed = world.main.git("commit-tree", "-m", "squashed", "-p", "main", "auth^{tree}")
    world.main.git("push", "--quiet", "origin", f"{squashed}:refs/heads/main")


def followed_by_its_base(world: World) -> None:
    """Its base follows it, in this very repository: that is no other place."""
    committed(world)
    world.main.git("branch", "--quiet", "--set-upstream-to=auth", "main")


def detached_with_a_commit(world: World) -> None:
    detached(world)
    committed(world)


def on_another_branch(world: World) -> None:
    world.tree().git("switch", "--quiet", "-c", "mine")
    committed(world)


def only_in_the_branch_log(world: World) -> None:
    """The tree itself never had it."""
    other = world.main.git("commit-tree", "-m", "other", "-p", "main", "main^{tree}")
    start = world.main.commit_of("auth")
    world.main.git("update-ref", "--create-reflog", "refs/heads/auth", other)
    world.main.git("update-ref", "refs/heads/auth", start)


def stashed(world: World) -> None:
    dirty(world)
    world.tree().git("stash")


def intended(world: World) -> None:
    world.tree().write({"new.txt": "mine"})
    world.tree().git("add", "-N", "new.txt")


def all_at_once(world: World) -> None:
    tree = world.tree()
    committed(world)
    tree.write({"lib/b.py": "staged\n"})
    tree.git("add", "lib/b.py")
    tree.write({"lib/b.py": "and changed\n", "top.txt": None, "new/x.bin": b"\0\xff\r\n", "link": Path("nowhere")})
    (tree.path / "new/x.bin").chmod(0o600)
    (tree.path / "empty/inner").mkdir(parents=True)
    ignored(world)


def index_lock(world: World) -> None:
    (world.git_dir() / "index.lock").touch()


def unborn(world: World) -> None:
    world.tree().git("switch", "--quiet", "--orphan", "fresh")
    world.tree().write({"new.txt": "mine"})


def ours_staged(world: World) -> None:
    """Nobody edited them, and `git add -A -f` takes all there is."""
    world.tree().git("add", "--all", "--force")


def large(world: World) -> None:
    world.tree().write({"large.bin": b"x" * 5000})


def deleted_long_after(world: World) -> None:
    """Delete a file of a tree in which nothing else was done for long."""
    os.utime(world.git_dir() / "logs/HEAD", (1, 1))
    deleted(world)


def of_a_time_to_come(world: World) -> None:
    """Write a file while the clock was wrong by far."""
    ignored(world)
    os.utime(world.tree().path / ".env", (1, 1 << 33))


def long_ago(world: World) -> None:
    untracked(world)
    for place in (world.git_dir() / "logs/HEAD", world.tree().path / "new.txt"):
        os.utime(place, (1, 1_600_000_000))


def base_gone(world: World) -> None:
    """Its base was deleted; it was made on `dev`."""
    committed(world)
    world.main.git("branch", "-D", "dev")
