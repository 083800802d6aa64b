"""Submodules: filled where that is declared, and in nobody's way elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.kinds.workspace import parking
from reconciler.model.change import Action
from reconciler.model.outcome import Status
from tests.support.repository import GitRepo, Project
from tests.support.world import World


@pytest.fixture
def super_world(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a repository with a submodule that has a submodule of its own, and with one that is switched off."""
    (tmp_path / "gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    inner = GitRepo.init(tmp_path / "inner", {"inner.txt": "inner\n"})
    part = GitRepo.init(tmp_path / "part", {"part.txt": "part\n"})
    part.git("submodule", "--quiet", "add", str(inner.path), "deep")
    part.commit()
    world.main.git("submodule", "--quiet", "add", str(part.path), "vendor/part")
    world.main.git("submodule", "--quiet", "add", str(inner.path), "vendor/off")
    world.main.git("config", "--file", ".gitmodules", "submodule.vendor/off.update", "none")
    world.main.commit()
    return world


def test_submodules_are_filled_where_that_is_declared(super_world: World) -> None:
    """Also theirs; not one that git is told to leave empty, which is no difference either."""
    super_world.declare("auth: {submodules: true}\nui: {submodules: true}\nplain:")
    super_world.settle()
    for name in ("auth", "ui"):
        assert super_world.tree(name).read("vendor/part/deep/inner.txt") == "inner\n"
        assert not list((super_world.tree(name).path / "vendor/off").iterdir())
    assert not list((super_world.tree("plain").path / "vendor/part").iterdir())


def test_submodules_declared_later_are_filled_and_emptied_ones_filled_again(super_world: World) -> None:
    """The plan names them."""
    super_world.declare("auth:")
    super_world.settle()
    super_world.declare("auth: {submodules: true}")
    assert [(field.path, field.after) for field in super_world.change().fields] == [("submodules", "filled")]
    super_world.settle()
    super_world.tree().git("submodule", "--quiet", "deinit", "vendor/part")
    super_world.settle()
    assert super_world.tree().read("vendor/part/part.txt") == "part\n"


def test_a_tree_with_submodules_is_moved_by_a_person_only(super_world: World) -> None:
    """Git refuses it."""
    super_world.declare("auth: {submodules: true}")
    super_world.settle()
    super_world.declare("auth: {submodules: true, path: ../elsewhere}")
    assert any("it has submodules" in note for note in super_world.change().notes)
    assert not super_world.change().is_pending


def test_a_tree_with_submodules_that_was_moved_by_hand_says_what_git_does_not_repair(super_world: World) -> None:
    """In every plan, until it is back."""
    super_world.declare("auth: {submodules: true}")
    super_world.settle()
    tree = super_world.tree().path
    away = tree.rename(tree.with_name("elsewhere"))
    super_world.apply()
    (drift,) = super_world.change().drift
    assert drift.endswith("it stays there, where git does not find its submodules: move it back, or fill them anew")
    away.rename(tree)
    super_world.settle()
    assert super_world.tree().status() == ""


def test_orchestra_works_inside_a_submodule(super_world: World) -> None:
    """Its main worktree is not where git lists it."""
    part = World.of(Project(GitRepo(super_world.project.path / "vendor/part")))
    part.declare("auth: {path: '../../../part.wt/{name}'}")
    part.settle()
    assert GitRepo(super_world.project.path.parent / "part.wt/auth").read("part.txt") == "part\n"
    assert super_world.main.git("status", "--porcelain") == ""


def test_what_somebody_changed_while_submodules_could_not_be_fetched_is_kept(super_world: World) -> None:
    """The files were there, and so they were theirs: a shortened one is no half-written one."""
    super_world.declare("auth: {submodules: true}")
    part = super_world.main.path.parent / "part"
    part.rename(part.with_name("away"))
    assert not super_world.try_apply().is_complete
    tree = super_world.tree()
    tree.write({"app/a.py": "", "lib/b.py": "b"})
    (tree.path / "top.txt").unlink()
    part.with_name("away").rename(part)
    super_world.apply()
    assert (tree.read("app/a.py"), tree.read("lib/b.py"), (tree.path / "top.txt").exists()) == ("", "b", False)
    assert tree.read("vendor/part/part.txt") == "part\n"


def test_what_lies_in_a_submodule_that_is_not_filled_comes_back(super_world: World) -> None:
    """Git itself does not see it."""
    super_world.declare("auth:")
    super_world.settle()
    super_world.tree().write({"vendor/part/notes.txt": "mine\n"})
    super_world.destroy()
    if not super_world.tree().path.exists():
        super_world.apply()
    assert super_world.tree().read("vendor/part/notes.txt") == "mine\n"


def test_a_submodules_worktrees_are_not_put_into_the_repository_around_it(super_world: World) -> None:
    """There they would show as untracked: a place outside is for a person to name."""
    part = World.of(Project(GitRepo(super_world.project.path / "vendor/part")))
    part.declare("auth:")
    change = part.change()
    assert change.action is Action.CONFLICT
    assert str(super_world.project.path) in change.reason
    assert "`path:`" in change.hint
    part.try_apply()
    assert super_world.main.git("status", "--porcelain") == ""
    super_world.declare("auth: {submodules: true}")
    super_world.settle()
    inner = World.of(Project(GitRepo(super_world.tree().path / "vendor/part")))
    inner.declare("auth:")
    assert inner.change().action is Action.CONFLICT, "nor into a tree of that repository"


def test_a_tree_whose_submodules_are_untouched_is_taken_down_and_filled_again(super_world: World) -> None:
    """Also when its own work is parked, and compared where it was moved to."""
    super_world.declare("auth: {submodules: true}")
    super_world.settle()
    super_world.tree().write({"new.txt": "mine\n"})
    super_world.destroy()
    assert not super_world.tree().path.exists()
    super_world.apply()
    assert super_world.tree().read("vendor/part/deep/inner.txt") == "inner\n"
    assert super_world.tree().read("new.txt") == "mine\n"


@pytest.mark.parametrize("path", ["vendor/part/part.txt", "vendor/part/deep/inner.txt", "vendor/part/deep/new.txt"])
def test_a_submodule_that_is_changed_while_its_tree_is_destroyed_keeps_it(
    super_world: World, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A save holds no submodule: what is written there after the look at it must be seen once more."""
    super_world.declare("auth: {submodules: true}")
    super_world.settle()
    super_world.tree().write({"new.txt": "mine\n"})
    verify = parking.verify

    def verify_and_write(*given: object) -> tuple[str, ...]:
        found = verify(*given)  # type: ignore[arg-type]
        super_world.tree().write({path: "late\n"})
        return found

    monkeypatch.setattr(parking, "verify", verify_and_write)
    outcome = super_world.destroy().outcomes[0]
    assert outcome.status is Status.FAILED
    assert "submodule vendor/part" in outcome.reason
    assert super_world.tree().read(path) == "late\n"
