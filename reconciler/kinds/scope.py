"""The one snapshot that all kinds read a plan from."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.clients.survey import Survey


@dataclass(frozen=True, slots=True)
class Scope:
    """What a plan looks at.

    Attributes:
        survey: the repository as it is.
        examine: also find out, at the cost of some programs for each, what would become of what is no longer declared.
        set_aside: full names of workspaces that are declared and that this run leaves alone (another owner's).
        declared: full names of the workspaces that this run is about.
        mine: the owner whose things may be removed beside the unowned; None may remove anybody's.
    """

    survey: Survey
    examine: bool = False
    set_aside: frozenset[str] = frozenset()
    mine: str | None = None
    declared: frozenset[str] = frozenset()
