"""Trees that a kill left half made, simulated by the state it leaves: the next apply completes them, without harm."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.clients.git import Git
from reconciler.errors import PermanentError
from reconciler.kinds.workspace import fill, make
from reconciler.model.change import Action
from tests.support.repository import GitRepo
from tests.support.world import World, snapshot, somebody_in

FILES = {"app/a.py": "a = 1\n" * 100, "app/deep/b.py": "b\n", "lib/c.py": "c\n" * 50, "run.sh": "#!/bin/sh\n"}


@pytest.fixture
def made(tmp_path: Path) -> World:
    """Give a repository with `auth` applied, whose mark says that it is being filled."""
    world = World.make(tmp_path, FILES)
    world.main.git("update-index", "--chmod=+x", "run.sh")
    (world.project.path / "run.sh").chmod(0o755)
    world.main.git("commit", "--quiet", "-m", "mode")
    world.declare("auth:")
    world.settle()
    return world


def filling(world: World, name: str = "auth") -> None:
    mark = world.git_dir(name) / "orchestra.json"
    document = json.loads(mark.read_text())
    document["marks"][f"workspace:{name}"]["state"] = "filling"
    mark.write_text(json.dumps(document))


def no_mark(world: World) -> None:
    (world.git_dir() / "orchestra.json").unlink()
    (world.git_dir() / "index").unlink()
    for path in world.tree().path.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != ".git":
            path.unlink()


def no_index(world: World) -> None:
    filling(world)
    (world.git_dir() / "index").unlink()


def no_files(world: World) -> None:
    no_index(world)
    for path in ("app/a.py", "app/deep/b.py", "lib/c.py", "run.sh"):
        (world.tree().path / path).unlink()


def some_files(world: World) -> None:
    no_index(world)
    (world.tree().path / "lib/c.py").unlink()


def cut_short(world: World) -> None:
    no_index(world)
    world.tree().write({"app/a.py": "a = 1\na =", "lib/c.py": ""})


def some_files_and_an_index(world: World) -> None:
    filling(world)
    (world.tree().path / "app/deep/b.py").unlink()


def a_stale_lock(world: World) -> None:
    no_files(world)
    (world.git_dir() / "index.lock").write_bytes(b"DIRC")


def a_stale_lock_beside_an_index(world: World) -> None:
    some_files_and_an_index(world)
    (world.git_dir() / "index.lock").write_bytes(b"")


def a_record_that_git_was_killed_over(world: World) -> None:
    no_mark(world)
    (world.git_dir() / "locked").write_text("initializing")
    (world.git_dir() / "HEAD").write_text("0" * 40 + "\n")


def such_a_record_without_a_tree(world: World) -> None:
    a_record_that_git_was_killed_over(world)
    shutil.rmtree(world.tree().path)


STATES: list[Callable[[World], None]] = [
    no_mark, no_index, no_files, some_files, cut_short, some_files_and_an_index, a_stale_lock,
    a_stale_lock_beside_an_index, a_record_that_git_was_killed_over, such_a_record_without_a_tree,
]  # fmt: skip


@pytest.mark.parametrize("break_it", STATES)
def test_it_is_completed(made: World, break_it: Callable[[World], None]) -> None:
    """All files are there with their modes, the branch is where it was, and there is no second record."""
    tip = made.main.commit_of("auth")
    break_it(made)
    assert made.change().action is Action.CREATE
    made.settle()
    assert {name: made.tree().read(name) for name in FILES} == FILES
    assert (made.tree().path / "run.sh").stat().st_mode & 0o111
    assert made.main.commit_of("auth") == tip
    assert made.main.worktrees() == [made.project.path, made.tree().path]


@pytest.mark.parametrize("break_it", [no_index, some_files, cut_short, some_files_and_an_index])
def test_what_somebody_wrote_into_it_survives(made: World, break_it: Callable[[World], None]) -> None:
    """Other bytes than the beginning of the right ones are work."""
    break_it(made)
    made.tree().write({"run.sh": "mine\n", "new/file.txt": "mine\n"})
    made.apply()
    made.require_settled("auth")
    assert made.tree().status() == " M run.sh\n?? new/file.txt"
    assert made.tree().read("run.sh") == "mine\n"


def test_a_file_in_place_of_a_directory_survives(made: World) -> None:
    """What it hides is not written, all else is."""
    no_files(made)
    (made.tree().path / "app/deep").rmdir()
    (made.tree().path / "app").rmdir()
    made.tree().write({"app": "mine\n"})
    made.apply()
    made.require_settled("auth")
    assert made.tree().read("app") == "mine\n"
    assert made.tree().read("lib/c.py") == FILES["lib/c.py"]


def test_a_link_out_of_it_in_place_of_a_directory_is_not_written_through(made: World, tmp_path: Path) -> None:
    """Git is not asked to write behind it."""
    no_files(made)
    (made.tree().path / "app/deep").rmdir()
    (made.tree().path / "app").rmdir()
    (tmp_path / "outside").mkdir()
    (made.tree().path / "app").symlink_to(tmp_path / "outside")
    made.apply()
    assert not list((tmp_path / "outside").iterdir())


def test_somebody_elses_files_in_a_record_that_git_was_killed_over_survive(made: World) -> None:
    """The record cannot be used and the tree is not emptied for it."""
    a_record_that_git_was_killed_over(made)
    made.tree().write({"mine.txt": "mine"})
    report = made.try_apply()
    assert not report.is_complete
    assert made.tree().read("mine.txt") == "mine"


def test_a_half_made_sparse_tree_is_completed_sparsely(tmp_path: Path) -> None:
    """Nothing outside of its lines is written."""
    world = World.make(tmp_path, FILES)
    world.declare("auth: {checkout: sparse, modify: app}")
    world.settle()
    no_index(world)
    (world.tree().path / "app/a.py").unlink()
    world.settle()
    assert (world.tree().path / "app/a.py").exists()
    assert not (world.tree().path / "lib").exists()


def test_a_tree_whose_sparseness_was_not_yet_set_is_completed_sparsely(tmp_path: Path) -> None:
    """The kill came before git was told."""
    world = World.make(tmp_path, FILES)
    world.declare("auth:")
    world.settle()
    no_files(world)
    document = json.loads((world.git_dir() / "orchestra.json").read_text())
    document["marks"]["workspace:auth"]["declared"]["sparse"] = ["/app"]
    (world.git_dir() / "orchestra.json").write_text(json.dumps(document))
    world.declare("auth: {checkout: sparse, modify: app}")
    world.settle()
    assert not (world.tree().path / "lib").exists()


def test_what_else_was_declared_since_is_done_in_the_same_apply(made: World, tmp_path: Path) -> None:
    """The plan after it is empty."""
    some_files(made)
    made.declare("auth: {branch: other, path: ../elsewhere}")
    made.settle()
    assert GitRepo(tmp_path / "elsewhere").git("branch", "--show-current") == "other"


def test_a_tree_being_made_again_when_it_was_killed_keeps_what_was_staged(made: World) -> None:
    """The index is used, not made anew."""
    made.tree().write({"run.sh": "staged\n"})
    made.tree().git("add", "run.sh")
    filling(made)
    for path in ("app/a.py", "run.sh"):
        (made.tree().path / path).unlink()
    made.settle("auth")
    assert made.tree().status() == "M  run.sh"


def test_a_lock_of_a_git_that_lives_is_left_alone(made: World) -> None:
    """Somebody stands in the tree; once they are gone it is completed."""
    a_stale_lock(made)
    with somebody_in(made.tree().path):
        report = made.try_apply()
    assert any("is being written by sleep" in outcome.reason for outcome in report.outcomes)
    assert (made.git_dir() / "index.lock").exists()
    made.settle()


def test_a_file_that_a_filter_fails_on_is_an_error_and_not_taken_for_done(made: World) -> None:
    """A full disk is the same to git."""
    some_files(made)
    made.main.git("config", "filter.fails.smudge", "false")
    made.main.git("config", "filter.fails.required", "true")
    (made.common_dir / "info/attributes").write_text("*.py filter=fails\n")
    report = made.try_apply()
    assert any("could not be written (lib/c.py)" in outcome.reason for outcome in report.outcomes)
    assert made.change().action is Action.CREATE
    (made.common_dir / "info/attributes").unlink()
    made.settle()


def test_files_with_filters_and_line_ends_are_told_from_work(tmp_path: Path) -> None:
    """What is cut short is compared with what a checkout writes."""
    content = {".gitattributes": "*.txt eol=crlf\n*.up filter=up\n", "a.txt": "one\ntwo\n", "b.up": "text\n"}
    world = World.make(tmp_path, {"x": "x"})
    world.main.git("config", "filter.up.smudge", "tr a-z A-Z")
    world.main.git("config", "filter.up.clean", "tr A-Z a-z")
    world.main.commit(content)
    world.declare("auth:")
    world.settle()
    no_index(world)
    world.tree().write({"a.txt": "one\r\ntw", "b.up": "TE"})
    world.settle()
    assert (world.tree().path / "a.txt").read_bytes() == b"one\r\ntwo\r\n"
    assert world.tree().read("b.up") == "TEXT\n"


def test_completing_changes_no_file_that_is_there(made: World) -> None:
    """Not even its time."""
    some_files(made)
    before = {name: text for name, text in snapshot(made.tree().path, times=True).items() if " " in text}
    made.settle()
    after = snapshot(made.tree().path, times=True)
    kept = {name for name in before if name in FILES and name != "lib/c.py"}
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}


def test_nothing_can_be_committed_before_its_files_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not written yet would count as deleted; git itself refuses, without hooks of ours."""
    world = World.make(tmp_path, FILES)
    refused = []

    def fill_later(git: Git, tree: Path, git_dir: Path) -> None:
        refused.append(try_commit(GitRepo(tree)))
        fill.fill(git, tree, git_dir)

    monkeypatch.setattr(make, "fill", fill_later)
    world.declare("auth: {modify: app}\nui: {checkout: sparse, modify: lib}")
    world.settle()
    assert len(refused) == 2
    assert all("index.lock': File exists" in said for said in refused)
    assert try_commit(world.tree()) == ""


