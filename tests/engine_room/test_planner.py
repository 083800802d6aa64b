"""The planner: literals in, text out."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import dedent

import pytest

from reconciler.engine.graph import Graph
from reconciler.engine.observer import observe
from reconciler.engine.planner import PRUNE_NOTE, make_destroy_plan, make_plan
from reconciler.engine.selection import Selection
from reconciler.model.change import Action, Change, Mode
from reconciler.model.plan import Plan
from tests.engine_room.builders import at, graph_of, snapshot_of, thing
from tests.support.fakes import World, fake_kinds

AUTH = graph_of(
    thing("auth"),
    thing("file:auth/SESSION.md", "auth"),
    thing("auth--test", "auth"),
    thing("file:auth--test/C.md", "auth--test"),
)


def _world(text: str) -> World:
    return World({at(address): value for address, _, value in (entry.partition("=") for entry in text.split())})


def _plan(graph: Graph, world: World, selection: Selection = Selection(), *, prune: bool = False) -> Plan:  # noqa: B008
    return make_plan(graph, fake_kinds(world), snapshot_of(world, graph), selection=selection, prune=prune)


def _text(plan: Plan) -> str:
    return "".join(f"{line.rstrip()}\n" for line in str(plan).splitlines())


@pytest.mark.parametrize(
    ("graph", "world", "expected"),
    [
        pytest.param(
            AUTH,
            "",
            """\
            + workspace:auth (absent) value: None -> 'wanted'
            + file:auth/SESSION.md (absent) value: None -> 'wanted' after workspace:auth
            + workspace:auth--test (absent) value: None -> 'wanted' after workspace:auth
            + file:auth--test/C.md (absent) value: None -> 'wanted' after workspace:auth--test
            """,
            id="all is made, each after what it needs",
        ),
        pytest.param(
            AUTH,
            "auth=wanted file:auth/SESSION.md=odd auth--test=wanted",
            """\
            ~ file:auth/SESSION.md (differs) value: 'odd' -> 'wanted'
            + file:auth--test/C.md (absent) value: None -> 'wanted'
            """,
            id="what stays is not waited for",
        ),
        pytest.param(
            AUTH,
            "auth=wanted file:auth/SESSION.md=wanted auth--test=wanted file:auth--test/C.md=wanted",
            "",
            id="as declared",
        ),
        pytest.param(
            graph_of(thing("auth", mode=Mode.PERSON), thing("file:auth/x", "auth")),
            "auth=odd",
            """\
            ~ workspace:auth (differs) [only after a person] value: 'odd' -> 'wanted'
            + file:auth/x (absent) value: None -> 'wanted'
            """,
            id="an update left to a person is not waited for",
        ),
        pytest.param(
            graph_of(thing("auth", mode=Mode.PERSON), thing("file:auth/x", "auth")),
            "",
            """\
            + workspace:auth (absent) [only after a person] value: None -> 'wanted'
            + file:auth/x (absent) value: None -> 'wanted' after workspace:auth
            """,
            id="what only a person can make is waited for",
        ),
        pytest.param(
            graph_of(thing("ui")),
            "ui=wanted old=x file:old/a=y",
            f"  file:old/a note: {PRUNE_NOTE}\n  workspace:old note: {PRUNE_NOTE}\n",
            id="what is left over is shown and stays",
        ),
    ],
)
def test_a_plan_reads_like_this(graph: Graph, world: str, expected: str) -> None:
    """The text of a plan is its oracle."""
    assert _text(_plan(graph, _world(world))) == (dedent(expected) if expected.startswith(" " * 12) else expected)


def test_dependents_of_a_conflict_keep_their_change() -> None:
    """What stands in the way is shown once; what needs it still says what it would be."""
    world = _world("auth=wanted")
    world.foreign = {at("auth")}

    assert str(_plan(graph_of(thing("auth"), thing("file:auth/x", "auth")), world)) == (
        "! workspace:auth (somebody else's)\n+ file:auth/x (absent) value: None -> 'wanted' after workspace:auth"
    )


LEFT_OVER = "old=x old--test=x file:old--test/C.md=x file:old/SESSION.md=x file:old/.sub-agents/test/CONTRACT.md=x"


def test_prune_removes_what_lies_deepest_first() -> None:
    """Files go before their tree, helpers before their parent, each waiting for what lies in it."""
    assert str(_plan(graph_of(thing("ui")), _world(f"ui=wanted {LEFT_OVER}"), prune=True)) == dedent("""\
        - file:old/.sub-agents/test/CONTRACT.md (left over)
        - file:old--test/C.md (left over)
        - workspace:old--test (left over) after file:old/.sub-agents/test/CONTRACT.md, file:old--test/C.md
        - file:old/SESSION.md (left over)
        - workspace:old (left over) after workspace:old--test, file:old/SESSION.md""")


def test_removals_come_after_everything_else() -> None:
    """A plan makes before it removes."""
    plan = _plan(graph_of(thing("zoo")), _world("old=x"), prune=True)

    assert [str(change.address) for change in plan.changes] == ["workspace:zoo", "workspace:old"]
    assert all(change.orphan for change in plan.changes[1:])


def test_what_is_kept_keeps_what_it_lies_in() -> None:
    """A tree is not removed from under a helper that its kind keeps."""
    world = _world("old=x old--test=x old--docs=x file:old--test/C.md=x")
    world.kept = {at("old--test"): "it has uncommitted work"}

    plan = make_destroy_plan(fake_kinds(world), snapshot_of(world, graph_of()))

    assert {change.address.name: change.reason for change in plan.changes if not change.is_pending} == {
        "old--test": "it has uncommitted work",
        "old": "kept, because workspace:old--test is kept",
    }
    assert [change.address.name for change in plan.pending] == ["old--test/C.md", "old--docs"]


def test_a_kept_orphan_says_why_also_without_prune() -> None:
    """Nobody is told that --prune removes what it would keep."""
    world = _world("old=x")
    world.kept = {at("old"): "it has uncommitted work"}

    assert str(_plan(graph_of(), world)).strip() == "workspace:old note: no longer declared; it has uncommitted work"


def test_destroy_is_for_everything_that_bears_our_mark() -> None:
    """Declared or not, all of it goes, in reverse."""
    world = _world("auth=wanted auth--test=wanted file:auth/a=wanted ui=odd")

    plan = make_destroy_plan(fake_kinds(world), snapshot_of(world, AUTH))

    assert [change.address.name for change in plan.changes] == ["ui", "auth--test", "auth/a", "auth"]
    assert plan.summary.destroy == 4


class _Walked(tuple[Change, ...]):  # noqa: SLOT001 - a tuple takes none that have names
    """Changes that count how often somebody walks through them."""

    walks = 0

    def __iter__(self) -> Iterator[Change]:
        self.walks += 1
        return super().__iter__()


def test_a_plan_is_summed_up_in_as_many_walks_however_long_it_is() -> None:
    """What is counted of a plan of thousands of changes is not counted anew for each of them."""
    short, long = (_Walked(Change(at(f"a{number}"), Action.CREATE) for number in range(size)) for size in (2, 50))

    assert [Plan(changes).summary.add for changes in (short, long)] == [2, 50]
    assert short.walks == long.walks


def test_a_selection_limits_the_plan_and_is_noted() -> None:
    """Who reads a partial plan is told that it is one."""
    plan = _plan(AUTH, _world("old=x"), Selection(("workspace:auth--test",), ("old",)))

    assert [change.address.name for change in plan.changes] == ["auth", "auth/SESSION.md", "auth--test"]
    assert plan.notes == (
        "limited by `--target workspace:auth--test --exclude old`: what it leaves out is not part of this plan",
    )


def test_the_world_is_looked_at_once_and_each_kind_asked_once() -> None:
    """However much is declared, observing costs the same."""
    world = _world("")
    looks: list[World] = []

    def look() -> World:
        looks.append(world)
        return world

    snapshot = observe(fake_kinds(world), AUTH.resources.values(), look)

    assert (len(looks), world.reads, dict(snapshot)) == (1, ["workspace", "file"], {})


def test_planning_changes_nothing() -> None:
    """A plan is made from values alone: the world is not acted on."""
    world = _world("old=x auth=odd")

    _plan(AUTH, world, prune=True)

    assert world.acts == []
