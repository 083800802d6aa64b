"""Who has which number on this host: the list, as far as marks in trees confirm it, and who listens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.clients.marks import load_book
from reconciler.clients.port_list import Holder
from reconciler.errors import OrchestraError, PermanentError
from reconciler.kinds.given import numbers_of
from reconciler.kinds.ports.choose import ExhaustedError, choose
from reconciler.kinds.ports.spec import KIND, PortsSpec
from reconciler.model.address import Address

_SHOWN = 3


@dataclass(frozen=True)
class Holders:
    """One look at the host.

    Attributes:
        ports: the list.
        listening: the numbers that somebody listens on.
        clone: the clone that asks; None before its first apply.
        leaving: numbers that are taken for free, since what has them is to be removed first.
        home: its git directory, from which it begins to search, so that what a plan shows is what apply gives.
    """

    ports: Mapping[int, Holder]
    listening: frozenset[int]
    clone: str | None
    home: Path
    leaving: Collection[int] = ()
    _confirmed: dict[Holder, frozenset[int]] = field(default_factory=dict)

    def is_own(self, number: int, spec: PortsSpec, name: str) -> bool:
        """Whether the list has a number under this name of the workspace."""
        who = self.ports.get(number)
        return who is not None and self._is_own(who, spec) and who.name == name

    def is_listed(self, number: int, spec: PortsSpec, name: str, git_dir: Path) -> bool:
        """Whether the list says just what the mark in a tree says."""
        return self.ports.get(number) == Holder(self.clone or "", spec.workspace, name, git_dir)

    def other(self, number: int, spec: PortsSpec) -> str:
        """Who else has a number, in words; empty when nobody has it."""
        who = self.ports.get(number)
        if who is None or number in self.leaving or self._is_own(who, spec) or number not in self._numbers_of(who):
            return ""
        return f"{who.name} of {who.workspace} in {_repository(who.git_dir)}"

    def wishes(self, spec: PortsSpec, numbers: Mapping[str, int]) -> dict[str, list[int]]:
        """The numbers that each name had last: by its mark, and by the list."""
        by_list = {name: [n for n in self.ports if self.is_own(n, spec, name)] for name in spec.names}
        return {name: [*([numbers[name]] if name in numbers else ()), *by_list[name]] for name in spec.names}

    def choose(
        self,
        spec: PortsSpec,
        names: Sequence[str],
        numbers: Mapping[str, int],
        *,
        also_taken: Callable[[int], bool],
    ) -> dict[str, int]:
        """Choose numbers for these names, the ones that they had last if possible.

        Raises:
            PermanentError: all are taken.
        """
        if not names:  # nearly always; what others had is a long list
            return {}
        try:
            return choose(
                names,
                spec.span,
                owner=f"{self.home} {spec.workspace}",
                wishes=self.wishes(spec, numbers),
                remembered={number for number, who in self.ports.items() if not self._is_own(who, spec)},
                is_taken=lambda n: n in self.listening or bool(self.other(n, spec)) or also_taken(n),
            )
        except ExhaustedError as error:
            raise self._exhausted(spec, error.name) from error

    def _exhausted(self, spec: PortsSpec, name: str) -> PermanentError:
        low, high = spec.span
        held = Counter(filter(None, (self.other(n, spec).partition(" of ")[2] for n in range(low, high + 1))))
        listening = sum(low <= n <= high and not self.other(n, spec) for n in self.listening)
        beside = high - low + 1 - sum(held.values()) - listening
        said = [f"{count} by {who}" for who, count in held.most_common(_SHOWN)]
        more = sum(held.values()) - sum(count for _, count in held.most_common(_SHOWN))
        said += [f"{more} by others"] if more else []
        said += [f"{listening} in use"] if listening else []
        said += [f"{beside} by what is declared beside it"] if beside > 0 else []
        message = f"no port between {low} and {high} is left for {name} of {spec.workspace}: {', '.join(said)}"
        return PermanentError(message, hint="widen `port_range`, or destroy what is not needed")

    def _is_own(self, who: Holder, spec: PortsSpec) -> bool:
        return who.clone == self.clone and who.workspace in spec.workspaces

    def _numbers_of(self, who: Holder) -> frozenset[int]:
        """The numbers that the mark of a holder confirms."""
        if who not in self._confirmed:
            self._confirmed[who] = _confirmed_by(who)
        return self._confirmed[who]


def _confirmed_by(who: Holder) -> frozenset[int]:
    try:
        book = load_book(who.git_dir, who.clone) if who.git_dir.is_dir() else None
    except OrchestraError:  # a newer orchestra wrote it, or it cannot be read: it may well have them
        return frozenset(range(1 << 16))
    mark = book.marks.get(Address(KIND, who.workspace)) if book else None
    number = numbers_of(mark).get(who.name)
    return frozenset() if number is None else frozenset({number})


def _repository(git_dir: Path) -> Path:
    """`/src/shop/.git/worktrees/auth` is of `/src/shop`."""
    common_dir = git_dir.parent.parent
    return common_dir.parent if common_dir.name == ".git" else common_dir
