"""Which files are told on one line with the workspace they come or go with. Rule: only those that need no words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.model.address import Address
from reconciler.model.change import Action, Change

_DESKS = ".sub-agents/"


@dataclass(frozen=True, slots=True)
class Group:
    """A change, and the files told with it.

    Attributes:
        files: paths as seen from where the group's workspace keeps its things.
        folded: the addresses of these files.
    """

    change: Change
    files: tuple[str, ...] = ()
    folded: tuple[Address, ...] = ()


def group(changes: Sequence[Change]) -> tuple[Group, ...]:
    """Fold files into the workspaces whose fate they share; the order of what remains is kept."""
    heads = {change.address.name: change for change in changes if change.address.kind == "workspace"}
    told: dict[Address, list[tuple[str, Address]]] = {}
    for change in changes:
        head, path = _head(change.address, heads)
        if head and _shares_fate(change, head):
            told.setdefault(head.address, []).append((path, change.address))
    folded = {address for files in told.values() for _, address in files}
    return tuple(_with(told.get(each.address, []), each) for each in changes if each.address not in folded)


def _with(files: Sequence[tuple[str, Address]], change: Change) -> Group:
    return Group(change, tuple(path for path, _ in files), tuple(address for _, address in files))


def _head(address: Address, heads: Mapping[str, Change]) -> tuple[Change | None, str]:
    """Find the workspace that a file belongs to: the one whose tree holds it, or whose desk within that tree does."""
    if address.kind != "file":
        return None, ""
    name, _, path = address.name.partition("/")
    found = heads.get(name), path
    while path.startswith(_DESKS):
        helper, slash, path = path.removeprefix(_DESKS).partition("/")
        name = f"{name}--{helper}"
        if slash and name in heads:
            found = heads[name], path
    return found


def _shares_fate(change: Change, head: Change) -> bool:
    """Whether naming the file on its workspace's line says all; what is updated has a difference to show."""
    if change.touches_work or change.hint or change.drift or change.mode is not head.mode:
        return False
    if head.action is Action.CONFLICT:
        return change.is_pending and head.address in change.waits_for
    if change.action is Action.UPDATE:
        return False
    if (change.action, change.orphan) != (head.action, head.orphan):
        return False
    is_left_alone = change.action is Action.NO_OP and not change.orphan
    return not is_left_alone and change.notes in ((), head.notes)
