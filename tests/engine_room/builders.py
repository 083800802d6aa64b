"""Short names for what every test of the engine builds. Never a test."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from reconciler.engine.executor import execute
from reconciler.engine.graph import Graph, build_graph
from reconciler.engine.interrupt import Interrupt
from reconciler.engine.observer import Snapshot, observe
from reconciler.errors import Location
from reconciler.model.address import Address
from reconciler.model.outcome import Report
from reconciler.model.plan import Plan
from reconciler.model.resource import Resource
from reconciler.model.settings import Settings
from tests.support.fakes import FakeClock, FakeSpec, RecordingJournal, RecordingReporter, World, fake_kinds

KIND_ORDER = ("workspace", "file")


def at(text: str) -> Address:
    """Read an address; a bare name is a workspace."""
    return Address.parse(text if ":" in text else f"workspace:{text}")


def thing(address: str, *needs: str, line: int = 0, **spec: Any) -> Resource[FakeSpec]:
    """Declare a fake thing."""
    where = Location("orchestra.yaml", line, 5) if line else None
    return Resource(at(address), FakeSpec(**spec), tuple(at(need) for need in needs), where)


def graph_of(*resources: Resource[Any]) -> Graph:
    """Connect them."""
    return build_graph(resources, KIND_ORDER)


def world_of(**values: str) -> World:
    """Fill a world with things."""
    return World({at(address): value for address, value in values.items()})


def snapshot_of(world: World, graph: Graph) -> Snapshot:
    """Observe a world."""
    return observe(fake_kinds(world), graph.resources.values(), lambda: world)


def run(
    plan: Plan,
    graph: Graph,
    world: World,
    *,
    parallelism: int = 4,
    attempts: int = 3,
    interrupt: Interrupt | None = None,
    reporter: RecordingReporter | None = None,
    journal: RecordingJournal | None = None,
    clock: FakeClock | None = None,
) -> Report:
    """Execute a plan without waiting for anything."""
    clock = clock or FakeClock()
    return execute(
        plan,
        graph,
        fake_kinds(world),
        actuals=snapshot_of(world, graph),
        settings=Settings(parallelism=parallelism, attempts=attempts),
        reporter=reporter or RecordingReporter(),
        journal=journal,
        interrupt=interrupt,
        clock=clock,
        sleep=clock.sleep,
    )


NAMES = ("auth", "auth--test", "auth--test--fixtures", "billing", "docs", "ui", "ui--a", "ui--b")
ADDRESSES = tuple(at(name) for name in NAMES) + tuple(
    at(f"file:{name}/{path}") for name in NAMES for path in ("SESSION.md", "CLAUDE.local.md")
)


@st.composite
def random_resources(draw: st.DrawFn, keys: tuple[str | None, ...] = (None,)) -> list[Resource[FakeSpec]]:
    """Declare things that need only things declared before them, then shuffle them."""
    addresses = draw(st.lists(st.sampled_from(ADDRESSES), unique=True, max_size=12))
    resources = [
        Resource(
            address,
            FakeSpec(draw(st.sampled_from(["wanted", "other"])), draw(st.sampled_from(keys))),
            tuple(draw(st.lists(st.sampled_from(addresses[:index]), unique=True, max_size=3))) if index else (),
        )
        for index, address in enumerate(addresses)
    ]
    return draw(st.permutations(resources))


def random_things() -> st.SearchStrategy[dict[Address, str]]:
    """Fill a world by chance."""
    return st.dictionaries(st.sampled_from(ADDRESSES), st.sampled_from(["wanted", "other", "odd"]), max_size=10)
