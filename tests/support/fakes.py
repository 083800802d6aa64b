"""Fake kinds over a fake world, a reporter and a journal that remember, a clock that moves only when somebody sleeps.

They keep to the protocols of `reconciler.model`; what a test wants to go wrong it says in `World.faults`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.errors import OrchestraError
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange, Mode
from reconciler.model.event import Event, Finished, Interrupted, Started
from reconciler.model.kind import Kind
from reconciler.model.outcome import Outcome
from reconciler.model.resource import Resource


@dataclass(frozen=True, slots=True)
class FakeSpec:
    """What a fake thing should be."""

    value: str = "wanted"
    key: str | None = None
    mode: Mode = Mode.IN_PLACE


@dataclass
class World:
    """What exists, and what happened to it. Shared by threads, so every change of it is made under its lock.

    Attributes:
        things: value by address.
        faults: exceptions that acting on an address raises, one per attempt, before it does anything.
        look_faults: the same for looking at it.
        foreign: addresses where something stands that is not ours.
        kept: addresses whose removal is refused by their kind, with the reason.
        forgetful: addresses where acting has no effect.
        on_act: called while an address is being worked on, in the worker's thread.
    """

    things: dict[Address, str] = field(default_factory=dict)
    faults: dict[Address, list[Exception]] = field(default_factory=dict)
    look_faults: dict[Address, list[Exception]] = field(default_factory=dict)
    foreign: set[Address] = field(default_factory=set)
    kept: dict[Address, str] = field(default_factory=dict)
    forgetful: set[Address] = field(default_factory=set)
    on_act: Callable[[Address], None] = lambda _address: None
    acts: list[Address] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def act(self, address: Address, value: str | None) -> None:
        """Make a thing so, or gone."""
        with self.lock:
            self.acts.append(address)
            fault = self.faults[address].pop(0) if self.faults.get(address) else None
        self.on_act(address)
        if fault is not None:
            raise fault
        with self.lock:
            if address in self.forgetful:
                return
            if value is None:
                self.things.pop(address, None)
            else:
                self.things[address] = value

    def look(self, address: Address) -> str | None:
        """Read one thing."""
        with self.lock:
            if self.look_faults.get(address):
                raise self.look_faults[address].pop(0)
            return self.things.get(address)


class FakeKind:
    """Things with one field, `value`."""

    def __init__(self, name: str, world: World) -> None:
        self._name = name
        self._world = world

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    def observe(self, resources: Sequence[Resource[FakeSpec]], scope: World) -> Mapping[Address, str]:
        """Find all of this kind."""
        scope.reads.append(self._name)
        return {address: value for address, value in scope.things.items() if address.kind == self._name}

    def look(self, resource: Resource[FakeSpec]) -> str | None:
        """Read one."""
        return self._world.look(resource.address)

    def diff(self, resource: Resource[FakeSpec], actual: str | None) -> Change:
        """Compare the one field."""
        address, spec = resource.address, resource.spec
        if address in self._world.foreign:
            return Change(address, Action.CONFLICT, "somebody else's", hint="move it away")
        if actual == spec.value:
            return Change(address, Action.NO_OP)
        observed = {} if actual is None else {"value": actual}
        fields = (FieldChange("value", actual, spec.value),)
        action, reason = (Action.CREATE, "absent") if actual is None else (Action.UPDATE, "differs")
        return Change(address, action, reason, fields, mode=spec.mode, observed=observed)

    def orphan(self, address: Address, actual: str) -> Change:
        """Remove it, unless the world says that it is kept."""
        if address in self._world.kept:
            return Change(address, Action.NO_OP, self._world.kept[address])
        return Change(address, Action.DELETE, "left over", observed={"value": actual})

    def assume(self, resource: Resource[FakeSpec]) -> str:
        """Be as wanted."""
        return resource.spec.value

    def apply(self, change: Change, resource: Resource[FakeSpec], actual: str | None) -> None:
        """Make it so."""
        self._world.act(resource.address, resource.spec.value)

    def destroy(self, address: Address, actual: str) -> None:
        """Remove it."""
        self._world.act(address, None)

    def exclusive_key(self, address: Address, spec: FakeSpec | None) -> str | None:
        """Name what the declaration names."""
        return spec.key if spec else None


def fake_kinds(world: World, *names: str) -> dict[str, Kind[FakeSpec, str, World]]:
    """Make kinds over one world; `workspace` and `file` unless named."""
    return {name: FakeKind(name, world) for name in names or ("workspace", "file")}


@dataclass
class RecordingReporter:
    """Remembers every event, and whether it was ever told from two threads."""

    events: list[Event] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    on_interrupted: Callable[[], None] = lambda: None

    def report(self, event: Event) -> None:
        """Remember it."""
        self.threads.add(threading.get_ident())
        self.events.append(event)
        if isinstance(event, Interrupted):
            self.on_interrupted()

    def lines(self) -> list[str]:
        """Write what was started and finished, in order."""
        return [line for event in self.events if (line := _line(event))]


def _line(event: Event) -> str:
    match event:
        case Started(change):
            return f"started {change.address}"
        case Finished(_, outcome):
            return f"{outcome.status.value} {outcome.address}"
        case _:
            return ""


@dataclass
class RecordingJournal:
    """Remembers what was written down; refuses to write where it is told to."""

    entries: list[str] = field(default_factory=list)
    intent_fault: OrchestraError | None = None
    done_fault: OrchestraError | None = None

    def intent(self, change: Change) -> None:
        """Remember it."""
        if self.intent_fault:
            raise self.intent_fault
        self.entries.append(f"intent {change.address}")

    def done(self, outcome: Outcome) -> None:
        """Remember it."""
        if self.done_fault:
            raise self.done_fault
        self.entries.append(f"done {outcome.address}")


@dataclass
class FakeClock:
    """Time that moves only when somebody sleeps; no thread ever waits for it."""

    now: float = 0.0
    sleeps: list[float] = field(default_factory=list)
    on_sleep: Callable[[], None] = lambda: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        with self.lock:
            self.now += seconds
            self.sleeps.append(seconds)
        self.on_sleep()
