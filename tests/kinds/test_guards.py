"""Guards: what git refuses in a tree, and that they are in force, stay so, and leave no trace when they go."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from reconciler.model.change import Action
from reconciler.operations.forget import forget
from reconciler.operations.options import PlanOptions
from reconciler.operations.sync import sync
from tests.support.repository import GitRepo
from tests.support.world import World, snapshot

REFUSED = "orchestra: refused: "


@pytest.fixture
def guarded(world: World) -> World:
    """Give a repository in which `auth` may change `app`, but for `app/vendor`."""
    world.declare("auth: {modify: app, deny: app/vendor}")
    world.settle()
    return world


def commit(tree: GitRepo, *words: str) -> str:
    """Commit all that is there; empty when git did it, else what it said."""
    tree.git("add", "--all")
    done = tree.try_git("commit", "--quiet", "--allow-empty", "--message", "x", *words)
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("words", [(), ("--no-verify",)], ids=["plain", "no-verify"])
@pytest.mark.parametrize("path", ["lib/b.py", "app/vendor/x", "new", "app.py", "app2/x"])
def test_a_commit_outside_of_the_area_is_refused(guarded: World, path: str, words: tuple[str, ...]) -> None:
    """With the path, by the first hook that can; nothing is committed."""
    tree = guarded.tree()
    before = tree.refs()
    tree.write({path: "changed\n"})
    said = commit(tree, *words)
    assert REFUSED in said
    assert f"  {path}\n" in said
    assert tree.refs() == before


def test_a_refusal_names_the_way_out(guarded: World) -> None:
    """Of what is staged, to unstage it; of a commit that is there, also what its base may have to do with it."""
    tree = guarded.tree()
    tree.write({"lib/b.py": "changed\n"})
    assert "`git restore --staged PATH`" in (said := commit(tree))
    assert "orchestra sync" not in said
    assert "`orchestra sync --rebase auth`" in commit(tree, "--no-verify")


def test_a_commit_in_the_area_is_made(guarded: World) -> None:
    """Whatever is done to the path."""
    tree = guarded.tree()
    tree.write({"app/new.py": "x", "app/a.py": None, "app/deep/er/x": "x"})
    assert commit(tree) == ""


def test_what_came_with_the_base_counts_once_sync_brought_it(guarded: World) -> None:
    """Not when an agent moved the base first, nor before orchestra looked."""
    tree = guarded.tree()
    tree.commit({"app/own.py": "x"})
    guarded.main.commit({"lib/new.py": "x"})
    assert REFUSED in tree.try_git("merge", "--no-edit", "main").stderr
    tree.git("merge", "--abort")
    assert sync(guarded.session(), ("auth",))[0].ok
    assert tree.read("lib/new.py") == "x"
    tree.commit({"app/more.py": "x"})


def test_an_apply_that_has_nothing_to_do_lets_a_guard_know_its_base(guarded: World) -> None:
    """Then a merge by hand counts."""
    guarded.tree().commit({"app/own.py": "x"})
    guarded.main.commit({"lib/new.py": "x"})
    assert guarded.plan().is_empty
    guarded.apply()
    guarded.tree().git("merge", "--no-edit", "main")


def test_a_plan_says_which_commits_do_not_fit_an_area_that_becomes_narrower(guarded: World) -> None:
    """Before the guard refuses the next one for them; one that they fit is no reason for a word."""
    tree = guarded.tree()
    tree.commit({"app/own.py": "x"})
    first = tree.commit({"app/b/new.py": "x"})
    tree.commit({"app/b/more.py": "x"})
    guarded.declare("auth: {modify: app, deny: app/other}")
    assert guarded.change("guard:auth").touches_work == ""
    guarded.declare("auth: {modify: app/own.py, deny: app/vendor}")
    change = guarded.change("guard:auth")
    said = f"2 commits that auth has by now would not fit ({first[:9]} changes app/b/new.py)"
    assert change.touches_work.startswith(said)
    assert "`orchestra check auth` names them" in change.hint
    guarded.settle()


def test_a_plan_says_which_commits_a_first_guard_would_refuse(world: World) -> None:
    """Of a tree that had no area, and of a branch that has no tree yet; none for one without commits of its own."""
    world.declare("auth:\nui: {modify: app}")
    world.settle()
    world.tree().commit({"lib/b.py": "x"})
    world.main.git("branch", "old", "auth")
    world.declare("auth: {modify: app}\nui: {modify: lib}\nold: {modify: app}")
    assert "1 commit that auth has by now" in world.change("guard:auth").touches_work
    assert "1 commit that old has by now" in world.change("guard:old").touches_work
    assert world.change("guard:ui").touches_work == ""


def test_other_trees_keep_the_hooks_that_they_have(guarded: World) -> None:
    """The main worktree is not guarded, nor is one that somebody made."""
    guarded.main.commit({"lib/x": "x"})
    guarded.main.worktree(guarded.project.path.parent / "mine", "mine").commit({"lib/y": "x"})


@pytest.mark.parametrize(
    "words",
    [
        ("update-ref", "refs/heads/main", "HEAD"),
        ("update-ref", "-d", "refs/heads/auth"),
        ("update-ref", "refs/orchestra/archive/x/y", "HEAD"),
        ("fetch", ".", "+HEAD:refs/heads/main", "--update-head-ok"),
    ],
    ids=" ".join,
)
def test_refs_of_others_are_refused(guarded: World, words: tuple[str, ...]) -> None:
    """Those of the base, those of orchestra, and the tree's own is not deleted."""
    tree = guarded.tree()
    tree.commit({"app/own.py": "x"})
    before = tree.refs()
    assert REFUSED in tree.try_git(*words).stderr
    assert tree.refs() == before


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("ref", ["refs/heads/auth", "refs/heads/main", "refs/stash", "refs/orchestra/archive/x/1"])
def test_refs_are_packed_but_not_deleted(guarded: World, ref: str, *, is_packed: bool) -> None:
    """Git tells a hook of the file that packing makes needless as of a deletion."""
    tree = guarded.tree()
    tree.commit({"app/own.py": "x"})
    for each in ("refs/stash", "refs/orchestra/archive/x/1"):
        guarded.main.git("update-ref", each, "HEAD")
    before = tree.refs()
    if is_packed:
        tree.git("gc", "--quiet")
        tree.git("pack-refs", "--all", "--prune")
        assert not (guarded.common_dir / ref).exists()
    assert tree.refs() == before
    for words in ((), (before[ref],)):
        assert REFUSED in tree.try_git("update-ref", "-d", ref, *words).stderr
    assert tree.refs() == before


