"""`graph`: the declared workspaces as a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import Problem
from reconciler.manifest.areas import DeclaredArea, Rule, areas_of
from reconciler.manifest.declaration import Declaration
from reconciler.operations.session import Session


@dataclass(frozen=True, slots=True)
class Node:
    """A workspace, what is said of it, the siblings it needs, and its helpers.

    Attributes:
        area: the patterns of its area, each with its place.
    """

    name: str
    full_name: str
    label_facts: tuple[str, ...]
    needs: tuple[str, ...]
    children: tuple[Node, ...]
    area: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Declared:
    """The declared workspaces as trees.

    Attributes:
        warnings: what is told of the manifest without being refused, such as areas that overlap.
    """

    roots: tuple[Node, ...]
    warnings: tuple[Problem, ...]


def graph(session: Session) -> Declared:
    """Read the manifest as trees of workspaces.

    Raises:
        ManifestError: it is not valid.
    """
    manifest = session.load_manifest(values=False)
    declarations = {declaration.full_name: declaration for declaration in manifest.declarations}
    areas = areas_of(manifest.declarations)
    roots = (_node(each, declarations, areas) for each in declarations.values() if each.parent is None)
    return Declared(tuple(roots), manifest.warnings)


def _node(declaration: Declaration, declarations: Mapping[str, Declaration], areas: Mapping[str, DeclaredArea]) -> Node:
    children = tuple(_node(declarations[name], declarations, areas) for name in declaration.helpers)
    needs = tuple(name.rpartition("--")[2] for name in declaration.needs)
    area = areas[declaration.full_name].rules
    return Node(declaration.name, declaration.full_name, _facts(declaration), needs, children, area)


def _facts(declaration: Declaration) -> tuple[str, ...]:
    area = ", ".join(declaration.modify) or ("no area of its own" if declaration.parent else "everything")
    place = f"branch {declaration.branch}" if declaration.tree else "at its parent's desk"
    return tuple(fact for fact in (area, place, declaration.owner or "", declaration.task) if fact)
