from __future__ import annotations

import json
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


@pytest.mark.parametrize(
    ("script", "why"),
    [
        pytest.param("echo x > docs/a.txt; git add docs; git commit -qm bad", "are not imported", id="refused"),
        pytest.param(
            "echo 1 > packages/auth/a.py; git add packages; echo 2 > packages/auth/a.py", "staged in its", id="staged"
        ),
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
