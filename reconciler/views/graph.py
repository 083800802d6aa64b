"""What is declared, as a tree. Rule: a line per workspace; what it needs stands on its line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.escaping import escape
from reconciler.views.areas import Rule, rule_document, rule_lines
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined


class Node(Protocol):
    """A workspace, what is said of it, the siblings it needs, its helpers, and its area."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def full_name(self) -> str: ...  # noqa: D102
    @property
    def area(self) -> Sequence[Rule]: ...  # noqa: D102
    @property
    def label_facts(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def needs(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def children(self) -> Sequence[Node]: ...  # noqa: D102


def render_graph(nodes: Sequence[Node], *, style: Style = PLAIN, areas: bool = False) -> str:
    """Write the worktrees, each with its helpers below it.

    Args:
        nodes: the worktrees.
        style: whether to paint it.
        areas: tell what each may change, and where that is said, instead of what else is said of it.
    """
    look = _Look(style, areas)
    lines = [line for node in nodes for line in (_label(node, look), *_below(node, "", look))]
    return joined(lines or ["No worktrees are declared."])


def graph_document(nodes: Sequence[Node], *, areas: bool = False) -> dict[str, object]:
    """Give the tree the form that `--json` prints; with the area of each, if wanted."""
    return {"format": "orchestra.graph/1", "workspaces": [_document(node, areas=areas) for node in nodes]}


@dataclass(frozen=True, slots=True)
class _Look:
    style: Style
    areas: bool


def _below(node: Node, prefix: str, look: _Look) -> list[str]:
    bar = "│   " if node.children else "    "
    lines = [f"{prefix}{bar}{line}" for line in rule_lines(node.full_name, node.area)] if look.areas else []
    for index, child in enumerate(node.children):
        is_last = index == len(node.children) - 1
        lines.append(f"{prefix}{'└── ' if is_last else '├── '}{_label(child, look)}")
        lines += _below(child, prefix + ("    " if is_last else "│   "), look)
    return lines


def _label(node: Node, look: _Look) -> str:
    facts = [] if look.areas else [escape(fact) for fact in node.label_facts]
    if node.needs:
        facts.append("needs " + ", ".join(map(escape, node.needs)))
    return look.style.paint(escape(node.name), "bold") + (f"  {'; '.join(facts)}" if facts else "")


def _document(node: Node, *, areas: bool) -> dict[str, object]:
    area = {"full_name": node.full_name, "area": [rule_document(rule) for rule in node.area]} if areas else {}
    return {
        "name": node.name,
        "facts": list(node.label_facts),
        "needs": list(node.needs),
        **area,
        "helpers": [_document(child, areas=areas) for child in node.children],
    }
