"""What cannot be deleted stops nobody; a look in the middle of another apply does not raise false alarms."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.clients import files
from reconciler.clients.refusals import refused
from reconciler.clients.takedown import discard, rubbish, set_aside, sweep
from reconciler.errors import PermanentError
from reconciler.operations.plan import plan
from tests.support.repository import GitRepo
from tests.support.world import World

_DISCARD = """
import sys
from pathlib import Path
import pytest

from reconciler.clients.takedown import discard, set_aside
set_aside(Path(sys.argv[3]))
discard(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]))
"""


def _without_powers() -> list[str]:
    """Words before a command that take from root what lets it write anywhere."""
    powers = "-dac_override,-dac_read_search,-fowner"
    return ["setpriv", f"--inh-caps={powers}", f"--bounding-set={powers}"] if os.geteuid() == 0 else []


def test_read_only_directories_are_deleted_with_their_tree(tmp_path: Path) -> None:
    """Some package managers make them so."""
    repo = GitRepo.init(tmp_path / "shop", {"a/b/c.txt": "c"})
    tree = repo.worktree(tmp_path / "tree", "topic")
    for directory in ("a/b", "a"):
        (tree.path / directory).chmod(0o500)
    git_dir = tree.git("rev-parse", "--absolute-git-dir")
    words = [*_without_powers(), sys.executable, "-c", _DISCARD, str(repo.path / ".git"), git_dir, str(tree.path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} >= {"shop"}
    assert not list(tmp_path.glob("*tree*"))


def test_what_somebody_else_alone_can_delete_keeps_its_tree(auth: World) -> None:
    """A container's files, say, which are root's: nothing is half removed, and the other trees go."""
    if os.geteuid() != 0:
        pytest.skip("only root may give a directory to somebody else")
    place = auth.tree().path / "app/theirs"
    auth.tree().write({"app/theirs/file": "theirs"})
    empty = auth.tree().path / "app/empty"
    empty.mkdir()
    for directory in (place, empty):
        os.chown(directory, 12321, 12321)
    command = [*_without_powers(), sys.executable, "-m", "reconciler", "destroy", "--auto-approve"]
    done = subprocess.run(command, cwd=auth.project.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "we may delete nothing in them (app/theirs)" in " ".join(done.stdout.split())
    assert (place / "file").read_text() == "theirs"
    os.chown(place, os.geteuid(), -1)
    done = subprocess.run(command, cwd=auth.project.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not place.exists(), "what is empty can be deleted"


def test_what_cannot_be_deleted_is_named_and_stops_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.declare("auth:\nui:")
    world.settle()
    tree, git_dir = world.tree().path, world.git_dir()
    aside = set_aside(tree)
    with monkeypatch.context() as patched:
        patched.setattr(files, "remove_tree", _busy)
        with pytest.raises(PermanentError, match=re.escape(str(aside))):
            discard(world.common_dir, git_dir, tree)
        sweep(world.common_dir)
        assert rubbish(world.common_dir) == (aside,)
        world.declare("ui:\ndocs:")
        world.apply()
        assert any(str(aside) in note for note in world.plan().notes)
    sweep(world.common_dir)
    assert not aside.exists()
    assert rubbish(world.common_dir) == ()


def _busy(directory: Path) -> None:
    raise refused(f"cannot remove {directory}", OSError(errno.EBUSY, "busy"))


@pytest.mark.parametrize("is_directory", [True, False])
def test_what_stands_where_a_tree_is_to_go_is_named(auth: World, *, is_directory: bool) -> None:
    """With the way out; the tree stays as it is."""
    aside = auth.tree().path.with_name(".auth.orchestra-removed")
    if is_directory:
        aside.mkdir()
        (aside / "left").touch()
    else:
        aside.touch()
    outcome = auth.destroy().outcomes[0]
    assert f"{aside} is there" in outcome.reason
    assert isinstance(outcome.error, PermanentError)
    assert str(aside) in outcome.error.hint
    assert auth.tree().read("app/a.py") == "a = 1\n"


def test_plans_beside_an_apply_see_nothing_in_the_way(world: World) -> None:
    """Whoever obeyed would move trees away that are being made."""
    names = [f"w{number:02}" for number in range(12)]
    world.declare("\n".join(f"{name}:" for name in names))
    seen = []
    words = [sys.executable, "-m", "reconciler", "apply", "--auto-approve", "-j", "4"]
    with subprocess.Popen(words, cwd=world.project.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as other:
        while other.poll() is None:
            seen += plan(world.session()).plan.conflicts
    assert other.returncode == 0
    assert seen == []


def test_a_tree_that_came_after_the_look_at_git_is_not_in_the_way(world: World) -> None:
    """As one that an apply makes while a plan is drawn up: its record is there, and was not."""
    world.declare("auth:")
    session = world.session()
    assert session.survey.records == ()
    world.main.git("worktree", "add", "--quiet", "-b", "auth", str(world.tree().path))
    assert plan(session).plan.conflicts == ()
    world.main.git("worktree", "remove", str(world.tree().path))


@pytest.mark.parametrize("is_made", [True, False], ids=["a whole tree", "a tree that git had only begun"])
def test_a_record_that_git_was_killed_over_does_not_stop_everything(world: World, *, is_made: bool) -> None:
    """With an empty `commondir` git itself lists no worktree any more."""
    world.declare("auth:\nui:")
    world.settle()
    world.tree("ui").write({"new.txt": "mine\n"})
    git_dir = world.git_dir("ui" if is_made else "auth")
    (git_dir / "commondir").write_bytes(b"")
    if not is_made:
        for name in ("index", "ORIG_HEAD", "orchestra.json"):
            (git_dir / name).unlink(missing_ok=True)
        (git_dir / "HEAD").write_text("0" * 40 + "\n")
        for path in [path for path in world.tree().path.iterdir() if path.name != ".git"]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert world.main.try_git("worktree", "list").returncode
    world.project.run("status").expect(0)
    world.apply()
    assert world.tree("ui").read("new.txt") == "mine\n"
    assert world.tree().status() == ""
    world.require_settled("ui")


def test_a_record_of_a_scratch_worktree_goes_with_it(world: World) -> None:
    """Also when git was killed while it removed the record, and knows it no more."""
    world.declare()
    world.settle()
    world.main.commit({"lib/b.py": "newer\n"})
    world.tree().commit({"app/a.py": "mine\n"})
    records = sorted((world.common_dir / "worktrees").iterdir())
    place = world.common_dir / "orchestra/scratch/auth"
    world.main.git("worktree", "add", "--quiet", "--no-checkout", "--detach", str(place), "auth")
    (left,) = {*(world.common_dir / "worktrees").iterdir()} - {*records}
    (left / "gitdir").unlink()
    world.project.run("sync", "auth", "--rebase").expect(0)
    assert sorted((world.common_dir / "worktrees").iterdir()) == records
