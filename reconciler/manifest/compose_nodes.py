"""A Compose file as a tree of values that know their place.

The rule: what Compose takes is taken here (merge keys, its own tags); what is wrong in it beyond YAML itself is for the
engine to say. It is read for its places, its ports and what it reads itself, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest.nodes import ListNode, MapNode, Node, ScalarNode, resolve

MOST_BYTES = 1024 * 1024
_MERGE = "<<"
_MOST_LEVELS = 64


def parse(content: bytes, label: str) -> MapNode:
    """Read a Compose file.

    Raises:
        ManifestError: it is no YAML, or no mapping.
    """
    from ruamel.yaml import YAML  # noqa: PLC0415 - heavy
    from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415

    try:
        composed = YAML(typ="safe", pure=True).compose(_text(content, label))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Location(label, mark.line + 1, mark.column + 1) if mark else Location(label, 1, 1)
        raise _failure(f"this is not YAML: {error.problem or error.context}", where) from error
    except (YAMLError, ValueError) as error:
        raise _failure(f"this is not YAML: {error}", Location(label, 1, 1)) from error
    root = _Converter(label).convert(composed, 0) if composed is not None else None
    if not isinstance(root, MapNode):
        raise _failure("a Compose file is a mapping", Location(label, 1, 1), "begin with `services:`")
    return root


def places(node: Node, path: str = "", *, most: int = 20_000) -> dict[str, Location]:
    """The place of every key and item, by dotted path."""
    found: dict[str, Location] = {}
    for where, place in _places(node, path):
        found.setdefault(where, place)
        if len(found) >= most:
            break
    return found


def _places(node: Node, path: str) -> Iterator[tuple[str, Location]]:
    prefix = f"{path}." if path else ""
    if isinstance(node, MapNode):
        for key, value in node.entries.items():
            yield f"{prefix}{key}", node.keys[key]
            yield from _places(value, f"{prefix}{key}")
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield f"{prefix}{index}", item.where
            yield from _places(item, f"{prefix}{index}")


def _text(content: bytes, label: str) -> str:
    if len(content) > MOST_BYTES:
        raise _failure("the file is larger than 1 MiB", Location(label, 1, 1))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _failure("this is not UTF-8 text", Location(label, 1, 1), "save the file as UTF-8") from error


def _failure(message: str, where: Location, hint: str = "") -> ManifestError:
    return ManifestError((Problem(message, where, hint),))


class _Converter:
    """Makes our nodes of those of ruamel.yaml; one that is shared by aliases is made once."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._made: dict[int, Node] = {}

    def convert(self, node: Any, depth: int) -> Node:  # noqa: ANN401 - the parser's own type
        if depth > _MOST_LEVELS:
            raise _failure("it is nested too deep, or holds itself", self._place(node))
        if id(node) not in self._made:
            self._made[id(node)] = self._convert(node, depth)
        return self._made[id(node)]

    def _convert(self, node: Any, depth: int) -> Node:  # noqa: ANN401
        where, kind = self._place(node), type(node).__name__
        if kind == "MappingNode":
            return self._map(node, where, depth)
        if kind == "SequenceNode":
            return ListNode(tuple(self.convert(item, depth + 1) for item in node.value), where)
        return ScalarNode(resolve(node.value) if not node.style else node.value, node.value, where)

    def _map(self, node: Any, where: Location, depth: int) -> MapNode:  # noqa: ANN401
        entries: dict[str, Node] = {}
        keys: dict[str, Location] = {}
        merged: list[MapNode] = []
        for key, value in node.value:
            made = self.convert(value, depth + 1)
            if key.value == _MERGE:
                items = made.items if isinstance(made, ListNode) else (made,)
                merged += [each for each in items if isinstance(each, MapNode)]
            elif isinstance(key.value, str):
                entries[key.value], keys[key.value] = made, self._place(key)
        for each in merged:
            entries = {**each.entries, **entries}
            keys = {**each.keys, **keys}
        return MapNode(entries, keys, where)

    def _place(self, node: Any) -> Location:  # noqa: ANN401
        return Location(self._label, node.start_mark.line + 1, node.start_mark.column + 1)
