"""Copies of what the main worktree has beside git: made once, never printed, never over somebody's file, never lost."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.model.change import Action, FieldChange
from reconciler.operations.options import PlanOptions
from reconciler.operations.plan import plan
from reconciler.operations.validate import validate
from tests.support.world import World, snapshot

SECRET = "TOKEN=hunter2-is-short\n"  # noqa: S105 - not one
COPY = "file:auth/.env"
AGAIN = PlanOptions(replace=(COPY,))


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a project with a secret that git ignores, and settings of which git knows nothing."""
    world = World.make(tmp_path, {"app/a.py": "a = 1\n", ".gitignore": ".env*\n!.env.example\n*.log\n"})
    write(world, ".env", SECRET, 0o600)
    exclude = world.common_dir / "info/exclude"
    exclude.write_text(exclude.read_text() + "/conf/\n/link*\n/.worktreeinclude\n/other\n")
    write(world, "conf/local/a.ini", "a\n", 0o640)
    write(world, "conf/run.sh", "#!/bin/sh\n", 0o755)
    return world


def write(world: World, path: str, text: str, mode: int = 0o644) -> None:
    """Write a file into the main worktree."""
    place = world.project.path / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)
    place.chmod(mode)


def held(world: World, path: str, name: str = "auth") -> tuple[str, int] | None:
    """What a file of a tree holds, and its mode."""
    place = world.tree(name).path / path
    return (place.read_text(), place.stat().st_mode & 0o777) if place.exists() else None


def test_named_files_directories_and_globs_are_copied_with_their_modes(world: World) -> None:
    """Into the trees of worktrees and of helpers, and none of them shows in `git status`."""
    world.declare(
        "auth: {copy: [.env, conf], helpers: {t: {eager: true, copy: '**/*.ini'}}}\nui:",
        head="defaults: {copy: .env}\n",
    )
    world.settle()
    for name in ("auth", "ui"):
        assert held(world, ".env", name) == (SECRET, 0o600)
    assert held(world, "conf/run.sh") == ("#!/bin/sh\n", 0o755)
    assert held(world, "conf/local/a.ini", "auth--t") == ("a\n", 0o640)
    assert held(world, "conf/run.sh", "ui") is None
    assert held(world, ".env", "auth--t") is None


def test_a_name_that_is_no_text_is_copied_or_refused_as_any_other(world: World) -> None:
    """Git takes any bytes."""
    (world.project.path / os.fsdecode(b"bad\xff.log")).write_text("log\n")
    world.declare("auth: {copy: '*.log'}")
    world.settle()
    assert (world.tree().path / os.fsdecode(b"bad\xff.log")).read_text() == "log\n"


def test_worktreeinclude_names_what_git_ignores_and_nothing_else(world: World) -> None:
    """In the syntax of `.gitignore`; `copy: []` turns it off."""
    write(
        world, ".worktreeinclude", "# what an agent needs\n.env*\n!.env.other\nconf/**\n!conf/run.sh\napp/\nnew.txt\n"
    )
    write(world, ".env.other", "x")
    write(world, ".env.local", "y")
    write(world, "new.txt", "git does not ignore it")
    world.declare("auth:\nui: {copy: []}")
    world.apply()
    assert held(world, ".env") == (SECRET, 0o600)
    assert held(world, ".env.local") == ("y", 0o644)
    assert held(world, "conf/local/a.ini") == ("a\n", 0o640)
    for path in (".env.other", "conf/run.sh", "new.txt"):
        assert held(world, path) is None
    assert held(world, ".env", "ui") is None
    assert world.plan().is_empty


def test_nothing_of_a_secret_is_told(world: World) -> None:
    """Neither its text nor a digest by which a short one could be found, in any plan, mark or record."""
    import hashlib  # noqa: PLC0415

    world.declare("auth: {copy: .env}")
    told = [json.dumps(plan(world.session()).document)]
    assert "23 bytes, mode 0600" in told[0]
    world.apply()
    world.tree().write({".env": "TOKEN=hunter3-is-short\n"})
    told.append(json.dumps(plan(world.session(), AGAIN).document))
    world.try_apply(AGAIN)
    write(world, ".env", "TOKEN=hunter4-is-short\n", 0o600)
    told.append(json.dumps(plan(world.session()).document))
    told += [file.read_text() for file in (world.common_dir / "orchestra").rglob("*") if file.is_file()]
    told += [(world.git_dir() / "orchestra.json").read_text()]
    for number in "234":
        text = SECRET.replace("2", number)
        for secret in (text, text.strip(), text[6:13], hashlib.sha256(text.encode()).hexdigest()):
            assert not any(secret in each for each in told)


