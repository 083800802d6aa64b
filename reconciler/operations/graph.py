"""`graph`: the declared workspaces as a tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.manifest.declaration import Declaration
from reconciler.operations.session import Session


@dataclass(frozen=True, slots=True)
class Node:
    """A workspace, what is said of it, the siblings it needs, and its helpers."""

    name: str
    label_facts: tuple[str, ...]
    needs: tuple[str, ...]
    children: tuple[Node, ...]


def graph(session: Session) -> tuple[Node, ...]:
    """Read the manifest as a tree of workspaces.

    Raises:
        ManifestError: it is not valid.
    """
    declarations = {
        declaration.full_name: declaration for declaration in session.load_manifest(values=False).declarations
    }
    return tuple(_node(each, declarations) for each in declarations.values() if each.parent is None)


def _node(declaration: Declaration, declarations: Mapping[str, Declaration]) -> Node:
    children = tuple(_node(declarations[name], declarations) for name in declaration.helpers)
    needs = tuple(name.rpartition("--")[2] for name in declaration.needs)
    return Node(declaration.name, _facts(declaration), needs, children)


def _facts(declaration: Declaration) -> tuple[str, ...]:
    area = ", ".join(declaration.modify) or ("no area of its own" if declaration.parent else "everything")
    place = f"branch {declaration.branch}" if declaration.tree else "at its parent's desk"
    return tuple(fact for fact in (area, place, declaration.owner or "", declaration.task) if fact)
