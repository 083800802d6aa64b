"""`archive`: list, show, restore and prune what was saved of trees that were taken down."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.clients.descent import Descent
from reconciler.errors import OrchestraError, PermanentError, UsageError
from reconciler.kinds.workspace.fates import Removal
from reconciler.operations.archive import archives, prunable, prune, restore, show
from reconciler.operations.locking import locked
from reconciler.operations.options import PlanOptions
from reconciler.vault.archive import Archive
from tests.operations import works
from tests.operations.looks import Look, is_ours, look
from tests.support.repository import GitRepo
from tests.support.world import World

FRESH = PlanOptions(fresh=True)
FIRST = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)


def night(world: World, now: datetime | None = None) -> Archive:
    """Take `auth` down, and give what was saved of it."""
    removal = Removal(now=lambda: now) if now else Removal()
    assert world.destroy(removal=removal).is_complete
    assert not world.tree().path.exists()
    return archives(world.session(), "auth")[-1]


@pytest.fixture
def parked(auth: World) -> tuple[World, Look]:
    """Give a world in which a tree with all kinds of work was taken down, and what it looked like."""
    works.all_at_once(auth)
    before = look(auth)
    night(auth)
    return auth, before


def shelf(world: World, pattern: str) -> Path:
    """A file outside of the repository."""
    (found,) = world.session().state.glob(f"archive/{world.session().survey.clone}/auth/{pattern}")
    return found


def test_while_another_command_is_at_work_it_waits_or_is_refused(parked: tuple[World, Look]) -> None:
    """It says who holds the lock; whoever may wait goes on when it is free."""
    world, _ = parked
    with locked(world.session(), "orchestra apply"):
        refused = world.project.run("archive", "restore", "auth").expect(6)
        world.project.run("archive", "prune", "--older-than", "1h", "--auto-approve").expect(6)
        waiting = ThreadPoolExecutor(1).submit(restore, world.session(), "auth", lock_timeout=60)
        time.sleep(0.2)
        assert not waiting.done()
    assert "orchestra apply" in refused.err
    assert waiting.result().branch == "auth"
    assert world.tree().read(".env") == "SECRET=1"


# --- list and show ---------------------------------------------------------------------------------------------------


def test_what_waits_is_listed_and_shown(parked: tuple[World, Look]) -> None:
    """For people and for programs."""
    world, _ = parked
    (archive,) = archives(world.session())
    listed = world.project.run("archive", "list").expect(0).out
    assert "auth" in listed
    assert archive.time in listed
    (one,) = json.loads(world.project.run("archive", "list", "--json").expect(0).out)["archives"]
    assert (one["name"], one["time"], one["waits"], one["branch"]) == ("auth", archive.time, True, "auth")
    found = show(world.session(), "auth")
    assert (found.waits, found.problems, found.path) == (True, (), str(world.tree().path))
    assert {"lib/b.py", "new/x.bin", "-top.txt"} <= set(found.files)
    assert found.ignored == (".env",)
    shown = world.project.run("archive", "show", "auth").expect(0).out
    assert "lib/b.py" in shown
    assert ".env" in shown
    assert json.loads(world.project.run("archive", "show", "auth", "--json").expect(0).out)["ignored"] == [".env"]


def test_nothing_was_archived_yet(auth: World) -> None:
    """That is an answer, and no traceback."""
    assert json.loads(auth.project.run("archive", "list", "--json").expect(0).out)["archives"] == []
    for action in ("show", "restore"):
        assert "there is no archive of `auth`" in auth.project.run("archive", action, "auth").expect(3).err
        assert "needs the name of a workspace" in auth.project.run("archive", action).expect(3).err


def test_a_time_that_is_none_is_refused_with_those_that_are(parked: tuple[World, Look]) -> None:
    """So that it can be copied."""
    world, _ = parked
    (archive,) = archives(world.session())
    run = world.project.run("archive", "show", "auth", "--at", "20200101T000000Z").expect(3)
    assert archive.time in run.err


def test_a_tree_that_is_not_all_back_is_kept_and_what_waits_waits_on(
    parked: tuple[World, Look], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looks like one that has no work, and a save of it would take the place of the archive that has it."""
    world, before = parked
    with monkeypatch.context() as patch:
        patch.setattr(Descent, "set", _no_space)
        assert not world.try_apply().is_complete
    waiting = world.main.refs("refs/orchestra/parked")
    assert "is not all back" in world.plan_destroy().changes[0].reason
    assert "from the archive of" in world.change().reason
    world.destroy()
    assert world.tree().path.exists()
    assert world.main.refs("refs/orchestra/parked") == waiting
    world.apply()
    assert look(world) == before


