"""YAML text to parser events, by the fast parser where it is installed and means the same as the pure one.

The rule: what a manifest means, and what is said of a broken one, never depends on which parser is installed.
The C parser differs from the pure one for anchors, tags and odd block scalars, and in its messages; all of those go
to the pure one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

_ODD_CHARACTERS = re.compile("[\t\r\N{BYTE ORDER MARK}]")
_BLOCK_HEADER = re.compile(r"[|>][-+]?[ \t]*(?: #.*)?$")


_DEPTH = {"MappingStartEvent": 1, "SequenceStartEvent": 1, "MappingEndEvent": -1, "SequenceEndEvent": -1}
MOST_EVENTS = 200_000
_MOST_LEVELS = 64
"""Both parsers take time that grows with the square of the depth; who reads the events stops long before."""


def parse(text: str) -> Iterable[Any]:
    """Parse a text, event by event: stop reading to stop parsing.

    Raises:
        YAMLError: it is not YAML; raised while the events are read.
    """
    events = None if needs_pure(text) else parse_fast(text)
    return parse_pure(text) if events is None else events


def parse_pure(text: str) -> Iterator[Any]:
    """Parse with the parser whose offsets count characters of the text as it is."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - heavy

    yield from YAML(typ="safe", pure=True).parse(text)


def needs_pure(text: str) -> bool:
    """Whether a text holds characters that the parsers disagree about."""
    return _ODD_CHARACTERS.search(text) is not None


def parse_fast(text: str) -> list[Any] | None:
    """Parse with the C parser; None when it is missing, refuses, or may differ from the pure one."""
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 - heavy

    try:
        from _ruamel_yaml import CParser  # type: ignore[import-not-found]  # noqa: PLC0415
    except ImportError:
        return None
    try:
        events = _drain(CParser(text))
    except YAMLError:
        return None
    return events if events and _agreed(events, text.split("\n")) else None


def _drain(parser: Any) -> list[Any] | None:  # noqa: ANN401 - the parser's own type
    """Read all events, or one more than anybody reads; None when it goes too deep."""
    events, depth = [], 0
    while (event := parser.get_event()) is not None:
        events.append(event)
        depth += _DEPTH.get(type(event).__name__, 0)
        if depth > _MOST_LEVELS:
            return None
        if len(events) > MOST_EVENTS:
            break
    return events


def _agreed(events: Iterable[Any], lines: list[str]) -> bool:
    return not any(
        getattr(event, "anchor", None)
        or getattr(event, "tag", None)
        or (getattr(event, "style", None) in {"|", ">"} and not _is_usual_block(event, lines))
        for event in events
    )


def _is_usual_block(event: Any, lines: list[str]) -> bool:  # noqa: ANN401 - the parser's own type
    start = event.start_mark
    first = lines[start.line + 1] if start.line + 1 < len(lines) else ""
    return bool(_BLOCK_HEADER.match(lines[start.line][start.column :]) and first.startswith(" ") and first.strip())
