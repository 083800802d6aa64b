"""A workspace of pnpm, projects of uv and pip and a generator in four worktrees, beside the plain commands in a row."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Pairs, Row, Shell, in_turns
from tests.benchmarks.world import World, shell
from tests.support.repository import GitRepo
from tests.support.tools import search_path

TREES = ("auth", "billing", "docs", "ui")
_LEAST = 1 / 50
_MADE = ("node_modules", "packages/web/node_modules", "packages/api/node_modules", "generated")
_VENVS = ("services/billing/.venv", "tools/.venv")
_COMMANDS = (
    "pnpm install --frozen-lockfile --prefer-offline",
    "(cd services/billing && uv sync --locked)",
    # What is there is not made anew: this is the most that a script could save.
    "(cd tools && { test -d .venv || python3 -m venv .venv; } && .venv/bin/python -m pip install -r requirements.txt)",
    "node generate.js",
)
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
    bench = _Bench(scratch, shell(scratch, PATH=search_path(), CI="true"))
    print(f"pnpm (workspace of three), uv, pip and a generator in {len(TREES)} worktrees, on {os.cpu_count()} cores")
    cold = in_turns(pairs, bench.apply_cold, bench.plain_cold)
    print(f"  bare trees: apply, beside the plain commands\n{cold}", flush=True)
    yield cold.row("install in bare trees, beside the plain commands", "no slower", lambda pairs: pairs.median <= 1)
    again = in_turns(pairs, bench.apply, bench.plain)
    print(f"  nothing changed: apply, beside the plain commands, for which all is satisfied\n{again}", flush=True)
    yield again.row("nothing changed, beside the plain commands", "50 times faster", _is_free)


def _is_free(pairs: Pairs) -> bool:
    return pairs.median <= _LEAST


class _Bench:
    """One repository, whose trees are used by both in turns."""

    def __init__(self, scratch: Path, shell: Shell) -> None:
        source = GitRepo.init(scratch / "source", _FILES)
        shell.run(["pnpm", "install", "--lockfile-only"], source.path)
        shell.run(["uv", "lock"], source.path / "services/billing")
        source.commit()
        worktrees = "".join(f"  {name}: {{dependencies: {_BODY}}}\n" for name in TREES)
        self._world = World.of(source, scratch / "world", shell, f"worktrees:\n{worktrees}")
        self._world.run("apply", "--auto-approve")
        self._script = " && ".join(f"(cd {tree} && {' && '.join(_COMMANDS)})" for tree in self._world.trees())

    def apply_cold(self) -> float:
        """Time an apply in bare trees."""
        self._strip()
        return self.apply()

    def plain_cold(self) -> float:
        """Time what a user would type, in bare trees."""
        self._strip()
        return self.plain()

    def apply(self) -> float:
        """Time an apply."""
        return self._world.seconds("apply", "--auto-approve")

    def plain(self) -> float:
        """Time what a user would type."""
        return self._world.shell.seconds(["sh", "-ec", self._script], self._world.path)

    def _strip(self) -> None:
        for tree in self._world.trees():
            for path in (*_MADE, *_VENVS):
                shutil.rmtree(tree / path, ignore_errors=True)
