"""Declared and found in, a plan out. Pure: it reads nothing, changes nothing and asks nobody.

What to do with one resource is its kind's decision; here it is put in order and told what to wait for.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.engine.graph import Graph, build_graph
from reconciler.engine.nesting import Nesting
from reconciler.engine.observer import Kinds, Snapshot
from reconciler.engine.selection import EVERYTHING, Selection, select
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, Mode
from reconciler.model.kind import Follower, Heir
from reconciler.model.plan import Plan

PRUNE_NOTE = "no longer declared; `orchestra apply --prune` removes it, `plan --prune` shows how"


def make_plan(
    graph: Graph,
    kinds: Kinds,
    snapshot: Snapshot,
    *,
    selection: Selection = EVERYTHING,
    prune: bool = False,
    notes: tuple[str, ...] = (),
) -> Plan:
    """Plan what makes the found into the declared.

    Args:
        graph: what is declared.
        kinds: every kind by its name, those that others stand on first.
        snapshot: what was found.
        selection: the part that is asked for.
        prune: remove what is ours and no longer declared; otherwise it is only shown.
        notes: what else concerns the whole plan.

    Raises:
        UsageError: a selector matches nothing.
    """
    removable = Nesting(snapshot.orphans(graph.resources), tuple(kinds))
    selected = select(selection, graph, removable)
    left_over = _remove(kinds, snapshot, removable, selected)
    if not prune:
        left_over = tuple(_only_show(change) for change in left_over)
    removed = frozenset(change.address for change in left_over if _is_removal(change))
    wanted = _converge(graph, kinds, snapshot, selected, removed)
    return Plan(wanted + left_over, notes + _partial(selection))


def make_destroy_plan(kinds: Kinds, snapshot: Snapshot, selection: Selection = EVERYTHING) -> Plan:
    """Plan the removal of everything that bears our mark, what lies deepest first.

    Raises:
        UsageError: a selector matches nothing.
    """
    removable = Nesting(snapshot, tuple(kinds))
    selected = select(selection, build_graph(()), removable)
    return Plan(_remove(kinds, snapshot, removable, selected), _partial(selection))


def _partial(selection: Selection) -> tuple[str, ...]:
    if selection.is_everything:
        return ()
    return (f"limited by `{selection}`: what it leaves out is not part of this plan",)


def _converge(
    graph: Graph, kinds: Kinds, snapshot: Snapshot, selected: frozenset[Address], removed: frozenset[Address]
) -> tuple[Change, ...]:
    changes: dict[Address, Change] = {}
    for address, resource in graph.resources.items():
        if address in selected:
            kind, actual = kinds[address.kind], snapshot.get(address)
            change = kind.diff(resource, actual)
            if removed and isinstance(kind, Heir):
                change = kind.inherit(resource, actual, change, removed)
            before = [(graph.resources[n], changes[n]) for n in graph.dependencies(address) if _is_made(changes.get(n))]
            if before and isinstance(kind, Follower):
                change = kind.follow(resource, actual, change, before)
            needed = tuple(needed for needed in graph.dependencies(address) if is_awaited(changes.get(needed)))
            waits_for = (*needed, *change.waits_for)
            changes[address] = replace(change, waits_for=waits_for if change.action is not Action.NO_OP else ())
    return tuple(changes.values())


def _is_made(change: Change | None) -> bool:
    return change is not None and change.is_pending


def is_awaited(change: Change | None) -> bool:
    """Whether dependents must wait: it is pending, in conflict, or will exist only after a person made it."""
    if change is None:
        return False
    is_left_to_a_person = change.action is Action.CREATE and change.mode is Mode.PERSON
    return change.is_pending or change.action is Action.CONFLICT or is_left_to_a_person


def _remove(kinds: Kinds, snapshot: Snapshot, removable: Nesting, selected: frozenset[Address]) -> tuple[Change, ...]:
    """Ask for each what removing it would be; what lies above something that stays, stays too."""
    changes: dict[Address, Change] = {}
    for address in removable.addresses:
        if address in selected:
            decided = kinds[address.kind].orphan(address, snapshot[address])
            below = [changes[lower] for lower in removable.directly_below(address) if lower in changes]
            changes[address] = _order_removal(replace(decided, orphan=True), below)
    return tuple(changes.values())


def _order_removal(change: Change, below: list[Change]) -> Change:
    if not _is_removal(change):
        return change
    kept = next((lower for lower in below if not _is_removal(lower)), None)
    if kept is not None:
        return replace(change, action=Action.NO_OP, fields=(), reason=f"kept, because {kept.address} is kept")
    return replace(change, waits_for=tuple(lower.address for lower in below))


def _is_removal(change: Change) -> bool:
    return change.is_pending and change.action is Action.DELETE


def _only_show(change: Change) -> Change:
    note = PRUNE_NOTE if _is_removal(change) else "no longer declared; " + (change.reason or "kept")
    return replace(change, action=Action.NO_OP, reason="", fields=(), waits_for=(), notes=(*change.notes, note))
