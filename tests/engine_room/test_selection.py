"""--target and --exclude."""

from __future__ import annotations

import pytest

from reconciler.engine.nesting import Nesting
from reconciler.engine.selection import Selection, select
from reconciler.errors import UsageError
from tests.engine_room.builders import KIND_ORDER, at, graph_of, thing

GRAPH = graph_of(
    thing("auth"),
    thing("file:auth/SESSION.md", "auth"),
    thing("auth--test", "auth"),
    thing("file:auth/.sub-agents/test/CONTRACT.md", "auth"),
    thing("file:auth--test/CLAUDE.local.md", "auth--test"),
    thing("auth--docs", "auth--test"),
    thing("authority"),
)
ORPHANS = Nesting([at("old"), at("file:old/SESSION.md"), at("old--x"), at("file:old--x/a"), at("older")], KIND_ORDER)
DECLARED = {"auth", "SESSION", "auth--test", "CONTRACT", "CLAUDE", "auth--docs", "authority"}
LEFT_OVER = {"old", "old/SESSION.md", "old--x", "old--x/a", "older"}
SHORT = {
    "file:auth/SESSION.md": "SESSION",
    "file:auth/.sub-agents/test/CONTRACT.md": "CONTRACT",
    "file:auth--test/CLAUDE.local.md": "CLAUDE",
}


def _selected(*, targets: tuple[str, ...] = (), excludes: tuple[str, ...] = ()) -> set[str]:
    chosen = select(Selection(targets, excludes), GRAPH, ORPHANS)
    return {SHORT.get(str(address), address.name) for address in chosen}


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        pytest.param((), DECLARED | LEFT_OVER, id="nothing is everything"),
        pytest.param(("workspace:auth",), {"auth"}, id="an address is one thing"),
        pytest.param(("workspace:auth--docs",), DECLARED - {"authority"}, id="with what it depends on, whole"),
        pytest.param(("file:auth/*",), {"auth", "SESSION", "CONTRACT"}, id="a star crosses slashes"),
        pytest.param(("auth",), DECLARED - {"authority"}, id="a bare name brings helpers and files"),
        pytest.param(("auth--test",), DECLARED - {"authority", "auth--docs"}, id="a helper brings its desk and parent"),
        pytest.param(("auth--*",), DECLARED - {"authority"}, id="a bare glob"),
        pytest.param(("workspace:auth", "authority"), {"auth", "authority"}, id="two add up"),
        pytest.param(("old",), LEFT_OVER - {"older"}, id="what is left over, too"),
        pytest.param(("workspace:old--x",), {"old--x", "old--x/a"}, id="a removal takes what lies in it"),
        pytest.param(("workspace:old",), LEFT_OVER - {"older"}, id="and what lies in that"),
    ],
)
def test_a_target_brings_what_it_needs(targets: tuple[str, ...], expected: set[str]) -> None:
    """What is selected can be carried out."""
    assert _selected(targets=targets) == expected


@pytest.mark.parametrize(
    ("excludes", "left_out"),
    [
        pytest.param(("workspace:auth",), DECLARED - {"authority"}, id="takes what depends on it along"),
        pytest.param(("auth--test",), {"auth--test", "CLAUDE", "CONTRACT", "auth--docs"}, id="but not what it needs"),
        pytest.param(("file:*",), {"SESSION", "CONTRACT", "CLAUDE"} | LEFT_OVER - {"older"}, id="no files"),
        pytest.param(("file:old--x/a",), {"old--x/a", "old--x", "old"}, id="a tree stays with what stays in it"),
    ],
)
def test_an_exclusion_takes_what_depends_on_it_along(excludes: tuple[str, ...], left_out: set[str]) -> None:
    """What remains can be carried out."""
    assert _selected(excludes=excludes) == (DECLARED | LEFT_OVER) - left_out


def test_an_exclusion_wins_over_a_target() -> None:
    """Both together select what both allow."""
    assert _selected(targets=("auth",), excludes=("auth--test",)) == {"auth", "SESSION"}


@pytest.mark.parametrize(
    ("selection", "message", "hint"),
    [
        pytest.param(Selection(("auht",)), "--target auht: nothing of that name", "did you mean `auth`", id="typo"),
        pytest.param(
            Selection((), ("workspace:autho",)),
            "--exclude workspace:autho: nothing of that name",
            "did you mean `workspace:auth",
            id="address",
        ),
        pytest.param(Selection(("zzzz",)), "--target zzzz: nothing of that name", "`orchestra graph`", id="far"),
        pytest.param(Selection(("auth", "")), "--target : nothing of that name", "`orchestra graph`", id="empty"),
    ],
)
def test_a_selector_that_matches_nothing_is_refused(selection: Selection, message: str, hint: str) -> None:
    """A typing mistake never selects nothing, or everything."""
    with pytest.raises(UsageError) as caught:
        select(selection, GRAPH, ORPHANS)

    assert caught.value.message == message
    assert hint in caught.value.hint
