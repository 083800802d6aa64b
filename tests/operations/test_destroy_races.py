"""Somebody works in a tree while it is destroyed: it is refused and stays, or all of it comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from reconciler.clients.process import Finished, Runner
from reconciler.clients.sandbox.foreground import alone
from reconciler.clients.sandbox.private_git import DIRECTORY
from reconciler.clients.takedown import set_aside
from reconciler.kinds.workspace import parking
from reconciler.model.outcome import Status
from reconciler.model.plan import Plan
from reconciler.operations.destroy import DestroyOptions, destroy
from reconciler.operations.execution import Execution
from reconciler.vault import sighting
from reconciler.vault.inventory import Inventory, take_inventory
from tests.operations import works
from tests.operations.looks import Look, look
from tests.support.fakes import RecordingReporter
from tests.support.mounting import mounted
from tests.support.repository import GitRepo
from tests.support.world import QUICK, World, somebody_in

LATE: list[Callable[[World], None]] = [
    works.untracked,
    works.dirty,
    works.deleted,
    works.made_executable,
    works.staged,
    works.committed,
    works.detached,
    works.message_on_a_desk,
    works.edited_contract,
    works.nested_repository,
    works.bisecting,
    works.index_lock,
    works.private_ref,
]


@pytest.mark.parametrize("work", LATE, ids=[work.__name__ for work in LATE])
def test_what_is_saved_between_archive_and_removal_stays_where_it_is(
    auth: World, work: Callable[[World], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tree is put back as it was, nothing waits for the next apply, and a later destroy gets all of it."""
    works.ignored(auth)
    verify = parking.verify

    def verify_and_work(*given: object) -> tuple[str, ...]:
        found = verify(*given)  # type: ignore[arg-type]
        work(auth)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(parking, "verify", verify_and_work)
        outcome = auth.destroy().outcomes[0]
    assert outcome.status is Status.FAILED
    assert "somebody is at work there" in outcome.reason
    assert not auth.main.refs("refs/orchestra/parked")
    assert auth.tree().read(".env") == "SECRET=1"
    before = look(auth)
    if auth.destroy().outcomes:
        auth.apply()
    assert look(auth) == before


@pytest.mark.parametrize("work", LATE, ids=[work.__name__ for work in LATE])
def test_what_is_written_after_the_plan_was_made_is_not_lost(auth: World, work: Callable[[World], None]) -> None:
    """While a person reads the plan: the tree is looked at again, and kept or saved as it is by then."""
    works.ignored(auth)
    before: list[Look] = []

    def work_and_look() -> None:
        work(auth)
        before.append(look(auth))

    _destroy_after(auth, work_and_look)
    if not auth.tree().path.exists():
        auth.apply()
    assert look(auth) == before[0]


def _destroy_after(world: World, act: Callable[[], object]) -> None:
    """Destroy, when something was done between the plan and its approval."""

    def act_and_approve(_plan: Plan) -> bool:
        act()
        return True

    destroy(world.session(), DestroyOptions(), Execution(RecordingReporter(), act_and_approve, QUICK))


