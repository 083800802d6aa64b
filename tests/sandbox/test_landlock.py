"""Where there can be no namespaces: Landlock holds the command, or nothing does, and that is told."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time

import pytest

from reconciler.clients.sandbox import bubblewrap, landlock
from reconciler.errors import PermanentError
from reconciler.operations.surroundings import Holding, choose
from tests.sandbox.test_import import commit, log, status
from tests.support.sandboxed import Shop
from tests.support.users import USERS, directory_of, words_as

_HELD = ("--sandbox", "landlock")
_UNHELD = ("--sandbox", "none")


def test_git_works_inside_and_goes_nowhere(shop):
    """Commits arrive by the import alone; what else git does stays in the copy, and a guard knows it is one."""
    before = shop.git("for-each-ref")
    done = shop.exec(
        "set -e; cd packages/auth; echo 1 > new.py; git add .; git commit -qm one; git commit -q --amend -m two;"
        "echo 2 > more.py; git add .; git stash -q; git stash pop -q; git commit -qm three;"
        "git rebase -q --force-rebase HEAD~1; git branch -q other; git tag t; git branch -f ui HEAD; git gc -q;"
        "git pack-refs --all; test $(git -C .. rev-list --count main..) = 2; git fsck --strict; git status --short",
        *_HELD,
    ).expect(0)
    assert "imported" in done.err
    after = [line for line in shop.git("for-each-ref").splitlines() if not line.endswith("refs/heads/auth")]
    assert after == [line for line in before.splitlines() if not line.endswith("refs/heads/auth")]
    assert (log(shop), status(shop)) == (["three", "two", "first"], [])
    assert shop.git("fsck", "--strict", "--no-dangling") == ""


def test_a_login_shell_finds_the_copy_too(own):
    """It sets PATH anew; agents run their commands in one."""
    own.orchestra("exec", *_HELD, "auth", "--", "bash", "-lc", commit("one")).expect(0)
    assert (log(own), status(own)) == (["one", "first"], [])


def test_the_guard_refuses_inside_too(own):
    """What would not be imported is refused when it is committed, with the reason."""
    done = own.exec("echo no > docs/note.txt; git add docs; git commit -qm no", *_HELD).expect(1)
    assert "docs/note.txt" in done.err
    assert log(own) == ["first"]


def test_other_repositories_are_themselves(own):
    """git is led to the copy from the tree alone: one that the command makes elsewhere is its own."""
    done = own.exec(
        "set -e; cd $TMPDIR; git init -q a; git -C a commit -q --allow-empty -m mine; git clone -q a b;"
        "git -C b log --format=%s; git -C $OLDPWD log --format=%s",
        *_HELD,
    ).expect(0)
    assert done.out.splitlines() == ["mine", "first"]
    assert not (own.admin() / "orchestra.sandbox/tmp").exists()


def test_either_sandbox_goes_on_with_what_the_other_left(own):
    """The private copy is one."""
    own.exec(commit("one"), *_HELD).expect(0)
    own.exec(commit("two"), "--sandbox", "bubblewrap").expect(0)
    own.exec(commit("three"), *_HELD).expect(0)
    assert (log(own), status(own)) == (["three", "two", "one", "first"], [])


def test_what_a_command_started_ends_with_it(shop):
    """Also without a namespace: a daemon that left its session, and all when orchestra is killed."""
    beat = "while :; do echo x >> packages/auth/alive; sleep 0.02; done"
    file = shop.tree() / "packages/auth/alive"
    for how in (_HELD, _UNHELD):
        shop.exec(f"(setsid sh -c '{beat}' &) ; sleep 1", *how).expect(0)
        _assert_still(file)
        words = words_as(shop.user, [*shop.program, "exec", *how, "auth", "--", "setsid", "--wait", "sh", "-c", beat])
        with subprocess.Popen(words, cwd=shop.main, env=shop.environment, stderr=subprocess.DEVNULL) as process:
            _wait_for(lambda: file.exists() and file.stat().st_size)
            assert process.poll() is None
            process.kill()
        _wait_for(lambda: shop.exec("exit 0", *_HELD).code == 0)
        _assert_still(file)


def test_what_a_command_started_ends_also_where_it_kills_the_launcher(own):
    """Nothing keeps it from that where it is not held: orchestra ends the rest before it lets the lock go."""
    beat = "while :; do echo x >> packages/auth/alive; sleep 0.02; done"
    done = own.exec(f"(setsid sh -c '{beat}' &) ; sleep 1; kill -9 $PPID; {beat}", *_UNHELD)
    assert done.code == 128 + signal.SIGKILL
    _assert_still(own.tree() / "packages/auth/alive")


def _assert_still(file) -> None:
    size = file.stat().st_size
    time.sleep(0.2)
    assert file.stat().st_size == size > 0
    file.unlink()


def _wait_for(condition) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_signals_to_others_are_stopped_or_told(own):
    """Where the kernel can it refuses them; where it cannot, that is said."""
    with subprocess.Popen(["sleep", "600"]) as process:
        done = own.exec(f"kill -9 {process.pid}", *_HELD)
        is_alive = process.poll() is None
        process.kill()
    assert is_alive != ("signals to other processes" in done.err)


def test_root_is_nobody_special(own):
    """It has no capability left, and gets none back; no device can be made or opened."""
    done = own.exec(
        "grep -h ^Cap /proc/self/status; mknod $HOME/m c 1 1; mknod $TMPDIR/d b 8 0; mount -t tmpfs x $HOME;"
        "for d in /dev/[svn]d[a-z] /dev/nvme* /dev/mem; do (: <> $d) && echo opened $d; done; echo x > /dev/null",
        *_HELD,
    ).expect(0)
    assert {line.split()[1] for line in done.out.splitlines()} == {"0" * 16}


def test_a_tree_of_which_the_top_is_open_keeps_its_git_file():
    """Who could replace it would lead git outside to a configuration of theirs: what is there is open, nothing new."""
    with directory_of(USERS[0]) as directory:
        own = Shop.make(USERS[0], directory, 'worktrees:\n  auth: {modify: "**"}\n')
        before = (own.tree() / ".git").read_bytes()
        done = own.exec("echo 1 > top.txt; echo 1 > packages/new; echo no > .git; rm .git; mv .git g; touch x", *_HELD)
        assert "nothing new can be made" in done.err
        assert status(own) == [" M top.txt", "?? packages/new"]
        assert (own.tree() / ".git").read_bytes() == before


def test_a_home_that_holds_the_repository_is_refused(own):
    """Landlock could not keep it closed there."""
    done = own.exec("true", "--home", "user", *_HELD, env={"HOME": str(own.directory)}).expect(3)
    assert "Landlock cannot open" in done.err
    done = own.exec("true", "--home", "user", *_HELD).expect(3)
    assert f"what lies in it ({own.directory}/home/.state/orchestra)" in done.err
    apart = {"XDG_STATE_HOME": str(own.directory / "state")}
    own.exec("echo 1 > ~/mine", "--home", "user", *_HELD, env=apart).expect(0)
    assert (own.directory / "home/mine").exists()


# --- which one -------------------------------------------------------------------------------------------------------


def test_without_bubblewrap_landlock_holds_the_command(own, tmp_path):
    """It is told why, and what that does not stop."""
    for name in ("git", "sh", "touch"):
        (tmp_path / name).symlink_to(shutil.which(name))
    tries = "touch packages/auth/ran; touch ran"
    done = own.exec(tries, env={"PATH": str(tmp_path)})
    assert "orchestra: bwrap is not installed (the package is `bubblewrap`); Landlock, which is weaker" in done.err
    assert f"Landlock does not stop: {', '.join(landlock.gaps())}" in done.err
    assert ((own.tree() / "packages/auth/ran").exists(), (own.tree() / "ran").exists()) == (True, False)
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2; exit 1\n")
    (tmp_path / "bwrap").chmod(0o755)
    done = own.exec(tries, env={"PATH": str(tmp_path)})
    assert "user namespaces are off here (bwrap: No permissions to create new namespace); Landlock" in done.err


@pytest.mark.parametrize(("found", "why"), [(-1, "has no Landlock"), (2, "lets anybody empty any file")])
@pytest.mark.parametrize("wanted", ["auto", "landlock"])
def test_where_neither_works_nothing_runs(monkeypatch, found, why, wanted):
    """It says why not either, and how to run it unheld."""
    monkeypatch.setattr(landlock, "version", lambda: found)
    monkeypatch.setattr(bubblewrap, "why_not", lambda _: "bwrap is not installed")
    with pytest.raises(PermanentError, match=why) as caught:
        choose(wanted, None, pytest.fail)
    assert ("bwrap is not installed" in caught.value.message) == (wanted == "auto")
    assert "--sandbox none" in caught.value.hint


def test_what_is_not_asked_for_is_not_taken(monkeypatch):
    """Who wants bubblewrap gets no less; where it works, nothing is told."""
    monkeypatch.setattr(bubblewrap, "why_not", lambda _: "")
    assert choose("auto", None, pytest.fail) is Holding.BUBBLEWRAP
    monkeypatch.setattr(bubblewrap, "why_not", lambda _: "bwrap is not installed")
    with pytest.raises(PermanentError, match="bwrap is not installed"):
        choose("bubblewrap", None, pytest.fail)


def test_unheld_commits_are_the_repositorys_and_the_guard_holds(shop):
    """It is told that nothing holds the command; git works on the tree's own directory."""
    script = "echo 1 > top.txt; {}; git add top.txt; git commit -qm bad; true"
    done = shop.exec(script.format(commit("one").removeprefix("set -e; ")), *_UNHELD).expect(0)
    assert "nothing holds the command" in done.err
    assert "this commit would change what auth may not" in done.err
    assert (log(shop), status(shop)) == (["one", "first"], ["M  top.txt"])
    assert not (shop.admin() / "orchestra.sandbox/git").exists()