def test_what_only_a_log_has_is_told(auth: World) -> None:
    """In list, show and JSON."""
    works.only_in_the_reflog(auth)
    night(auth)
    assert "1 commit that no branch has" in auth.project.run("archive", "list").expect(0).out
    (one,) = json.loads(auth.project.run("archive", "list", "--json").expect(0).out)["archives"]
    assert one["logged"] == 1


# --- restore ---------------------------------------------------------------------------------------------------------


def forward(world: World) -> None:
    """Somebody works on the branch meanwhile."""
    world.main.git("update-ref", "refs/heads/auth", commit_on(world, "auth"))


def diverge(world: World) -> None:
    world.main.git("update-ref", "refs/heads/auth", commit_on(world, "main"))


def commit_on(world: World, parent: str) -> str:
    return world.main.git("commit-tree", "-m", "other", "-p", parent, f"{parent}^{{tree}}")


def delete_branch(world: World) -> None:
    world.main.git("branch", "-D", "auth")


def set_back(world: World) -> None:
    world.main.git("update-ref", "refs/heads/auth", "auth~1")


def check_out(world: World) -> None:
    world.main.worktree(world.project.path.parent / "elsewhere", "auth")


def nothing(_: World) -> None: ...


@pytest.mark.parametrize(
    ("meanwhile", "branch"),
    [
        (nothing, "auth"),
        (delete_branch, "auth"),
        (set_back, "auth"),
        (forward, "restored"),
        (diverge, "restored"),
        (check_out, "restored"),
    ],
)
def test_it_goes_onto_its_branch_or_beside_it(
    parked: tuple[World, Look], meanwhile: Callable[[World], None], branch: str
) -> None:
    """Fast-forwarded where that loses nothing; else to a branch of its own, and the other is left as it is."""
    world, before = parked
    meanwhile(world)
    tips = world.main.refs("refs/heads")
    done = restore(world.session(), "auth")
    wanted = f"auth--restored-{done.archive.when:%Y-%m-%d}" if branch == "restored" else "auth"
    assert done.branch == wanted
    after = look(world)
    assert (after.seen.status, after.seen.index) == (before.seen.status, before.seen.index)
    assert after.head[0] == before.head[0]
    there = {path: entry for path, entry in before.seen.files.items() if not is_ours(path)}
    assert there.items() <= after.seen.files.items()
    if branch == "restored":
        assert tips.items() <= world.main.refs("refs/heads").items()
        assert world.session().survey.parked, "the next apply may still make use of it"
    else:
        assert not world.session().survey.parked
        world.settle("auth")
        assert look(world) == before