def test_an_edit_is_kept_and_shown_and_replaced_on_request(world: World) -> None:
    """A plan with it is empty."""
    world.declare("auth: {copy: .env}")
    world.settle()
    world.tree().write({".env": "mine\n"})
    assert world.change(COPY).drift == (f"edited by hand; kept, `orchestra apply --replace {COPY}` copies it again",)
    world.settle()
    assert held(world, ".env") == ("mine\n", 0o600)
    world.apply(AGAIN)
    assert held(world, ".env") == (SECRET, 0o600)


def test_a_copy_that_a_loss_of_power_left_empty_is_made_again(world: World) -> None:
    """An empty file is nobody's work, as of all files of ours."""
    world.declare("auth: {copy: .env}")
    world.settle()
    world.tree().write({".env": ""})
    world.settle()
    assert held(world, ".env") == (SECRET, 0o600)


def test_a_change_at_the_source_is_shown_and_copied_on_request(world: World) -> None:
    """The tree's own is what it was until then."""
    world.declare("auth: {copy: .env}")
    world.settle()
    write(world, ".env", "new\n", 0o644)
    (drift,) = world.change(COPY).drift
    assert drift.startswith("changed at its source; kept")
    world.settle()
    assert held(world, ".env") == (SECRET, 0o600)
    world.apply(AGAIN)
    assert held(world, ".env") == ("new\n", 0o644)
    world.require_settled()


def test_a_changed_mode_is_shown_and_copied_on_request(world: World) -> None:
    """At the source, or by hand in the tree, where what was chosen outlives the tree; nothing is changed unasked."""
    world.declare("auth: {copy: .env}")
    world.settle()
    (world.project.path / ".env").chmod(0o640)
    again = f"; kept, `orchestra apply --replace {COPY}` copies it again"
    assert world.change(COPY).drift == (f"its mode changed at its source from 0600 to 0640{again}",)
    world.settle()
    assert held(world, ".env") == (SECRET, 0o600)
    assert world.change(COPY, AGAIN).fields == (FieldChange("mode", "0600", "0640"),)
    world.apply(AGAIN)
    assert held(world, ".env") == (SECRET, 0o640)
    (world.tree().path / ".env").chmod(0o644)
    assert world.change(COPY).drift == (f"its mode was changed by hand to 0644, at its source it is 0640{again}",)
    world.destroy()
    world.apply()
    assert held(world, ".env") == (SECRET, 0o644)
    world.require_settled()


def test_a_source_that_vanished_is_shown_and_its_copies_stay(world: World) -> None:
    """For a tree that has none it is in the way, with the place that asks for it."""
    world.declare("auth: {copy: .env}")
    world.settle()
    (world.project.path / ".env").unlink()
    world.declare("auth: {copy: .env}\nui: {copy: .env}")
    assert world.change(COPY).drift == (f"gone from {world.project.path}; kept",)
    missing = world.change("file:ui/.env")
    assert missing.action is Action.CONFLICT
    assert missing.reason == f"there is no .env to copy in {world.project.path}"
    assert missing.hint == "make it, or take it out of `copy` (orchestra.yaml:3:14)"
    world.try_apply()
    assert held(world, ".env") == (SECRET, 0o600)
    assert (world.tree("ui").path / "SESSION.md").exists(), "the rest is made"


def test_a_file_of_somebodys_is_never_written_over(world: World) -> None:
    """Whether it lies in the tree, or the tree's branch has it; not even on request."""
    world.main.git("switch", "-qc", "ui")
    world.main.git("add", "-f", ".env")
    world.main.git("commit", "-qm", "a secret")
    world.main.git("switch", "-q", "main")
    write(world, ".env", "the main one\n", 0o600)
    world.declare("auth:\nui:")
    world.settle()
    world.tree().write({".env": "mine\n"})
    world.declare("auth: {copy: .env}\nui: {copy: .env}")
    assert world.change(COPY).notes == ("not copied: .env is somebody else's",)
    assert world.change("file:ui/.env").notes == ("not copied: the repository has a file of the name .env",)
    world.apply(AGAIN)
    world.require_settled()
    assert held(world, ".env") == ("mine\n", 0o644)
    assert held(world, ".env", "ui") == (SECRET, 0o644)


