"""What a plan can be asked for. Apart from the operation, whose import is slow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What shapes a plan.

    Attributes:
        targets: only these, and what they depend on.
        excludes: not these, nor what depends on them.
        prune: also remove what is ours and no longer declared.
        against: plan from the manifest at this commit instead of from the world.
        all_owners: also what belongs to others.
        replace: files whose edits by hand are replaced.
        fresh: make trees anew although archives of them wait to be brought back.
        max_destroy: refuse to remove more worktrees than this; None is no limit.
    """

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    prune: bool = False
    against: str | None = None
    all_owners: bool = False
    replace: tuple[str, ...] = ()
    fresh: bool = False
    max_destroy: int | None = None