@pytest.mark.parametrize("meanwhile", [nothing, delete_branch, set_back, diverge])
def test_what_could_not_all_be_restored_is_taken_away(
    parked: tuple[World, Look], meanwhile: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No half of a tree and no branch that was not there before; and then it can be done again."""
    world, _ = parked
    meanwhile(world)
    refs, worktrees = world.main.refs(), world.main.git("worktree", "list")
    with monkeypatch.context() as patch:
        patch.setattr(Descent, "set", _no_space)
        with pytest.raises(PermanentError, match="No space left"):
            restore(world.session(), "auth")
    assert (world.main.refs(), world.main.git("worktree", "list")) == (refs, worktrees)
    assert not world.tree().path.exists()
    restore(world.session(), "auth")
    assert world.tree().read(".env") == "SECRET=1"


def _no_space(*_given: object, **_options: object) -> None:
    raise PermanentError("No space left on device")


def test_a_branch_of_somebodys_own_stays_theirs(world: World) -> None:
    """It was used and not made: no later destroy removes it."""
    world.main.git("branch", "auth")
    world.declare("auth:")
    world.settle()
    world.tree().write({"new.txt": "mine"})
    night(world)
    restore(world.session(), "auth")
    assert world.destroy(removal=Removal(delete_branches=True)).is_complete
    assert not world.tree().path.exists()
    assert world.main.refs("refs/heads/auth")


def test_a_workspace_has_one_tree(parked: tuple[World, Look]) -> None:
    """What is restored where it was, while the workspace is elsewhere by now, is a plain worktree."""
    world, _ = parked
    world.declare("auth: {branch: other, path: ../elsewhere}")
    world.apply()
    restored = restore(world.session(), "auth")
    assert (restored.path, restored.branch) == (world.tree().path, "auth")
    world.destroy()
    world.destroy()
    assert world.tree().path.exists(), "what bears no mark is never removed"
    assert not (world.project.path.parent / "elsewhere").exists()


def test_a_second_one_gets_a_name_of_its_own(parked: tuple[World, Look]) -> None:
    """Nothing is replaced."""
    world, _ = parked
    diverge(world)
    places = [world.project.path.parent / name for name in ("one", "two")]
    first, second = (restore(world.session(), "auth", to=place) for place in places)
    assert second.branch == f"{first.branch}-2"
    assert (places[1] / "lib/b.py").read_text() == "and changed\n"


def test_a_directory_that_holds_something_is_refused(parked: tuple[World, Look]) -> None:
    """Whatever it is; an empty one is none the worse."""
    world, _ = parked
    place = world.project.path.parent / "place"
    place.mkdir()
    (place / "mine").write_text("mine")
    refs = world.main.refs()
    run = world.project.run("archive", "restore", "auth", "--to", str(place)).expect(3)
    assert "is not empty" in run.err
    assert "--to DIR" in run.err
    (place.parent / "link").symlink_to(place.parent / "nowhere")
    world.project.run("archive", "restore", "auth", "--to", "../link").expect(3)
    assert world.main.refs() == refs
    (place / "mine").unlink()
    done = json.loads(world.project.run("archive", "restore", "auth", "--to", str(place), "--json").expect(0).out)
    assert (done["path"], done["branch"]) == (str(place), "auth")
    assert (place / ".env").read_text() == "SECRET=1"


def test_a_place_that_git_has_a_record_of_is_refused_with_the_way_out(parked: tuple[World, Look]) -> None:
    """The record is somebody else's: it stays."""
    world, _ = parked
    shutil.rmtree(world.main.worktree(world.tree().path, "other").path)
    refused = world.project.run("archive", "restore", "auth").expect(1)
    assert "`git worktree prune` drops git's record of it" in refused.err
    assert str(world.tree().path) in world.main.git("worktree", "list")


def test_an_older_one_comes_back_by_its_time(auth: World) -> None:
    """The newest is what the next apply brings back; the older ones stay."""
    auth.tree().write({"new.txt": "first"})
    old = night(auth, FIRST)
    auth.apply()
    auth.tree().write({"new.txt": "second"})
    night(auth, FIRST + timedelta(days=1))
    place = auth.project.path.parent / "old"
    auth.project.run("archive", "restore", "auth", "--at", old.time, "--to", str(place)).expect(0)
    assert (place / "new.txt").read_text() == "first"
    assert str(place) in auth.change().reason, "there can be one tree on the branch"
    auth.main.git("worktree", "remove", "--force", str(place))
    auth.apply()
    assert auth.tree().read("new.txt") == "second"


def test_a_detached_head_comes_back_detached(auth: World) -> None:
    """With the commits that nothing else names."""
    works.detached_with_a_commit(auth)
    before = look(auth)
    night(auth)
    assert restore(auth.session(), "auth").branch is None
    assert look(auth).head == before.head


def test_it_comes_from_the_copy_when_the_repository_has_it_no_more(parked: tuple[World, Look]) -> None:
    """Though git has dropped every object of it."""
    world, before = parked
    (archive,) = archives(world.session())
    for ref in world.main.refs("refs/orchestra"):
        world.main.git("update-ref", "-d", ref)
    world.main.git("branch", "-D", "auth")
    world.main.git("reflog", "expire", "--expire=now", "--all")
    world.main.git("gc", "--quiet", "--prune=now")
    assert world.main.try_git("cat-file", "-e", archive.commit).returncode
    assert "copy" in world.project.run("archive", "list").expect(0).out
    world.project.run("archive", "show", "auth")
    restore(world.session(), "auth")
    world.settle("auth")
    assert look(world) == before


def overwrite(file: Path) -> None:
    file.chmod(0o600)
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)


