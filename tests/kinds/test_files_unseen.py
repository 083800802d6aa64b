"""Files of ours are never seen by git, whatever they and the repository are called, and whatever the user ignores."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.model.change import Action
from tests.support.repository import GitRepo
from tests.support.world import World

SESSION = "file:auth/SESSION.md"


@pytest.fixture
def ignoring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a user with global excludes, without an end of line."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    file = tmp_path / "config/git/ignore"
    file.parent.mkdir(parents=True)
    file.write_text("*.swp\n!SESSION.md\n.idea/")
    return file


def test_the_users_global_excludes_hold_in_our_trees_and_follow_theirs(world: World, ignoring: Path) -> None:
    """`core.excludesFile` of a tree replaces the user's own, so it repeats them."""
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
    """Wherever it is."""
    (tmp_path / "my-ignore").write_text("*.swp\n")
    world.main.git("config", "core.excludesFile", str(tmp_path / "my-ignore"))
    world.declare("auth:")
    world.settle()
    world.tree().write({"a.swp": "x"})
    assert world.tree().status() == ""


def test_what_the_main_worktree_ignores_is_not_changed(auth: World) -> None:
    """`info/exclude` is shared, and not used."""
    auth.main.write({"SESSION.md": "x"})
    assert auth.main.status() == "?? SESSION.md"


@pytest.mark.parametrize("line", ["!*.md", "!/SESSION.md", "!S*", "!**/SESSION.md"])
def test_ours_goes_to_the_desks_where_the_repository_never_ignores_its_name(tmp_path: Path, line: str) -> None:
    """No exclude file beats a `.gitignore`, so ours lies where one of its own does."""
    world = World.make(tmp_path, {"a.txt": "a", ".gitignore": f"*.log\n{line}\n"})
    world.declare("auth:")
    assert any("wants SESSION.md seen" in note for note in world.change(SESSION).notes)
    world.settle()
    assert "# Session" in world.tree().read(".sub-agents/SESSION.md")


def test_ours_moves_to_the_desks_when_the_repository_never_ignores_its_name_any_more(auth: World) -> None:
    """Nothing is left where it was."""
    auth.tree().write({".gitignore": "!*.md\n"})
    auth.tree().git("add", ".gitignore")
    auth.tree().git("commit", "--quiet", "-m", "see all")
    auth.settle()
    assert not (auth.tree().path / "SESSION.md").exists()


def test_ours_that_somebody_committed_is_the_repositorys_from_then_on(auth: World) -> None:
    """It is not deleted from under git."""
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
    """It is written under that name, and not shown."""
    world.declare(f"auth: {{files: {{{quoted(name)}: hello}}}}")
    world.settle()
    assert (world.tree().path / name).read_text() == "hello"


def quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def test_a_tracked_name_with_any_byte_in_it_is_checked_out(tmp_path: Path) -> None:
    """Also one that is no text."""
    names = [b"new\nline", b"tab\tname", b"caf\xe9", b'quote"s', b"back\\slash", b"-dash", b"sp ace"]
    repository = GitRepo.init(tmp_path / "shop", {"a.txt": "a"})
    for name in names:
        Path(os.fsdecode(os.fsencode(repository.path) + b"/" + name)).write_bytes(name)
    world = World.make(tmp_path, {"b.txt": "b"})
    world.declare("auth:")
    world.settle()
    assert {os.fsencode(path.name) for path in world.tree().path.iterdir()} > set(names)


def test_new_files_have_the_mode_that_the_users_umask_leaves(world: World) -> None:
    """A private umask stays private."""
    before = os.umask(0o077)
    try:
        world.declare("auth:")
        world.apply()
    finally:
        os.umask(before)
    assert (world.tree().path / "SESSION.md").stat().st_mode & 0o777 == 0o600
