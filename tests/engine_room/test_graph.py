"""The graph: one stable order, and every mistake at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.graph import build_graph
from reconciler.errors import ManifestError
from reconciler.model.resource import Resource
from tests.engine_room.builders import KIND_ORDER, at, graph_of, random_resources, thing
from tests.support.fakes import FakeSpec


def test_what_belongs_to_a_worktree_stands_together() -> None:
    """A workspace comes first, then its files, then its helpers with theirs, then the next worktree."""
    graph = graph_of(
        thing("ui"),
        thing("file:ui/SESSION.md", "ui"),
        thing("file:auth--test/CLAUDE.local.md", "auth--test"),
        thing("file:auth/.sub-agents/test/CONTRACT.md", "auth--test"),
        thing("auth--test", "auth"),
        thing("file:auth/SESSION.md", "auth"),
        thing("auth"),
        thing("auth--test--fixtures", "auth--test"),
    )

    assert [str(address) for address in graph.order] == [
        "workspace:auth",
        "file:auth/SESSION.md",
        "workspace:auth--test",
        "file:auth--test/CLAUDE.local.md",
        "file:auth/.sub-agents/test/CONTRACT.md",
        "workspace:auth--test--fixtures",
        "workspace:ui",
        "file:ui/SESSION.md",
    ]


def test_a_dependency_comes_before_the_alphabet() -> None:
    """Helpers stand in the order in which they need each other."""
    graph = graph_of(thing("auth"), thing("auth--docs", "auth", "auth--test"), thing("auth--test", "auth"))

    assert graph.order == (at("auth"), at("auth--test"), at("auth--docs"))


@given(random_resources(), st.randoms())
def test_the_order_of_the_input_does_not_matter(resources: list[Resource[FakeSpec]], random: object) -> None:
    """The same declarations make the same order, and every dependency precedes its dependents."""
    shuffled = list(resources)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    graph = build_graph(resources, KIND_ORDER)

    assert graph.order == build_graph(shuffled, KIND_ORDER).order
    position = {address: index for index, address in enumerate(graph.order)}
    for resource in resources:
        assert set(graph.dependencies(resource.address)) == set(resource.depends_on)
        assert all(position[needed] < position[resource.address] for needed in resource.depends_on)


def test_ancestors_and_descendants_reach_all_the_way() -> None:
    """Selection follows dependencies however far they go, both ways."""
    graph = graph_of(thing("a"), thing("b", "a"), thing("c", "b"), thing("d"))

    assert graph.with_ancestors([at("c")]) == {at("a"), at("b"), at("c")}
    assert graph.with_descendants([at("a")]) == {at("a"), at("b"), at("c")}


def _problems(*resources: Resource[FakeSpec]) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        graph_of(*resources)
    return [f"{problem} [{problem.hint}]" for problem in caught.value.problems]


def test_every_mistake_is_reported_at_once() -> None:
    """A duplicate, a missing dependency and a cycle come in one error."""
    assert _problems(
        thing("auth", line=2),
        thing("auth", line=9),
        thing("ui", "auht", line=4),
        thing("x", "y", line=5),
        thing("y", "x", line=6),
    ) == [
        "orchestra.yaml:9:5: workspace:auth is declared twice, first at orchestra.yaml:2:5 []",
        "orchestra.yaml:4:5: workspace:ui needs workspace:auht, which is not declared [did you mean `workspace:auth`?]",
        (
            "orchestra.yaml:5:5: these need each other in a circle: x needs y (orchestra.yaml:5:5), y needs x "
            "(orchestra.yaml:6:5) [take one of these dependencies out]"
        ),
    ]


def test_the_shortest_cycle_comes_first() -> None:
    """Of a knot the shortest way round is shown, and knots are shown from short to long."""
    problems = _problems(
        thing("a", "b"),
        thing("b", "c"),
        thing("c", "a"),
        thing("k", "l", "m"),
        thing("l", "k"),
        thing("m", "n"),
        thing("n", "k"),
        thing("z", "z"),
    )

    assert [problem.partition(": ")[2].partition(" [")[0] for problem in problems] == [
        "z needs z",
        "k needs l, l needs k",
        "a needs b, b needs c, c needs a",
    ]


def test_a_cycle_across_kinds_names_the_kinds() -> None:
    """Where names alone would be ambiguous, addresses are written."""
    [problem] = _problems(thing("a", "file:a/x"), thing("file:a/x", "a"))

    assert "file:a/x needs workspace:a, workspace:a needs file:a/x" in problem


def test_a_large_knot_shows_its_short_cut() -> None:
    """In a ring of hundreds, the two that need each other are shown; enumerating all cycles would not end."""
    size = 400
    ring = [thing(f"n{i}", f"n{(i + 1) % size}") for i in range(size)]
    ring[200] = thing("n200", "n201", "n199")

    [problem] = _problems(*ring)

    assert "n199 needs n200, n200 needs n199" in problem
