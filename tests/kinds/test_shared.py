"""One answer for all who wait for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from reconciler.kinds.shared import Shared


def test_an_answer_is_never_older_than_the_question() -> None:
    """One after the other, everybody asks anew."""
    shared, asked = Shared[int](), iter(range(9))
    assert [shared.get(lambda: next(asked)) for _ in range(3)] == [0, 1, 2]


class Clock:
    """Tells when so many have asked."""

    def __init__(self, many: int) -> None:
        self.now, self.many, self.all_asked = 0, many, Event()

    def __next__(self) -> int:
        """Give the next number."""
        self.now += 1
        if self.now == self.many:
            self.all_asked.set()
        return self.now


def test_those_who_wait_share_what_is_begun_after_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was begun before they came is not theirs."""
    shared, begun, asked, clock = Shared[int](), Event(), iter(range(9)), Clock(9)
    monkeypatch.setattr(shared, "_clock", clock)

    def first() -> int:
        begun.set()
        assert clock.all_asked.wait(60)
        return next(asked)

    with ThreadPoolExecutor(8) as pool:
        early = pool.submit(shared.get, first)
        assert begun.wait(60)
        late = [pool.submit(shared.get, lambda: next(asked)) for _ in range(7)]
        assert early.result() == 0
        assert {future.result() for future in late} == {1}


def test_who_waits_asks_again_where_nothing_was_answered() -> None:
    """A failure is told to the one who met it."""
    shared = Shared[int]()

    def fail() -> int:
        raise OSError("no")

    assert shared.get(lambda: 1) == 1
    with pytest.raises(OSError, match="no"):
        shared.get(fail)
    assert shared.get(lambda: 2) == 2
