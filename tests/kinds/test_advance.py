"""A tree on its way to another commit: cut off anywhere it is brought to its end, and nobody's work is lost."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from reconciler.clients.git import Git
from reconciler.clients.process import Finished
from reconciler.clients.trees import half_done
from reconciler.errors import ConflictError, PermanentError, TransientError
from reconciler.kinds.workspace.advance import Move, advance, resume
from tests.support.repository import GitRepo
from tests.support.world import snapshot

OLD = {"changed": "old\n" * 9, "gone": "g\n", "kept": "k\n", "dir/gone": "d\n", "becomes": "file\n", "run": "r\n"}
NEW = {"changed": "new\n" * 9, "kept": "k\n", "added": "a\n", "becomes/dir": "x\n", "run": "r\n"}
CALLS = 14
WRITING = 3  # the call that writes the files


class CutOffError(Exception):
    """As if the process was killed: nothing catches it."""


class MortalGit(Git):
    """Dies after, or in the middle of, its n-th call."""

    def __init__(self, git: Git, calls: int, *, is_half: bool) -> None:
        super().__init__({}, git.runner)
        self._left, self._is_half = calls, is_half

    def run(self, *words: Any, **more: Any) -> Finished:
        self._left -= 1
        if self._left == 0 and self._is_half:
            raise CutOffError
        finished = super().run(*words, **more)
        if self._left == 0:
            raise CutOffError
        return finished


class Trip:
    """A tree, and the way it is to go."""

    def __init__(self, tree: GitRepo) -> None:
        self.tree, self.git_dir = tree, Path(tree.git("rev-parse", "--absolute-git-dir"))
        self.git = Git(os.environ)
        start = tree.commit(OLD)
        for name in OLD.keys() - NEW.keys():
            (tree.path / name).unlink()
        (tree.path / "run").chmod(0o755)
        target = tree.commit({**NEW, "added": "a\n"})
        tree.git("reset", "--quiet", "--hard", start)
        tree.git("reset", "--quiet", "--hard", target)
        self.at_target = self.look()
        tree.git("reset", "--quiet", "--hard", start)
        self.at_start = self.look()
        self.move = Move(start, target, "test")

    def look(self) -> object:
        files = {k: v for k, v in snapshot(self.tree.path).items() if not k.startswith(".git")}
        return files, self.tree.git("ls-files", "--stage"), self.tree.status(), self.tree.commit_of("topic")

    def go(self, git: Git | None = None) -> None:
        advance(git or self.git, self.tree.path, self.git_dir, self.move)

    def resume(self) -> None:
        resume(self.git, self.tree.path, self.git_dir)
        assert half_done(self.git_dir) is None
        assert not list(self.git_dir.glob("*.lock"))


@pytest.fixture
def trip(tmp_path: Path) -> Trip:
    return Trip(GitRepo.init(tmp_path / "shop", {}).worktree(tmp_path / "topic", "topic"))


def test_it_arrives(trip: Trip) -> None:
    trip.go()
    assert trip.look() == trip.at_target
    trip.resume()


@pytest.mark.parametrize("is_half", [False, True])
@pytest.mark.parametrize("calls", range(1, CALLS))
def test_cut_off_after_any_call_it_is_brought_to_its_end(trip: Trip, calls: int, *, is_half: bool) -> None:
    try:
        trip.go(MortalGit(trip.git, calls, is_half=is_half))
    except CutOffError:
        assert half_done(trip.git_dir) == "sync"
    trip.resume()
    assert trip.look() == trip.at_target


@pytest.mark.parametrize("calls", range(1, CALLS))
@pytest.mark.parametrize("written", [("changed", "new\nne"), ("added", ""), ("gone", None), ("becomes", None)])
def test_files_half_written_are_made_whole(trip: Trip, calls: int, written: tuple[str, str | None]) -> None:
    """And the command that mends it may be cut off as well."""
    with pytest.raises(CutOffError):
        trip.go(MortalGit(trip.git, WRITING, is_half=True))
    name, text = written
    (trip.tree.path / name).unlink(missing_ok=True) if text is None else trip.tree.write({name: text})
    with suppress(CutOffError):
        resume(MortalGit(trip.git, calls, is_half=False), trip.tree.path, trip.git_dir)
    trip.resume()
    assert trip.look() == trip.at_target


@pytest.mark.parametrize("name", ["changed", "gone", "added", "dir/gone", "kept", "new"])
def test_what_somebody_wrote_since_is_kept(trip: Trip, name: str) -> None:
    with pytest.raises(CutOffError):
        trip.go(MortalGit(trip.git, WRITING, is_half=True))
    trip.tree.write({name: "mine\n"})
    trip.resume()
    assert trip.tree.read(name) == "mine\n"
    assert trip.tree.commit_of("topic") == trip.move.target
    assert trip.tree.status() in {f" M {name}", f"?? {name}"}


def test_a_file_changed_before_is_refused_and_nothing_moves(trip: Trip) -> None:
    trip.tree.write({"changed": "mine\n"})
    before = trip.look()
    with pytest.raises(ConflictError, match="changed"):
        trip.go()
    assert trip.look() == before
    assert half_done(trip.git_dir) is None


def test_a_commit_made_meanwhile_is_refused_and_stays(trip: Trip) -> None:
    mine = trip.tree.commit({"mine": "m\n"})
    before = trip.look()
    with pytest.raises(ConflictError, match="meanwhile"):
        trip.go()
    assert trip.look() == before
    assert trip.tree.commit_of("HEAD") == mine


def test_nobody_commits_half_of_it(trip: Trip) -> None:
    with pytest.raises(CutOffError):
        trip.go(MortalGit(trip.git, WRITING, is_half=False))
    assert trip.tree.try_git("commit", "--quiet", "--all", "-m", "half").returncode != 0
    trip.resume()
    assert trip.look() == trip.at_target


def test_who_broke_the_lock_and_committed_keeps_all(trip: Trip) -> None:
    with pytest.raises(CutOffError):
        trip.go(MortalGit(trip.git, WRITING, is_half=False))
    (trip.git_dir / "index.lock").unlink()
    trip.tree.git("commit", "--quiet", "--all", "-m", "half")
    before = trip.look()
    with pytest.raises(ConflictError, match="cut off"):
        resume(trip.git, trip.tree.path, trip.git_dir)
    assert trip.look() == before
    trip.resume()


def test_another_git_at_work_is_told(trip: Trip) -> None:
    (trip.git_dir / "index.lock").touch()
    with pytest.raises(TransientError, match="another git") as caught:
        trip.go()
    assert f"remove {trip.git_dir}/index.lock" in caught.value.hint
    assert (trip.git_dir / "index.lock").exists()
    assert half_done(trip.git_dir) is None


def test_a_note_that_cannot_be_read_stops_nobody(trip: Trip) -> None:
    (trip.git_dir / "orchestra.move.json").write_text("{")
    trip.resume()
    assert trip.look() == trip.at_start


def test_a_disk_that_takes_no_more_leaves_it_as_it_was(trip: Trip) -> None:
    class FullGit(MortalGit):
        def run(self, *words: Any, **more: Any) -> Finished:
            finished = super().run(*words, **more)
            if "-u" in words:
                raise PermanentError("unable to write file", hint="free some space")
            return finished

    with pytest.raises(ConflictError, match="unable to write") as caught:
        trip.go(FullGit(trip.git, 99, is_half=False))
    assert caught.value.hint == "free some space"
    assert trip.look() == trip.at_start
