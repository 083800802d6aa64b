"""`sync`: what the base gained comes in, a conflict is undone, and nothing that is not committed is lost."""

from __future__ import annotations

import pytest

from reconciler.operations.sync import Synced, sync
from tests.support.world import World, snapshot


def synced(world: World, *names: str, rebase: bool = False) -> Synced:
    return sync(world.session(), names, rebase=rebase)[0]


@pytest.fixture
def behind(auth: World) -> World:
    """Give a tree with a commit of its own whose base moved on."""
    auth.tree().commit({"app/own.py": "own\n"})
    auth.main.commit({"lib/new.py": "new\n"})
    return auth


def test_it_merges_what_the_base_gained(behind: World) -> None:
    """The message names the base; done again there is nothing to do."""
    result = synced(behind, "auth")
    assert (result.ok, result.commits) == (True, 1)
    assert behind.tree().read("lib/new.py") == "new\n"
    assert behind.tree().git("log", "-1", "--format=%P").count(" ") == 1
    assert "main" in behind.tree().git("log", "-1", "--format=%s")
    assert synced(behind, "auth") == Synced("auth", "has all of main")
    behind.require_settled()


def test_it_rebases_on_request(behind: World) -> None:
    """The tree's own commits come last."""
    assert synced(behind, "auth", rebase=True).ok
    assert behind.tree().commit_of("HEAD~1") == behind.main.commit_of("main")
    behind.require_settled()


@pytest.mark.parametrize("rebase", [False, True])
def test_a_conflict_is_undone_and_named(behind: World, *, rebase: bool) -> None:
    """Files, branch and git directory are as before, and the hint says how to do it by hand."""
    behind.tree().commit({"lib/b.py": "auth\n"})
    behind.main.commit({"lib/b.py": "main\n"})
    before = snapshot(behind.tree().path), behind.main.commit_of("auth")
    result = synced(behind, "auth", rebase=rebase)
    assert not result.ok
    assert "lib/b.py" in result.result
    assert f"in {behind.tree().path} and resolve" in result.result
    assert (snapshot(behind.tree().path), behind.main.commit_of("auth")) == before
    assert behind.tree().status() == ""
    assert not list(behind.git_dir().glob("*.lock")) + list(behind.git_dir().glob("orchestra.move.json"))


@pytest.mark.parametrize("rebase", [False, True])
@pytest.mark.parametrize("stage", [False, True])
def test_a_dirty_tree_is_left_as_it_is(behind: World, *, rebase: bool, stage: bool) -> None:
    """Staged or not."""
    behind.tree().write({"app/a.py": "mine\n"})
    if stage:
        behind.tree().git("add", "app/a.py")
    before = snapshot(behind.tree().path)
    result = synced(behind, "auth", rebase=rebase)
    assert not result.ok
    assert "uncommitted" in result.result
    assert snapshot(behind.tree().path) == before


@pytest.mark.parametrize("rebase", [False, True])
@pytest.mark.parametrize("mine", [".env", "build/x.o", "lib/new.py", "conf"])
def test_a_file_that_git_does_not_know_is_not_overwritten(auth: World, mine: str, *, rebase: bool) -> None:
    """Git itself overwrites ignored files without a word."""
    auth.common_dir.joinpath("info/exclude").write_text(".env\nbuild/\nconf\n/orchestra.yaml\n")
    auth.tree().write({mine: "mine\n"})
    theirs = f"{mine}/inside" if mine == "conf" else mine
    auth.main.write({theirs: "theirs\n"})
    auth.main.git("add", "--force", theirs)
    auth.main.git("commit", "--quiet", "-m", "theirs")
    result = synced(auth, "auth", rebase=rebase)
    assert not result.ok
    assert mine in result.result
    assert auth.tree().read(mine) == "mine\n"


def test_a_directory_that_git_does_not_know_is_not_overwritten_by_a_file(auth: World) -> None:
    """The same for all that is in it."""
    auth.common_dir.joinpath("info/exclude").write_text("conf\n/orchestra.yaml\n")
    auth.tree().write({"conf/mine": "mine\n"})
    auth.main.write({"conf": "theirs\n"})
    auth.main.git("add", "--force", "conf")
    auth.main.git("commit", "--quiet", "-m", "theirs")
    assert not synced(auth, "auth").ok
    assert auth.tree().read("conf/mine") == "mine\n"


