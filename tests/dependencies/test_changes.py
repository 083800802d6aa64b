"""What becomes of an installation when the manifest, the tree or a person changes what it stands on."""

from __future__ import annotations

import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from reconciler.clients.process import processes_using
from reconciler.model.change import Action
from tests.support.registry import Registry
from tests.support.tools import Ecosystem, ecosystems, require
from tests.support.world import World


@pytest.fixture
def known(registry: Registry, around: dict[str, str]) -> dict[str, Ecosystem]:
    """Give a project for each provider."""
    require("npm", "pnpm", "uv", "node", "cargo")
    return ecosystems(registry)


def _world(tmp_path: Path, around: dict[str, str], *projects: Ecosystem) -> World:
    world = World.make(tmp_path, {"top.txt": "top\n"})
    for project in projects:
        project.write(world.project.path, around)
    world.main.commit()
    return world


def test_what_is_no_longer_declared_is_removed_on_request(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]
) -> None:
    """The plan says what; without `--prune` it stays."""
    world = _world(tmp_path, around, known["npm"])
    world.declare("auth: {dependencies: [npm]}")
    world.settle()
    world.declare("auth:")
    world.settle()
    modules = world.tree().path / "node_modules"
    assert modules.is_dir()
    shown = world.project.run("plan", "--prune").out
    assert "- dependency:auth/npm (removes node_modules)" in shown
    world.project.run("apply", "--prune", "--auto-approve").expect(0)
    assert not modules.exists()
    world.require_settled()


def test_what_git_tracks_is_not_removed(known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]) -> None:
    """Some commit what is installed."""
    world = _world(tmp_path, around, known["npm"])
    world.declare("auth: {dependencies: [npm]}")
    world.settle()
    world.tree().git("add", "--force", "node_modules/greet/index.js")
    world.tree().git("commit", "--quiet", "--message", "vendored")
    world.declare("auth:")
    world.project.run("apply", "--prune", "--auto-approve").expect(0)
    assert (world.tree().path / "node_modules/greet/index.js").exists()


def test_one_package_manager_follows_another(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]
) -> None:
    """In the directory that both own; the one before is forgotten, and what the other installed stays."""
    world = _world(tmp_path, around, known["npm"], known["pnpm"])
    world.declare("auth: {dependencies: [npm]}")
    world.settle()
    world.declare("auth: {dependencies: [pnpm]}")
    world.project.run("apply", "--prune", "--auto-approve").expect(0)
    world.settle()
    known["pnpm"].require_working(world.tree().path, around)
    assert (world.tree().path / "node_modules/.modules.yaml").exists()


def test_a_command_that_reads_what_is_installed_is_in_the_plan_that_installs_it(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]
) -> None:
    """Where it was removed by hand, and where another one is to be installed; what stands between does not matter."""
    world = _world(tmp_path, around, known["npm"])
    read = "node_modules/greet/index.js"
    copy = f"{{run: cp {read} made.js, inputs: [{read}], outputs: [made.js]}}"
    world.main.commit({".gitignore": "/made.js\n"})
    world.declare(f"auth: {{dependencies: [npm, {{run: 'true', inputs: [top.txt]}}, {copy}]}}")
    world.settle()
    shutil.rmtree(world.tree().path / "node_modules")
    pending = {str(change.address): change for change in world.plan().pending}
    assert list(pending) == ["dependency:auth/npm", "dependency:auth/run-2"]
    assert pending["dependency:auth/run-2"].reason == "reads what this plan makes anew: node_modules"
    world.settle()
    known["npm"].write(world.tree().path, around, "1.1.0")
    world.settle("auth")
    assert "1.1.0" in world.tree().read("made.js")


@pytest.mark.parametrize(("first", "second"), [("npm", "pnpm"), ("pip", "uv")])
def test_what_another_one_replaced_is_installed_again(
    registry: Registry, tmp_path: Path, around: dict[str, str], first: str, second: str
) -> None:
    """Where a tree is switched by hand to a branch with the other's lock file, and back."""
    known = ecosystems(registry)
    world = _world(tmp_path, around, known[first])
    world.main.git("switch", "-q", "-c", "other")
    (world.project.path / known[first].lock_file).unlink()
    known[second].write(world.project.path, around, "1.1.0")
    world.main.commit()
    world.main.git("switch", "-q", "main")
    world.declare("auth: {dependencies: auto}")
    world.settle()
    world.tree().git("switch", "-q", "--detach", "other")
    world.apply()
    known[second].require_working(world.tree().path, around, "1.1.0")
    world.tree().git("switch", "-q", "auth")
    change = world.change(f"dependency:auth/{first}")
    assert (change.action, change.reason) == (Action.CREATE, "another one was installed in its place")
    assert not change.touches_work
    world.settle()
    known[first].require_working(world.tree().path, around)


