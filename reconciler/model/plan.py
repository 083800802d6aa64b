"""The difference between what is declared and what exists, as a value with a text form."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.model.change import Action, Change, Mode


@dataclass(frozen=True, slots=True)
class Summary:
    """The counts of `Plan: 3 to add, 1 to change, 0 to destroy.`."""

    add: int
    change: int
    destroy: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Every resource's change, unchanged ones too.

    Attributes:
        changes: in an order in which they could be carried out one after the other.
        notes: what concerns the whole plan, for example that the manifest comes from another branch than last time.
    """

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that apply would carry out."""
        return tuple(change for change in self.changes if change.is_pending)

    @property
    def conflicts(self) -> tuple[Change, ...]:
        """The resources that cannot be converged as things stand."""
        return tuple(change for change in self.changes if change.action is Action.CONFLICT)

    @property
    def kept(self) -> tuple[Change, ...]:
        """What was to be removed and is not, each with its reason."""
        return tuple(c for c in self.changes if c.orphan and c.action is Action.NO_OP and c.reason)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing for apply to do and nothing in its way."""
        return not self.pending and not self.conflicts

    @property
    def summary(self) -> Summary:
        """Count what apply would do; what waits for a conflict cannot be done."""
        blocked = self.blocked
        actions = [change.action for change in self.pending if change.address not in blocked]
        return Summary(actions.count(Action.CREATE), actions.count(Action.UPDATE), actions.count(Action.DELETE))

    @property
    def blocked(self) -> frozenset[Address]:
        """What waits for a conflict, if only through others. Changes come after what they wait for."""
        blocked = {change.address for change in self.conflicts}
        for change in self.pending:
            if blocked.intersection(change.waits_for):
                blocked.add(change.address)
        return frozenset(blocked)

    def find(self, address: Address) -> Change | None:
        """The change of one resource."""
        return next((change for change in self.changes if change.address == address), None)

    def __str__(self) -> str:
        """One line per change that is not a no-op, deterministic: the oracle of tests."""
        return "\n".join(_line(change) for change in self.changes if not change.is_silent)


def _line(change: Change) -> str:
    parts = [f"{change.action.value} {change.address}", f"({change.reason})" if change.reason else ""]
    if change.mode is Mode.PERSON:
        parts.append("[only after a person]")
    if change.fields:
        parts.append(", ".join(f"{f.path}: {f.before!r} -> {f.after!r}" for f in change.fields))
    if change.waits_for:
        parts.append("after " + ", ".join(str(address) for address in change.waits_for))
    parts.extend(f"drift: {drift}" for drift in change.drift)
    parts.extend(f"note: {note}" for note in change.notes)
    return " ".join(part for part in parts if part)
