"""The choice of numbers, as laws: what is chosen is free, wished for if possible, and the same for who asks again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kinds.ports.choose import ExhaustedError, choose

LOW, HIGH = 100, 119
NUMBERS = st.integers(LOW - 5, HIGH + 5)
NAMES = st.lists(st.sampled_from("abcdef"), unique=True, min_size=1)


@given(
    names=NAMES,
    owner=st.text(),
    wishes=st.dictionaries(st.sampled_from("abcdef"), st.lists(NUMBERS, max_size=3)),
    remembered=st.sets(NUMBERS),
    taken=st.sets(NUMBERS),
)
def test_what_is_chosen_is_free_and_wished_for_if_possible(
    names: list[str], owner: str, wishes: dict[str, list[int]], remembered: set[int], taken: set[int]
) -> None:
    """All names get different numbers of the range, or it says that there are not enough."""
    free = set(range(LOW, HIGH + 1)) - taken

    def ask() -> dict[str, int]:
        return choose(
            names, (LOW, HIGH), owner=owner, wishes=wishes, remembered=remembered, is_taken=taken.__contains__
        )

    if len(free) < len(names):
        with pytest.raises(ExhaustedError):
            ask()
        return
    chosen = ask()
    assert list(chosen) == names
    assert len(set(chosen.values())) == len(names)
    assert set(chosen.values()) <= free
    assert ask() == chosen
    first = next((wish for wish in wishes.get(names[0], ()) if wish in free), None)
    assert first is None or chosen[names[0]] == first
    wished = {wish for each in wishes.values() for wish in each}
    if len(free - remembered) >= len(names):
        assert all(number in wished or number not in remembered for number in chosen.values())


def test_no_name_gets_the_number_that_another_one_had() -> None:
    """Although its own is taken by now."""
    chosen = choose(
        ("web", "api"),
        (20000, 20009),
        owner="someone",
        wishes={"web": [20000], "api": [number]} if (number := _first_choice()) else {},
        remembered=(),
        is_taken=lambda n: n == 20000,
    )
    assert chosen["api"] == number
    assert chosen["web"] not in {number, 20000}


def _first_choice() -> int:
    """The number that is the first to be tried without a wish."""
    span, owner = (20000, 20009), "someone"
    return choose(("x",), span, owner=owner, wishes={}, remembered=(), is_taken=lambda n: n == 20000)["x"]
