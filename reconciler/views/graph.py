"""What is declared, as a tree. Rule: a line per workspace; what it needs stands on its line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reconciler.model.escaping import escape
from reconciler.views.style import PLAIN, Style
from reconciler.views.text import joined


class Node(Protocol):
    """A workspace, what is said of it, the siblings it needs, and its helpers."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def label_facts(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def needs(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def children(self) -> Sequence[Node]: ...  # noqa: D102


def render_graph(nodes: Sequence[Node], *, style: Style = PLAIN) -> str:
    """Write the worktrees, each with its helpers below it."""
    lines = [line for node in nodes for line in (_label(node, style), *_below(node, "", style))]
    return joined(lines or ["No worktrees are declared."])


def graph_document(nodes: Sequence[Node]) -> dict[str, object]:
    """Give the tree the form that `--json` prints."""
    return {"format": "orchestra.graph/1", "workspaces": [_document(node) for node in nodes]}


def _below(node: Node, prefix: str, style: Style) -> list[str]:
    lines: list[str] = []
    for index, child in enumerate(node.children):
        is_last = index == len(node.children) - 1
        lines.append(f"{prefix}{'└── ' if is_last else '├── '}{_label(child, style)}")
        lines += _below(child, prefix + ("    " if is_last else "│   "), style)
    return lines


def _label(node: Node, style: Style) -> str:
    facts = [escape(fact) for fact in node.label_facts]
    if node.needs:
        facts.append("needs " + ", ".join(map(escape, node.needs)))
    return style.paint(escape(node.name), "bold") + (f"  {'; '.join(facts)}" if facts else "")


def _document(node: Node) -> dict[str, object]:
    return {
        "name": node.name,
        "facts": list(node.label_facts),
        "needs": list(node.needs),
        "helpers": [_document(child) for child in node.children],
    }
