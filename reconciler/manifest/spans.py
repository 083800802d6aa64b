"""Where each value of a YAML text begins and ends, for edits that leave every other byte alone.

The rule: offsets count characters of the very text that was given; nothing is resolved, no alias followed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from reconciler.manifest import events


@dataclass(slots=True)
class Span:
    """A value.

    Attributes:
        kind: `map`, `list`, `scalar` or `alias`.
        end: the offset behind its last character; a block collection ends with its last value.
        column: of its first character, counted from 0.
        flow: it is written in brackets or braces.
        text: of a scalar.
        entries: key and value of a mapping, in order.
        items: of a list.
    """

    kind: str
    start: int
    end: int
    column: int
    flow: bool = False
    text: str = ""
    entries: list[tuple[Span, Span]] = field(default_factory=list)
    items: list[Span] = field(default_factory=list)
    _key: Span | None = None

    def find(self, name: str) -> tuple[Span, Span] | None:
        """The entry of a name."""
        return next((entry for entry in self.entries if entry[0].text == name), None)

    def put(self, span: Span) -> None:
        """Hang a value below."""
        if self.kind == "list":
            self.items.append(span)
        elif self._key is None:
            self._key = span
        else:
            self.entries.append((self._key, span))
            self._key = None
        self.end = max(self.end, span.end)


def parse(text: str) -> Span | None:
    """Read the spans of a text; None when it holds nothing.

    Raises:
        YAMLError: it is not YAML.
    """
    bottom = Span("list", 0, 0, 0)
    stack = [bottom]
    for event in events.parse_pure(text):
        name = type(event).__name__
        if name in {"MappingStartEvent", "SequenceStartEvent"}:
            stack.append(_collection(event, "map" if name == "MappingStartEvent" else "list"))
        elif name in {"MappingEndEvent", "SequenceEndEvent"}:
            span = stack.pop()
            span.end = event.end_mark.index if span.flow else span.end
            stack[-1].put(span)
        elif name in {"ScalarEvent", "AliasEvent"}:
            stack[-1].put(_single(event, text, stack[-1]))
    return bottom.items[0] if bottom.items else None


def _collection(event: Any, kind: str) -> Span:  # noqa: ANN401 - the parser's own type
    start = event.start_mark
    return Span(kind, start.index, start.index, start.column, flow=bool(event.flow_style))


def _single(event: Any, text: str, parent: Span) -> Span:  # noqa: ANN401
    start, end = event.start_mark, event.end_mark.index
    if type(event).__name__ == "AliasEvent":
        return Span("alias", start.index, end, start.column)
    if getattr(event, "style", None) in {"|", ">"}:
        end = start.index + len(text[start.index : end].rstrip())
    if start.index == end and parent._key is not None:  # noqa: SLF001 - an empty value: it is where its colon is
        after = text.find(":", parent._key.end)  # noqa: SLF001
        end = after + 1 if after >= 0 and not text[parent._key.end : after].strip() else parent._key.end  # noqa: SLF001
        return Span("scalar", end, end, start.column)
    return Span("scalar", start.index, end, start.column, text=event.value)
