"""A workspace of pnpm, projects of uv and pip and a generator in worktrees, beside the plain commands in a row."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.measure import Row, Shell, in_turns
from tests.benchmarks.world import World, shell
from tests.support.repository import GitRepo
from tests.support.tools import search_path

FEW, MANY = 4, 20
_LEAST = 1 / 50
_MOST_OF_MANY = 2  # pairs: each takes minutes
_MADE = ("node_modules", "packages/web/node_modules", "packages/api/node_modules", "generated")
_VENVS = ("services/billing/.venv", "tools/.venv")
_PIP = ".venv/bin/python -m pip install -r requirements.txt"
# What apply runs, in a row, as a script does that knows nothing of what is there.
_FROZEN = (
    "pnpm install --frozen-lockfile --prefer-offline",
    "(cd services/billing && uv sync --locked)",
    f"(cd tools && python3 -m venv --clear .venv && {_PIP})",
    "node generate.js",
)
# The most that a script could save: what is there is not made anew, so that every command finds all satisfied.
_SATISFIED = (*_FROZEN[:2], f"(cd tools && {{ test -d .venv || python3 -m venv .venv; }} && {_PIP})", _FROZEN[3])
_GENERATE = """\
const fs = require('fs');
fs.mkdirSync('generated', {recursive: true});
fs.writeFileSync('generated/all.txt', fs.readFileSync('schemas/user.txt'));
"""
_FILES = {
    ".gitignore": "node_modules\n.venv\n/generated\n",
    "package.json": json.dumps({"name": "shop", "private": True, "devDependencies": {"eslint": "9", "prettier": "3"}}),
    "pnpm-workspace.yaml": "packages: ['packages/*']\n",
    "packages/web/package.json": json.dumps(
        {"name": "web", "private": True, "devDependencies": {"jest": "29", "typescript": "5"}}
    ),
    "packages/api/package.json": json.dumps(
        {"name": "api", "private": True, "dependencies": {"express": "4", "web": "workspace:*"}}
    ),
    "services/billing/pyproject.toml": '[project]\nname = "billing"\nversion = "1"\nrequires-python = ">=3.11"\n'
    'dependencies = ["pytest", "requests", "rich"]\n',
    "tools/requirements.txt": "requests\nrich\n",
    "schemas/user.txt": "user\n",
    "generate.js": _GENERATE,
}
_BODY = (
    "[pnpm, {uv: {project: services/billing}}, {pip: {project: tools}}, "
    "{run: node generate.js, inputs: [schemas/**], outputs: [generated/**]}]"
)


def run(scratch: Path, pairs: int) -> Iterator[Row]:
    """All caches are warm, so that the network is no part of it; the trees are bare, or as they were left."""
    environment = shell(scratch, PATH=search_path(), CI="true")
    print(f"pnpm (workspace of three), uv, pip and a generator, on {os.cpu_count()} cores")
    source = _source(scratch, environment)
    few = _Bench(scratch, source, environment, FEW)
    cold = in_turns(pairs, few.apply_cold, few.plain_cold)
    print(f"  {FEW} bare trees: apply, beside the plain commands\n{cold}", flush=True)
    yield cold.row(f"install in {FEW} bare trees, beside the plain commands", "no slower", lambda it: it.median <= 1)
    yield from _again(few, pairs)
    yield from _again(_Bench(scratch, source, environment, MANY), min(pairs, _MOST_OF_MANY))


def _again(bench: _Bench, pairs: int) -> Iterator[Row]:
    """Nothing changed: beside what a script runs every morning, and beside the same where it finds all satisfied."""
    what = f"nothing changed in {bench.trees} trees"
    frozen = in_turns(pairs, bench.apply, bench.frozen)
    print(f"  {what}: apply, beside the frozen commands that it stands for\n{frozen}", flush=True)
    yield frozen.row(f"{what}, beside the frozen commands", "50 times faster", lambda it: it.median <= _LEAST)
    satisfied = in_turns(pairs, bench.apply, bench.satisfied)
    print(f"  {what}: apply, beside commands that find all satisfied\n{satisfied}", flush=True)
    yield satisfied.row(f"{what}, beside commands that find all satisfied")


def _source(scratch: Path, environment: Shell) -> GitRepo:
    source = GitRepo.init(scratch / "source", _FILES)
    environment.run(["pnpm", "install", "--lockfile-only"], source.path)
    environment.run(["uv", "lock"], source.path / "services/billing")
    source.commit()
    return source


class _Bench:
    """One repository, whose trees are used by both in turns."""

    def __init__(self, scratch: Path, source: GitRepo, environment: Shell, trees: int) -> None:
        self.trees = trees
        worktrees = "".join(f"  w{number:02}: {{dependencies: {_BODY}}}\n" for number in range(trees))
        self._world = World.of(source, scratch / f"world-{trees}", environment, f"worktrees:\n{worktrees}")
        self._world.run("apply", "--auto-approve")

    def apply_cold(self) -> float:
        """Time an apply in bare trees."""
        self._strip()
        return self.apply()

    def plain_cold(self) -> float:
        """Time what a user would type, in bare trees."""
        self._strip()
        return self.satisfied()

    def apply(self) -> float:
        """Time an apply."""
        return self._world.seconds("apply", "--auto-approve")

    def frozen(self) -> float:
        """Time what apply stands for, from the beginning."""
        return self._in_a_row(_FROZEN)

    def satisfied(self) -> float:
        """Time what a user would type who knows what is there."""
        return self._in_a_row(_SATISFIED)

    def _in_a_row(self, commands: Sequence[str]) -> float:
        script = " && ".join(f"(cd {tree} && {' && '.join(commands)})" for tree in self._world.trees())
        return self._world.shell.seconds(["sh", "-ec", script], self._world.path)

    def _strip(self) -> None:
        for tree in self._world.trees():
            for path in (*_MADE, *_VENVS):
                shutil.rmtree(tree / path, ignore_errors=True)
