"""Planning many worktrees with helpers, beside Terraform planning as many resources that cost it nothing."""

from __future__ import annotations

import json
import re
import shutil
import uuid
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
        terraform.settle()
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
        self._directory, self._resources, self._shell = directory, resources, shell
        directory.mkdir()
        blocks = [
            f'resource "terraform_data" "r{number:04}" {{\n  input = "{number}"\n}}\n' for number in range(resources)
        ]
        (directory / "main.tf").write_text("\n".join(blocks), encoding="utf-8")
        self._shell.run(["terraform", "init", "-input=false"], directory)

    def settle(self) -> None:
        """Write the state that an apply (of minutes) leaves; that the plan is empty then shows that it is the same."""
        state = {
            "version": 4,
            "terraform_version": "1.4.0",  # the first to have this resource
            "serial": 1,
            "lineage": str(uuid.uuid4()),
            "outputs": {},
            "resources": [_instance(number) for number in range(self._resources)],
        }
        (self._directory / "terraform.tfstate").write_text(json.dumps(state, indent=2), encoding="utf-8")

    def seconds(self, command: str, *options: str, code: int) -> float:
        return self._shell.seconds(["terraform", command, "-input=false", "-no-color", *options], self._directory, code)


def _instance(number: int) -> dict[str, object]:
    value = {"value": str(number), "type": "string"}
    attributes = {"id": str(uuid.uuid4()), "input": value, "output": value, "triggers_replace": None}
    return {
        "mode": "managed",
        "type": "terraform_data",
        "name": f"r{number:04}",
        "provider": 'provider["terraform.io/builtin/terraform"]',
        "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}],
    }


def _terraform(scratch: Path, resources: int) -> _Terraform | None:
    if shutil.which("terraform") is None:
        return None
    return _Terraform(scratch / "terraform", resources, shell(scratch, CHECKPOINT_DISABLE="1"))
