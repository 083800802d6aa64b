"""Values to YAML text, in the two styles that edits need.

The rule: what is written reads back as the very same value, with any YAML reader of any version.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Writable = str | bool | int | Iterable[str] | Mapping[str, "Writable"]

_PLAIN = re.compile(r"[A-Za-z_./$][A-Za-z0-9_ ./$@+*()-]*(?<! )")
_OTHER_READERS = re.compile(
    r"(?i)y|n|yes|no|on|off|true|false|null|~|\.inf|\.nan|[-+.]*|0[xo].*|[-+.]?[0-9][0-9_.:e+-]*"
)


def scalar(value: str) -> str:
    """Write a text, quoted when some reader could take it for something else."""
    if _PLAIN.fullmatch(value) and not _OTHER_READERS.fullmatch(value):
        return value
    return '"' + "".join(_escaped(character) for character in value) + '"'


def _escaped(character: str) -> str:
    named = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    if named or character.isprintable():
        return named or character
    code = ord(character)
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"  # noqa: PLR2004 - the longest of four digits


def flow(value: Writable) -> str:
    """Write a value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return scalar(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(_flow_entry(key, item) for key, item in value.items()) + "}"
    return "[" + ", ".join(scalar(item) for item in value) + "]"


def _flow_entry(key: str, value: Writable) -> str:
    return f"{scalar(key)}: {flow(value)}"


def block(key: str, value: Writable, column: int, step: int) -> list[str]:
    """Write an entry as lines that begin at a column."""
    start = " " * column + scalar(key) + ":"
    if not isinstance(value, Mapping):
        return [f"{start} {flow(value)}"]
    return [start, *(line for inner, item in value.items() for line in block(inner, item, column + step, step))]