def test_the_guard_follows_a_branch_that_is_renamed(guarded: World) -> None:
    """In the apply that renames it: there is nothing left to do."""
    guarded.declare("auth: {branch: other, modify: app, deny: app/vendor}")
    guarded.settle()
    guarded.tree().write({"lib/b.py": "changed\n"})
    assert "other would change what auth may not" in commit(guarded.tree(), "--no-verify")


def test_the_stash_is_refused_and_nothing_is_lost(guarded: World) -> None:
    """It is one for all trees."""
    tree = guarded.tree()
    tree.write({"app/a.py": "mine"})
    assert REFUSED in tree.try_git("stash").stderr
    assert tree.read("app/a.py") == "mine"


@pytest.mark.parametrize("damage", ["rule", "guard", "pre-commit", "bases", "configuration", "extension", "added"])
def test_what_is_not_in_force_is_drift_and_put_back(guarded: World, damage: str) -> None:
    """Every plan looks."""
    tree, there = guarded.tree(), guarded.git_dir() / "orchestra-guard"
    match damage:
        case "configuration":
            tree.git("config", "--worktree", "--unset", "core.hooksPath")
        case "extension":
            tree.git("config", "--unset", "extensions.worktreeConfig")
        case "added":
            (there / "commit-msg").write_text("#!/bin/sh\n")
        case name:
            (there / name).unlink()
            (there / name).write_text("#!/bin/sh\nexit 0\n")
    change = guarded.change("guard:auth")
    assert change.action is Action.UPDATE
    assert change.reason.startswith("it is not in force: ")
    guarded.settle()
    tree.write({"lib/b.py": "changed\n"})
    assert REFUSED in commit(tree)


