"""`destroy`: save what bears our mark and take it down; keep what no save can hold, and say why."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from reconciler import __version__
from reconciler.engine.graph import build_graph
from reconciler.engine.observer import observe
from reconciler.engine.planner import make_destroy_plan
from reconciler.engine.selection import Selection
from reconciler.errors import OrchestraError
from reconciler.kinds.given import CONTAINERS
from reconciler.kinds.scope import Scope
from reconciler.kinds.workspace.removal import Removal
from reconciler.model.serial import Origin
from reconciler.operations.execution import Applied, Execution
from reconciler.operations.plan import Planned, kinds_of
from reconciler.operations.running import carry_out, require_few
from reconciler.operations.session import Session


@dataclass(frozen=True, slots=True)
class DestroyOptions:
    """What is destroyed: all that is yours or nobody's, only `targets`, not `excludes`, or what others own too.

    Attributes:
        removal: how each tree is treated.
        max_destroy: refuse to remove more workspaces than this; None is no limit.
    """

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    all_owners: bool = False
    removal: Removal = field(default_factory=Removal)
    max_destroy: int | None = None


def destroy(session: Session, options: DestroyOptions | None, execution: Execution) -> Applied:
    """Plan from the marks alone, ask, and remove.

    Raises:
        UsageError: a selector matches nothing.
        RefusedError: it would remove more than it may.
        LockHeldError: another apply is at work.
        ClientError: git failed.
    """

    def make(session: Session) -> Planned:
        wanted = options or DestroyOptions()
        return require_few(plan_destroy(session, wanted), wanted.max_destroy)

    return carry_out(session, make(session), "destroy", execution, again=make)


def plan_destroy(session: Session, options: DestroyOptions) -> Planned:
    """Say of everything that bears our mark whether it would go. Marks are enough; the manifest only spares volumes."""
    clone = session.survey.clone
    kinds = kinds_of(session, clone, (), options.removal)
    if CONTAINERS in kinds:
        session.memory.volumes.update(_declared_volumes(session))
    mine = None if options.all_owners else session.user
    snapshot = observe(kinds, (), lambda: Scope(session.survey, examine=True, mine=mine))
    plan = make_destroy_plan(kinds, snapshot, Selection(options.targets, options.excludes))
    created = datetime.now(UTC).isoformat(timespec="seconds")
    origin = Origin("destroy", "", clone or "", __version__, created)
    return Planned(plan, build_graph(()), snapshot, origin, removal=options.removal)


def _declared_volumes(session: Session) -> dict[str, Mapping[str, str]]:
    """What the manifest says now of the volumes of each workspace; nothing where it cannot be read."""
    with contextlib.suppress(OrchestraError):
        declarations = session.load_manifest(values=False).declarations
        return {each.full_name: each.containers.volumes for each in declarations if each.containers}
    return {}