def test_nor_after_an_apply_that_could_not_write_them(tmp_path: Path) -> None:
    """Whatever was in the way; the next apply, when it is gone, completes them."""
    world = World.make(tmp_path, FILES)
    world.declare("auth:")
    name = world.main.git("rev-parse", "main:lib/c.py")
    blob = world.common_dir / "objects" / name[:2] / name[2:]
    blob.rename(tmp_path / "aside")
    assert not world.try_apply().is_complete
    assert "index.lock': File exists" in try_commit(world.tree())
    (tmp_path / "aside").rename(blob)
    world.settle()
    assert {name: world.tree().read(name) for name in FILES} == FILES
    assert try_commit(world.tree()) == ""


def test_what_holds_nothing_yet_can_be_taken_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock that a killed apply leaves in a tree without files stands for no work."""
    world = World.make(tmp_path, FILES)
    world.declare("auth:")
    with monkeypatch.context() as patch:
        patch.setattr(make, "fill", fail)
        assert not world.try_apply().is_complete
    assert (world.git_dir() / "index.lock").exists()
    assert world.destroy().is_complete
    assert world.main.worktrees() == [world.main.path]


def fail(*_: object) -> None:
    raise PermanentError("no")


def try_commit(tree: GitRepo) -> str:
    done = subprocess.run(
        ["git", "commit", "--allow-empty", "-am", "x"], cwd=tree.path, capture_output=True, text=True, check=False
    )
    return done.stderr