def test_what_somebody_installed_is_said_before_it_is_replaced(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]
) -> None:
    """Where orchestra will install, and has not yet."""
    world = _world(tmp_path, around, known["npm"])
    world.declare()
    world.settle()
    world.tree().write({"node_modules/mine/patched.js": "1\n"})
    world.declare("auth: {dependencies: [npm]}")
    assert world.change("dependency:auth/npm").touches_work == "replaces node_modules, which orchestra did not install"


def test_a_virtual_environment_works_where_its_tree_was_moved(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]
) -> None:
    """Its scripts hold their path, so it is made anew."""
    world = _world(tmp_path, around, known["uv"])
    world.declare("auth: {dependencies: [uv]}")
    world.settle()
    world.declare("auth: {path: '../shop.wt/elsewhere', dependencies: [uv]}")
    world.apply()
    world.settle()
    tree = world.tree("elsewhere").path
    known["uv"].require_working(tree, around)
    assert str(tree) in (tree / ".venv/bin/activate").read_text()


def test_each_tree_has_what_it_builds_itself(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shared, Cargo would run in one tree what was built from another; and no archive holds it."""
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path / "shared"))
    world = _world(tmp_path, around, known["cargo"])
    for name in ("auth", "ui"):
        world.main.branch(name)
    world.declare(
        "".join(f"{n}: {{dependencies: [cargo, run: cargo build --offline --quiet]}}\n" for n in ("auth", "ui"))
    )
    world.settle()
    for name in ("auth", "ui"):
        assert (world.tree(name).path / "target/debug/app").exists()
    assert not (tmp_path / "shared").exists()
    assert not [change.reason for change in world.plan_destroy().changes if "ignored" in change.reason]


def test_what_was_built_and_cleaned_is_no_drift(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]
) -> None:
    """Cargo fetched all the same."""
    world = _world(tmp_path, around, known["cargo"])
    world.declare()
    world.settle()
    world.tree().write({"target/debug/app": "built\n"})
    world.declare("auth: {dependencies: [cargo]}")
    world.apply()
    shutil.rmtree(world.tree().path / "target")
    world.require_settled()


def test_a_tool_that_was_upgraded_installs_again(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its real file tells, without starting it."""
    world = _world(tmp_path, around, known["npm"])
    world.declare("auth: {dependencies: [npm]}")
    world.settle()
    (tmp_path / "newer").mkdir()
    (tmp_path / "newer/npm").write_text('#!/bin/sh\nexec /nowhere/npm "$@"\n')
    (tmp_path / "newer/npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'newer'}:{around['PATH']}")
    change = world.change("dependency:auth/npm")
    assert (change.action, [field.path for field in change.fields]) == (Action.UPDATE, ["program npm"])


def test_ctrl_c_twice_ends_an_install_with_all_that_it_started(tmp_path: Path) -> None:
    """The exit code says so, and the next apply knows that it was interrupted."""
    world = World.make(tmp_path)
    world.declare("auth: {dependencies: [{run: 'touch begun; sleep 60 & sleep 60'}]}")
    process = world.project.start("apply", "--auto-approve")
    while not (world.tree().path / "begun").exists():
        time.sleep(0.02)
    for _ in range(2):
        process.send_signal(signal.SIGINT)
        time.sleep(0.2)
    process.communicate()
    assert process.returncode == 130
    assert not processes_using(world.tree().path)
    assert world.change("dependency:auth/run").reason == "its installation was interrupted"


@pytest.mark.parametrize("name", ["npm", "uv"])
def test_what_was_emptied_by_hand_is_drift(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str], name: str
) -> None:
    """`rm -r node_modules/*` leaves hidden names, of no use alone; what tools keep there comes and goes."""
    world = _world(tmp_path, around, known[name])
    world.declare(f"auth: {{dependencies: [{name}]}}")
    world.settle()
    made = world.tree().path / ("node_modules" if name == "npm" else ".venv")
    (made / ".cache").mkdir()
    (made / "more").mkdir()
    world.require_settled()
    subprocess.run(["sh", "-c", f"rm -r {made}/*"], check=True)
    change = world.change(f"dependency:auth/{name}")
    assert change.action is Action.CREATE
    assert change.reason.startswith(f"removed by hand: {made.name}")
    world.settle()
    known[name].require_working(world.tree().path, around)


