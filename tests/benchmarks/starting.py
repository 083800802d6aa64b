"""How long it takes until something happens."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.measure import Row, in_turns
from tests.benchmarks.world import World, manifest, orchestra, shell, small_repository

_LIBRARIES = "import networkx, pydantic, ruamel.yaml"


def run(scratch: Path, pairs: int) -> Iterator[Row]:
    """Time `--version` and a small plan beside what Python itself and the libraries need."""
    source = small_repository(scratch / "source")
    environment = shell(scratch)
    world = World.of(source, scratch / "world", environment, manifest(3, helpers=1))
    world.run("apply", "--auto-approve")
    world.run("plan", "--detailed-exitcode")

    def python(program: str) -> float:
        return environment.seconds([sys.executable, "-c", program], world.path)

    print(f"starting ({' '.join(orchestra())})")
    version = in_turns(pairs, lambda: world.seconds("--version"), lambda: python("pass"))
    print(f"  --version, beside python -c pass\n{version}", flush=True)
    yield version.row("--version, beside python -c pass", "within 3", lambda pairs: pairs.median <= 3)
    plan = in_turns(pairs, lambda: world.seconds("plan", "--detailed-exitcode"), lambda: python(_LIBRARIES))
    print(f"  small no-op plan, beside python -c '{_LIBRARIES}'\n{plan}", flush=True)
    yield plan.row("small no-op plan, beside importing the libraries", "within 2", lambda pairs: pairs.median <= 2)