def test_every_command_that_has_to_do_with_a_tree_tells_of_a_guard_that_is_not_in_force(guarded: World) -> None:
    """And does what it is asked for."""
    words = (("status",), ("sync",), ("exec", "--sandbox", "none", "auth", "--", "true"), ("plan",))
    for each in words:
        assert "not in force" not in str(guarded.project.run(*each).expect(0)), each
    guarded.tree().git("config", "--worktree", "--unset", "core.hooksPath")
    for each in words:
        ended = guarded.project.run(*each).expect(0)
        assert "not in force: core.hooksPath of the tree is gone" in ended.out + ended.err, each


@pytest.mark.parametrize("lost", ["rule", "bases"])
def test_with_its_data_gone_it_refuses_and_names_the_way_out(guarded: World, lost: str) -> None:
    """It does not guess."""
    (guarded.git_dir() / "orchestra-guard" / lost).unlink()
    guarded.tree().write({"app/a.py": "changed\n"})
    said = commit(guarded.tree(), "--no-verify")
    assert "not whole" in said
    assert "orchestra forget" in said


def test_when_it_goes_the_hooks_are_as_before(guarded: World) -> None:
    """With the area, or by `forget`; the tree stays."""
    guarded.declare("auth: {}")
    change = guarded.change("guard:auth")
    assert (change.action, change.orphan) == (Action.NO_OP, True) or change.action is Action.DELETE
    forget(guarded.session(), "auth")
    assert not (guarded.git_dir() / "orchestra-guard").exists()
    assert guarded.tree().try_git("config", "--worktree", "core.hooksPath").returncode == 1
    guarded.tree().commit({"lib/b.py": "x"})


def test_forget_takes_it_off_when_all_marks_are_gone(guarded: World) -> None:
    """The guard says whose it is."""
    (guarded.git_dir() / "orchestra.json").unlink()
    forget(guarded.session(), "auth")
    guarded.tree().commit({"lib/b.py": "x"})


def test_after_destroy_and_apply_it_is_in_force_again(guarded: World) -> None:
    """The law of archives, with a guard."""
    tree = guarded.tree()
    tree.commit({"app/own.py": "x"})
    tree.write({"app/new": "x", "lib/not-committed": "x"})
    before = snapshot(tree.path, skip=(".git",))
    assert guarded.destroy().is_complete
    guarded.settle("auth")
    assert snapshot(tree.path, skip=(".git",)) == before
    assert REFUSED in commit(tree)


def test_a_tree_that_is_being_filled_takes_no_commit(guarded: World) -> None:
    """Its files are not all there."""
    (guarded.git_dir() / "orchestra.filling").touch()
    assert "being filled" in commit(guarded.tree())


def test_a_branch_that_is_renamed_stays_guarded(guarded: World) -> None:
    """In the same apply; the plan after it is empty."""
    guarded.declare("auth: {modify: app, branch: feature/auth}")
    guarded.settle()
    guarded.tree().write({"lib/b.py": "changed\n"})
    assert f"{REFUSED}feature/auth" in commit(guarded.tree(), "--no-verify")


