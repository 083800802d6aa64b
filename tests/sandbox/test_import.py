from __future__ import annotations

import json
import os
import subprocess
import time

import pytest

from tests.support.sandboxed import Shop
from tests.support.users import words_as

_PAST = "git -c core.hooksPath=/dev/null"
"""git as a command in a sandbox can have it: past the guard, which only tells it early."""

_COMMIT = "set -e; echo {0} > packages/auth/{0}.py; git add packages/auth; git commit -qm {0}"


def commit(name: str) -> str:
    """A script that commits a file of the area."""
    return _COMMIT.format(name)


def log(shop: Shop, branch: str = "auth") -> list[str]:
    """The subjects of a branch, as the repository has them."""
    return shop.git("log", "--format=%s", branch).splitlines()


def status(shop: Shop) -> list[str]:
    """What the host's git says of the tree."""
    return shop.git("status", "--porcelain", "-uall", "--ignore-submodules=all", cwd=shop.tree()).splitlines()


def test_what_was_committed_in_the_area_arrives(shop):
    """The branch has it, and the tree is clean; the same again with what comes after."""
    assert "imported: auth is at" in shop.exec(commit("one")).expect(0).err
    assert (log(shop), status(shop)) == (["one", "first"], [])
    shop.exec(commit("two")).expect(0)
    assert (log(shop), status(shop)) == (["two", "one", "first"], [])
    assert shop.git("fsck", "--strict") == ""


def test_what_the_command_ended_with_does_not_matter(own):
    """Also the commits of one that failed arrive."""
    own.exec(commit("one") + "; exit 5").expect(5)
    assert log(own) == ["one", "first"]


def test_a_rewritten_branch_arrives(own):
    """Its old commits stay in the log of the branch."""
    own.exec(commit("one")).expect(0)
    assert "rewritten" in own.exec("git commit -q --amend -m better").expect(0).err
    assert (log(own), status(own)) == (["better", "first"], [])
    assert own.git("log", "-1", "--format=%s", "auth@{1}") == "one"


