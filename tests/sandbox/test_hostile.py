"""What a command leaves to bring down whoever looks at it: sizes, depths and kinds that nobody expects."""

from __future__ import annotations

import pytest

from tests.sandbox.test_import import commit, log
from tests.support.sandboxed import Shop

_DEEP = 'python3 -c \'import os\nfor _ in range(2500): os.mkdir("d"); os.chdir("d")\''
_PACK = f"objects/pack/pack-{'0' * 40}.pack"
_LARGE = ("packed-refs", "refs/heads/auth", "refs/heads/other", "worktrees/auth/index", "worktrees/auth/HEAD")
_SPOILT = {
    **{f"a large {name}": f"truncate -s 1T {name}" for name in (*_LARGE, "logs/refs/heads/auth", _PACK)},
    "a large shared index": f"truncate -s 1T worktrees/auth/sharedindex.{'0' * 40}",
    **{f"depth in {name}": f"cd {name}; {_DEEP}" for name in ("refs", "logs", "worktrees/auth/logs", "objects")},
    "a branch that is another's name": "git branch o auth; echo 'ref: refs/heads/o' > refs/heads/auth",
    "many names": "n=100000; while test $n -lt 160000; do n=$((n + 1)); printf 'a%039d\\n' $n; done > logs/x",
    "no index": "rm worktrees/auth/index; mkdir worktrees/auth/index",
    "an index of another version": "printf 'DIRC\\0\\0\\0\\11\\0\\0\\0\\1' > worktrees/auth/index",
    "a pipe for an index": "rm worktrees/auth/index; mkfifo worktrees/auth/index",
}
_HARMLESS = {"depth in objects"}


def said(shop: Shop, *words: str) -> str:
    """What orchestra says, which is never that it failed itself."""
    done = shop.orchestra(*words)
    text = done.out + done.err
    assert "failed where it should not" not in text
    assert "Traceback" not in text
    return text


@pytest.mark.timeout(180)
@pytest.mark.parametrize("how", list(_SPOILT))
def test_a_copy_that_cannot_be_looked_at_is_told_and_kept(own, how):
    """Each command ends, with a message; the tree stays, and nothing arrives by half."""
    script = f"{commit('one')}; cd {own.main}/.git; {_SPOILT[how]}"
    text = said(own, "exec", "auth", "--", "sh", "-c", script)
    said(own, "status")
    assert log(own) in (["first"], ["one", "first"])
    assert own.git("fsck", "--strict", "--no-dangling") == ""
    if how not in _HARMLESS:
        assert "not imported: " in text
        assert "in its sandbox" in said(own, "destroy", "--auto-approve")
        assert own.tree().exists()
    said(own, "exec", "auth", "--", "true")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("place", ["packages/auth", "node_modules", ".sub-agents", "$HOME", "${TMPDIR:-~}"])
@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_no_depth_is_too_much(shop, place, sandbox):
    """Whatever is made where the command may write, all commands go on, and what may go can go."""
    said(shop, "exec", "--sandbox", sandbox, "auth", "--", "sh", "-c", f"cd {place}; {_DEEP}")
    for words in (["status"], ["plan"], ["exec", "auth", "--", "true"], ["destroy", "--auto-approve"]):
        said(shop, *words)
    assert shop.git("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("start", ["/oldroot", "/newroot"])
@pytest.mark.parametrize("sandbox", ["bubblewrap", "landlock"])
def test_no_link_in_the_copy_leads_a_mount_out(shop, start, sandbox):
    """What mounts makes the files over which it mounts, and would make them where a link leads."""
    out = shop.directory / "home/made"
    swap = (
        "cd $(git rev-parse --git-common-dir)/worktrees; mv auth a; mkdir auth;"
        "cp a/HEAD a/index a/commondir a/gitdir auth/;"
        f"mkdir auth/orchestra-guard; for n in json exclude; do ln -s {start}{out}-$n auth/orchestra.$n; done"
    )
    shop.exec(swap, "--sandbox", sandbox).expect(0)
    assert "orchestra.json" in shop.exec("ls -l $(git rev-parse --git-dir)", "--sandbox", "bubblewrap").expect(0).out
    assert [*out.parent.glob("made*")] == []


@pytest.mark.parametrize(
    "place", ["borrowed", "hooks", "worktrees/auth/orchestra-guard", "worktrees/auth", "worktrees"]
)
def test_a_link_where_a_directory_is_mounted_is_refused(own, place):
    """It is said which."""
    own.exec(f"cd $(git rev-parse --git-common-dir); mv {place} x; ln -s /etc {place}", "--sandbox", "landlock").expect(
        0
    )
    text = said(own, "exec", "--sandbox", "bubblewrap", "auth", "--", "true")
    assert "is a symbolic link or no directory" in text
    assert "in its sandbox" in said(own, "destroy", "--auto-approve")
