"""Containment and disjointness are decided exactly, with a shortest path that proves the answer."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.boundaries import paths
from reconciler.boundaries.area import Area, escapes, is_swallowed, overlap
from reconciler.boundaries.decide import witness
from reconciler.boundaries.effort import Effort, TooCostlyError
from reconciler.boundaries.pattern import Pattern, parse
from reconciler.boundaries.reading import covering, matches
from tests.boundaries.strategies import SHORT_PATHS, small_patterns

PATTERNS = small_patterns()
FEW = st.lists(PATTERNS, max_size=2).map(tuple)
AREAS = st.builds(Area, st.lists(PATTERNS, min_size=1, max_size=2).map(tuple), FEW, FEW)


def found(inside: list[str], outside: list[str] = ()) -> str | None:
    path = witness([parse(text) for text in inside], [parse(text) for text in outside], Effort())
    return None if path is None else paths.shown(path)


@pytest.mark.parametrize(
    ("inside", "outside", "path"),
    [
        pytest.param(["a/**", "**/b"], [], "a/b", id="two that meet"),
        pytest.param(["a/**", "b/**"], [], None, id="two that do not"),
        pytest.param(["docs/i.md"], ["docs/*.md"], "docs/i.md/x", id="a literal covers what would be below it"),
        pytest.param([r"docs/i\.md"], ["docs/*.md"], None, id="an escape does not"),
        pytest.param(["src/*", "src/lib"], [], "src/lib", id="one file"),
        pytest.param(["src/*", "src/lib/**"], [], None, id="a file is not what would be below it"),
        pytest.param(["src/*", "src/*/**"], [], None, id="as git would only if a directory were called *"),
        pytest.param(["a"], ["a/**"], "a", id="a tree is not its top"),
        pytest.param(["a/"], ["a/**"], "a", id="nor with a slash"),
        pytest.param(["**"], ["*"], "x/x", id="what is deeper"),
        pytest.param(["a/**"], ["a/*"], "a/x/x", id="what is deeper than what is there"),
        pytest.param(["?"], ["[[:print:]]", "[[:cntrl:]]"], '"\\200"', id="a byte that is no text"),
        pytest.param(["*"], ["?", "??*"], None, id="no name is empty"),
        pytest.param([".gi?"], [".gi[!t]"], None, id="no file is called .git"),
        pytest.param([".[gG]*"], ["????*"], ".g", id="but .g is a name"),
        pytest.param(["?"], ["x", "y", "z"], "a", id="not one of those that are listed"),
        pytest.param(["**/é"], ["é"], "x/é", id="beyond ASCII"),
        pytest.param(["*x", "x*"], ["x", "?x"], "xxx", id="a name that two make"),
    ],
)
def test_a_shortest_path_proves_the_answer(inside: list[str], outside: list[str], path: str | None) -> None:
    """The path is in all of the first and none of the others."""
    assert found(inside, outside) == path


@settings(max_examples=600)
@given(st.lists(PATTERNS, min_size=1, max_size=3), st.lists(PATTERNS, max_size=3))
def test_the_answer_is_that_of_trying_all_short_paths(inside: list[Pattern], outside: list[Pattern]) -> None:
    """None is longer than needed, every one is a proof, and none is missed."""
    path = witness(inside, outside, Effort())
    short = [
        each
        for each in SHORT_PATHS
        if all(matches(one, each) for one in inside) and not any(matches(one, each) for one in outside)
    ]
    if path is None:
        assert short == []
        return
    assert paths.fault(path) == ""
    assert all(matches(one, path) for one in inside)
    assert not any(matches(one, path) for one in outside)
    assert len(path) <= min(map(len, short), default=len(path))


def may(area: Area, path: bytes) -> bool:
    return covering(area.allowed, path) is not None and covering(area.deny, path) is None


def shares(area: Area, path: bytes) -> bool:
    return covering(area.shared, path) is not None


@settings(max_examples=300)
@given(AREAS, AREAS)
def test_an_area_is_inside_another_when_every_path_is(inner: Area, outer: Area) -> None:
    """Every escape is a proof; without one, no short path leads out."""
    found = list(escapes(inner, outer, Effort()))
    out = {path for path in SHORT_PATHS if may(inner, path) and not may(outer, path)}

    for escape in found:
        assert may(inner, escape.path)
        assert matches(escape.pattern, escape.path)
        assert not may(outer, escape.path)
        assert (escape.denied_by is None) or matches(escape.denied_by, escape.path)
    assert {path for path in out if not any(matches(escape.pattern, path) for escape in found)} == set()


@settings(max_examples=300)
@given(AREAS, AREAS)
def test_two_areas_overlap_when_a_path_is_in_both_and_not_shared(first: Area, second: Area) -> None:
    """Every overlap is a proof; without one, no short path is in both."""
    found = [
        each
        for mine in first.allowed
        for theirs in second.allowed
        if (each := overlap(first, mine, second, theirs, Effort()))
    ]

    for each in found:
        assert may(first, each.path)
        assert may(second, each.path)
        assert not (shares(first, each.path) and shares(second, each.path))
    if not found:
        both = {path for path in SHORT_PATHS if may(first, path) and may(second, path)}
        assert {path for path in both if not (shares(first, path) and shares(second, path))} == set()


@settings(max_examples=200)
@given(AREAS)
def test_an_area_is_swallowed_when_nothing_of_it_is_left(area: Area) -> None:
    """A short path that is left says no; and what says no has a path that is left."""
    left = [
        path for path in SHORT_PATHS if covering(area.modify, path) is not None and covering(area.deny, path) is None
    ]
    swallowed = is_swallowed(area, Effort())

    assert not (left and swallowed)
    if not swallowed:
        assert any(witness([each], area.deny, Effort()) for each in area.modify)


@pytest.mark.parametrize(
    ("inside", "outside", "blamed"),
    [
        pytest.param(["**/a/" + "/".join("*" * 20)], ["**/b/" + "/".join("*" * 20)], "**/a/", id="names from the end"),
        pytest.param(["*a" + "?" * 30], ["*b" + "?" * 30], "*a?", id="bytes from the end"),
        pytest.param(["*"], [f"*{letter}*" for letter in "abcdefghijklmnopqrstuvwxyz"], "*a*", id="any set of letters"),
    ],
)
def test_what_is_too_costly_is_refused(inside: list[str], outside: list[str], blamed: str) -> None:
    """It is never guessed, and the pattern that makes it costly is named."""
    effort = Effort()
    with pytest.raises(TooCostlyError) as caught:
        witness([parse(text) for text in inside], [parse(text) for text in outside], effort)

    assert caught.value.pattern.text.startswith(blamed)
    assert effort.steps < 2_000_000


def test_many_that_are_cheap_are_refused_together() -> None:
    """A manifest cannot cost more than the sum that is allowed."""
    effort = Effort()
    inside, outside = parse("**/a/" + "/".join("*" * 8)), parse("**/b/" + "/".join("*" * 8))
    with pytest.raises(TooCostlyError):
        deque((witness([inside], [outside], effort) for _ in range(1000)), maxlen=0)

    assert effort.is_spent
    assert effort.decisions > 2
