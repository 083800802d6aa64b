"""Every provider: installed frozen, once, and again when its lock file changed or what it made is gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.kinds.dependency.providers import PROVIDERS, Options, Place
from reconciler.model.change import Action
from reconciler.model.outcome import Status
from tests.support.registry import Registry
from tests.support.tools import Ecosystem, counted, ecosystems, require
from tests.support.world import World

NAMES = ("npm", "pnpm", "yarn", "bun", "uv", "pip", "poetry", "cargo", "go")
_PROGRAM = {"pip": "python3"}


@pytest.fixture(params=NAMES)
def project(request: pytest.FixtureRequest, registry: Registry, around: dict[str, str]) -> Ecosystem:
    """Give a project of each provider."""
    require(_PROGRAM.get(request.param, request.param), "node")
    return ecosystems(registry)[request.param]


def _world(tmp_path: Path, project: Ecosystem, around: dict[str, str], *, ignored: str = "") -> World:
    world = World.make(tmp_path, {".gitignore": ignored})
    project.write(world.project.path, around)
    shutil.rmtree(world.project.path / "node_modules", ignore_errors=True)
    world.main.commit()
    return world


def test_a_provider_from_the_first_apply_to_the_last(
    project: Ecosystem, tmp_path: Path, around: dict[str, str]
) -> None:
    """Found by its lock file; the project's own test runs; nothing shows in git; a second apply starts no program."""
    world = _world(tmp_path, project, around)
    world.declare("auth: {dependencies: auto}")
    with counted(tmp_path / "counted", _PROGRAM.get(project.name, project.name)) as started:
        world.settle()
        once = started()
        assert once
        world.apply()
        assert started() == once
    tree = world.tree().path
    lock = (tree / project.lock_file).read_bytes()
    assert lock == (world.project.path / project.lock_file).read_bytes()
    project.require_working(tree, around)
    assert world.tree().status() == ""

    _change_the_lock(project, world, tmp_path, around)
    _remove_by_hand(project, world, around)
    _take_down_and_bring_back(project, world, around)


def _change_the_lock(project: Ecosystem, world: World, tmp_path: Path, around: dict[str, str]) -> None:
    project.write(tmp_path / "newer", around, "1.1.0")
    tree = world.tree().path
    for name in (*project.files("1.1.0"), project.lock_file):
        shutil.copyfile(tmp_path / "newer" / name, tree / name)
    world.tree().git("add", "--all")
    world.tree().commit(message="newer")
    change = world.change(f"dependency:auth/{project.name}")
    assert change.action is Action.UPDATE
    assert project.lock_file in [field.path for field in change.fields]
    world.settle()
    project.require_working(tree, around, "1.1.0")


def _remove_by_hand(project: Ecosystem, world: World, around: dict[str, str]) -> None:
    if not project.installed:
        return
    shutil.rmtree(world.tree().path / project.installed.partition("/")[0])
    change = world.change(f"dependency:auth/{project.name}")
    assert change.action is Action.CREATE
    assert change.reason.startswith("removed by hand: ")
    world.settle()
    project.require_working(world.tree().path, around, "1.1.0")


def _take_down_and_bring_back(project: Ecosystem, world: World, around: dict[str, str]) -> None:
    [fate] = [change for change in world.plan_destroy().changes if change.action is Action.DELETE]
    assert "ignored" not in fate.reason, "what is installed would be archived"
    world.destroy()
    assert not world.tree().path.exists()
    world.settle()
    project.require_working(world.tree().path, around, "1.1.0")


def test_a_lock_file_that_does_not_fit_is_never_changed_nor_tried_again(
    project: Ecosystem, tmp_path: Path, around: dict[str, str]
) -> None:
    """The tool's own words, and a way out."""
    if project.name == "pip":
        return  # it has none
    world = _world(tmp_path, project, around)
    world.declare(f"auth: {{dependencies: [{project.name}]}}")
    manifest = next(
        name
        for name in project.files("1.1.0")
        if name in {"package.json", "pyproject.toml", "Cargo.toml"} or name == "go.mod"
    )
    content = str(project.files("1.1.0")[manifest])
    world.main.commit({manifest: content}, "newer, without the lock file")
    before = (world.project.path / project.lock_file).read_bytes()
    report = world.try_apply()
    [failed] = [each for each in report.outcomes if each.status is Status.FAILED]
    assert failed.attempts == 1, failed.reason
    assert failed.error is not None
    assert "does not fit" in failed.error.hint, failed.reason
    assert len(failed.reason.splitlines()) > 1
    assert (world.tree().path / project.lock_file).read_bytes() == before


def test_what_the_members_of_a_go_workspace_need_is_fetched(
    registry: Registry, tmp_path: Path, around: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However they are written, the top itself among them; what a member reads decides, too."""
    require("go")
    go = ecosystems(registry)["go"]
    used = '. // the top\n\t./first // (one)\n\t"./second"\n'
    world = World.make(tmp_path, {"go.work": f"go 1.21\n\nuse (\n\t{used})\nuse ./third\n"})
    parts = ("first", "second", "third")
    for name in ("", *parts):
        with monkeypatch.context() as apart:
            apart.setenv("GOWORK", "off")
            go.write(world.project.path / name, {**around, "GOWORK": "off"}, "1.0.0" if name == "first" else "1.1.0")
        module = world.project.path / name / "go.mod"
        module.write_text(module.read_text().replace("module app", f"module app{name}"))
    world.main.commit()
    shutil.rmtree(Path(around["GOPATH"]) / "pkg/mod", ignore_errors=True)
    world.declare("auth: {dependencies: auto}")
    world.settle()
    monkeypatch.setenv("GOPROXY", "off")
    for name in ("", *parts):
        go.require_working(world.tree().path / name, {**around, "GOPROXY": "off"}, "1.1.0")
    world.tree().write({"first/go.mod": world.tree().read("first/go.mod") + "\n"})
    assert [field.path for field in world.change("dependency:auth/go").fields] == ["first/go.mod"]


@pytest.mark.parametrize("name", ["pnpm", "uv"])
def test_members_are_found_in_a_lock_file_of_windows(name: str, tmp_path: Path) -> None:
    """Git may write its lines so."""
    text = {
        "pnpm": "importers:\n\n  .: {}\n\n  packages/a:\n    dependencies: {}\n\npackages: {}\n",
        "uv": '[[package]]\nname = "a"\nsource = { editable = "packages/a" }\n',
    }[name]
    provider, place = PROVIDERS[name], Place(tmp_path)
    lock = tmp_path / provider.locks[0]
    lock.write_bytes(text.encode())
    reads = set(provider.inputs(place, Options()))
    assert any(path.startswith("packages/a/") for path in reads)
    lock.write_bytes(text.replace("\n", "\r\n").encode())
    assert set(provider.inputs(place, Options())) == reads
