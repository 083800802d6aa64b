"""Files of ours: edited, deleted, emptied, replaced, in the way of the repository's own, and never seen by git."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.change import Action
from reconciler.operations.options import PlanOptions
from tests.support.world import World

OURS = ("SESSION.md", "CLAUDE.local.md", "AGENTS.override.md", ".allowed-paths")
SESSION = "file:auth/SESSION.md"


def test_an_edited_file_is_kept_shown_and_replaced_on_request(auth: World) -> None:
    """The note is the command."""
    auth.tree().write({"SESSION.md": "mine\n"})
    change = auth.change(SESSION)
    assert change.action is Action.NO_OP
    assert any("edited by hand" in drift and f"--replace {SESSION}" in drift for drift in change.drift)
    auth.settle()
    assert auth.tree().read("SESSION.md") == "mine\n"
    auth.apply(PlanOptions(replace=(SESSION,)))
    assert auth.tree().read("SESSION.md").startswith("# Session: auth")
    assert auth.change(SESSION).notes == ()


def test_an_edited_file_whose_declaration_changes_is_kept_and_both_are_said(auth: World) -> None:
    """The edit wins, and the reader knows what it hides."""
    auth.tree().write({"SESSION.md": "mine\n"})
    auth.declare("auth: {task: Harden it}")
    assert any("declared changed since" in drift for drift in auth.change(SESSION).drift)
    auth.settle()
    assert auth.tree().read("SESSION.md") == "mine\n"


def test_an_edit_that_makes_it_what_is_declared_by_now_is_no_drift(auth: World) -> None:
    """Equal bytes are as declared, whoever wrote them."""
    auth.declare("auth: {task: Harden it}")
    auth.apply()
    wanted = auth.tree().read("SESSION.md")
    auth.declare("auth:")
    auth.apply()
    auth.tree().write({"SESSION.md": wanted})
    auth.declare("auth: {task: Harden it}")
    auth.settle()
    assert auth.change(SESSION).notes == ()


def test_a_file_nobody_edited_follows_its_declaration(auth: World) -> None:
    """That is what the hash in the mark is for."""
    auth.declare("auth: {task: Harden it}")
    auth.settle()
    assert "Harden it" in auth.tree().read("SESSION.md")


@pytest.mark.parametrize("name", [*OURS, ".sub-agents/.gitignore", ".sub-agents/status.yaml"])
def test_a_deleted_file_is_written_again(auth: World, name: str) -> None:
    """To delete is no edit."""
    before = auth.tree().read(name)
    (auth.tree().path / name).unlink()
    assert auth.change(f"file:auth/{name}").reason == "it was deleted by hand"
    auth.settle()
    assert auth.tree().read(name) == before


@pytest.mark.parametrize("name", OURS)
def test_an_emptied_file_is_written_again(auth: World, name: str) -> None:
    """Neither is to empty: a loss of power does that."""
    before = auth.tree().read(name)
    auth.tree().write({name: ""})
    change = auth.change(f"file:auth/{name}")
    assert change.action is Action.UPDATE
    assert change.reason == "it is empty"
    auth.settle()
    assert auth.tree().read(name) == before


def test_a_link_in_place_of_a_file_is_an_edit(auth: World, tmp_path: Path) -> None:
    """It is kept, and replaced on request without touching its target."""
    (tmp_path / "notes.md").write_text("mine")
    (auth.tree().path / "SESSION.md").unlink()
    (auth.tree().path / "SESSION.md").symlink_to(tmp_path / "notes.md")
    assert auth.change(SESSION).drift
    auth.settle()
    assert (auth.tree().path / "SESSION.md").is_symlink()
    auth.apply(PlanOptions(replace=(SESSION,)))
    assert not (auth.tree().path / "SESSION.md").is_symlink()
    assert (tmp_path / "notes.md").read_text() == "mine"


def test_a_directory_in_place_of_a_file_is_a_conflict(auth: World) -> None:
    """It is known before anything is tried, and stays."""
    (auth.tree().path / "SESSION.md").unlink()
    auth.tree().write({"SESSION.md/mine.txt": "mine"})
    change = auth.change(SESSION)
    assert change.action is Action.CONFLICT
    assert "directory" in change.reason
    assert auth.try_apply().exit_code == 5
    assert auth.tree().read("SESSION.md/mine.txt") == "mine"


def test_the_status_belongs_to_who_edits_it_and_follows_the_declaration_until_then(world: World) -> None:
    """A skeleton that nobody touched gets new helpers."""
    world.declare("auth:")
    world.apply()
    world.declare("auth: {helpers: {test: }}")
    world.settle()
    assert "test:" in world.tree().read(".sub-agents/status.yaml")
    world.tree().write({".sub-agents/status.yaml": "mine\n"})
    world.declare("auth: {helpers: {test: , docs: }}")
    world.settle()
    assert world.tree().read(".sub-agents/status.yaml") == "mine\n"


def test_a_file_without_its_mark_gets_it(auth: World) -> None:
    """A kill between the two leaves it so."""
    mark = auth.git_dir() / "orchestra.json"
    text = mark.read_text()
    auth.declare("auth: {files: {notes.txt: hello}}")
    auth.apply()
    mark.write_text(text)
    change = auth.change("file:auth/notes.txt")
    assert (change.action, change.reason) == (Action.UPDATE, "it is there, and its mark is not")
    auth.settle()


def test_a_file_with_a_secret_is_its_owners_alone_and_never_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither what it is to hold nor what it held."""
    monkeypatch.setenv("TOKEN", "hunter-two")
    world.declare("auth: {files: {.npmrc: 'token={env:TOKEN}'}}", head="env: [TOKEN]\n")
    assert "hunter-two" not in str(world.plan())
    world.settle()
    assert world.tree().read(".npmrc") == "token=hunter-two"
    assert (world.tree().path / ".npmrc").stat().st_mode & 0o777 == 0o600
    monkeypatch.setenv("TOKEN", "another")
    assert "hunter-two" not in str(world.plan())
    world.settle()
    assert world.tree().read(".npmrc") == "token=another"
