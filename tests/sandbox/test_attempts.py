"""Every attempt, as root and as an ordinary user: what is outside is, byte for byte, as it was."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.escapes.attempt import GUARDED, REFS, SANDBOXED, UNTRIED, Attempt, Seen, is_copied
from tests.faults.world import World as Kept
from tests.sandbox.attempts import ATTEMPTS
from tests.support.pictures import changed, picture
from tests.support.repository import file_tree
from tests.support.sandboxed import ROUND_THE_GUARD, Shop
from tests.support.users import USERS, directory_of, give_to, words_as

_TRIED = [attempt for attempt in ATTEMPTS if attempt.stopped[GUARDED] != UNTRIED]
_LATE_SECONDS = 1.5
# What the import writes itself: under its lock, and what it keeps of a sandbox for the archive.
_VOLATILE = (
    *("/.git/orchestra/lock", "/.git/worktrees/auth/orchestra.sandbox"),
    *("/.git/worktrees/auth/refs", "/.git/worktrees/auth/logs/refs"),
)

_UNDER_LANDLOCK = (
    *("an absolute path", "a subprocess", "another tree", "moving the area away", "deleting", "a link out"),
    *("a directory replaced by a link", "a hard link", "a rename out", "a rename in", "mounting anew", "a device"),
    *("a namespace of its own", "another root", "the root of the first process", "the configuration", "a hook"),
    *("the mark", "where the tree belongs", "HEAD", "the branch of another", "the whole git directory"),
    *("other trees' git", "the stash of all", "a commit beside the area", "a commit made by hand", "fast-import"),
    *("a submodule", "a daemon that outlives", "the user's startup files", "shared memory and temporary files"),
)
"""What Landlock stops as well; not there: modes and times, what is closed in an open directory, and sockets."""

_CASES = [
    pytest.param(attempt, sandbox, id=f"{sandbox}-{attempt.name}")
    for sandbox in ("bubblewrap", "landlock")
    for attempt in ATTEMPTS
    if sandbox == "bubblewrap" or attempt.name in _UNDER_LANDLOCK
]
_ROUND_THE_GUARD = 'git() { command git -c core.hooksPath=/dev/null "$@"; }; '  # for what the shell itself starts


@dataclass
class Outside:
    """What an attempt may want to reach, and how it is seen whether it did."""

    shop: Shop
    heard: list[bytes] = field(default_factory=list)

    @property
    def directory(self) -> Path:
        return self.shop.directory

    def variables(self, process: int) -> dict[str, str]:
        """What the script is told of it."""
        main = self.shop.main
        told = {
            "MAIN": main,
            "GIT": main / ".git",
            "ADMIN": self.shop.admin(),
            "OTHER": self.shop.tree("ui"),
            "OUT": self.directory / "out",
            "SOCKET": f"{tempfile.gettempdir()}/orchestra-test.{os.getpid()}",
            "TMUX_SOCKET": f"{tempfile.gettempdir()}/orchestra-test.tmux",
            "USER_HOME": self.directory / "home",
            "OUTSIDE": process,
        }
        return {name: str(value) for name, value in told.items()}

    def picture(self) -> dict[str, str]:
        """Everything that is there, but what the area of the workspace has and what a sandbox keeps."""
        found = picture(self.directory, lambda path: _is_volatile(self.directory, path) or self._is_open(path))
        return found | {str(path): str(path.exists()) for path in _NEVER}

    def _is_open(self, path: Path) -> bool:
        tree = self.shop.tree()
        places = [tree / "packages/auth", tree / "node_modules", tree / ".sub-agents", tree / "docs"]
        is_denied = path.is_relative_to(tree / "packages/auth/vendor") or path == tree / "docs/logo.svg"
        return not is_denied and any(path.is_relative_to(place) for place in places)


def _is_volatile(directory: Path, path: Path) -> bool:
    return any(each in f"/{path.relative_to(directory)}" for each in _VOLATILE)


_KEPT_REFS = re.compile(
    r"\.git/((logs/|worktrees/auth/)?(refs|logs|index|COMMIT_EDITMSG)|packed-refs|objects|orchestra)\b"
)
_NEVER = tuple(Path(f"{place}/orchestra-no") for place in ("/tmp", "/dev/shm", "/var/tmp"))  # noqa: S108


@pytest.fixture(scope="module", params=USERS)
def world(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """One repository for all attempts: none of them changes it, or the next one is told."""
    with directory_of(request.param) as directory:
        shop = Shop.make(request.param, directory)
        (directory / "out").mkdir()
        (directory / "out/file").write_text("mine\n")
        (directory / "home/.bashrc").write_text("# mine\n")
        give_to(shop.user, directory)
        yield shop


@pytest.fixture
def outside(world: Shop) -> Iterator[Outside]:
    yield Outside(world)
    kept = (world.admin() / "orchestra.sandbox", world.admin() / "refs")
    for place in (*kept, world.tree() / "node_modules", world.tree() / "packages/auth/sub"):
        shutil.rmtree(place, ignore_errors=True)
    world.git("reset", "-q", "--hard", "main", cwd=world.tree())
    world.git("clean", "-ffdq", cwd=world.tree())


@pytest.fixture
def listening(outside: Outside) -> Iterator[Path]:
    """A program outside that does what it is told through a socket: here, it only notes that it was."""
    place = Path(outside.variables(0)["SOCKET"])
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(place))
        place.chmod(0o777)
        server.listen()
        server.settimeout(0.2)
        ended = threading.Event()
        thread = threading.Thread(target=_listen, args=(server, outside.heard, ended))
        thread.start()
        yield place
        ended.set()
        thread.join()
    place.unlink()


def _listen(server: socket.socket, heard: list[bytes], ended: threading.Event) -> None:
    while not ended.is_set():
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        with connection:
            heard.append(connection.recv(100))


@contextlib.contextmanager
def _sleeper(shop: Shop) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the user's, outside."""
    with subprocess.Popen(words_as(shop.user, ["sleep", "600"])) as process:
        try:
            yield process
        finally:
            process.kill()


