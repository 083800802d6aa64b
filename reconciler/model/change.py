"""What a plan says of one resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from reconciler.model.address import Address


class Action(Enum):
    """An order. The value is the symbol it is printed with.

    `CONFLICT` is no order: something stands in the way that is
    not ours to change, so the change cannot be carried out and whatever waits for it is skipped.
    """

    NO_OP = " "
    CREATE = "+"
    UPDATE = "~"
    DELETE = "-"
    CONFLICT = "!"


_ORDERS = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE})


class Mode(Enum):
    """How a change will be made."""

    IN_PLACE = "in place"
    RESTART = "by restart"
    PERSON = "only after a person"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, before and after; None means absent.

    Attributes:
        text: both sides are whole texts, to be shown as a unified diff.
    """

    path: str
    before: str | None
    after: str | None
    text: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of one resource, and why.

    Attributes:
        address: the resource.
        action: the order.
        reason: why, for people; nothing decides by it.
        fields: what differs.
        waits_for: whose success it needs, direct ones only.
        mode: `PERSON` is shown and never carried out by `apply` itself.
        notes: what a reader should know beside the difference, for example that a base moved on.
        drift: differences that somebody made by hand, each in words: they are kept.
        orphan: it is ours and no longer declared.
        observed: the facts that this change was planned from, field by field: its fingerprint. Apply looks again
            before it acts and refuses when one of them moved.
        touches_work: in words, what live work or data it puts at risk; empty when none.
    """

    address: Address
    action: Action
    reason: str = ""
    fields: tuple[FieldChange, ...] = ()
    waits_for: tuple[Address, ...] = ()
    mode: Mode = Mode.IN_PLACE
    notes: tuple[str, ...] = ()
    orphan: bool = False
    observed: Mapping[str, str] = field(default_factory=dict)
    touches_work: str = ""
    hint: str = ""
    drift: tuple[str, ...] = ()

    @property
    def is_pending(self) -> bool:
        """Whether apply would carry it out."""
        return self.action in _ORDERS and self.mode is not Mode.PERSON

    @property
    def is_silent(self) -> bool:
        """Whether it stays as it is, and nothing is to be said of that."""
        return self.action is Action.NO_OP and not (self.notes or self.drift)