def test_where_git_runs_no_hooks_the_change_fails(
    guarded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forbidden change is tried in the tree, and leaves no trace there; the next plan does not take it for done."""
    git = shutil.which("git")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(f'#!/bin/sh\nexec {git} -c core.hooksPath=/dev/null "$@"\n')
    (tmp_path / "bin/git").chmod(0o755)
    guarded.declare("auth: {modify: [app, top.txt]}")
    before = snapshot(guarded.common_dir, skip=("orchestra", f"worktrees/{guarded.tree().path.name}", "config"))
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
        report = guarded.try_apply()
    assert [o.reason for o in report.outcomes if "let a forbidden change through" in o.reason]
    assert snapshot(guarded.common_dir, skip=("orchestra", f"worktrees/{guarded.tree().path.name}", "config")) == before
    assert guarded.change("guard:auth").action is Action.UPDATE
    guarded.settle()


def test_trying_leaves_no_trace(guarded: World) -> None:
    """No object, no ref, no log, no index."""
    (guarded.git_dir() / "orchestra-guard/rule").write_text("")
    skip = ("orchestra", "orchestra.json", "orchestra-guard")
    private, objects = snapshot(guarded.git_dir(), skip=skip), snapshot(guarded.common_dir / "objects")
    refs = guarded.main.refs()
    guarded.apply()
    assert snapshot(guarded.git_dir(), skip=skip) == private
    assert (snapshot(guarded.common_dir / "objects"), guarded.main.refs()) == (objects, refs)


def test_an_area_that_only_odd_bytes_leave_is_guarded(world: World) -> None:
    """The forbidden path that is tried is none that a terminal shows; git writes it in quotes."""
    world.declare("auth: {deny: '[^[:print:]]'}")
    world.settle()
    tree = world.tree()
    (tree.path / "\x01").write_text("x")
    assert '  "\\001"\n' in commit(tree)
    (tree.path / "\x01").unlink()
    tree.commit({"lib/b.py": "changed\n"})


def test_what_the_tree_itself_said_of_its_hooks_comes_back(world: World, tmp_path: Path) -> None:
    """They run meanwhile; taken off by `--prune`, ours leave them as they were."""
    world.declare("auth:")
    world.settle()
    (tmp_path / "own").mkdir()
    (tmp_path / "own/pre-commit").write_text(f"#!/bin/sh\necho ran >{tmp_path}/told\n")
    (tmp_path / "own/pre-commit").chmod(0o755)
    world.tree().git("config", "--worktree", "core.hooksPath", str(tmp_path / "own"))
    world.declare("auth: {modify: app}")
    world.settle()
    world.tree().commit({"app/a.py": "changed\n"})
    assert (tmp_path / "told").exists()
    world.declare("auth:")
    world.apply(PlanOptions(prune=True))
    assert world.tree().git("config", "--worktree", "core.hooksPath") == str(tmp_path / "own")
    assert not (world.git_dir() / "orchestra-guard").exists()
    world.require_settled()


@pytest.mark.parametrize(
    ("words", "most"),
    [(("commit", "--quiet", "--message", "x"), 8), (("update-ref", "refs/heads/scratch", "HEAD"), 2)],
    ids=["a commit", "a ref that is not ours"],
)
def test_it_starts_few_programs(
    guarded: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], most: int
) -> None:
    """Eight for a commit where something is denied, beside git's own; for another ref the shell, in both phases."""
    tree, record = guarded.tree(), tmp_path / "events"
    tree.write({"app/a.py": "changed\n"})
    tree.git("add", "--all")
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(record))  # of this git, and of each that a hook starts
    tree.git(*words)
    events = [json.loads(line) for line in record.read_text().splitlines()]
    called = [each["argv"] for each in events if each["event"] == "start" and each["argv"][1] != "maintenance"]
    hooks = [each for each in events if each["event"] == "child_start" and each["child_class"] == "hook"]
    assert len(called) - 1 + len(hooks) == most, called


def test_pushing_a_commit_that_leaves_the_area_is_refused(guarded: World, tmp_path: Path) -> None:
    """By whatever name it is pushed; one that keeps to it is pushed."""
    remote, tree = GitRepo.init(tmp_path / "remote", bare=True), guarded.tree()
    tree.commit({"app/own.py": "x"})
    tree.git("push", "--quiet", str(remote.path), "auth")
    tree.git("checkout", "--quiet", "-b", "mine")
    tree.write({"lib/b.py": "changed\n"})
    assert commit(tree, "--no-verify") == ""
    assert REFUSED in tree.try_git("push", str(remote.path), "mine:refs/heads/x").stderr
    assert list(remote.refs()) == ["refs/heads/auth"]


def test_only_what_git_calls_is_called(world: World) -> None:
    """Whatever else lies beside hooks, by whatever name."""
    hooks = world.common_dir / "hooks"
    for name in ("guard", "rule", "bases", "husky.sh", "commit-msg"):
        (hooks / name).write_text("#!/bin/sh\necho called >&2\n")
        (hooks / name).chmod(0o755)
    world.declare("auth: {modify: app}")
    world.settle()
    world.tree().write({"app/a.py": "changed\n"})
    world.tree().git("add", "--all")
    assert world.tree().try_git("commit", "--message", "x").stderr.count("called") == 1
    world.tree().write({"lib/b.py": "changed\n"})
    assert REFUSED in commit(world.tree())


