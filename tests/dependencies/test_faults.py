"""What can go wrong outside: a registry that does not answer, or wrongly, a full disk, a kill at any moment."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.clients.marks import change_book, load_book
from reconciler.clients.process import processes_using
from reconciler.model.outcome import Outcome, Report, Status
from reconciler.operations.apply import apply
from reconciler.operations.execution import Execution
from tests.support.fakes import RecordingReporter
from tests.support.registry import Fault, Registry
from tests.support.tools import Ecosystem, ecosystems, require, run
from tests.support.world import QUICK, World, describe

KILLS = 20


def _world(tmp_path: Path, project: Ecosystem, around: dict[str, str], body: str = "") -> World:
    world = World.make(tmp_path, {"top.txt": "top\n"})
    project.write(world.project.path, around)
    shutil.rmtree(world.project.path / "node_modules", ignore_errors=True)
    world.main.commit()
    world.declare(body or f"auth: {{dependencies: [{project.name}]}}\nui:")
    return world


@pytest.fixture(params=["npm", "pnpm", "yarn", "bun", "uv", "pip", "poetry", "cargo", "go"])
def project(request: pytest.FixtureRequest, registry: Registry, around: dict[str, str]) -> Ecosystem:
    """Give a project of each provider."""
    require("node", request.param if request.param != "pip" else "python3")
    return ecosystems(registry)[request.param]


def _without_caches(around: dict[str, str]) -> None:
    """What was fetched to make the lock file is there no more."""
    shutil.rmtree(Path(around["UV_CACHE_DIR"]).parent, ignore_errors=True)
    shutil.rmtree(Path(os.environ["XDG_CACHE_HOME"]), ignore_errors=True)


def _met_with_garbage(world: World, registry: Registry, around: dict[str, str]) -> Outcome:
    """Apply while the registry answers garbage, which is said to be its fault."""
    _without_caches(around)
    with registry.misbehaving("garbage"):
        outcome = _dependency(world.try_apply())
    assert outcome.error is not None
    assert "the registry" in outcome.error.hint
    return outcome


def _dependency(report: Report) -> Outcome:
    return next(outcome for outcome in report.outcomes if outcome.address.kind == "dependency")


def test_a_registry_that_refuses_once_is_asked_again(
    project: Ecosystem, registry: Registry, tmp_path: Path, around: dict[str, str]
) -> None:
    """The second attempt installs."""
    _require_second_attempt("refuses", project, registry, tmp_path, around)


@pytest.mark.parametrize("project", ["npm", "pnpm", "yarn", "bun", "uv", "poetry", "cargo", "go"], indirect=True)
def test_a_registry_that_breaks_off_once_is_asked_again(
    project: Ecosystem, registry: Registry, tmp_path: Path, around: dict[str, str]
) -> None:
    """In the middle of an answer, likewise; pip does not tell that from a registry that has not got it."""
    _require_second_attempt("cuts", project, registry, tmp_path, around)


def _require_second_attempt(
    fault: Fault, project: Ecosystem, registry: Registry, tmp_path: Path, around: dict[str, str]
) -> None:
    world = _world(tmp_path, project, around)
    _without_caches(around)
    with registry.misbehaving(fault, 1):
        report = world.try_apply()
    assert report.is_complete, describe(report)
    assert registry.fault is None
    project.require_working(world.tree().path, around)


@pytest.mark.parametrize("fault", ["refuses", "stalls", "garbage"])
def test_a_registry_that_goes_on_misbehaving_fails_with_the_tools_words(
    fault: Fault, registry: Registry, tmp_path: Path, around: dict[str, str]
) -> None:
    """Everything else goes on, nothing is taken for installed, and the next apply installs."""
    require("uv")
    project = ecosystems(registry)["uv"]
    world = _world(tmp_path, project, around)
    _without_caches(around)
    with registry.misbehaving(fault):
        report = world.try_apply()
    outcome = _dependency(report)
    assert outcome.status is Status.FAILED
    assert outcome.attempts == (1 if fault == "garbage" else QUICK.attempts), outcome.reason
    assert len(outcome.reason.splitlines()) > 1
    assert outcome.error is not None
    assert outcome.error.hint
    assert {str(each.address) for each in report.outcomes if not each.status.succeeded} == {"dependency:auth/uv"}
    assert world.change("dependency:auth/uv").is_pending
    world.settle()
    project.require_working(world.tree().path, around)


def test_garbage_is_said_to_be_the_registrys(
    project: Ecosystem, registry: Registry, tmp_path: Path, around: dict[str, str]
) -> None:
    """Some tools advise to make the lock file anew, which would take for good whatever was sent."""
    world = _world(tmp_path, project, around)
    outcome = _met_with_garbage(world, registry, around)
    assert outcome.error
    assert "lock file" not in outcome.error.hint
    assert outcome.attempts == 1, outcome.reason


@pytest.mark.parametrize("project", ["npm", "pnpm", "yarn", "bun", "uv", "poetry", "cargo", "go"], indirect=True)
@pytest.mark.parametrize("text", ["[[broken o\n", ""])
def test_a_lock_file_that_cannot_be_read_is_mended_as_the_hint_says(
    project: Ecosystem, text: str, tmp_path: Path, around: dict[str, str]
) -> None:
    """Its tool may not be able to: some read the old one before they write another."""
    world = _world(tmp_path, project, around)
    world.main.commit({project.lock_file: text})
    outcome = _dependency(world.try_apply())
    assert outcome.error is not None
    assert outcome.attempts == 1, outcome.reason
    said = re.search("`(.+)`", outcome.error.hint)
    assert said, outcome.reason
    run(("sh", "-c", said[1]), world.tree().path, around)
    world.tree().commit()
    world.settle()
    project.require_working(world.tree().path, around)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [("refuses", ("what the registry sent", 1)), ("stalls", ("see that the registry can be", QUICK.attempts))],
)
def test_pip_that_found_no_version_at_all_lacks_no_lock_file(
    fault: Fault, expected: tuple[str, int], registry: Registry, tmp_path: Path, around: dict[str, str]
) -> None:
    """It says of a registry that does not answer what it says of a version that there is not."""
    world = _world(tmp_path, ecosystems(registry)["pip"], around)
    with registry.misbehaving(fault):
        outcome = _dependency(world.try_apply())
    assert outcome.error is not None
    hint, attempts = expected
    assert outcome.error.hint.startswith(hint)
    assert outcome.attempts == attempts


def test_what_a_registry_sent_wrongly_is_not_taken_from_the_cache_for_ever(
    registry: Registry, tmp_path: Path, around: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """npm keeps what it is sent before it reads it; where the lock file has no addresses it asks for them."""
    monkeypatch.setenv("npm_config_omit_lockfile_registry_resolved", "true")
    project = ecosystems(registry)["npm"]
    world = _world(tmp_path, project, around)
    _met_with_garbage(world, registry, around)
    world.settle()
    project.require_working(world.tree().path, around)


def test_an_install_that_hangs_is_ended_and_tried_again(
    registry: Registry, tmp_path: Path, around: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the limit in time, where the tool has none of its own."""
    project = ecosystems(registry)["npm"]
    monkeypatch.setenv("npm_config_fetch_timeout", "600000")
    world = _world(tmp_path, project, around, "auth: {dependencies: [npm: {timeout: 4s}]}")
    _without_caches(around)
    with registry.misbehaving("stalls", 1):
        report = world.try_apply()
    outcome = _dependency(report)
    assert (outcome.status, outcome.attempts) == (Status.CREATED, 2), outcome.reason
    assert not processes_using(world.tree().path)


