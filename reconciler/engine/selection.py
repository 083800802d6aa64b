"""`--target` and `--exclude`: which part of the declared and the left over a command is about.

A target brings what it depends on, an exclusion takes what depends on it along, so what remains can always be carried
out. For removals "depends on" is turned round: a tree goes only together with what lies in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.engine.graph import Graph, reach
from reconciler.engine.naming import SEPARATOR, did_you_mean, is_part, place_of
from reconciler.engine.nesting import Nesting
from reconciler.errors import UsageError
from reconciler.model.address import Address


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user asked for.

    A selector is an address (`file:auth/SESSION.md`) or the name of a workspace, which means all that belongs to it,
    helpers too. Both take `*`, `?` and `[...]`; `*` crosses `/` and `--`.
    """

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out."""
        return not (self.targets or self.excludes)

    def __str__(self) -> str:
        """Write it as it was typed."""
        options = [f"--target {target}" for target in self.targets]
        return " ".join(options + [f"--exclude {exclude}" for exclude in self.excludes])


EVERYTHING = Selection()


def select(selection: Selection, graph: Graph, removable: Nesting) -> frozenset[Address]:
    """Resolve a selection to addresses.

    Args:
        selection: what was asked for.
        graph: what is declared.
        removable: what may be removed, disjoint from what is declared.

    Raises:
        UsageError: a selector matches nothing.
    """
    everything = (*graph.resources, *removable.addresses)
    chosen = frozenset(everything)
    if selection.targets:
        matched = _match_all("--target", selection.targets, everything)
        chosen = _with_needed(matched & graph.resources.keys(), graph) | reach(
            matched - graph.resources.keys(), removable.directly_below
        )
    excluded = _match_all("--exclude", selection.excludes, everything)
    return (
        chosen
        - graph.with_descendants(excluded & graph.resources.keys())
        - reach(excluded - graph.resources.keys(), removable.directly_above)
    )


def _with_needed(matched: frozenset[Address], graph: Graph) -> frozenset[Address]:
    """Add what they depend on; a workspace around them comes with what lies in it, as it would be no whole one."""
    needed = graph.with_ancestors(matched)
    around = {place_of(address) for address in needed} - {place_of(address) for address in matched}
    parts = {address for address in graph.resources if is_part(address) and place_of(address) in around}
    return needed | graph.with_ancestors(parts)


def _match_all(option: str, selectors: Iterable[str], addresses: Collection[Address]) -> frozenset[Address]:
    return frozenset(address for selector in selectors for address in _match(option, selector, addresses))


def _match(option: str, selector: str, addresses: Collection[Address]) -> list[Address]:
    matches = [address for address in addresses if _is_match(selector, address)]
    if not matches:
        hint = did_you_mean(selector, _names(addresses)) or "`orchestra graph` shows what is declared"
        raise UsageError(f"{option} {selector}: nothing of that name", hint=hint)
    return matches


def _is_match(selector: str, address: Address) -> bool:
    if ":" in selector:
        return fnmatchcase(str(address), selector)
    return any(fnmatchcase(name, selector) for name in _workspaces(address))


def _workspaces(address: Address) -> list[str]:
    """Name the workspace that it belongs to and those around it: `auth`, `auth--test`."""
    place = place_of(address)
    return [SEPARATOR.join(place[:depth]) for depth in range(1, len(place) + 1)]


def _names(addresses: Iterable[Address]) -> set[str]:
    return {name for address in addresses for name in (str(address), *_workspaces(address))}