def test_a_tree_that_nobody_writes_in_is_looked_at_once(auth: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """To look costs most of a removal; afterwards it is only compared."""
    looks = []

    def take_and_count(*given: object) -> Inventory:
        looks.append(given)
        return take_inventory(*given)  # type: ignore[arg-type]

    works.dirty(auth)
    monkeypatch.setattr(sighting, "take_inventory", take_and_count)
    auth.destroy()
    assert len(looks) == 1
    assert not auth.tree().path.exists()


def test_a_git_that_met_the_removal_of_another_tree_says_nothing_of_the_archive(
    auth: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It lists all worktrees to verify a bundle, and dies where one vanishes just then: another attempt helps."""
    works.dirty(auth)
    run, met = Runner.run, []

    def run_beside_a_removal(runner: Runner, argv: tuple[str, ...], **more: Any) -> Finished:
        if "verify" in argv and not met:
            met.append(argv)
            message = f"fatal: Invalid path '{auth.common_dir}/worktrees/other': No such file or directory"
            return Finished(tuple(map(str, argv)), 128, b"", message)
        return run(runner, argv, **more)

    monkeypatch.setattr(Runner, "run", run_beside_a_removal)
    outcome = auth.destroy().outcomes[0]
    assert met
    assert outcome.status is Status.DELETED, outcome.reason
    assert not auth.tree().path.exists()


def test_what_was_not_looked_into_is_looked_at_once_more(auth: World) -> None:
    """A repository that was made in installed packages, after the plan was, is found."""
    (auth.common_dir / "info/exclude").write_text("node_modules/\n/orchestra.yaml\n")
    auth.tree().write({"node_modules/.package-lock.json": "{}", "node_modules/a/x.js": ""})
    _destroy_after(auth, lambda: GitRepo.init(auth.tree().path / "node_modules/a/inner"))
    assert (auth.tree().path / "node_modules/a/inner/.git").is_dir()


def test_whatever_a_process_wrote_while_its_tree_was_destroyed_is_there(auth: World) -> None:
    """It stands elsewhere, and opens a file by its path again and again."""
    file, written, stop = auth.tree().path / "app/log.txt", [0], threading.Event()

    def write() -> None:
        while not stop.is_set():
            try:
                with file.open("a") as opened:
                    opened.write(f"{written[0]}\n")
            except OSError:
                time.sleep(0.001)
                continue
            written[0] += 1
            time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        auth.destroy()
        auth.destroy()
    finally:
        stop.set()
        writer.join()
    if not auth.tree().path.exists():
        auth.apply()
    assert file.read_text() == "".join(f"{number}\n" for number in range(written[0]))


def test_a_process_that_stands_in_a_tree_is_named(auth: World) -> None:
    """Its tree is kept."""
    with somebody_in(auth.tree().path / "app"):
        run = auth.project.run("destroy", "--auto-approve").expect(0)
    assert "sleep (" in run.out
    assert auth.tree().path.exists()


COMERS: dict[str, tuple[Callable[[World], AbstractContextManager[object]], str]] = {
    "process": (lambda world: somebody_in(world.tree().path / "app"), "is at work there"),
    "sandbox": (lambda world: alone(world.git_dir() / DIRECTORY, "auth"), "running in the sandbox of auth"),
}


@pytest.mark.parametrize("comer", COMERS)
def test_whoever_comes_while_a_tree_is_saved_finds_it_where_it_was(
    auth: World, comer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They have not written anything yet, and are seen when the tree was moved out of everybody's way."""
    come, expected = COMERS[comer]
    verify = parking.verify
    with ExitStack() as there:

        def verify_and_come(*given: object) -> tuple[str, ...]:
            there.enter_context(come(auth))
            return verify(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(parking, "verify", verify_and_come)
        outcome = auth.destroy().outcomes[0]
        assert outcome.status is Status.FAILED
        assert expected in outcome.reason
        assert auth.tree().status() == ""


def test_what_is_mounted_while_a_tree_is_saved_is_not_deleted(
    auth: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tree is put back, and what is mounted in it with it."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/precious").write_text("mine")
    place = auth.tree().path / "app"
    verify = parking.verify

    with ExitStack() as stack:

        def verify_and_mount(*given: object) -> tuple[str, ...]:
            found = verify(*given)  # type: ignore[arg-type]
            stack.enter_context(mounted(tmp_path / "elsewhere", place))
            return found

        monkeypatch.setattr(parking, "verify", verify_and_mount)
        outcome = auth.destroy().outcomes[0]
        assert outcome.status is Status.FAILED
        assert "something is mounted at" in outcome.reason
    assert (tmp_path / "elsewhere/precious").read_text() == "mine"


def test_a_tree_that_cannot_be_put_back_lies_aside_whole(auth: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between moving and comparing: the next destroy, or apply, goes on from there."""
    works.dirty(auth)
    before = look(auth)

    def move_and_die(tree: Path) -> None:
        set_aside(tree)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(parking, "set_aside", move_and_die)
        with pytest.raises(KeyboardInterrupt):
            auth.destroy()
    assert not auth.tree().path.exists()
    auth.apply()
    assert look(auth) == before


def test_a_changed_file_in_scratch_is_no_work(world: World) -> None:
    """It is neither saved nor compared; it is gone, as declared."""
    world.declare("auth: {scratch: [build]}")
    world.settle()
    world.tree().write({"build/a.o": "x", "build/b/c.o": "y", "new.txt": "mine"})
    assert "1 file not committed (new.txt)" in world.plan_destroy().changes[0].reason
    world.destroy()
    world.settle("auth")
    assert [path.name for path in Path(world.tree().path).glob("[bn]*")] == ["new.txt"]


def test_what_git_does_not_ignore_and_is_scratch_is_told_to_be_lost(world: World) -> None:
    """Whoever declared too much sees it before it is gone."""
    world.declare("auth: {scratch: [app]}")
    world.settle()
    world.tree().write({"app/new.txt": "mine", "app/a.py": "tracked, and so it is saved"})
    reason = world.plan_destroy().changes[0].reason
    assert "lost, since it is scratch: 1 file that git does not ignore (app/new.txt)" in reason
    assert "1 file not committed (app/a.py)" in reason