def test_a_directory_that_becomes_a_file_is_no_obstacle(auth: World) -> None:
    """What git knows it may replace."""
    auth.main.git("rm", "--quiet", "-r", "lib")
    auth.main.commit({"lib": "now a file\n"})
    assert synced(auth, "auth").ok
    assert auth.tree().read("lib") == "now a file\n"


def test_a_file_of_ours_makes_way_for_the_repositorys(auth: World) -> None:
    """It can be made again, and is, aside."""
    auth.main.commit({"SESSION.md": "theirs\n"})
    assert synced(auth, "auth").ok
    assert auth.tree().read("SESSION.md") == "theirs\n"
    auth.settle()


def test_an_edited_file_of_ours_does_not_make_way(auth: World) -> None:
    """It cannot be made again."""
    auth.tree().write({"SESSION.md": "mine\n"})
    auth.main.commit({"SESSION.md": "theirs\n"})
    assert not synced(auth, "auth").ok
    assert auth.tree().read("SESSION.md") == "mine\n"


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_changes_that_git_was_told_not_to_see_are_not_overwritten(behind: World, flag: str) -> None:
    """Git calls such a tree clean."""
    behind.tree().git("update-index", flag, "lib/b.py")
    behind.tree().write({"lib/b.py": "mine\n"})
    behind.main.commit({"lib/b.py": "theirs\n"})
    assert not synced(behind, "auth").ok
    assert behind.tree().read("lib/b.py") == "mine\n"


def test_a_merge_that_is_half_done_is_left_alone(behind: World) -> None:
    """It is somebody's."""
    behind.tree().commit({"lib/b.py": "auth\n"})
    behind.main.commit({"lib/b.py": "main\n"})
    behind.tree().try_git("merge", "main")
    assert "half done" in synced(behind, "auth").result
    assert (behind.git_dir() / "MERGE_HEAD").exists()


def test_a_tree_on_another_branch_is_left_alone(behind: World) -> None:
    """What is declared is not what is there."""
    behind.tree().git("switch", "--quiet", "-c", "mine")
    result = synced(behind, "auth").result
    assert "is on mine" in result
    assert f"`git switch auth` in {behind.tree().path}" in result


def test_a_branch_without_commits_of_its_own_is_not_said_to_be_merged(auth: World) -> None:
    """Nor are there no worktrees declared where none was made."""
    auth.main.commit({"lib/new.py": "new\n"})
    tip = auth.main.commit_of("main")
    assert synced(auth, "auth") == Synced("auth", f"fast-forwarded to main at {tip[:9]}", 1)
    auth.project.run("destroy", "--auto-approve").expect(0)
    assert "declared" not in auth.project.run("sync").expect(0).out


def test_all_are_synced_parents_first_so_that_it_reaches_the_last_helper(world: World) -> None:
    """Those without a tree are passed over."""
    world.declare("auth: {helpers: {test: {eager: true, helpers: {deep: {eager: true}}}, idle: }}\nui:")
    world.settle()
    world.main.commit({"lib/new.py": "new\n"})
    results = sync(world.session(), ())
    assert [(each.name, each.ok) for each in results] == [
        ("auth", True), ("auth--test", True), ("auth--test--deep", True), ("ui", True),
    ]  # fmt: skip
    assert world.tree("auth--test--deep").read("lib/new.py") == "new\n"
    world.require_settled()


def test_an_edited_base_is_brought_in_and_no_longer_news(auth: World) -> None:
    """The mark remembers the base that the tree has."""
    auth.main.branch("release")
    auth.main.git("switch", "--quiet", "release")
    auth.main.commit({"release.txt": "1\n"})
    auth.main.git("switch", "--quiet", "main")
    auth.declare("auth: {base: release}")
    assert synced(auth, "auth").ok
    assert auth.tree().read("release.txt") == "1\n"
    assert auth.change().notes == ()


def test_a_hook_that_refuses_leaves_everything_as_it_was(behind: World) -> None:
    """What was written for a branch that may not move is taken back."""
    hook = behind.common_dir / "hooks/reference-transaction"
    hook.write_text("#!/bin/sh\n! grep -q refs/heads/auth\n")
    hook.chmod(0o755)
    before = snapshot(behind.tree().path), behind.main.commit_of("auth")
    assert not synced(behind, "auth").ok
    assert (snapshot(behind.tree().path), behind.main.commit_of("auth")) == before
    assert not list(behind.git_dir().glob("*.lock")) + list(behind.git_dir().glob("orchestra.move.json"))


