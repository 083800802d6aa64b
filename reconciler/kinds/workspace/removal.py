"""What is to be removed, how, and what becomes of it. Values only: whoever plans without a removal needs no more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.clients.marks import Mark
from reconciler.clients.trees import TreeRecord
from reconciler.kinds.workspace.spec import Base
from reconciler.vault.losses import LIMIT_BYTES, Loss

if TYPE_CHECKING:
    from reconciler.vault.unsaveable import Appraisal


@dataclass(frozen=True, slots=True)
class Removal:
    """How what is removed is to be treated.

    Attributes:
        merged_only: keep what would be parked.
        older_than: keep what somebody worked on since so long ago.
        delete_branches: remove branches as well; the archive has them.
        given_up: what may be lost, since no save can hold it.
        give_up_ignored: lose what git ignores.
        limit_bytes: how much may be saved of one tree; a larger one is kept.
        is_declared: whether an apply brings back what is parked.
        now: when it is.
    """

    merged_only: bool = False
    older_than: timedelta | None = None
    delete_branches: bool = False
    given_up: frozenset[Loss] = frozenset()
    give_up_ignored: bool = False
    limit_bytes: int = LIMIT_BYTES
    is_declared: bool = True
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a tree.

    Attributes:
        kept_because: why it stays; empty when it goes.
        reason: in words, why it may go and what is saved.
        seen: what was seen of it; None when it was not looked at, or stays.
    """

    kept_because: tuple[str, ...] = ()
    reason: str = ""
    seen: Appraisal | None = None


@dataclass(frozen=True, slots=True)
class Doomed:
    """A tree that is to be removed, with what its marks say."""

    name: str
    record: TreeRecord
    mark: Mark
    base: Base