def test_a_link_in_a_copys_place_is_not_followed(world: World, tmp_path: Path) -> None:
    """What an agent put there leads nowhere."""
    (tmp_path / "outside").mkdir()
    world.declare("auth:")
    world.settle()
    (world.tree().path / "conf").symlink_to(tmp_path / "outside")
    (world.tree().path / ".env").symlink_to(tmp_path / "outside/x")
    world.declare("auth: {copy: [.env, conf/run.sh]}")
    assert world.change("file:auth/conf/run.sh").action is Action.CONFLICT
    world.try_apply()
    assert list((tmp_path / "outside").iterdir()) == []


def test_an_edited_copy_is_archived_and_comes_back_and_another_is_made_again(world: World) -> None:
    """A copy that is as it was made is in no archive: it is where it was copied from."""
    world.declare("auth: {copy: [.env, conf]}")
    world.settle()
    world.tree().write({"conf/local/a.ini": "mine\n"})
    before = snapshot(world.tree().path, skip=(".git",))
    others = set(world.session().state.rglob("*"))  # those of other tests
    world.destroy()
    tars = [file for file in world.session().state.rglob("*") if file.is_file() and file not in others]
    assert tars
    assert not any(SECRET.encode() in file.read_bytes() for file in tars)
    world.apply()
    assert snapshot(world.tree().path, skip=(".git",)) == before
    assert world.change("file:auth/conf/local/a.ini").drift
    world.require_settled()


@pytest.mark.parametrize("becomes", ["other\n", None])
def test_a_copy_that_is_the_last_of_its_kind_is_archived(world: World, becomes: str | None) -> None:
    """Its source has changed, or is gone: the same bytes come back."""
    world.declare("auth: {copy: .env}")
    world.settle()
    source = world.project.path / ".env"
    source.unlink()
    if becomes:
        write(world, ".env", becomes)
    world.destroy()
    assert not world.tree().path.exists()
    world.apply()
    assert held(world, ".env") == (SECRET, 0o600)
    world.declare("auth:")
    world.apply(PlanOptions(prune=True))
    assert held(world, ".env") == (SECRET, 0o600), "kept: nothing else holds it"


def test_what_is_not_copied_any_more_is_removed_by_prune(world: World) -> None:
    """While its source holds the same."""
    world.declare("auth: {copy: .env}")
    world.settle()
    world.declare("auth:")
    world.apply()
    assert held(world, ".env")
    world.apply(PlanOptions(prune=True))
    assert held(world, ".env") is None
    world.require_settled()


def test_a_plan_against_a_commit_looks_at_no_file_of_this_machine(world: World) -> None:
    """It says what would be copied where nobody has the secret."""
    world.declare("auth: {copy: .env}")
    world.main.git("add", "-f", "orchestra.yaml")
    world.main.git("commit", "-qm", "declare")
    world.declare("auth: {copy: [.env, .env.none]}")
    (world.project.path / ".env").unlink()
    changes = world.plan(PlanOptions(against="HEAD")).pending
    assert [(str(each.address), each.action) for each in changes] == [("file:auth/.env.none", Action.CREATE)]


