"""One YAML file to a tree of nodes with places; what is dangerous or ambiguous in YAML is refused here.

The rule: no tag is obeyed, and no text can make the tree larger than `MOST_VALUES` or deeper than `MOST_LEVELS`.
Anchors and aliases are allowed within that; merge keys are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from reconciler.errors import Location, ManifestError, Problem
from reconciler.manifest import events, traps
from reconciler.manifest.nodes import ListNode, MapNode, Node, ScalarNode, resolve
from reconciler.manifest.problems import Problems, quote

MOST_BYTES = 1024 * 1024
MOST_VALUES = 100_000
MOST_LEVELS = 32

_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")
_HALF = re.compile("[\ud800-\udfff]")
_STRING_TAGS = frozenset({"!", "tag:yaml.org,2002:str"})
_COLLECTION_TAGS = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


def read(content: bytes, label: str, problems: Problems) -> MapNode | None:
    """Read one file; None when it holds nothing.

    Args:
        content: its bytes, of which one more than `MOST_BYTES` is enough to refuse it.
        label: how its places are called.
        problems: where mistakes that leave the rest readable are noted, and the lines of the file.

    Raises:
        ManifestError: it cannot be read at all.
    """
    text = _decode(content, label)
    problems.lines[label] = tuple(text.split("\n"))
    _refuse_unreadable(text, label)
    composer = _Composer(label, problems)
    try:
        root = composer.compose(events.parse(text))
    except ManifestError:
        raise
    except Exception as error:  # the pure parser lets errors of its own through for some broken texts
        raise ManifestError((traps.explain(error, label, problems.lines[label]),)) from error
    return _require_mapping(root)


def _decode(content: bytes, label: str) -> str:
    if len(content) > MOST_BYTES:
        raise _failure("the file is larger than 1 MiB", Location(label, 1, 1), "split it with `include:`")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig", "replace").replace("\r\n", "\n")
        place = Location(label, before.count("\n") + 1, len(before) - before.rfind("\n"))
        raise _failure("this is not UTF-8 text", place, "save the file as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _refuse_unreadable(text: str, label: str) -> None:
    found = _UNREADABLE.search(text)
    if found:
        line, column = text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start())
        message = f"the invisible character U+{ord(found[0]):04X}"
        raise _failure(message, Location(label, line, column), 'remove it, or write it as an escape in "quotes"')


def _require_mapping(root: Node | None) -> MapNode | None:
    if root is None or isinstance(root, MapNode):
        return root
    if isinstance(root, ScalarNode) and root.value is None:
        return None
    raise _failure(
        "the file must be a mapping of keys to values",
        root.where,
        traps.missing_space(root) or "begin with `worktrees:`",
    )


def _failure(message: str, where: Location, hint: str = "") -> ManifestError:
    return ManifestError((Problem(message, where, hint),))


@dataclass(slots=True)
class _Frame:
    """A collection that is being read. A key waits in `key` for its value.

    `skip` drops the value of a refused key; `refused` drops the collection itself, `dropped` says that it lost an item.
    """

    where: Location
    is_map: bool
    flow: bool
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Location] = field(default_factory=dict)
    key: str | None = None
    key_place: Location | None = None
    skip: bool = False
    refused: bool = False
    dropped: bool = False


class _Composer:
    """Builds the tree without recursion."""

    def __init__(self, label: str, problems: Problems) -> None:
        self._label = label
        self._problems = problems
        self._anchors: dict[str, Node] = {}
        self._stack: list[_Frame] = []
        self._root: Node | None = None
        self._documents = 0
        self._handlers = {
            "DocumentStartEvent": self._start_document,
            "MappingStartEvent": self._open,
            "SequenceStartEvent": self._open,
            "MappingEndEvent": self._close,
            "SequenceEndEvent": self._close,
            "ScalarEvent": self._scalar,
            "AliasEvent": self._alias,
        }

    def compose(self, stream: Iterable[Any]) -> Node | None:
        for number, event in enumerate(stream):
            if number >= events.MOST_EVENTS:
                raise self._too_many(event)
            handler = self._handlers.get(type(event).__name__)
            if handler:
                handler(event)
        return self._root

    def _place(self, event: Any) -> Location:  # noqa: ANN401 - the parser's own type
        return Location(self._label, event.start_mark.line + 1, event.start_mark.column + 1)

    def _too_many(self, event: Any) -> ManifestError:  # noqa: ANN401
        message = f"the file holds more than {MOST_VALUES} values, aliases counted each time"
        return _failure(message, self._place(event), "write the values out, or use `defaults:`")

    def _start_document(self, event: Any) -> None:  # noqa: ANN401
        self._documents += 1
        if self._documents > 1:
            raise _failure("a second YAML document", self._place(event), "keep one document per file; see `include:`")

    def _open(self, event: Any) -> None:  # noqa: ANN401
        is_map = type(event).__name__ == "MappingStartEvent"
        refused = self._refuse_tag(event, _COLLECTION_TAGS)
        if len(self._stack) >= MOST_LEVELS:
            raise _failure(f"more than {MOST_LEVELS} levels", self._place(event), "a manifest needs fewer than ten")
        self._stack.append(_Frame(self._place(event), is_map, bool(event.flow_style), event.anchor, refused=refused))

    def _close(self, event: Any) -> None:  # noqa: ANN401
        frame = self._stack.pop()
        below = list(frame.entries.values()) if frame.is_map else frame.items
        size = 1 + sum(node.size for node in below)
        depth = 1 + max((node.depth for node in below), default=0)
        if size > MOST_VALUES:
            raise self._too_many(event)
        if depth > MOST_LEVELS:
            raise _failure(f"more than {MOST_LEVELS} levels", frame.where, "aliases count as what they stand for")
        node: Node
        if frame.is_map:
            node = MapNode(frame.entries, frame.keys, frame.where, flow=frame.flow, size=size, depth=depth)
        else:
            node = ListNode(tuple(frame.items), frame.where, size=size, depth=depth)
        self._remember(frame.anchor, node)
        self._put(None if frame.refused or (frame.dropped and not below) else node)

    def _scalar(self, event: Any) -> None:  # noqa: ANN401
        place, text = self._place(event), event.value
        if self._refuse_tag(event, _STRING_TAGS) or self._refuse_halves(text, place):
            self._put(None)
            return
        is_plain = not event.style and not event.tag
        frame = self._stack[-1] if self._stack else None
        if is_plain and not text and frame and frame.key_place and frame.key is not None:
            place = frame.key_place  # parsers disagree on where nothing is
        node = ScalarNode(resolve(text) if is_plain else text, text, place, self._shift(event))
        self._remember(event.anchor, node)
        self._put(node, merges=is_plain and text == "<<")

    def _shift(self, event: Any) -> int | None:  # noqa: ANN401
        shift = 1 if event.style in {"'", '"'} else 0
        line = self._problems.lines[self._label][event.start_mark.line]
        start = event.start_mark.column + shift
        return shift if event.anchor is None and line[start : start + len(event.value)] == event.value else None

    def _alias(self, event: Any) -> None:  # noqa: ANN401
        node = self._anchors.get(event.anchor)
        if any(frame.anchor == event.anchor for frame in self._stack):
            node, (message, hint) = None, traps.circle(event.anchor)
            self._problems.add(message, self._place(event), hint)
        elif node is None:
            line = self._problems.lines[self._label][event.start_mark.line]
            message, hint = traps.unknown_alias(event.anchor, line[event.start_mark.column :])
            self._problems.add(message, self._place(event), hint)
        self._put(node)

    def _remember(self, anchor: str | None, node: Node) -> None:
        if anchor:
            self._anchors[anchor] = node

    def _refuse_tag(self, event: Any, allowed: frozenset[str]) -> bool:  # noqa: ANN401
        """Whether there is a tag that is not read."""
        tag = str(event.tag) if event.tag else ""
        is_refused = bool(tag) and tag not in allowed
        if is_refused:
            shown = tag.replace("tag:yaml.org,2002:", "!!")
            message, hint = traps.tag(shown)
            self._problems.add(message, self._place(event), hint)
        return is_refused

    def _refuse_halves(self, text: str, place: Location) -> bool:
        """Whether an escape wrote half a character, which no file and no terminal can hold."""
        half = _HALF.search(text)
        if half:
            message = f"half a character: `\\u{ord(half[0]):04X}`"
            self._problems.add(message, place, "write the whole one, as it is or as eight digits: `\\U0001F600`")
        return half is not None

    def _put(self, node: Node | None, *, merges: bool = False) -> None:
        """Hang a node where it belongs; None is a value that was refused."""
        if not self._stack:
            self._root = node
            return
        frame = self._stack[-1]
        if not frame.is_map:
            frame.items.extend([node] if node else [])
            frame.dropped = frame.dropped or node is None
        elif frame.key is None and not frame.skip:
            self._put_key(frame, node, merges=merges)
        else:
            if frame.key is not None and node is not None:
                frame.entries[frame.key], frame.keys[frame.key] = node, frame.key_place or node.where
            frame.key, frame.skip = None, False

    def _put_key(self, frame: _Frame, node: Node | None, *, merges: bool) -> None:
        if not isinstance(node, ScalarNode):
            frame.skip = True
            if node is not None:
                self._problems.add("a key must be text, not a collection", node.where, traps.collection_key(frame.flow))
            return
        frame.key, frame.key_place = node.text, node.where
        if merges:
            frame.key, frame.skip = None, True
            self._problems.add("merge keys (`<<`) are not read", node.where, "use `defaults:` for what is common")
        elif not isinstance(node.value, str):
            self._refuse_key(frame, node)
        elif node.text in frame.entries:
            frame.key, frame.skip = None, True
            first = frame.keys[node.text]
            self._problems.add(
                f"{quote(node.text)} is written twice", node.where, f"the first is at {first}; keep one of them"
            )

    def _refuse_key(self, frame: _Frame, node: ScalarNode) -> None:
        frame.key, frame.skip = None, True
        hint = f'quote it: `"{node.text}":`' if node.text else "write a name before the colon"
        shown = f": {quote(node.text)} is {traps.kind_of(node)}" if node.text else ""
        self._problems.add(f"a key must be text{shown}", node.where, hint)
