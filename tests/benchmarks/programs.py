"""How many programs a plan starts that has nothing to do; and how programs are counted."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.measure import Row
from tests.benchmarks.world import World, manifest, orchestra, shell, small_repository

SIZES = (1, 10, 100)
_STARTED = re.compile(r"execve(?:\(| resumed>).*= 0$")  # strace breaks the line where another process speaks


def run(scratch: Path) -> Iterator[Row]:
    """Count for each size; the counts are to be the same."""
    source = small_repository(scratch / "source")
    how = "execve, by strace" if shutil.which("strace") else "git alone, by a shim on PATH: there is no strace"
    print(f"programs started by a no-op plan ({how})")
    counts = []
    for size in SIZES:
        world = World.of(source, scratch / "world", shell(scratch), manifest(size))
        world.run("apply", "--auto-approve")
        world.run("plan", "--detailed-exitcode")
        counts.append(count(world, scratch, "plan", "--detailed-exitcode"))
        print(f"  {size:4} worktrees  {counts[-1]} programs", flush=True)
    shown = ", ".join(map(str, counts))
    yield Row(
        f"programs of a no-op plan, {SIZES} worktrees", shown, limit="the same number", kept=len(set(counts)) == 1
    )


def count(world: World, scratch: Path, *arguments: str) -> int:
    """Run orchestra, and count the programs that it starts."""
    counting = _count_with_strace if shutil.which("strace") else _count_with_shim
    return counting(world, scratch, arguments)


def _count_with_strace(world: World, scratch: Path, arguments: Sequence[str]) -> int:
    """Count successful execve calls but for the one that is orchestra itself."""
    record = scratch / "strace.txt"
    command: list[str | Path] = [
        "strace",
        "-f",
        "-qq",
        "-e",
        "trace=execve",
        "-e",
        "signal=none",
        "-o",
        record,
        *orchestra(),
    ]
    world.shell.run([*command, *arguments], world.path)
    lines = record.read_text(encoding="utf-8", errors="replace").splitlines()
    return sum(bool(_STARTED.search(line)) for line in lines) - 1


def _count_with_shim(world: World, scratch: Path, arguments: Sequence[str]) -> int:
    shims, record = scratch / "shims", scratch / "started.txt"
    shims.mkdir(exist_ok=True)
    record.write_text("", encoding="utf-8")
    program = shims / "git"
    program.write_text(f'#!/bin/sh\necho git >>"{record}"\nexec "{shutil.which("git")}" "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    path = f"{shims}:{world.shell.environment['PATH']}"
    shell(scratch, PATH=path).run([*orchestra(), *arguments], world.path)
    return len(record.read_text(encoding="utf-8").splitlines())
