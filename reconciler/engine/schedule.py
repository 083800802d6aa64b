"""Which change may start next, and which never will. No threads, no clock, no I/O.

A change may start when everything that it waits for has **succeeded** (that it has finished is not enough) and nobody
holds its exclusive key. When all that it waits for is settled and some of it did not succeed, it is skipped,
and whatever waits for it in turn, each naming the one where it began. Every step costs a constant, or the logarithm of
what is ready.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush

from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.outcome import Outcome, Status


class Schedule:
    """The state of a run; owned by one thread.

    Args:
        changes: in the order of the plan, which decides among those that may start.
        exclusive_key: what a change must have for itself; None when nothing.

    Attributes:
        outcomes: what is settled.
        running: what was taken and is not settled, with the key it holds.
    """

    def __init__(self, changes: Sequence[Change], exclusive_key: Callable[[Change], str | None]) -> None:
        self.outcomes: dict[Address, Outcome] = {}
        self.running: dict[Address, str | None] = {}
        self._changes = tuple(changes)
        self._position = {change.address: position for position, change in enumerate(changes)}
        self._exclusive_key = exclusive_key
        self._unsettled = {change.address: len(set(change.waits_for)) for change in changes}
        self._waiting: dict[Address, list[Address]] = defaultdict(list)
        self._ready: list[int] = []
        self._held: set[str] = set()
        self._parked: dict[str, list[int]] = defaultdict(list)
        self._roots: dict[Address, tuple[Address, str]] = {}
        for change in changes:
            for needed in dict.fromkeys(change.waits_for):
                self._waiting[needed].append(change.address)

    def start(self, settled: Sequence[Outcome]) -> tuple[Outcome, ...]:
        """Begin with what needs no work; returns those outcomes and the skips that follow from them.

        What waits for something that the plan does not hold can never start.
        """
        absent = [needed for needed in self._waiting if needed not in self._position]
        self._roots.update({needed: (needed, "is not part of this plan") for needed in absent})
        for outcome in settled:
            self._record(outcome)
        for change in self._changes:
            if not change.waits_for and change.address not in self.outcomes:
                heappush(self._ready, self._position[change.address])
        skips = [self._release(address) for address in (*absent, *(outcome.address for outcome in settled))]
        return (*settled, *(skip for some in skips for skip in some))

    @property
    def is_done(self) -> bool:
        """Whether every change is settled."""
        return len(self.outcomes) == len(self._changes)

    def take(self) -> Change | None:
        """Take the first change that may start now, with its key; None when there is none."""
        while self._ready:
            position = heappop(self._ready)
            change = self._changes[position]
            if change.address in self.outcomes:  # abandoned
                continue
            key = self._exclusive_key(change)
            if key is not None and key in self._held:
                heappush(self._parked[key], position)
                continue
            if key is not None:
                self._held.add(key)
            self.running[change.address] = key
            return change
        return None

    def settle(self, outcome: Outcome) -> tuple[Outcome, ...]:
        """Take note of an outcome; returns it and the skips that follow from it."""
        self._record(outcome)
        return (outcome, *self._release(outcome.address))

    def abandon(self, reason: str) -> tuple[Outcome, ...]:
        """Skip everything that is neither settled nor running."""
        left = [c.address for c in self._changes if c.address not in self.outcomes and c.address not in self.running]
        outcomes = tuple(Outcome(address, Status.SKIPPED, reason) for address in left)
        for outcome in outcomes:
            self._record(outcome)
        return outcomes

    def _record(self, outcome: Outcome) -> None:
        self.outcomes[outcome.address] = outcome
        key = self.running.pop(outcome.address, None)
        if key is not None:
            self._held.remove(key)
            if self._parked[key]:
                heappush(self._ready, heappop(self._parked[key]))

    def _release(self, settled: Address) -> list[Outcome]:
        """Count down what waits for it: the last one makes a change ready, or skips it."""
        skips: list[Outcome] = []
        names = deque([settled])
        while names:
            for address in self._waiting.get(names.popleft(), ()):
                self._unsettled[address] -= 1
                if self._unsettled[address] == 0 and (skip := self._judge(address)):
                    skips.append(skip)
                    names.append(address)
        return skips

    def _judge(self, address: Address) -> Outcome | None:
        """Make it ready, or skip it when something that it waited for did not succeed."""
        if address in self.outcomes:
            return None
        position = self._position[address]
        roots = [root for needed in self._changes[position].waits_for if (root := self._root(needed))]
        if not roots:
            heappush(self._ready, position)
            return None
        self._roots[address] = roots[0]
        skip = Outcome(address, Status.SKIPPED, f"it needs {roots[0][0]}, which {roots[0][1]}")
        self._record(skip)
        return skip

    def _root(self, needed: Address) -> tuple[Address, str] | None:
        """Name where it began that this did not succeed; None when it did."""
        if needed in self._roots:
            return self._roots[needed]
        outcome = self.outcomes[needed]
        if outcome.status.succeeded:
            return None
        return needed, "failed" if outcome.status is Status.FAILED else f"was skipped: {outcome.reason}"