@pytest.mark.parametrize(
    ("copy", "message", "hint"),
    [
        ("app", "`app` is tracked by git", "leave it out: every tree has it anyway"),
        ("link", "`link` is a symbolic link", "name regular files; nothing is copied through links"),
        (
            "links/x",
            "`links/x` cannot be copied: {root}/links/x: a part of this path is a symbolic link or no directory",
            "nothing is written through links; replace it by a directory",
        ),
        *(
            (path, f"`{path}` is no regular file, and no directory that holds one", "put one there, or leave it out")
            for path in ("conf/empty", "conf/pipe")
        ),
        ("other", "`other/` is a git repository of its own", "name files that belong to this one"),
        ("other/x", "`other/x` belongs to another repository", "name files that belong to this one"),
        ("SESSION.md", "`SESSION.md` cannot be copied: orchestra writes this file itself", "leave it out"),
        (
            "conf/many",
            "`conf/many` stands for 501 files, 500 may be",
            "name the files that are needed; what can be installed is better installed",
        ),
        (
            "'conf/many/*.x'",
            "`conf/many/*.x` stands for 501 files, 500 may be",
            "name the files that are needed; what can be installed is better installed",
        ),
        (
            "conf/huge",
            "`conf/huge` stands for 65 MiB, 64 may be",
            "name the files that are needed; what can be installed is better installed",
        ),
    ],
)
def test_what_cannot_be_copied_is_refused_at_its_place(world: World, copy: str, message: str, hint: str) -> None:
    """With the reason and a way out, by `validate` too; for each place once."""
    root = world.project.path
    (root / "link").symlink_to("/etc/passwd")
    (root / "links").symlink_to("/etc")
    (root / "conf/empty").mkdir()
    os.mkfifo(root / "conf/pipe")
    (root / "conf/many").mkdir()
    for number in range(501):
        (root / f"conf/many/{number}.x").touch()
    with (root / "conf/huge").open("wb") as file:
        file.truncate(65 << 20)
    world.main.git("init", "-q", "other")
    world.main.git("-C", "other", "commit", "-q", "--allow-empty", "-m", "x")
    write(world, "other/x", "x")
    world.declare(f"auth: {{copy: [.env, {copy}]}}\nui: {{copy: [.env]}}")
    with pytest.raises(ManifestError) as caught:
        validate(world.session())
    assert [(str(each), each.hint) for each in caught.value.problems] == [
        (f"orchestra.yaml:2:23: {message.format(root=root)}", hint)
    ]


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            ".env\n\0\1garbage\nconf/[a\nx\\\n\\[ok[a]\\\\\n# \1\n",
            [
                (".worktreeinclude:2:1: it holds a control character", "remove it"),
                (".worktreeinclude:3:6: `[` without `]` matches no file", "write `\\[` for the character itself"),
                (".worktreeinclude:4:2: a `\\` at the end matches no file", "remove it"),
            ],
        ),
        (
            None,
            [
                (
                    ".worktreeinclude:1:1: it is a symbolic link or no file, and says nothing",
                    "put a regular file in its place, or write `copy: []`",
                )
            ],
        ),
    ],
)
def test_a_worktreeinclude_that_says_nothing_is_refused(
    world: World, text: str | None, problems: list[tuple[str, str]]
) -> None:
    """Git passes over it without a word, and the tree would lack what somebody counts on."""
    place = world.project.path / ".worktreeinclude"
    if text is None:
        place.symlink_to(".env")
    else:
        place.write_text(text)
    world.declare("auth:\nui:")
    with pytest.raises(ManifestError) as caught:
        validate(world.session())
    assert [(str(each), each.hint) for each in caught.value.problems] == problems
    world.declare("auth: {copy: []}")
    validate(world.session())


def test_what_a_glob_finds_and_is_no_plain_file_is_passed_over(world: World) -> None:
    """Links, other repositories, and what orchestra writes itself."""
    root = world.project.path
    (root / "conf/link").symlink_to("/etc/passwd")
    (root / "CLAUDE.local.md").write_text("mine")
    world.main.git("init", "-q", "conf/other")
    world.main.git("-C", "conf/other", "commit", "-q", "--allow-empty", "-m", "x")
    world.declare("auth: {copy: ['conf/**', '*.md']}")
    world.apply()
    assert world.plan().is_empty
    assert sorted(path.name for path in (world.tree().path / "conf").rglob("*")) == ["a.ini", "local", "run.sh"]


def test_dependencies_wait_for_copies(world: World) -> None:
    """A command finds what it reads, in the same apply."""
    world.declare("auth: {copy: [.env], dependencies: [{run: cp .env conf.out, outputs: [conf.out]}]}")
    world.apply()
    assert world.tree().read("conf.out") == SECRET
    waits = [each.waits_for for each in plan(world.session()).plan.changes if each.address.kind == "dependency"]
    assert waits == [()]
    (world.tree().path / "conf.out").unlink()
    (world.tree().path / ".env").unlink()
    (change,) = (each for each in world.plan().changes if each.address.kind == "dependency")
    assert COPY in map(str, change.waits_for)
