"""Planning many worktrees with helpers, beside Terraform planning as many resources that cost it nothing."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Pairs, Row, Shell, in_turns
from tests.benchmarks.world import World, manifest, shell, small_repository

WORKTREES, HELPERS = 100, 3
_SUMMARY = re.compile(r"Plan: (\d+) to add")


def run(scratch: Path, pairs: int) -> Iterator[Row]:
    """Time the plan of an empty world and the plan that finds nothing to do."""
    source = small_repository(scratch / "source")
    world = World.of(source, scratch / "world", shell(scratch), manifest(WORKTREES, helpers=HELPERS))
    found = _SUMMARY.search(world.run("plan"))
    resources = int(found.group(1)) if found else 0
    print(f"plan of {WORKTREES} worktrees with {HELPERS} helpers each: {resources} to add")
    terraform = _terraform(scratch, resources)
    yield from _measure("plan, nothing there", world, terraform, pairs, code=2)
    world.run("apply", "--auto-approve")
    if terraform:
        print("  (terraform applies, so that it has something to compare with; this takes minutes)", flush=True)
        terraform.run("apply", "-auto-approve")
    yield from _measure("plan, nothing to do", world, terraform, pairs, code=0)


def _measure(name: str, world: World, terraform: _Terraform | None, pairs: int, code: int) -> Iterator[Row]:
    def ours() -> float:
        return world.seconds("plan", "--detailed-exitcode", code=code)

    if terraform is None:
        print(f"  {name}: terraform is not on PATH, so there is nothing to compare with")
        yield Row(name, f"{ours():.3f} s", "no terraform")
        return
    measured = in_turns(pairs, ours, lambda: terraform.seconds("plan", "-detailed-exitcode", code=code))
    print(f"  {name}\n{measured}", flush=True)
    yield measured.row(f"{name}, beside terraform", "faster", _is_faster)


def _is_faster(pairs: Pairs) -> bool:
    return pairs.median < 1


class _Terraform:
    """A directory with as many resources of the built-in provider; nothing is downloaded."""

    def __init__(self, directory: Path, resources: int, shell: Shell) -> None:
        self._directory, self._shell = directory, shell
        directory.mkdir()
        blocks = [
            f'resource "terraform_data" "r{number:04}" {{\n  input = "{number}"\n}}\n' for number in range(resources)
        ]
        (directory / "main.tf").write_text("\n".join(blocks), encoding="utf-8")
        self._shell.run(["terraform", "init", "-input=false"], directory)

    def run(self, command: str, *options: str) -> None:
        self._shell.run(["terraform", command, "-input=false", "-no-color", *options], self._directory)

    def seconds(self, command: str, *options: str, code: int) -> float:
        return self._shell.seconds(["terraform", command, "-input=false", "-no-color", *options], self._directory, code)


def _terraform(scratch: Path, resources: int) -> _Terraform | None:
    if shutil.which("terraform") is None:
        return None
    return _Terraform(scratch / "terraform", resources, shell(scratch, CHECKPOINT_DISABLE="1"))