@pytest.mark.parametrize("name", ["uv", "npm"])
def test_a_full_disk_is_said_and_not_tried_again(
    name: str, tmp_path: Path, around: dict[str, str], registry: Registry
) -> None:
    """With a way out, though npm calls it a success; where there is space again, the next apply installs."""
    project = ecosystems(registry)[name]
    world = World.make(tmp_path)
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
    try:
        project.write(world.project.path, around)
        world.main.commit()
        world.declare(f"auth: {{path: {disk}/auth}}")
        world.apply()
        fill = subprocess.run(["dd", "if=/dev/zero", f"of={disk}/full", "bs=4k"], capture_output=True, check=False)
        assert b"No space left" in fill.stderr
        world.declare(f"auth: {{path: {disk}/auth, dependencies: [{name}]}}")
        outcome = _dependency(world.try_apply())
        assert outcome.status is Status.FAILED
        assert outcome.attempts == 1, outcome.reason
        assert "o space left on device" in " ".join(outcome.reason.split())
        assert outcome.error is not None
        assert outcome.error.hint == "free some space, then apply again"
        (disk / "full").unlink()
        world.settle()
        project.require_working(disk / "auth", around)
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def test_what_filled_the_disk_of_the_repository_too_is_heard(tmp_path: Path) -> None:
    """That its failure cannot be noted hides nothing of what it said, and it is not taken for done."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk], check=True)
    try:
        world = World.make(disk)
        world.declare("auth: {dependencies: [{run: 'echo here I am; dd if=/dev/zero of=full bs=4k; exit 3'}]}")
        outcome = _dependency(world.try_apply())
        assert "failed with exit status 3" in outcome.reason
        assert "here I am" in outcome.reason
        assert outcome.error is not None
        assert str(outcome.error.where) == "orchestra.yaml:2:25"
        (world.tree().path / "full").unlink()
        assert world.change("dependency:auth/run").is_pending
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.parametrize("name", ["npm", "pnpm", "yarn", "bun", "uv", "pip", "poetry"])
def test_what_a_killed_tool_takes_for_whole_is_made_anew(
    registry: Registry, tmp_path: Path, around: dict[str, str], name: str
) -> None:
    """It says of a package that it is installed as soon as its description is there, and never writes the rest."""
    require("node", name if name != "pip" else "python3")
    project = ecosystems(registry)[name]
    world = _world(tmp_path, project, around)
    world.settle()
    code = [path for found in ("greet*.py", "greet/index.js") for path in world.tree().path.rglob(found)]
    assert code
    for file in code:
        file.unlink(missing_ok=True)  # pnpm has several ways to one
    clone = world.main.git("config", "orchestra.clone").strip().partition("@")[0]
    book = load_book(world.git_dir(), clone)
    assert book
    (address,) = (each for each in book.marks if each.kind == "dependency")
    change_book(
        world.git_dir(), clone, lambda book: book.put(address, replace(book.marks[address], state="installing"))
    )
    world.settle()
    project.require_working(world.tree().path, around)


def test_killed_at_twenty_moments_an_install_is_never_taken_for_done(
    registry: Registry, tmp_path: Path, around: dict[str, str]
) -> None:
    """The next apply, right after the kill, makes everything as it should be; a program that lives on is ended."""
    require("npm", "uv")
    known = ecosystems(registry)
    world = _world(
        tmp_path,
        known["npm"],
        around,
        "auth: {dependencies: [npm, {uv: {project: py}}, {run: 'sleep 0.2; cat top.txt > made', outputs: [made]}]}",
    )
    exclude = world.common_dir / "info/exclude"
    exclude.write_text(exclude.read_text() + "/made\n")
    known["uv"].write(world.project.path / "py", around)
    world.main.commit()
    chance = random.Random(4)  # noqa: S311
    world.settle()
    whole = _seconds(world)
    for number in range(KILLS):
        _begin_anew(world)
        process = world.project.start("apply", "--auto-approve")
        time.sleep(whole * (number + chance.random()) / KILLS)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        report = apply(world.session(), None, Execution(RecordingReporter(), lambda _: True)).report
        assert report is not None
        assert report.is_complete, f"kill {number}: {describe(report)}"
        world.require_settled()
        tree = world.tree().path
        known["npm"].require_working(tree, around)
        known["uv"].require_working(tree / "py", around)
        assert world.tree().read("made") == "top\n"


def _begin_anew(world: World) -> None:
    for path in ("node_modules", "py/.venv"):
        shutil.rmtree(world.tree().path / path)
    (world.tree().path / "made").unlink()


def _seconds(world: World) -> float:
    """Measure an undisturbed run, to spread the kills over."""
    _begin_anew(world)
    begin = time.monotonic()
    world.project.run_program("apply", "--auto-approve").expect(0)
    return time.monotonic() - begin


@pytest.mark.parametrize(
    ("name", "script", "hint"),
    [
        (
            "pnpm",
            "#!/bin/sh\necho No version is set for command pnpm >&2\nexit 126\n",
            "where `pnpm` itself is not to be had: `npm install --global pnpm`; the log is ",
        ),
        (
            "poetry",
            "#!/bin/sh\necho 'The requested command sync does not exist.' >&2\nexit 1\n",
            "this `poetry` may be too old: `pip install poetry`, version 2 or newer; the log is ",
        ),
        (
            "uv",
            "#!/bin/sh\necho \"error: unexpected argument '--locked' found\" >&2\nexit 2\n",
            "this `uv` may be too old: `pip install uv`; the log is ",
        ),
        ("go", "#!/nowhere/interpreter\n", "its first line names an interpreter that is not there: "),
    ],
)
def test_a_tool_that_is_none_is_said_with_a_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, script: str, hint: str
) -> None:
    """A shim without a version, a tool that does not know the command, a program without its interpreter."""
    world = World.make(tmp_path, {"pnpm-lock.yaml": "", "poetry.lock": "", "uv.lock": "", "go.mod": ""})
    shim = tmp_path / "shims" / name
    shim.parent.mkdir()
    shim.write_text(script)
    shim.chmod(0o755)
    for other in ("node", "python3"):
        (shim.parent / other).symlink_to("/bin/true")
    monkeypatch.setenv("PATH", f"{shim.parent}:{os.environ['PATH']}")
    world.declare(f"auth: {{dependencies: {name}}}")
    outcome = _dependency(world.try_apply())
    assert outcome.error is not None
    assert outcome.error.hint.startswith(hint), outcome.error.hint
    assert outcome.attempts == 1
