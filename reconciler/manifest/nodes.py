"""A document as a tree of values that know their place.

The rule: scalars are YAML 1.2 core, narrowed where YAML readers disagree. `no` and `1_000` are text. Numbers that
readers take differently (`0x1F`, `0o17`, `017`, `1e3`, `.inf`) are of no use: every field refuses them until quoted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.errors import Location

Value = str | int | float | bool | None

_WORDS: Mapping[str, bool | None] = MappingProxyType(
    dict.fromkeys(("", "~", "null", "Null", "NULL"))
    | dict.fromkeys(("true", "True", "TRUE"), True)
    | dict.fromkeys(("false", "False", "FALSE"), False)
)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_NUMBER = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
    re.ASCII,
)
_LONGEST_INTEGER = 18


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value.

    Attributes:
        text: as written, without quotes.
        where: its first character, or its key when it is empty.
        shift: from the column of `where` to the first character of `text` when that stands there verbatim, else None.
    """

    value: Value
    text: str
    where: Location
    shift: int | None = None
    size: int = 1
    depth: int = 0

    def place(self, offset: int) -> Location:
        """The place of one character of the text, as near as is known."""
        if self.shift is None:
            return self.where
        return Location(self.where.file, self.where.line, self.where.column + self.shift + offset)


@dataclass(frozen=True, slots=True)
class ListNode:
    """A sequence. `size` counts all values below, aliases expanded; `depth` the levels."""

    items: tuple[Node, ...]
    where: Location
    size: int = 1
    depth: int = 0


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping from text.

    Attributes:
        keys: the place of each key.
        flow: it is written in braces.
    """

    entries: Mapping[str, Node]
    keys: Mapping[str, Location]
    where: Location
    flow: bool = False
    size: int = 1
    depth: int = 0


Node = ScalarNode | ListNode | MapNode


class Missing:
    """What a key without a value holds; equal to nothing that a model accepts."""


MISSING = Missing()


def resolve(text: str) -> Value:
    """Read a plain scalar."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text) and len(text) <= _LONGEST_INTEGER:
        return int(text)
    return float("nan") if _NUMBER.fullmatch(text) else text


def plain(node: Node) -> object:
    """Turn a tree into what the models read: dict, list, text, number, truth, `MISSING`."""
    if isinstance(node, MapNode):
        return {key: plain(value) for key, value in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return MISSING if node.value is None else node.value


def child(node: Node, key: str | int) -> Node | None:
    """Step down one level; None when there is nothing of that key or index."""
    if isinstance(node, MapNode) and isinstance(key, str):
        return node.entries.get(key)
    if isinstance(node, ListNode) and isinstance(key, int) and key < len(node.items):
        return node.items[key]
    return None


def find(node: Node, path: tuple[str | int, ...]) -> Node:
    """Walk down; steps that the document does not have are skipped."""
    for key in path:
        node = child(node, key) or node
    return node


def key_place(node: Node, path: tuple[str | int, ...]) -> Location:
    """The place of the key that ends a path; of the nearest value above it when there is no such key."""
    parent = find(node, path[:-1])
    if path and isinstance(parent, MapNode) and path[-1] in parent.keys:
        return parent.keys[str(path[-1])]
    return find(node, path).where
