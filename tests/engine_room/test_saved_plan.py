"""Saved plans: written, read back without trust, held against today."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.planner import make_plan
from reconciler.engine.saved_plan import dump_plan, load_plan, restrict
from reconciler.errors import UsageError
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange, Mode
from reconciler.model.plan import Plan
from reconciler.model.resource import Resource
from reconciler.model.serial import Origin
from tests.engine_room.builders import at, graph_of, random_resources, random_things, run, snapshot_of, thing
from tests.support.fakes import FakeSpec, World, fake_kinds

ORIGIN = Origin("apply", "sha256:0", "clone", "1.0", "2030-01-01T00:00:00+00:00")
WORDS = st.text(max_size=5)
NAMES = st.text(min_size=1, max_size=5)


def _plan(resources: list[Resource[FakeSpec]], world: World) -> Plan:
    graph = graph_of(*resources)
    return make_plan(graph, fake_kinds(world), snapshot_of(world, graph), prune=True)


@st.composite
def _changes(draw: st.DrawFn) -> tuple[Change, ...]:
    addresses = draw(
        st.lists(st.builds(Address, NAMES.filter(lambda text: ":" not in text), NAMES), unique=True, max_size=4)
    )
    sides = st.none() | st.text(alphabet=st.characters(), max_size=5)
    fields = st.lists(st.builds(FieldChange, WORDS, sides, sides, st.booleans()), max_size=2).map(tuple)
    return tuple(
        Change(
            address,
            draw(st.sampled_from(Action)),
            draw(WORDS),
            draw(fields),
            tuple(draw(st.lists(st.sampled_from(addresses), max_size=2))),
            draw(st.sampled_from(Mode)),
            tuple(draw(st.lists(WORDS, max_size=2))),
            draw(st.booleans()),
            draw(st.dictionaries(WORDS, WORDS, max_size=2)),
            draw(WORDS),
            draw(WORDS),
            tuple(draw(st.lists(WORDS, max_size=2))),
        )
        for address in addresses
    )


@given(_changes(), st.lists(WORDS, max_size=2))
def test_a_plan_comes_back_as_it_was_saved(changes: tuple[Change, ...], notes: list[str]) -> None:
    """Every part of every change survives, and the text is ASCII."""
    plan = Plan(changes, tuple(notes))

    text = dump_plan(plan, ORIGIN)

    assert text.isascii()
    assert load_plan(text, "plan.json").plan == plan
    assert load_plan(text.encode(), "plan.json").origin == ORIGIN


def test_a_plan_that_was_saved_before_drift_had_a_place_of_its_own_is_read() -> None:
    """Within a version keys are only added; whether drift is new is then not known, so it is."""
    document = json.loads(dump_plan(_plan([thing("a")], World({at("a"): "odd"})), ORIGIN))
    del document["changes"][0]["drift"]

    assert [change.drift for change in load_plan(json.dumps(document), "plan.json").plan.changes] == [()]


def test_the_document_reads_like_this() -> None:
    """The format is promised to others."""
    document = json.loads(dump_plan(_plan([thing("a")], World({at("a"): "odd"})), ORIGIN))

    assert document == {
        "format": "orchestra.plan/1",
        "command": "apply",
        "orchestra": "1.0",
        "created": "2030-01-01T00:00:00+00:00",
        "clone": "clone",
        "manifest_digest": "sha256:0",
        "summary": {"add": 0, "change": 1, "destroy": 0, "conflicts": 0},
        "notes": [],
        "changes": [
            {
                "address": "workspace:a",
                "action": "update",
                "mode": "in-place",
                "reason": "differs",
                "fields": [{"path": "value", "before": "odd", "after": "wanted", "text": False}],
                "waits_for": [],
                "notes": [],
                "orphan": False,
                "observed": {"value": "odd"},
                "touches_work": "",
                "hint": "",
                "drift": [],
            }
        ],
    }


GOOD: dict[str, Any] = json.loads(dump_plan(_plan([thing("a")], World()), ORIGIN))


def _broken(change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(json.dumps(GOOD))
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "it is not JSON", id="empty"),
        pytest.param("{", "it is not JSON", id="cut off"),
        pytest.param(b"\xff\xfe\xfa", "it is not JSON", id="bytes"),
        pytest.param("[" * 100_000, "it is nested too deeply", id="deep"),
        pytest.param("9" * 10_000, "it is not JSON", id="a huge number"),
        pytest.param("[]", "the document is not an object", id="a list"),
        pytest.param("{}", "the document has no format", id="no format"),
        pytest.param('{"format": "orchestra.plan/2"}', "its format is 'orchestra.plan/2'", id="from the future"),
        pytest.param(_broken(lambda d: d.pop("clone")), "the document has no clone", id="a key is missing"),
        pytest.param(_broken(lambda d: d.update(command="rm")), "command is none of apply, destroy", id="command"),
        pytest.param(_broken(lambda d: d.update(changes={})), "changes is not a list", id="changes"),
        pytest.param(_broken(lambda d: d.update(changes=[1])), "changes[0] is not an object", id="a change"),
        pytest.param(_broken(lambda d: d["changes"].append(d["changes"][0])), "two changes of workspace:a", id="twice"),
        pytest.param(
            _broken(lambda d: d["changes"][0].update(address="a")), "changes[0].address is not an address", id="address"
        ),
        pytest.param(
            _broken(lambda d: d["changes"][0].update(action=["x"])), "changes[0].action is not a text", id="type"
        ),
        pytest.param(
            _broken(lambda d: d["changes"][0].update(observed={"a": 1})), "observed.a is not a text", id="observed"
        ),
        pytest.param(_broken(lambda d: d["changes"][0].update(orphan=1)), "orphan is neither", id="boolean"),
    ],
)
def test_a_file_that_is_no_plan_is_refused_with_the_reason(text: str | bytes, why: str) -> None:
    """The message names the file and the place in it."""
    with pytest.raises(UsageError) as caught:
        load_plan(text, "p.json")

    assert caught.value.message.startswith("p.json is not a saved plan: ")
    assert why in caught.value.message
    assert "--out" in caught.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def _places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, each in entries for place in _places(each, (*path, key)))]


@given(st.sampled_from(_places(GOOD)), JSON)
def test_no_value_in_any_place_makes_a_traceback(place: tuple[Any, ...], value: object) -> None:
    """Any value of the document replaced by any other is read or refused, nothing else."""
    document: Any = {"root": json.loads(json.dumps(GOOD))}
    target = document
    for key in ("root", *place)[:-1]:
        target = target[key]
    target[("root", *place)[-1]] = value

    _read_or_refuse(json.dumps(document["root"]))


@given(st.binary() | st.text() | st.integers(0, 400).map(lambda size: json.dumps(GOOD)[:size]))
def test_no_bytes_make_a_traceback(content: str | bytes) -> None:
    """Anything at all may stand in the file."""
    _read_or_refuse(content)


def _read_or_refuse(content: str | bytes) -> None:
    with contextlib.suppress(UsageError):
        load_plan(content, "p.json")


AB = [thing("a"), thing("b", "a")]


@pytest.mark.parametrize(
    ("resources", "before", "now_resources", "now", "expected"),
    [
        pytest.param(
            AB,
            "",
            AB,
            "",
            "+ workspace:a (absent) value: None -> 'wanted'\n"
            "+ workspace:b (absent) value: None -> 'wanted' after workspace:a",
            id="nothing moved",
        ),
        pytest.param(
            AB, "", AB, "a=wanted", "+ workspace:b (absent) value: None -> 'wanted'", id="half of it is done already"
        ),
        pytest.param(AB, "", AB, "a=wanted b=wanted", "", id="all of it is done already"),
        pytest.param(
            AB,
            "a=odd b=wanted",
            AB,
            "a=other b=wanted",
            "! workspace:a (the saved plan is stale: value: planned from 'odd', found 'other')",
            id="a fact moved",
        ),
        pytest.param(
            AB,
            "a=odd b=wanted",
            AB,
            "b=wanted",
            "! workspace:a (the saved plan is stale: value: planned from 'odd', found nothing)",
            id="it is gone",
        ),
        pytest.param(
            [thing("a")],
            "",
            [thing("a", value="b")],
            "",
            "! workspace:a (the saved plan is stale: it would change otherwise now: value: planned 'wanted', now 'b')",
            id="the manifest wants otherwise",
        ),
        pytest.param([thing("a")], "", AB, "", "+ workspace:a (absent) value: None -> 'wanted'", id="more is wanted"),
        pytest.param(
            AB,
            "a=wanted",
            AB,
            "",
            "! workspace:b (the saved plan is stale: it needs workspace:a to be changed first, "
            "which the saved plan did not order)",
            id="what it needs went missing",
        ),
        pytest.param(
            AB,
            "",
            [thing("a")],
            "",
            "+ workspace:a (absent) value: None -> 'wanted'\n"
            "! workspace:b (the saved plan is stale: it is no longer declared)",
            id="it is no longer declared",
        ),
        pytest.param(
            AB,
            "",
            [thing("a")],
            "a=wanted b=wanted",
            "! workspace:b (the saved plan is stale: value: planned from nothing, found 'wanted')",
            id="it is ours and no longer declared",
        ),
        pytest.param([], "a=x", [], "", "  workspace:a", id="a removal that happened is nothing to do"),
        pytest.param(
            [],
            "a=x",
            [],
            "a=y",
            "! workspace:a (the saved plan is stale: value: planned from 'x', found 'y')",
            id="a removal whose thing moved",
        ),
        pytest.param(
            [],
            "a=wanted",
            [thing("a")],
            "a=wanted",
            "! workspace:a (the saved plan is stale: planned to remove it, now to leave it as it is)",
            id="a removal of what is declared again",
        ),
    ],
)
def test_a_saved_plan_against_today(
    resources: list[Resource[FakeSpec]],
    before: str,
    now_resources: list[Resource[FakeSpec]],
    now: str,
    expected: str,
) -> None:
    """What was ordered and still is from the same facts is kept; the rest says why not."""
    saved = load_plan(dump_plan(_plan(resources, _world(before)), ORIGIN), "p.json").plan

    text = str(restrict(_plan(now_resources, _world(now)), saved))

    assert text == (expected if expected != "  workspace:a" else "")


def _world(text: str) -> World:
    return World({at(address): value for address, _, value in (entry.partition("=") for entry in text.split())})


def test_what_its_kind_keeps_by_now_is_not_removed() -> None:
    """Work that came after the plan was saved is a conflict with the kind's own reason."""
    world = World({at("a"): "x"})
    saved = _plan([], world)
    world.kept = {at("a"): "it has uncommitted work"}

    [change] = restrict(_plan([], world), saved).conflicts

    assert change.reason == (
        "the saved plan is stale: planned to remove it, now to leave it as it is (it has uncommitted work)"
    )


