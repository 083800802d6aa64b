"""git, the program: what it is given to see, what it answers, and what its failures mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.clients.git import Git, Repository, git_environment
from reconciler.clients.process import Finished, Runner
from reconciler.errors import ClientError, PermanentError, TransientError, UsageError
from tests.support.repository import GitRepo


class Saying(Runner):
    """A git that fails with a message, for failures that cannot be made at will."""

    def __init__(self, stderr: str, code: int = 128, stdout: bytes = b"") -> None:
        super().__init__({})
        self._answer = (code, stdout, stderr)

    def run(self, argv: object, **_: object) -> Finished:  # type: ignore[override]
        """Answer."""
        code, stdout, stderr = self._answer
        return Finished(("git", "--git-dir=/r/.git", "fetch", "x"), code, stdout, stderr)


def _locked(name: str, *words: str) -> Callable[[GitRepo, Git], object]:
    def act(repo: GitRepo, git: Git) -> object:
        place = repo.path / ".git" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
        return git.run(*words, cwd=repo.path)

    return act


LOCKED = {
    "index": ("index.lock", "reset", "--hard"),
    "config": ("config.lock", "config", "a.b", "c"),
    "branch": ("refs/heads/new.lock", "branch", "new"),
    "head": ("HEAD.lock", "checkout", "--detach"),
    "packed-refs": ("packed-refs.lock", "pack-refs", "--all"),
}


@pytest.mark.parametrize(("lock", "words"), [(row[0], row[1:]) for row in LOCKED.values()], ids=LOCKED)
def test_a_lock_that_another_git_holds_is_transient(repo: GitRepo, git: Git, lock: str, words: tuple[str, ...]) -> None:
    """Another attempt may help; the hint names the file that a killed git would have left."""
    with pytest.raises(TransientError) as caught:
        _locked(lock, *words)(repo, git)
    assert lock in caught.value.hint
    assert f"`git {' '.join(words)}` failed: " in caught.value.message


FINAL = {
    "unknown-name": ("rev-parse", "--verify", "nothing"),
    "exists": ("branch", "main"),
    "in-the-way": ("branch", "main/sub"),
    "bad-name": ("branch", "a..b"),
    "not-merged": ("branch", "--delete", "side"),
    "checked-out": ("worktree", "add", "../x", "main"),
    "no-remote": ("fetch", "nowhere"),
    "no-command": ("no-such-command",),
    "no-object": ("cat-file", "-p", "1" * 40),
}


@pytest.mark.parametrize("words", FINAL.values(), ids=FINAL)
def test_other_failures_are_final(repo: GitRepo, git: Git, words: tuple[str, ...]) -> None:
    """Another attempt cannot help; the command and git's own words are in the message."""
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"c.txt": "c"})
    repo.git("checkout", "-q", "main")
    with pytest.raises(PermanentError) as caught:
        git.run(*words, cwd=repo.path)
    assert caught.value.message.startswith(f"`git {' '.join(words)}` failed: ")
    assert not caught.value.message.endswith("failed: ")


@pytest.mark.parametrize(
    ("said", "kind", "hint"),
    [
        ("fatal: failed to read /r/.git/worktrees/a/commondir: Success", TransientError, ""),
        ("fatal: bad object worktrees/a/HEAD", TransientError, ""),
        ("fatal: Invalid path '/r/.git/worktrees/a': No such file or directory", TransientError, ""),
        ("fatal: cannot lock ref 'refs/heads/a': is at 1 but expected 2", PermanentError, ""),
        (
            "fatal: write error: No space left on device",
            PermanentError,
            "free some space (or see who may write there) and run the command again",
        ),
        (
            "fatal: could not create leading directories of '/r/.git': Read-only file system",
            PermanentError,
            "it lies on a disk that cannot be written; mount it writable",
        ),
        (
            "fatal: could not create leading directories of '/r/.git': Permission denied",
            PermanentError,
            "check who may write there",
        ),
        (
            "fatal: could not read Username for 'https://h': terminal prompts disabled",
            PermanentError,
            "see that the remote answers and that you may read it: `git ls-remote` asks it",
        ),
        (
            "fatal: unable to access 'https://h/x.git/': Could not resolve host: h",
            PermanentError,
            "see that the remote answers and that you may read it: `git ls-remote` asks it",
        ),
        (
            "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
            PermanentError,
            "see that the remote answers and that you may read it: `git ls-remote` asks it",
        ),
        (
            "fatal: transport 'file' not allowed",
            PermanentError,
            "git takes submodules from a path on this machine only where `protocol.file.allow` is `always`",
        ),
        (
            "fatal: in 'prepared' phase, update aborted by the reference-transaction hook",
            PermanentError,
            "see why the hook `reference-transaction` refuses it; `git rev-parse --git-path hooks` tells where it is",
        ),
        (
            "fatal: ref updates aborted by hook",
            PermanentError,
            "see why the hook `reference-transaction` refuses it; `git rev-parse --git-path hooks` tells where it is",
        ),
        (
            "fatal: detected dubious ownership in repository at '/r'",
            PermanentError,
            "it is another user's; where you trust it, `git config --global --add safe.directory PATH` says so",
        ),
        ("fatal: not a git repository (or any of the parent directories): .git", PermanentError, ""),
    ],
    ids=[
        *("half-written-record", "half-written-head", "half-gone-record", "moved-on"),
        *("disk-full", "read-only", "no-right"),
        *(
            "password",
            "no-host",
            "no-key",
            "local-submodule",
            "hook-of-newer-git",
            "hook",
            "another-users",
            "no-repository",
        ),
    ],
)
def test_messages_that_cannot_be_made_at_will(said: str, kind: type[ClientError], hint: str) -> None:
    """Each has its class and its way out; the git directory that we named is not shown."""
    with pytest.raises(ClientError) as caught:
        Git({}, Saying(said)).run("fetch", "x")
    assert (type(caught.value), caught.value.hint) == (kind, hint)
    assert caught.value.message == f"`git fetch x` failed: {said.splitlines()[-1]}"