TAMPERED: dict[str, Callable[[World], object]] = {
    "bundle": lambda world: overwrite(shelf(world, "*.bundle")),
    "bundle gone": lambda world: shelf(world, "*.bundle").unlink(),
    "tar": lambda world: overwrite(shelf(world, "*.tar")),
    "tar gone": lambda world: shelf(world, "*.tar").unlink(),
    "receipt": lambda world: overwrite(shelf(world, "*.json")),
    "receipt gone": lambda world: shelf(world, "*.json").unlink(),
    "ref": lambda world: world.main.git("update-ref", archives(world.session())[0].ref, "main"),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_what_was_tampered_with_is_refused(parked: tuple[World, Look], tamper: Callable[[World], object]) -> None:
    """It is said what, with a way out; nothing is half restored."""
    world, _ = parked
    tamper(world)
    refs = world.main.refs()
    assert world.project.run("archive", "show", "auth").code in {1, 5}
    run = world.project.run("archive", "restore", "auth")
    assert run.code in {1, 5}
    assert "error:" in run.err
    assert "Traceback" not in run.err
    assert not world.tree().path.exists()
    assert world.main.refs() == refs


@pytest.mark.parametrize("name", ["tar", "tar gone", "receipt gone"])
def test_apply_does_not_bring_back_what_was_tampered_with(parked: tuple[World, Look], name: str) -> None:
    """It fails and says so, before anything is made; mended, it comes back."""
    world, before = parked
    file = shelf(world, "*.json" if name.startswith("receipt") else "*.tar")
    kept, refs = file.read_bytes(), world.main.refs()
    TAMPERED[name](world)
    assert not world.try_apply().is_complete
    assert world.main.refs() == refs
    assert not world.tree().path.exists()
    file.write_bytes(kept)
    world.apply()
    assert look(world) == before


def test_what_cannot_be_brought_back_any_more_stops_nobody_for_ever(parked: tuple[World, Look]) -> None:
    """The way out is named, and is one; what is left of the archive stays."""
    world, _ = parked
    TAMPERED["tar gone"](world)
    refused = world.project.run("apply", "--auto-approve").expect(4)
    assert "`orchestra apply --fresh` starts over" in refused.out + refused.err
    world.project.run("apply", "--auto-approve", "--fresh").expect(0)
    assert world.plan().is_empty
    assert archives(world.session(), "auth")


# --- prune -----------------------------------------------------------------------------------------------------------


def test_prune_takes_what_is_old_and_never_what_waits(auth: World) -> None:
    """Files outside go along; nothing of it is asked for without an age, or without an answer."""
    for day in range(3):
        auth.tree().write({"new.txt": str(day)})
        works.ignored(auth)
        night(auth, FIRST + timedelta(days=day))
        if day < 2:
            auth.apply()
    assert "--older-than" in auth.project.run("archive", "prune").expect(3).err
    auth.project.run("archive", "prune", "--older-than", "0d").expect(7)
    assert len(archives(auth.session())) == 3
    gone = json.loads(
        auth.project.run("archive", "prune", "--older-than", "0d", "--auto-approve", "--json").expect(0).out
    )
    assert [each["time"] for each in gone["archives"]] == ["20261101T020000Z", "20261102T020000Z"]
    (left,) = archives(auth.session())
    assert left.time == "20261103T020000Z"
    assert {file.name.partition(".")[0] for file in shelf(auth, "*.tar").parent.iterdir()} == {left.time}
    auth.apply()
    assert auth.tree().read("new.txt") == "2"


def test_by_age_and_by_whether_it_is_merged(auth: World) -> None:
    """What is merged with nothing uncommitted may go sooner; the next apply's is never chosen."""
    works.merged(auth)
    night(auth, FIRST)
    auth.apply()
    works.untracked(auth)
    night(auth, FIRST + timedelta(days=1))
    auth.apply()
    (auth.tree().path / "new.txt").unlink()
    auth.tree().commit({"app/a.py": "more\n"})
    night(auth, FIRST + timedelta(days=2))
    auth.apply()
    now = FIRST + timedelta(days=10)

    def chosen(older: int | None, merged: int | None) -> list[int]:
        ages = [None if days is None else timedelta(days=days) for days in (older, merged)]
        found = prunable(auth.session(), older_than=ages[0], merged_older_than=ages[1], now=now)
        return [each.when.day for each in found]

    assert chosen(None, 5) == [1]
    assert chosen(9, None) == [1]
    assert chosen(8, None) == [1, 2]
    assert chosen(None, 11) == []
    assert chosen(1, 1) == [1, 2, 3]
    night(auth, FIRST + timedelta(days=3))
    assert chosen(1, None) == [1, 2, 3]


def test_an_archive_that_came_to_wait_since_it_was_chosen_is_left(parked: tuple[World, Look]) -> None:
    """A person may take their time to answer."""
    world, _ = parked
    assert prune(world.session(), archives(world.session())) == ()
    assert len(archives(world.session())) == 1


# --- the next morning ------------------------------------------------------------------------------------------------


def test_fresh_starts_over_and_leaves_the_archive(parked: tuple[World, Look]) -> None:
    """It waits no more; by hand it can be had still."""
    world, before = parked
    change = world.change(options=FRESH)
    assert "left alone, as requested" in " ".join(change.notes)
    world.apply(FRESH)
    assert world.tree().status() == ""
    assert not world.session().survey.parked
    assert world.tree().commit_of("HEAD") == before.head[0].strip(), "its branch stays, with its commits"
    place = world.project.path.parent / "place"
    restore(world.session(), "auth", to=place)
    assert (place / "lib/b.py").read_text() == "and changed\n"


@pytest.mark.parametrize("flags", [[], ["--fresh"]])
def test_a_saved_plan_means_what_it_said(parked: tuple[World, Look], flags: list[str]) -> None:
    """Whether it starts over is part of the plan."""
    world, before = parked
    file = world.project.path.parent / "saved.plan"
    world.project.run("plan", "--out", str(file), *flags).expect(0)
    world.project.run("apply", str(file), "--auto-approve").expect(0)
    assert (world.tree().status() == "") is bool(flags)
    assert (look(world) == before) is not bool(flags)


def test_a_saved_plan_is_refused_when_another_archive_waits_by_then(parked: tuple[World, Look]) -> None:
    """It would bring back something else than was approved."""
    world, _ = parked
    file = world.project.path.parent / "saved.plan"
    world.project.run("plan", "--out", str(file)).expect(0)
    world.apply()
    world.tree().write({"newer.txt": "mine"})
    night(world)
    run = world.project.run("apply", str(file), "--auto-approve")
    assert run.code == 5
    assert not world.tree().path.exists()
    world.apply()
    assert world.tree().read("newer.txt") == "mine"


def test_a_tree_deleted_by_hand_later_is_not_replaced_by_an_old_archive(parked: tuple[World, Look]) -> None:
    """What was brought back waits no more."""
    world, _ = parked
    world.apply()
    world.tree().git("reset", "--quiet", "--hard")
    world.tree().git("clean", "--quiet", "-fdx")
    shutil.rmtree(world.tree().path)
    world.main.git("worktree", "prune")
    world.settle()
    assert world.tree().status() == ""
    assert not (world.tree().path / ".env").exists()


def test_an_archive_whose_branch_moved_on_is_left_alone_and_said(parked: tuple[World, Look]) -> None:
    """The branch is what others see; the rest can be restored beside it."""
    world, _ = parked
    forward(world)
    change = world.change()
    assert "its branch is not where it was then" in " ".join(change.notes)
    assert "orchestra archive restore auth" in " ".join(change.notes)
    tip = world.main.commit_of("auth")
    world.apply()
    assert world.tree().commit_of("HEAD") == tip
    assert world.tree().status() == ""
    assert len(archives(world.session())) == 1


def test_what_a_copy_of_the_clone_prunes_the_original_still_has(parked: tuple[World, Look], tmp_path: Path) -> None:
    """The refs are the copy's own; the files outside of the repository are the original's."""
    world, before = parked
    shutil.copytree(world.project.path, tmp_path / "copy" / "shop", symlinks=True)
    other = World(type(world.project)(GitRepo(tmp_path / "copy" / "shop")))
    other.apply(FRESH)
    assert prune(other.session(), archives(other.session()))
    assert archives(other.session()) == ()
    world.apply()
    assert look(world) == before


def test_what_leaves_the_repository_has_no_ignored_file(parked: tuple[World, Look], tmp_path: Path) -> None:
    """By push, clone and bundle: secrets never get into git's objects."""
    world, _ = parked
    world.main.git("clone", "--quiet", "--mirror", str(world.common_dir), str(tmp_path / "mirror"))
    world.main.git("init", "--quiet", "--bare", str(tmp_path / "pushed"))
    world.main.git("push", "--quiet", "--mirror", str(tmp_path / "pushed"))
    world.main.git("bundle", "create", "--quiet", str(tmp_path / "all.bundle"), "--all")
    world.main.git("clone", "--quiet", "--mirror", str(tmp_path / "all.bundle"), str(tmp_path / "unbundled"))
    for place in ("mirror", "pushed", "unbundled"):
        objects = GitRepo(tmp_path / place).git("cat-file", "--batch-all-objects", "--batch")
        assert "SECRET=1" not in objects
        assert "and changed" in objects, "what is not ignored does"


def test_only_the_owner_can_read_what_lies_outside(parked: tuple[World, Look]) -> None:
    """The tar has secrets in it."""
    world, _ = parked
    for suffix in ("tar", "bundle", "json"):
        assert shelf(world, f"*.{suffix}").stat().st_mode & 0o777 == 0o600
    place = shelf(world, "*.tar").parent
    while place != world.session().state.parent:
        assert place.stat().st_mode & 0o777 == 0o700
        place = place.parent


def test_errors_are_errors(parked: tuple[World, Look]) -> None:
    """Of the library, for those who use it as one."""
    world, _ = parked
    with pytest.raises(UsageError, match="no archive of `nobody`"):
        show(world.session(), "nobody")
    os.truncate(shelf(world, "*.bundle"), 10)
    with pytest.raises(OrchestraError, match="not whole"):
        restore(world.session(), "auth")


@pytest.mark.parametrize("make", [works.ignored, works.untracked, works.only_in_the_reflog])
def test_what_holds_more_than_merged_commits_stays(auth: World, make: Callable[[World], None]) -> None:
    make(auth)
    night(auth, FIRST)
    auth.apply(FRESH)
    assert prunable(auth.session(), older_than=None, merged_older_than=timedelta(0)) == ()


def test_only_what_is_named_is_pruned(world: World) -> None:
    world.declare("auth:\nui:")
    world.settle()
    world.destroy()
    world.apply()
    world.project.run("archive", "prune", "nosuch", "--older-than", "0m", "--auto-approve").expect(0)
    assert {each.name for each in archives(world.session())} == {"auth", "ui"}
    world.project.run("archive", "prune", "ui", "--older-than", "0m", "--auto-approve").expect(0)
    assert {each.name for each in archives(world.session())} == {"auth"}