@given(random_resources(), random_things())
def test_a_plan_restricted_to_itself_is_itself(resources: list[Resource[FakeSpec]], things: dict[Address, str]) -> None:
    """Nothing is lost on the way through a file, and carrying it out leaves an empty plan."""
    world = World(dict(things))
    plan = _plan(resources, world)
    saved = load_plan(dump_plan(plan, ORIGIN), "p.json").plan

    kept = restrict(plan, saved)

    assert kept == plan
    run(kept, graph_of(*resources), world)
    assert _plan(resources, world).is_empty
    assert restrict(_plan(resources, world), saved).is_empty


@given(random_resources(), random_things(), random_resources(), random_things())
def test_nothing_is_done_that_was_not_ordered(
    resources: list[Resource[FakeSpec]],
    things: dict[Address, str],
    later_resources: list[Resource[FakeSpec]],
    later_things: dict[Address, str],
) -> None:
    """Whatever became of manifest and world, what is carried out was approved, from the same facts."""
    saved = _plan(resources, World(dict(things)))
    world = World(dict(later_things))

    kept = restrict(_plan(later_resources, world), saved)
    run(kept, graph_of(*later_resources), world)

    approved = {change.address: change for change in saved.pending}
    for change in kept.pending:
        assert replace(change, waits_for=()) == replace(approved[change.address], waits_for=())
    assert set(world.acts) <= approved.keys()


def test_a_secret_is_compared_as_it_was_saved() -> None:
    """The file holds no secret, and the change that is carried out is the unredacted one of today."""

    def redact(text: str) -> str:
        return text.replace("s3cret", "{env:TOKEN}")

    fresh = _plan([thing("a", value="s3cret")], World())
    text = dump_plan(fresh, ORIGIN, redact)
    assert "s3cret" not in text

    kept = restrict(fresh, load_plan(text, "p.json").plan, redact)

    assert kept == fresh
