"""Files of ours: edited, deleted, emptied, replaced, in the way of the repository's own, and never seen by git."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.model.change import Action
from reconciler.operations.adopt import adopt
from reconciler.operations.options import PlanOptions
from tests.support.repository import GitRepo
from tests.support.world import World, snapshot

OURS = ("SESSION.md", "CLAUDE.local.md", "AGENTS.override.md", ".allowed-paths")
SESSION = "file:auth/SESSION.md"


def test_an_edited_file_is_kept_shown_and_replaced_on_request(auth: World) -> None:
    auth.tree().write({"SESSION.md": "mine\n"})
    change = auth.change(SESSION)
    assert change.action is Action.NO_OP
    assert any("drift: edited by hand" in note and f"--replace {SESSION}" in note for note in change.notes)
    auth.settle()
    assert auth.tree().read("SESSION.md") == "mine\n"
    auth.apply(PlanOptions(replace=(SESSION,)))
    assert auth.tree().read("SESSION.md").startswith("# Session: auth")
    assert auth.change(SESSION).notes == ()


def test_an_edited_file_whose_declaration_changes_is_kept_and_both_are_said(auth: World) -> None:
    auth.tree().write({"SESSION.md": "mine\n"})
    auth.declare("auth: {task: Harden it}")
    assert any("declared changed since" in note for note in auth.change(SESSION).notes)
    auth.settle()
    assert auth.tree().read("SESSION.md") == "mine\n"


def test_an_edit_that_makes_it_what_is_declared_by_now_is_no_drift(auth: World) -> None:
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
    auth.declare("auth: {task: Harden it}")
    auth.settle()
    assert "Harden it" in auth.tree().read("SESSION.md")


@pytest.mark.parametrize("name", [*OURS, ".sub-agents/.gitignore", ".sub-agents/status.yaml"])
def test_a_deleted_file_is_written_again(auth: World, name: str) -> None:
    before = auth.tree().read(name)
    (auth.tree().path / name).unlink()
    assert auth.change(f"file:auth/{name}").reason == "it was deleted by hand"
    auth.settle()
    assert auth.tree().read(name) == before


@pytest.mark.parametrize("name", OURS)
def test_an_emptied_file_is_written_again(auth: World, name: str) -> None:
    before = auth.tree().read(name)
    auth.tree().write({name: ""})
    change = auth.change(f"file:auth/{name}")
    assert change.action is Action.UPDATE
    assert change.reason == "it is empty"
    auth.settle()
    assert auth.tree().read(name) == before


def test_a_link_in_place_of_a_file_is_an_edit(auth: World, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("mine")
    (auth.tree().path / "SESSION.md").unlink()
    (auth.tree().path / "SESSION.md").symlink_to(tmp_path / "notes.md")
    assert any("drift" in note for note in auth.change(SESSION).notes)
    auth.settle()
    assert (auth.tree().path / "SESSION.md").is_symlink()
    auth.apply(PlanOptions(replace=(SESSION,)))
    assert not (auth.tree().path / "SESSION.md").is_symlink()
    assert (tmp_path / "notes.md").read_text() == "mine"


def test_a_directory_in_place_of_a_file_is_a_conflict(auth: World) -> None:
    (auth.tree().path / "SESSION.md").unlink()
    auth.tree().write({"SESSION.md/mine.txt": "mine"})
    change = auth.change(SESSION)
    assert change.action is Action.CONFLICT
    assert "directory" in change.reason
    assert auth.try_apply().exit_code == 5
    assert auth.tree().read("SESSION.md/mine.txt") == "mine"


def test_the_status_belongs_to_who_edits_it_and_follows_the_declaration_until_then(world: World) -> None:
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
    mark = auth.git_dir() / "orchestra.json"
    text = mark.read_text()
    auth.declare("auth: {files: {notes.txt: hello}}")
    auth.apply()
    mark.write_text(text)
    change = auth.change("file:auth/notes.txt")
    assert (change.action, change.reason) == (Action.UPDATE, "it is there, and its mark is not")
    auth.settle()


# --- the repository's own --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OURS)
def test_ours_goes_to_the_desks_where_the_repository_has_one_by_its_name(tmp_path: Path, name: str) -> None:
    world = World.make(tmp_path, {"a.txt": "a", name: "theirs\n"})
    world.declare("auth: {helpers: {test: {eager: true}}}")
    change = world.change(f"file:auth/{name}")
    assert any(f".sub-agents/{name}" in note and "the repository has a file" in note for note in change.notes)
    world.settle()
    for tree in ("auth", "auth--test"):
        if (tree, name) != ("auth--test", "SESSION.md"):
            assert world.tree(tree).read(name) == "theirs\n"
            assert (world.tree(tree).path / ".sub-agents" / name).exists()
    assert world.plan().is_empty


def test_a_file_that_the_repository_gets_by_a_name_of_ours_moves_ours_aside(auth: World) -> None:
    auth.main.commit({"SESSION.md": "theirs\n"})
    auth.tree().git("merge", "--quiet", "main")
    auth.settle()
    assert auth.tree().read("SESSION.md") == "theirs\n"
    assert "# Session: auth" in auth.tree().read(".sub-agents/SESSION.md")
    auth.tree().git("rm", "--quiet", "SESSION.md")
    auth.tree().git("commit", "--quiet", "-m", "not any more")
    auth.settle()
    assert "# Session: auth" in auth.tree().read("SESSION.md")
    assert not (auth.tree().path / ".sub-agents/SESSION.md").exists(), "nothing of ours is left where it was"


def test_a_file_of_the_users_that_git_does_not_know_moves_ours_aside(world: World) -> None:
    world.main.worktree(world.tree().path, "auth").write({"CLAUDE.local.md": "my own notes\n"})
    world.declare("auth:")
    adopt(world.session(), "auth", cwd=world.project.path)
    world.settle("auth")
    assert world.tree().read("CLAUDE.local.md") == "my own notes\n"
    assert world.tree().read(".sub-agents/CLAUDE.local.md") == "@SESSION.md\n"


def test_a_repository_with_its_own_desks_is_a_conflict_and_its_files_stay(tmp_path: Path) -> None:
    world = World.make(tmp_path, {"a.txt": "a", ".sub-agents/theirs.md": "theirs\n"})
    world.declare("auth: {helpers: {test: }}")
    conflicts = world.plan().conflicts
    assert conflicts
    assert all("the repository itself has .sub-agents" in change.reason for change in conflicts)
    assert world.try_apply().exit_code == 5
    assert snapshot(world.tree().path / ".sub-agents").keys() <= {"theirs.md", "test"}
    assert world.tree().status() == ""


@pytest.mark.parametrize("stands", ["link", "file"])
def test_nothing_is_written_where_the_desks_are_a_link_or_a_file(auth: World, tmp_path: Path, stands: str) -> None:
    desks = auth.tree().path / ".sub-agents"
    outside = tmp_path / "outside"
    outside.mkdir()
    desks.rename(tmp_path / "away")
    desks.symlink_to(outside) if stands == "link" else desks.write_text("mine")
    auth.declare("auth: {helpers: {test: , docs: {eager: true}}}")
    plan = auth.plan()
    assert {str(change.address) for change in plan.conflicts} >= {"workspace:auth--test", "workspace:auth--docs"}
    assert auth.try_apply().exit_code == 5
    assert not list(outside.iterdir())
    assert desks.is_symlink() or desks.read_text() == "mine"


def test_a_desk_that_became_a_link_is_not_written_through(world: World, tmp_path: Path) -> None:
    world.declare("auth: {helpers: {test: }}")
    world.apply()
    desk = world.tree().path / ".sub-agents/test"
    desk.rename(tmp_path / "outside")
    desk.symlink_to(tmp_path / "outside")
    before = snapshot(tmp_path / "outside")
    world.declare("auth: {helpers: {test: {task: Write tests}}}")
    assert world.try_apply().exit_code == 5
    world.declare("auth:")
    world.plan(PlanOptions(prune=True))
    world.try_apply(PlanOptions(prune=True))
    assert snapshot(tmp_path / "outside") == before
    assert desk.is_symlink()


# --- unseen ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def ignoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a user with global excludes, without an end of line."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    file = tmp_path / "config/git/ignore"
    file.parent.mkdir(parents=True)
    file.write_text("*.swp\n!SESSION.md\n.idea/")
    return file


def test_the_users_global_excludes_hold_in_our_trees_and_follow_theirs(world: World, ignoring: Path) -> None:
    world.declare("auth:")
    world.settle()
    world.tree().write({"a.swp": "x", ".idea/x.xml": "x"})
    assert world.tree().status() == ""
    ignoring.write_text("*.bak\n")
    change = world.change(SESSION)
    assert (change.action, change.reason) == (Action.UPDATE, "what git ignores in its tree is not as it should be")
    world.settle("auth")
    assert world.tree().status() == "?? .idea/x.xml\n?? a.swp"
    world.tree().write({"a.bak": "x"})
    assert "a.bak" not in world.tree().status()


def test_an_excludes_file_that_the_user_configured_holds_in_our_trees(world: World, tmp_path: Path) -> None:
    (tmp_path / "my-ignore").write_text("*.swp\n")
    world.main.git("config", "core.excludesFile", str(tmp_path / "my-ignore"))
    world.declare("auth:")
    world.settle()
    world.tree().write({"a.swp": "x"})
    assert world.tree().status() == ""


def test_what_the_main_worktree_ignores_is_not_changed(auth: World) -> None:
    auth.main.write({"SESSION.md": "x"})
    assert auth.main.status() == "?? SESSION.md"


@pytest.mark.parametrize("line", ["!*.md", "!/SESSION.md", "!S*", "!**/SESSION.md"])
def test_ours_goes_to_the_desks_where_the_repository_never_ignores_its_name(tmp_path: Path, line: str) -> None:
    world = World.make(tmp_path, {"a.txt": "a", ".gitignore": f"*.log\n{line}\n"})
    world.declare("auth:")
    assert any("wants SESSION.md seen" in note for note in world.change(SESSION).notes)
    world.settle()
    assert "# Session" in world.tree().read(".sub-agents/SESSION.md")


def test_ours_moves_to_the_desks_when_the_repository_never_ignores_its_name_any_more(auth: World) -> None:
    auth.tree().write({".gitignore": "!*.md\n"})
    auth.tree().git("add", ".gitignore")
    auth.tree().git("commit", "--quiet", "-m", "see all")
    auth.settle()
    assert not (auth.tree().path / "SESSION.md").exists()


def test_ours_that_somebody_committed_is_the_repositorys_from_then_on(auth: World) -> None:
    auth.tree().git("add", "--force", "SESSION.md")
    auth.settle("auth")
    auth.tree().git("commit", "--quiet", "-m", "by mistake")
    auth.settle()
    assert auth.tree().read("SESSION.md") == auth.tree().read(".sub-agents/SESSION.md")


@pytest.mark.parametrize(
    "name",
    ["with space.txt", "*.md", "[a].txt", "#notes", "!important", "back tick`.txt", "döner ☃.txt", " lead", "trail ",
     "a/b c/d.txt", "quote\"'.txt", "-n", "x" * 250,  "$HOME", "%s"],
)  # fmt: skip
def test_a_declared_file_may_be_called_as_git_allows(world: World, name: str) -> None:
    world.declare(f"auth: {{files: {{{quoted(name)}: hello}}}}")
    world.settle()
    assert (world.tree().path / name).read_text() == "hello"


def quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def test_a_tracked_name_with_any_byte_in_it_is_checked_out(tmp_path: Path) -> None:
    names = [b"new\nline", b"tab\tname", b"caf\xe9", b'quote"s', b"back\\slash", b"-dash", b"sp ace"]
    repository = GitRepo.init(tmp_path / "shop", {"a.txt": "a"})
    for name in names:
        Path(os.fsdecode(os.fsencode(repository.path) + b"/" + name)).write_bytes(name)
    world = World.make(tmp_path, {"b.txt": "b"})
    world.declare("auth:")
    world.settle()
    assert {os.fsencode(path.name) for path in world.tree().path.iterdir()} > set(names)


def test_new_files_have_the_mode_that_the_users_umask_leaves(world: World) -> None:
    before = os.umask(0o077)
    try:
        world.declare("auth:")
        world.apply()
    finally:
        os.umask(before)
    assert (world.tree().path / "SESSION.md").stat().st_mode & 0o777 == 0o600