@pytest.mark.parametrize(
    ("runner", "message"),
    [
        (Saying("", code=-9), "`git fetch x` was ended by signal 9"),
        (Saying("", code=3, stdout=b"said here\n"), "`git fetch x` failed: said here"),
        (Saying("", code=3), "`git fetch x` failed: exit status 3"),
    ],
    ids=["signal", "on-stdout", "silent"],
)
def test_a_failure_without_words_is_still_said(runner: Runner, message: str) -> None:
    """A signal, an answer on the wrong stream and silence each give a message."""
    with pytest.raises(PermanentError) as caught:
        Git({}, runner).run("fetch", "x")
    assert caught.value.message == message


def test_a_status_that_is_an_answer_is_no_failure(repo: GitRepo, git: Git) -> None:
    """What a command says by its exit status is handed over."""
    assert git.run("config", "--get", "not.there", cwd=repo.path, ok=(0, 1)).code == 1


def test_git_sees_nothing_that_would_redirect_it() -> None:
    """What a hook's git hands down is dropped; how the network is reached and who commits is kept."""
    redirecting = dict.fromkeys(
        (
            "GIT_DIR",
            "GIT_WORK_TREE",
            "GIT_INDEX_FILE",
            "GIT_COMMON_DIR",
            "GIT_OBJECT_DIRECTORY",
            "GIT_NAMESPACE",
            "GIT_PREFIX",
            "GIT_CONFIG_PARAMETERS",
            "GIT_CONFIG_COUNT",
            "GIT_LITERAL_PATHSPECS",
            "GIT_QUARANTINE_PATH",
        ),
        "x",
    )
    kept = {"GIT_SSH_COMMAND": "ssh -i k", "GIT_AUTHOR_NAME": "A", "PATH": "/bin", "HOME": "/h"}
    ours = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_EDITOR": "true"}
    assert git_environment({**redirecting, **kept, "LC_ALL": "de_DE.UTF-8", "GIT_EDITOR": "vi"}) == {**kept, **ours}


def test_a_session_inside_a_hook_speaks_of_its_own_repository(tmp_path: Path, repo: GitRepo) -> None:
    """With `GIT_DIR` inherited from another repository, the one that was asked for is found."""
    other = GitRepo.init(tmp_path / "other")
    inherited = {**os.environ, "GIT_DIR": str(other.path / ".git"), "GIT_WORK_TREE": str(other.path)}
    assert Git(inherited).discover(repo.path / "app") == Repository(repo.path / ".git")


@pytest.mark.parametrize("name", ["plain", "with space", "new\nline", "line\u2028separator", "n\udce9", "end "])
def test_a_repository_is_found_whatever_its_path(tmp_path: Path, git: Git, name: str) -> None:
    """Every path that a system takes comes back unchanged, from the main worktree and from a linked one."""
    repo = GitRepo.init(tmp_path / name, {"a.txt": "a"})
    repo.worktree(tmp_path / "linked", "b")
    assert git.discover(repo.path) == git.discover(tmp_path / "linked") == Repository(repo.path / ".git")


def test_no_repository_is_the_users_to_mend(tmp_path: Path, git: Git) -> None:
    """The error says where, and how to get one."""
    with pytest.raises(UsageError, match="is not in a git repository") as caught:
        git.discover(tmp_path)
    assert "git init" in caught.value.hint


def test_lines_end_at_newlines_only(repo: GitRepo, git: Git) -> None:
    """A name may hold characters that Python, not git, takes for the end of a line."""
    names = ["a\u2028b", "n\x85l", "z\udce9"]
    for name in names:
        repo.branch(name)
    form = "--format=%(refname:short)"
    listed = git.lines("for-each-ref", form, "refs/heads", cwd=repo.path)
    assert sorted(listed) == sorted([*names, "main"])
    assert git.lines("for-each-ref", "refs/none", cwd=repo.path) == []