def test_commits_arrive_while_the_command_runs(own):
    """A long one does not keep them to itself."""
    words = words_as(own.user, [*own.program, "exec", "auth", "--", "sh", "-c", commit("one") + "; cat"])
    with subprocess.Popen(
        words, cwd=own.main, env=own.environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        end = time.monotonic() + 60
        while log(own) != ["one", "first"] and time.monotonic() < end:
            time.sleep(0.1)
        assert process.poll() is None
        process.stdin.close()
        assert process.wait() == 0
    assert (log(own), status(own)) == (["one", "first"], [])


def test_what_leaves_the_area_is_refused_and_nothing_is_lost(shop):
    """Commit, path and line of the manifest are told; mended in the sandbox, it arrives."""
    done = shop.exec(
        f"echo x > docs/note.txt; git add docs; {_PAST} commit -qm bad; "
        + commit("good").replace("git commit", f"{_PAST} commit")
    ).expect(0)
    assert "docs/note.txt\n    outside of `modify: packages/auth`" in done.err
    assert log(shop) == ["first"]
    shop.exec(f"git rm -q docs/note.txt && {_PAST} commit -qm undone").expect(0)
    assert log(shop) == ["first"]  # each commit is judged, not their sum
    shop.exec("git reset -q --soft main && git commit -qm mended").expect(0)
    assert (log(shop), status(shop)) == (["mended", "first"], [])


def test_a_branch_that_moved_outside_is_not_overwritten(own):
    """What a person committed there meanwhile stays; rebased in the sandbox, both are there."""
    own.exec(commit("mine") + "; (sleep 0.1)").expect(0)
    own.exec(f"echo x > docs/no.txt; git add docs; {_PAST} commit -qm bad").expect(0)  # keeps the sandbox ahead
    (own.tree() / "packages/auth/hand.py").write_text("1\n")
    own.git("add", "packages/auth/hand.py", cwd=own.tree())
    own.git("commit", "-qm", "by hand", cwd=own.tree())
    done = own.exec(
        "git rm -q --cached docs/no.txt; rm docs/no.txt; git commit -q --amend --allow-empty -m good"
    ).expect(0)
    assert "was moved outside" in done.err
    assert log(own) == ["by hand", "mine", "first"]
    own.exec("git stash -uq; git rebase -q " + own.git("rev-parse", "auth")).expect(0)
    assert log(own) == ["good", "by hand", "mine", "first"]


def test_what_arrived_outside_is_there_at_the_next_command(own):
    """After `sync`, the sandbox goes on from the merged branch."""
    own.exec(commit("one")).expect(0)
    (own.main / "top.txt").write_text("new\n")
    own.git("commit", "-qam", "base")
    own.orchestra("sync", "auth", "--rebase").expect(0)
    assert own.exec("git log --format=%s; git status --short").expect(0).out.splitlines() == ["one", "base", "first"]
    own.exec(commit("two")).expect(0)
    assert (log(own), status(own)) == (["two", "one", "base", "first"], [])


@pytest.mark.parametrize(
    "stage",
    [
        pytest.param("echo staged > $f; git add $f; git show HEAD:$f > $f", id="in no file"),
        pytest.param("echo staged > $f; git add $f", id="in a file"),
        pytest.param("git rm -q --cached $f", id="taken out"),
    ],
)
def test_what_is_staged_in_the_sandbox_alone_stays_staged(own, stage):
    """The branch moves outside meanwhile: the sandbox stays where it was, until nothing is staged in it."""
    before = own.exec(f"f=packages/auth/session.py; {stage}; git diff --cached").expect(0).out
    assert before
    own.git("commit", "--allow-empty", "-qm", "by hand", cwd=own.tree())
    assert own.exec("git diff --cached").expect(0).out == before
    assert own.exec("git reset -q; git log -1 --format=%s").expect(0).out == "first\n"
    assert own.exec("git log -1 --format=%s").expect(0).out == "by hand\n"


def test_what_a_person_staged_stays_staged(own):
    """The index of the tree is brought along, and not replaced."""
    own.exec("true").expect(0)
    (own.tree() / "top.txt").write_text("staged\n")
    own.git("add", "top.txt", cwd=own.tree())
    own.exec(commit("one")).expect(0)
    assert status(own) == ["M  top.txt"]


def test_an_import_that_was_killed_before_the_index_is_completed(own):
    """The next command brings the index to where the branch is."""
    own.exec(commit("one")).expect(0)
    new, old = own.git("rev-parse", "auth", "auth~1").splitlines()
    own.git("read-tree", old, cwd=own.tree())
    assert status(own) != []
    file = own.admin() / "orchestra.sandbox/state.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"imported": old, "stepping": [old, new]}))
    own.exec("true").expect(0)
    assert (log(own), status(own)) == (["one", "first"], [])


@pytest.mark.parametrize("is_committed", [False, True], ids=["left", "committed"])
def test_a_repository_in_the_tree_is_refused_and_runs_nothing(own, is_committed):
    """What its configuration names is run by nobody outside, not by status and not by destroy."""
    trap = own.directory / "ran"
    script = (
        "set -e; mkdir packages/auth/sub; cd packages/auth/sub; git init -q .; echo 1 > f; git add f; git commit -qm x;"
        f"git config core.fsmonitor 'touch {trap}'; git config filter.x.clean 'touch {trap}; cat';"
        "echo '* filter=x' > .gitattributes; echo 22 > f; cd ../../..; "
    )
    script += (
        "git add packages/auth; git commit -qm sub"
        if is_committed
        else commit("other").replace("git add packages/auth", "git add packages/auth/other.py")
    )
    done = own.exec(script).expect(0)
    assert "a repository lies in" in done.err
    assert log(own) == ["first"]
    for words in (["status"], ["plan"], ["sync", "auth"], ["destroy", "--auto-approve"]):
        own.orchestra(*words)
    assert own.tree().exists()
    assert not trap.exists()


def test_a_repository_too_deep_to_be_found_is_refused(own):
    """What was not looked into is not taken for empty."""
    deep = "cd packages/auth; n=0; while test $n -lt 205; do mkdir d; cd d; n=$((n + 1)); done; git init -q .;"
    done = own.exec(commit("one") + f"; {deep}").expect(0)
    assert "packages/auth/d/d/d" in done.err
    assert "lies too deep" in done.err
    assert log(own) == ["first"]


def test_a_branch_that_was_deleted_outside_is_told_as_such(own):
    """And not as one that was moved to nothing."""
    own.exec("true").expect(0)
    own.git("update-ref", "-d", "refs/heads/auth")
    assert "branch auth was deleted outside" in own.exec(commit("one")).err


def test_a_submodule_without_its_repository_is_refused(own):
    """A link to a commit alone is refused as well: whoever fills it runs what it says."""
    name = own.git("rev-parse", "HEAD")
    done = own.exec(f"git update-index --add --cacheinfo 160000,{name},packages/auth/sub; git commit -qm sub").expect(0)
    assert "adds a submodule (packages/auth/sub)" in done.err
    assert log(own) == ["first"]


_FIND = "f=$(git rev-parse {0}); f=objects/$(echo $f | sed 's,^..,&/,'); chmod u+w $f; "
_SPOIL = {
    "an object that is another": _FIND.format("auth:packages/auth/one.py") + "printf junk > $f",
    "a pipe for an object": _FIND.format("auth") + "rm -f $f; mkfifo $f",
    "a link for an object": _FIND.format("auth") + "rm -f $f; ln -s /etc/passwd $f",
    "a link for all objects": "mv objects o; ln -s /etc objects",
    "no objects": "rm -rf objects",
    "a branch that is no name": "echo ../../../etc/passwd > refs/heads/auth",
    "a branch that is not there": "echo 1234567890123456789012345678901234567890 > refs/heads/auth",
    "a link for the branch": "rm refs/heads/auth; ln -s /etc/passwd refs/heads/auth",
    "a pipe for the branch": "rm refs/heads/auth; mkfifo refs/heads/auth",
    "a link for all branches": "mv refs/heads r; ln -s /etc refs/heads",
    "other objects": "echo /etc > objects/info/alternates",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", list(_SPOIL))
def test_a_spoilt_copy_spoils_nothing_else(own, how):
    """Whatever is left there, nothing arrives that is not whole, and the repository is as it was."""
    own.exec(commit("one") + f"; cd {own.main}/.git; {_SPOIL[how]}").expect(0)
    assert log(own) == (["one", "first"] if how == "other objects" else ["first"])
    assert own.git("fsck", "--strict", "--no-dangling") == ""
    assert own.exec("true").code in {0, 5}
    assert not os.path.lexists("/etc/HEAD")


@pytest.mark.parametrize("gone", ["checkout -q --detach; {git} branch -q -D auth", "branch -m other"])
def test_a_branch_that_is_gone_in_there_is_given_back(own, gone):
    """As it was when it was imported last: the next command goes on from there, as is said."""
    own.exec(commit("one")).expect(0)
    done = own.exec(f"{_PAST} {gone.format(git=_PAST)}")
    assert "not imported: branch auth is no longer in" in done.err
    assert "hint: the next `orchestra exec` gives it back as it was when it was imported last" in done.err
    own.exec(f"{_PAST} switch -q auth; {commit('two')}").expect(0)
    assert (log(own), needs(own)) == (["two", "one", "first"], [])


def needs(shop: Shop) -> list[str]:
    """What `status` says that a person is to look at, in both forms."""
    said = shop.orchestra("status").expect(0).out
    asked = [
        need
        for each in json.loads(shop.orchestra("status", "--json").expect(0).out)["workspaces"]
        for need in each["needs_you"]
    ]
    assert all(need in said.partition("\n\n")[0] for need in asked)
    return asked


def test_status_asks_for_a_person_while_commits_are_refused(own):
    """How many there are is told until they have arrived; then nothing is."""
    own.exec(commit("one")).expect(0)
    assert needs(own) == []
    own.exec(f"echo x > docs/no.txt; git add docs; {_PAST} commit -qm bad; {_PAST} commit -qm more --allow-empty")
    assert needs(own) == ["3 commits refused in its sandbox: `orchestra exec auth -- true` says why, and tries again"]
    own.exec("git reset -q --soft HEAD~2; git rm -q --cached docs/no.txt; rm docs/no.txt").expect(0)
    assert needs(own) == []


def test_status_tells_of_commits_that_nobody_looked_at(own):
    """As a killed orchestra leaves them; what of a sandbox cannot be read is told as well."""
    own.exec(f"echo x > docs/no.txt; git add docs; {_PAST} commit -qm bad").expect(0)
    file = own.admin() / "orchestra.sandbox/state.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"refused": None}))
    assert needs(own) == [
        "commits not imported yet in its sandbox: `orchestra exec auth -- true` says why, and tries again"
    ]
    file.write_text("{")
    assert any("state.json cannot be read" in need for need in needs(own))


def test_a_refusal_is_told_in_the_tree_while_the_command_runs(own):
    """Once for each commit that is refused, with path and rule; what the reader removes stays away."""
    wait = "n=0; until ls .sub-agents/messages/*.md 2>/dev/null || test $n = 40; do sleep 0.5; n=$((n + 1)); done;"
    bad = f"echo x > docs/no.txt; git add docs; {_PAST} commit -qm bad;"
    done = own.exec(bad + wait + "cat .sub-agents/messages/*.md; rm .sub-agents/messages/*.md").expect(0)
    assert "docs/no.txt\n    outside of `modify: packages/auth`" in done.out
    assert "docs/no.txt\n    outside of `modify: packages/auth`" in done.err
    assert [*own.tree().glob(".sub-agents/messages/*")] == []
    assert status(own) != []
    assert all(".sub-agents" not in line for line in status(own))


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("git reset -q --soft HEAD~1; git restore --staged docs; git commit -qam good", id="mended"),
        pytest.param("git reset -q --hard HEAD~1", id="given up"),
    ],
)
def test_what_was_told_of_a_refusal_goes_when_it_no_longer_stands(own, how):
    """The message, once the branch has arrived or is where it was; what somebody else wrote there stays."""
    own.exec(f"echo x > packages/auth/one.py; echo x > docs/no.txt; git add .; {_PAST} commit -qm bad").expect(0)
    messages = own.tree() / ".sub-agents/messages"
    (messages / "refused-mine.md").write_text("mine\n")
    assert len([*messages.iterdir()]) == 2
    own.exec(f"echo x > packages/auth/session.py; {how}").expect(0)
    assert [each.name for each in messages.iterdir()] == ["refused-mine.md"]
    assert needs(own) == []


def test_a_message_goes_nowhere_through_a_link(own):
    """The command may put anything there: what is refused is told when it has ended."""
    out = own.directory / "out"
    out.mkdir()
    done = own.exec(
        f"rm -rf .sub-agents/messages; ln -s {out} .sub-agents/messages; echo x > docs/no.txt; git add docs;"
        f"{_PAST} commit -qm bad"
    ).expect(0)
    assert "docs/no.txt" in done.err
    assert [*out.iterdir()] == []
