"""Words for numbers and lists, the same in every reason and message."""

from __future__ import annotations

from collections.abc import Sequence


def plural(count: int, one: str, many: str = "") -> str:
    """`1 problem`, `2 problems`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def some(names: Sequence[str], most: int = 3, *, between: str = ", ") -> str:
    """`a, b and 3 more`."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return between.join(names[:most]) + more