def _is_given_again(name: str, before: str | None, after: str | None) -> bool:
    """Whether it is an object that is new, or the same: git sets the time anew of one that it is given again."""
    is_same = before is None or (after or "").rpartition(" ")[0] == before.rpartition(" ")[0]
    return "/.git/objects/" in name and is_same


@pytest.mark.parametrize(("attempt", "sandbox"), _CASES)
def test_an_attempt_changes_nothing_outside(outside, listening, attempt: Attempt, sandbox: str):
    """Files, refs, configuration, hooks, marks, processes and sockets are as they were."""
    shop = outside.shop
    with _sleeper(shop) as process:
        told = outside.variables(process.pid)
        before, refs, given = outside.picture(), shop.git("for-each-ref"), shop.git(*REFS)
        options = [word for name, value in told.items() for word in ("--env", f"{name}={value}")]
        done = shop.exec(_ROUND_THE_GUARD + attempt.script, "--sandbox", sandbox, *options, *ROUND_THE_GUARD)
        if "late" in attempt.script:
            time.sleep(_LATE_SECONDS)
        after = outside.picture()
        assert process.poll() is None, "it ended a process outside"
    reached = {name for name in changed(before, after) if not _is_given_again(name, before.get(name), after.get(name))}
    assert reached == set(), done.err
    assert shop.git("for-each-ref", "refs/heads", "refs/tags", "refs/orchestra", "refs/remotes", "refs/stash") == refs
    assert shop.git("fsck", "--strict", "--no-dangling") == ""
    assert outside.heard == []
    found = shop.run("git", f"--git-dir={shop.admin() / 'orchestra.sandbox/git'}", *REFS).out
    seen = Seen(done.out + done.err, is_fine=True, is_copied=is_copied(given, found, "auth"), is_gone=True)
    if sandbox == "bubblewrap":  # the one that the page tells of
        assert seen.stopped(SANDBOXED) == attempt.stopped[SANDBOXED], done.err
    assert not (shop.tree() / "packages/auth/late").exists()


@pytest.fixture(scope="module")
def bare() -> Iterator[Kept]:
    """Give a repository that is put back after each attempt: without a sandbox they do what they say."""
    with directory_of(USERS[0]) as directory:
        kept = Kept(directory / "now", directory / "store")
        shop = Shop.make(USERS[0], kept.root)
        shop.git("add", "--force", "orchestra.yaml")
        shop.git("commit", "--quiet", "--message", "what check judges by")
        file_tree(shop.directory, {"out/file": "mine\n", "home/.bashrc": "# mine\n"})
        kept.keep("before")
        yield kept


@pytest.mark.parametrize("attempt", _TRIED, ids=lambda attempt: attempt.name)
def test_without_a_sandbox_it_is_stopped_where_the_table_says(bare: Kept, attempt: Attempt):
    """By the guard, or not at all, and then what is outside shows it: the comparison above can fail."""
    bare.put_back("before")
    shop = Shop(USERS[0], bare.root)
    outside = Outside(shop)
    before, refs = outside.picture(), shop.git("for-each-ref")
    done = shop.run("sh", "-c", attempt.script, cwd=shop.tree(), env=outside.variables(0))
    reached = {name for name in changed(before, outside.picture()) if not _KEPT_REFS.search(name)}
    is_outside = bool(reached) or refs != shop.run("git", "for-each-ref").out.rstrip()
    is_fine = is_outside or shop.orchestra("check", "auth").code == 0
    assert Seen(done.out + done.err, is_fine, is_outside).stopped(GUARDED) == attempt.stopped[GUARDED], done.err