def test_a_tree_that_is_made_in_a_guarded_one_is_not_held(guarded: World) -> None:
    """Git hands on what leads to hooks; they run, ours does not. Adopted, it has a guard of its own."""
    hook = guarded.common_dir / "hooks/commit-msg"
    hook.write_text("#!/bin/sh\necho called >&2\n")
    hook.chmod(0o755)
    guarded.settle()
    place = guarded.project.path.parent / "hot"
    guarded.tree().git("worktree", "add", "--quiet", "-b", "hot", str(place))
    hot = GitRepo(place)
    hot.write({"lib/x": "x"})
    hot.git("add", "--all")
    assert "called" in hot.try_git("commit", "--message", "x").stderr
    assert hot.status() == ""
    guarded.declare("auth: {modify: app, deny: app/vendor}\nhot: {modify: lib, path: ../hot}")
    guarded.project.run("adopt", "hot").expect(0)
    guarded.settle()
    hot.write({"app/a.py": "x"})
    assert REFUSED in commit(hot)
    hot.git("reset", "--quiet", "--hard")
    hot.write({"lib/x": "y"})
    hot.git("add", "--all")
    assert "called" in hot.try_git("commit", "--message", "x").stderr


@pytest.mark.parametrize("command", ["rebase", "merge"])
def test_what_git_put_away_itself_is_not_lost(guarded: World, command: str) -> None:
    """It has let go of it when it asks for a stash."""
    tree = guarded.tree()
    first = tree.commit_of("HEAD")
    tree.commit({"app/c": "ours"})
    tree.git("switch", "--quiet", "--create", "side", first)
    tree.commit({"app/c": "theirs"})
    tree.git("switch", "--quiet", "auth")
    tree.write({"app/a.py": "hours of work\n"})
    assert tree.try_git(command, "--autostash", "side").returncode
    tree.git(*(("rebase", "--quit") if command == "rebase" else ("reset", "--quiet", "--hard")))
    assert "hours of work" in tree.git("stash", "show", "--patch", "stash@{0}")


def test_what_a_tool_puts_among_the_hooks_is_moved_aside(guarded: World) -> None:
    """It asked git where they are."""
    there = guarded.git_dir() / "orchestra-guard"
    for name in ("post-commit", "pre-commit"):
        (there / name).unlink(missing_ok=True)
        (there / name).write_text("#!/bin/sh\n# mine\n")
        (there / name).chmod(0o755)
    guarded.settle()
    kept = guarded.git_dir() / "orchestra-guard.kept"
    assert sorted(path.name for path in kept.iterdir()) == ["post-commit", "pre-commit"]
    assert (there / "pre-commit").is_symlink()


def test_what_lies_aside_already_is_not_overwritten(guarded: World) -> None:
    """A tool that installs its hook at every start does so again after each repair."""
    there = guarded.git_dir() / "orchestra-guard"
    for text in ("# first\n", "# second\n"):
        (there / "own").write_text(text)
        guarded.settle()
    kept = guarded.git_dir() / "orchestra-guard.kept"
    assert sorted(path.read_text() for path in kept.iterdir()) == ["# first\n", "# second\n"]


def test_what_a_tool_put_there_outlives_the_guard(guarded: World) -> None:
    """It is aside when nothing is guarded any more."""
    (guarded.git_dir() / "orchestra-guard/own").write_text("# mine\n")
    forget(guarded.session(), "auth")
    assert not (guarded.git_dir() / "orchestra-guard").exists()
    assert (guarded.git_dir() / "orchestra-guard.kept/own").read_text() == "# mine\n"


def test_what_a_killed_write_left_is_removed(guarded: World) -> None:
    """It is nobody's."""
    left = guarded.git_dir() / "orchestra-guard/.bases.orchestra.tmp"
    left.write_text("half a li")
    assert ".bases.orchestra.tmp was left by a write that was killed" in str(guarded.plan())
    guarded.settle()
    assert not left.exists()
    assert not (guarded.git_dir() / "orchestra-guard.kept").exists()


def test_tags_and_notes_may_be_pushed(guarded: World, tmp_path: Path) -> None:
    """They are on no branch."""
    GitRepo.init(tmp_path / "origin", bare=True)
    tree = guarded.tree()
    guarded.main.commit({"lib/new.py": "x"})
    guarded.main.git("tag", "v1")
    tree.git("notes", "add", "--message", "n")
    tree.git("push", str(tmp_path / "origin"), "v1", "refs/notes/commits", "auth")
