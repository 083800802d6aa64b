"""A workspace of pnpm, a project of uv, one of pip and a generator, in four worktrees at once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.model.change import Action
from reconciler.model.outcome import Status
from tests.support.registry import Registry
from tests.support.tools import counted, ecosystems, require, run
from tests.support.world import World

TREES = ("auth", "billing", "docs", "ui")
DEPENDENCIES = """\
{name}:
  dependencies:
    - pnpm
    - uv: {{project: services/billing}}
    - pip: {{project: tools}}
    - {{run: node generate.js, inputs: [schemas/**], outputs: [generated/**]}}
"""
GENERATE = """\
const fs = require('fs');
fs.mkdirSync('generated', {recursive: true});
fs.writeFileSync('generated/all.txt', require('./packages/web/hello.js') + ': ' + fs.readFileSync('schemas/user.txt'));
"""


@pytest.fixture
def world(tmp_path: Path, registry: Registry, around: dict[str, str]) -> World:
    """Give a repository of all four."""
    require("pnpm", "uv", "python3", "node")
    known = ecosystems(registry)
    world = World.make(
        tmp_path,
        {
            ".gitignore": "/generated\n",
            "package.json": json.dumps({"name": "shop", "private": True}),
            "pnpm-workspace.yaml": "packages: ['packages/*']\n",
            "packages/web/package.json": json.dumps({"name": "web", "dependencies": {"greet": "1.0.0"}}),
            "packages/web/hello.js": "module.exports = require('greet')()\n",
            "packages/web/test.js": "console.log(require('greet')())\n",
            "packages/api/package.json": json.dumps({"name": "api", "dependencies": {"web": "workspace:*"}}),
            "packages/api/test.js": "console.log(require('web/hello.js'))\n",
            "schemas/user.txt": "user\n",
            "generate.js": GENERATE,
        },
    )
    known["uv"].write(world.project.path / "services/billing", around)
    known["pip"].write(world.project.path / "tools", around)
    run(("pnpm", "install", "--lockfile-only"), world.project.path, around)
    world.main.commit()
    return world


def test_four_worktrees_run_after_one_apply(
    world: World, registry: Registry, around: dict[str, str], tmp_path: Path
) -> None:
    """The project's own tests run in each; nothing shows in git; a second apply starts no program."""
    world.declare("".join(DEPENDENCIES.format(name=name) for name in TREES))
    with counted(tmp_path / "counted", "pnpm", "uv", "python3", "node") as started:
        report = world.try_apply()
        assert report.is_complete, [(str(each.address), each.reason) for each in report.outcomes if each.error]
        trees = {name: world.tree(name).path for name in TREES}
        wanted = [line for tree in trees.values() for line in (f"pnpm {tree}", f"uv {tree}/services/billing")]
        assert sorted(line for line in started() if line.startswith(("pnpm ", "uv "))) == sorted(wanted)
        known = ecosystems(registry)
        for name in TREES:
            tree = world.tree(name).path
            known["uv"].require_working(tree / "services/billing", around)
            known["pip"].require_working(tree / "tools", around)
            assert run(("node", "test.js"), tree / "packages/web", around) == "hello 1.0.0\n"
            assert run(("node", "test.js"), tree / "packages/api", around) == "hello 1.0.0\n"
            assert world.tree(name).read("generated/all.txt") == "hello 1.0.0: user\n"
        world.require_settled()
        before = started()
        world.apply()
        assert started() == before

        uv = world.tree("ui").path / "services/billing"
        known["uv"].write(uv, around, "1.1.0")
        pending = {str(change.address) for change in world.plan().pending}
        assert pending == {"dependency:ui/services/billing/uv"}
        before = started()
        world.apply()
        assert started()[len(before) :] == [f"uv {uv}"]
        known["uv"].require_working(uv, around, "1.1.0")


@pytest.mark.parametrize("which", ["", "/*"])
def test_a_member_of_a_workspace_that_lost_its_modules_is_drift(world: World, which: str) -> None:
    """Not only the top."""
    world.declare("auth: {dependencies: [pnpm]}")
    world.settle()
    subprocess.run(["sh", "-c", f"rm -r packages/web/node_modules{which}"], cwd=world.tree().path, check=True)
    change = world.change("dependency:auth/pnpm")
    assert (change.action, change.reason) == (Action.CREATE, "removed by hand: packages/web/node_modules")
    world.settle()


@pytest.mark.parametrize("command", ["find node_modules -mindepth 1 -delete", "rm -r node_modules/.pnpm/greet*"])
def test_the_top_of_a_workspace_that_lost_what_all_members_link_to_is_drift(world: World, command: str) -> None:
    """It holds hidden names alone, where the project at the top needs nothing itself."""
    world.declare("auth: {dependencies: [pnpm]}")
    world.settle()
    subprocess.run(["sh", "-c", command], cwd=world.tree().path, check=True)
    assert world.change("dependency:auth/pnpm").action is Action.CREATE
    world.settle()
    assert run(("node", "packages/web/test.js"), world.tree().path, {}).strip() == "hello 1.0.0"


def test_a_helper_installs_what_it_filters(world: World) -> None:
    """And not what its parent has."""
    helpers = "  helpers: {test: {eager: true, dependencies: [pnpm: {filter: web, link: copy}]}}\n"
    world.declare(f"auth:\n  dependencies: [pnpm]\n{helpers}")
    world.settle()
    ours, theirs = world.tree("auth--test").path, world.tree("auth").path
    assert (ours / "packages/web/node_modules/greet/index.js").stat().st_nlink == 1
    assert not (ours / "packages/api/node_modules").exists()
    assert (theirs / "packages/api/node_modules/web").exists()


def test_a_tool_that_is_missing_stops_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The plan says so, and how to get it."""
    empty = tmp_path / "bin"
    empty.mkdir()
    for name in ("git", "sh", "uv", "node"):
        (empty / name).symlink_to(run(("sh", "-c", f"command -v {name}"), tmp_path, {}).strip())
    (empty / "python3").symlink_to(Path(sys.base_prefix) / "bin/python3")
    monkeypatch.setenv("PATH", str(empty))
    world.declare("auth:\n  dependencies: [pnpm, uv: {project: services/billing}]\nui:")
    report = world.try_apply()
    by_address = {str(each.address): each for each in report.outcomes}
    failed = by_address["dependency:auth/pnpm"]
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert failed.reason == "pnpm needs the program `pnpm`, which is not there"
    assert failed.error.hint == "`npm install --global pnpm`"
    assert by_address["dependency:auth/services/billing/uv"].status is Status.CREATED
    assert world.change("dependency:auth/pnpm").action is Action.CONFLICT
