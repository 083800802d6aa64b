from __future__ import annotations

import json
import os
import shutil
import time

import pytest

from tests.sandbox.test_import import commit, log, status
from tests.support.sandboxed import ROUND_THE_GUARD, Shop


def destroyed(shop: Shop) -> str:
    """What `destroy` says."""
    done = shop.orchestra("destroy", "--auto-approve")
    return done.out + done.err


def test_what_was_imported_is_parked_and_comes_back(shop):
    """A tree that had a sandbox goes as any other does, and comes back."""
    shop.exec(commit("one") + "; echo x > packages/auth/left.py").expect(0)
    destroyed(shop)
    assert not shop.tree().exists()
    shop.orchestra("apply", "--auto-approve").expect(0)
    assert (log(shop), status(shop)) == (["one", "first"], ["?? packages/auth/left.py"])
    shop.exec(commit("two")).expect(0)
    assert log(shop) == ["two", "one", "first"]


def test_what_programs_wrote_in_the_home_of_a_sandbox_is_told_to_be_lost(own):
    """Caches, and what is the user's, are not."""
    (own.directory / "home/.bashrc").write_text("# mine\n")
    own.exec(
        "mkdir ~/.agent ~/.config/tool ~/.cache/x; echo x > ~/.agent/session; rm ~/.bashrc; echo x > ~/.bashrc"
    ).expect(0)
    said = destroyed(own)
    assert not own.tree().exists()
    assert "lost, since the home of its sandbox goes with it: .agent, .bashrc, .config/tool" in said


@pytest.mark.parametrize(
    ("script", "why"),
    [
        pytest.param("echo x > docs/a.txt; git add docs; git commit -qm bad", "are not imported", id="refused"),
        pytest.param(
            "f=packages/auth/session.py; echo 1 > $f; git commit -qam a; git checkout -qb b HEAD~1; echo 2 > $f;"
            "git commit -qam b; git merge auth",
            "a merge is half done in its sandbox",
            id="half done",
        ),
        pytest.param("mv .git/x y 2>/dev/null; cd {git}; rm -rf worktrees/auth/index", "cannot be read", id="spoilt"),
    ],
)
def test_a_tree_with_work_that_no_save_holds_is_kept(own, script, why):
    """It says why; the work is there at the next command."""
    own.exec(script.replace("{git}", str(own.main / ".git")), *ROUND_THE_GUARD)
    said = destroyed(own)
    assert own.tree().exists(), said
    assert why in said
    assert (own.admin() / "orchestra.sandbox/git").exists()


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("git checkout -q -b mine; {commit}; git checkout -q auth", id="another branch"),
        pytest.param("git checkout -q -b mine; {commit}; git checkout -q auth; git pack-refs --all", id="packed"),
        pytest.param("echo 1 > packages/auth/one.py; git add packages; git stash -q -m one", id="stash"),
        pytest.param("{commit}; git reset -q --hard HEAD~1", id="taken back"),
        pytest.param("git checkout -q --detach; {commit}; git checkout -q auth", id="detached"),
        pytest.param("git tag -am t t $(git commit-tree -p HEAD -m one HEAD^{tree})", id="tag"),
        pytest.param("git tag -am t t $(git commit-tree -p HEAD -m one HEAD^{tree}); git pack-refs --all", id="tags"),
        pytest.param(
            "git worktree add -q --detach /tmp/w; cd /tmp/w; {commit}; rm -r $(git rev-parse --git-dir)/logs",
            id="another tree",
        ),
    ],
)
def test_commits_that_no_branch_outside_has_are_archived(own, script):
    """Another branch's, a stash's and what was taken back is in the archive, and not on the branch."""
    own.exec("set -e; " + script.replace("{commit}", commit("one").removeprefix("set -e; ")), *ROUND_THE_GUARD).expect(
        0
    )
    destroyed(own)
    assert not own.tree().exists()
    assert "one" not in own.git("log", "--format=%s", "--branches").splitlines()
    archived = own.git("log", "--format=%s", "--glob=refs/orchestra/archive/")
    assert any(line.endswith("one") for line in archived.splitlines())


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("echo 1 > $f; git add $f; echo 2 > $f", id="changed afterwards"),
        pytest.param("echo 1 > $f; git add $f; rm $f", id="deleted afterwards"),
        pytest.param("echo 1 > $f; git -c core.splitIndex=true add $f; echo 2 > $f", id="a split index"),
        pytest.param("echo 1 > $f; git add $f; git update-index --split-index; rm $f", id="all of it shared"),
        pytest.param("git mv packages/auth/session.py $f; echo 1 > $f; git add $f; rm $f", id="moved"),
        pytest.param("ln -s 1 $f; git add $f; rm $f; echo 1 > $f", id="a link"),
    ],
)
def test_what_is_staged_and_in_no_file_is_archived(own, script):
    """The archive has it, and says that there is something; a second look keeps it no second time."""
    own.exec(f"set -e; f=packages/auth/one.py; {script}").expect(0)
    kept = own.git("for-each-ref", "refs/worktree/sandbox", cwd=own.tree())
    assert len(kept.splitlines()) == 1
    own.exec("git status").expect(0)
    assert own.git("for-each-ref", "refs/worktree/sandbox", cwd=own.tree()) == kept
    assert "1 commit that no branch has" in destroyed(own)
    assert not own.tree().exists()
    words = ("log", "--format=%H", "--grep=staged in the sandbox", "--glob=refs/orchestra/archive/")
    (name,) = own.git(*words).splitlines()
    assert own.git("show", f"{name}:packages/auth/one.py") == "1"
    own.orchestra("apply", "--auto-approve").expect(0)
    assert own.git("for-each-ref", "--format=%(objectname)", "refs/worktree/sandbox", cwd=own.tree()) == name


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("echo 1 > $f", id="a file"),
        pytest.param("ln -s session.py $f", id="a link"),
        pytest.param("echo 1 > $f; chmod +x $f", id="a program"),
    ],
)
def test_what_is_staged_and_in_the_tree_is_not_kept_twice(own, script):
    """A save of the tree has it."""
    own.exec(f"f=packages/auth/one.py; {script}; git add $f").expect(0)
    assert own.git("for-each-ref", "refs/worktree/sandbox", cwd=own.tree()) == ""
    assert "no branch has" not in destroyed(own)
    assert not own.tree().exists()