def test_a_file_that_was_tracked_for_a_while_is_not_touched_by_a_rebase(auth: World) -> None:
    """Commits that are replayed add and remove it; the tree itself never sees them."""
    (auth.common_dir / "info/exclude").write_text(".env\n/orchestra.yaml\n")
    auth.tree().write({".env": "old\n"})
    auth.tree().git("add", "--force", ".env")
    auth.tree().git("commit", "--quiet", "-m", "by mistake")
    auth.tree().git("rm", "--quiet", "--cached", ".env")
    auth.tree().git("commit", "--quiet", "-m", "untracked again")
    auth.tree().write({".env": "mine\n"})
    auth.main.commit({"lib/new.py": "new\n"})
    assert synced(auth, "auth", rebase=True).ok
    assert auth.tree().read(".env") == "mine\n"


# --- a base that was rewritten ---------------------------------------------------------------------------------------


@pytest.fixture
def rewritten(auth: World) -> World:
    """Give a tree with a commit of its own whose base is not any more what it began from."""
    auth.main.commit({"lib/b.py": "first\n"})
    assert synced(auth, "auth").ok
    auth.tree().commit({"app/own.py": "own\n"})
    auth.main.write({"lib/c.py": "more\n"})
    auth.main.git("add", "--all")
    auth.main.git("commit", "--quiet", "--amend", "--message", "amended")
    return auth


@pytest.mark.parametrize("is_known", [False, True])
def test_what_a_base_has_lost_is_not_merged_and_stays_behind_in_a_rebase(rewritten: World, *, is_known: bool) -> None:
    """Also when an apply in between has seen the new base; what the branch did itself is kept."""
    if is_known:
        rewritten.apply()
    lost = rewritten.tree().commit_of("HEAD~1")
    before = rewritten.main.refs()
    result = synced(rewritten, "auth")
    assert (result.ok, rewritten.main.refs()) == (False, before)
    assert f"main was rewritten and has lost {lost[:9]}" in result.result
    assert "`orchestra sync --rebase auth`" in result.result
    assert synced(rewritten, "auth", rebase=True).ok
    assert rewritten.tree().commit_of("HEAD~1") == rewritten.main.commit_of("main")
    assert rewritten.tree().read("app/own.py") == "own\n"
    assert synced(rewritten, "auth") == Synced("auth", "has all of main")
    rewritten.require_settled()


def test_it_stays_behind_where_the_new_base_was_merged_by_hand(rewritten: World) -> None:
    """A rebase then has something to do although the branch has all of its base."""
    rewritten.tree().git("merge", "--quiet", "--no-edit", "main")
    assert "`orchestra sync --rebase auth`" in synced(rewritten, "auth").result
    assert synced(rewritten, "auth", rebase=True).ok
    assert rewritten.tree().git("log", "--format=%s", "main..").splitlines() == ["change"]
    assert rewritten.tree().read("app/own.py") == "own\n"


def test_a_conflict_with_a_rewritten_base_names_what_leaves_it_behind(rewritten: World) -> None:
    """As git is told by hand."""
    lost = rewritten.tree().commit_of("HEAD~1")
    rewritten.tree().commit({"lib/c.py": "mine\n"})
    result = synced(rewritten, "auth", rebase=True)
    assert f"`git rebase --onto {rewritten.main.commit_of('main')[:9]} {lost[:9]}`" in result.result


def test_own_work_that_the_base_had_for_a_while_is_not_left_behind(auth: World) -> None:
    """It was made in the branch: fast-forwarded into the base, and taken out there again."""
    own = auth.tree().commit({"app/own.py": "own\n"})
    start = auth.main.commit_of("main")
    auth.main.git("merge", "--quiet", "--ff-only", "auth")
    auth.main.git("reset", "--quiet", "--hard", start)
    auth.main.commit({"lib/c.py": "more\n"})
    assert synced(auth, "auth", rebase=True).ok
    assert auth.tree().read("app/own.py") == "own\n"
    assert auth.tree().commit_of("HEAD") != own
    auth.main.git("merge", "--quiet", "--ff-only", "auth")
    auth.main.git("reset", "--quiet", "--hard", "HEAD~1")
    auth.main.commit({"lib/d.py": "more\n"})
    assert synced(auth, "auth", rebase=True).ok
    assert auth.tree().read("app/own.py") == "own\n"
