"""Of many, only those that are near are compared; none that meets is left out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.boundaries.area import Area, overlap
from reconciler.boundaries.decide import witness
from reconciler.boundaries.effort import Effort
from reconciler.boundaries.nearness import Neighbourhood
from reconciler.boundaries.pattern import Pattern, parse
from reconciler.boundaries.siblings import meetings
from tests.boundaries import strategies

PATTERNS = strategies.small_patterns()
FEW = st.lists(PATTERNS, max_size=2).map(tuple)
AREAS = st.builds(Area, st.lists(PATTERNS, min_size=1, max_size=2).map(tuple), FEW, FEW)


@settings(max_examples=300)
@given(st.integers())
def test_two_that_meet_are_near(seed: int) -> None:
    """Whatever a pattern has a path in common with is found."""
    source = random.Random(seed)  # noqa: S311 - not for secrets
    patterns = [strategies.pattern(source) for _ in range(12)]
    near = Neighbourhood((pattern, None) for pattern in patterns)

    for one in patterns:
        found = {pattern for pattern, _ in near.near(one)}
        assert {other for other in patterns if witness([one, other], [], Effort())} <= found


@pytest.mark.parametrize(
    ("one", "other", "is_near"),
    [
        ("packages/auth", "packages/auth/x", True),
        ("packages/auth", "packages/authority", False),
        ("packages/auth", "packages/authority/*.py", False),
        ("packages/auth", "packages/*", True),
        ("packages/auth", "packages/auth*", True),
        ("**/*.py", "**/*.js", False),
        ("**/*.py", "**/y", True),
        ("**/f", "f", True),
        ("**/test_a_*.py", "**/test_b_*.py", False),
        ("**/test_*.py", "**/test_b_*.py", True),
        ("src/[ab]x", "src/cx", True),
        ("src/a[]b]", "src/a]", True),
        ("a\U0010ffff/*", "a*/b", True),
    ],
)
def test_beginnings_and_endings_tell_apart(one: str, other: str, is_near: bool) -> None:
    """Both ways round."""
    for first, second in ((one, other), (other, one)):
        near = Neighbourhood([(parse(first), "it")]).near(parse(second))
        assert [value for _, value in near] == (["it"] if is_near else [])


@settings(max_examples=200)
@given(st.lists(AREAS, min_size=2, max_size=5))
def test_every_pair_that_overlaps_is_told_once(areas: list[Area]) -> None:
    """As if each were compared with each."""
    named = {str(number): area for number, area in enumerate(areas)}
    told = [frozenset((each.first, each.second)) for each in meetings(named, lambda *_: True, Effort())]

    assert len(told) == len(set(told))
    assert set(told) == {
        frozenset((one, other)) for one in named for other in named if one < other and _meet(named[one], named[other])
    }


def _meet(first: Area, second: Area) -> bool:
    pairs: list[tuple[Pattern, Pattern]] = [(mine, theirs) for mine in first.allowed for theirs in second.allowed]
    return any(overlap(first, mine, second, theirs, Effort()) for mine, theirs in pairs)