def test_what_was_kept_is_not_taken_in_again(own):
    """What is in the repository already is left alone by the next command."""
    own.exec("echo 1 > packages/auth/one.py; git add packages; git stash -q; " + commit("two") + "; git tag -am t t")
    trace, config = own.directory / "trace", own.directory / "traced"
    config.write_text(f"[trace2]\n\tnormalTarget = {trace}\n")
    traced = {"GIT_CONFIG_GLOBAL": str(config)}
    own.exec("true", env=traced).expect(0)
    assert "index-pack" not in trace.read_text()
    own.exec("git commit -q --amend -m three", env=traced).expect(0)
    assert "index-pack" in trace.read_text()


def test_what_only_a_stash_in_there_has_outlives_gits_collector(own):
    """Which passes over refs of another tree, but not over their logs."""
    now = {"GIT_COMMITTER_DATE": f"@{int(time.time())} +0000"}  # logs of long ago are collected
    own.exec("echo 1 > packages/auth/one.py; git add packages; git stash -q -m one", env=now).expect(0)
    own.git("gc", "--quiet", "--prune=now")
    (name,) = own.git("for-each-ref", "--format=%(objectname)", "refs/worktree/sandbox", cwd=own.tree()).splitlines()
    assert own.git("cat-file", "-t", name) == "commit"


def test_after_a_kill_a_tree_is_kept_until_it_was_looked_at(own):
    """What a killed command left is not known; the next command settles it."""
    own.exec("true").expect(0)
    file = own.admin() / "orchestra.sandbox/state.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"settled": False}))
    assert "was killed" in destroyed(own)
    own.exec("true").expect(0)
    destroyed(own)
    assert not own.tree().exists()


@pytest.mark.parametrize("what", ["no program", "no sandbox", "no home"])
def test_a_command_that_was_not_started_leaves_nothing_unknown(own, tmp_path, what):
    """The tree may go as before."""
    own.exec("true").expect(0)
    if what == "no program":
        own.orchestra("exec", "auth", "--", "no-such-program").expect(127)
    elif what == "no sandbox":
        real = shutil.which("bwrap")
        (tmp_path / "bwrap").write_text(f'#!/bin/sh\ncase "$*" in *--version) exec {real} "$@" ;; esac\nexit 1\n')
        (tmp_path / "bwrap").chmod(0o755)
        assert "was not started" in own.exec("true", env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}).expect(1).err
    else:
        home = {"HOME": str(own.directory)}
        assert "Landlock cannot open" in own.exec("true", "--home", "user", "--sandbox", "landlock", env=home).err
    destroyed(own)
    assert not own.tree().exists()