@pytest.mark.parametrize("how", [_HELD, _UNHELD], ids=["landlock", "none"])
def test_a_tree_in_which_a_command_runs_is_kept(own, how):
    """However it is held."""
    words = words_as(own.user, [*own.program, "exec", *how, "auth", "--", "sh", "-c", "touch packages/auth/on; cat"])
    with subprocess.Popen(
        words, cwd=own.main, env=own.environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        _wait_for((own.tree() / "packages/auth/on").exists)
        done = own.orchestra("destroy", "--auto-approve")
        process.stdin.close()
        assert process.wait() == 0
    assert "a command is running in its sandbox" in done.out + done.err
    assert (own.tree() / "packages/auth/on").exists()


@pytest.mark.parametrize(
    ("how", "words", "is_told"),
    [
        pytest.param(_HELD, "-s danger-full-access", False, id="landlock"),
        pytest.param(_UNHELD, 'default_permissions="orchestra"', True, id="none"),
    ],
)
def test_an_agents_own_sandbox_is_used_where_there_is_none_of_ours(own, tmp_path, how, words, is_told):
    """Codex' cannot start in Landlock; where nothing holds it, it may write where git does for this tree."""
    (tmp_path / "codex").write_text('#!/bin/sh\necho "$@"\n')
    (tmp_path / "codex").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = own.orchestra("exec", *how, "auth", "--", "codex", env={"PATH": path}).expect(0)
    assert words in done.out
    assert (f'"{own.admin()}" = "write"' in done.out) == is_told
    assert ("Codex: instead of docs/*.md all of docs can be written" in done.err) == is_told