@pytest.mark.parametrize("name", ["npm", "uv"])
def test_a_file_in_place_of_what_was_installed_is_somebodys(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str], name: str
) -> None:
    """Package managers remove it, or fail in words of their own."""
    world = _world(tmp_path, around, known[name])
    world.declare(f"auth: {{dependencies: [{name}]}}")
    world.settle()
    made = world.tree().path / ("node_modules" if name == "npm" else ".venv")
    shutil.rmtree(made)
    made.write_text("theirs\n")
    change = world.change(f"dependency:auth/{name}")
    assert (change.action, change.reason) == (Action.CONFLICT, f"{made.name} is no directory")
    assert change.hint == f"move {made} away"
    assert not world.try_apply().is_complete
    assert made.read_text() == "theirs\n"


@pytest.mark.parametrize("name", ["npm", "pip"])
def test_nothing_is_installed_through_a_link(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str], name: str
) -> None:
    """People share what they installed that way, and a package manager would empty it."""
    world = _world(tmp_path, around, known[name])
    world.declare()
    world.settle()
    path = "node_modules" if name == "npm" else ".venv"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "theirs").write_text("theirs\n")
    (world.tree().path / path).symlink_to(elsewhere)
    world.declare(f"auth: {{dependencies: [{name}]}}")
    change = world.change(f"dependency:auth/{name}")
    assert change.action is Action.CONFLICT
    assert "symbolic link" in change.reason
    assert not world.try_apply().is_complete
    assert (elsewhere / "theirs").read_text() == "theirs\n"


def test_what_somebody_made_where_an_install_failed_is_theirs(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]
) -> None:
    """And where it was removed since; destroy archives it, and it comes back."""
    world = _world(tmp_path, around, known["npm"])
    world.main.write({"package-lock.json": "{}\n"})
    world.main.commit()
    world.declare("auth: {dependencies: [npm]}")
    assert not world.try_apply().is_complete
    assert "its last installation failed" in world.change("dependency:auth/npm").reason
    world.tree().write({"node_modules/mine.js": "mine\n"})
    assert "which orchestra did not install" in world.change("dependency:auth/npm").touches_work
    world.destroy()
    world.try_apply()
    assert world.tree().read("node_modules/mine.js") == "mine\n"


def test_what_was_installed_before_an_install_failed_is_still_ours(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]
) -> None:
    """Nobody else made it: no plan warns of it, and it is in no archive."""
    world = _world(tmp_path, around, known["uv"])
    world.declare("auth: {dependencies: [uv]}")
    world.settle()
    project = world.tree().read("pyproject.toml")
    world.tree().write({"pyproject.toml": project.replace("greet==1.0.0", "greet==1.1.0")})
    for _ in range(2):
        assert not world.try_apply().is_complete
        change = world.change("dependency:auth/uv")
        assert (change.reason, change.touches_work) == ("its last installation failed", "")
    world.tree().write({"pyproject.toml": project})
    world.settle()


def test_a_declared_copy_is_no_link_into_the_cache(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]
) -> None:
    """Also where it was installed linked before: the tools themselves would leave it so."""
    world = _world(tmp_path, around, known["uv"])
    world.declare("auth: {dependencies: [uv]}")
    world.settle()
    world.declare("auth: {dependencies: [uv: {link: copy}]}")
    world.settle()
    files = [path for path in (world.tree().path / ".venv").rglob("greet*.py") if path.is_file()]
    assert files
    assert {path.stat().st_nlink for path in files} == {1}


def test_what_is_renamed_is_installed_where_it_will_be(
    known: dict[str, Ecosystem], tmp_path: Path, around: dict[str, str]
) -> None:
    """In the same apply."""
    world = _world(tmp_path, around, known["uv"])
    world.declare("auth: {dependencies: [uv]}")
    world.settle()
    world.declare("login: {was: auth, dependencies: [uv]}")
    world.settle()
    known["uv"].require_working(world.tree("login").path, around)
