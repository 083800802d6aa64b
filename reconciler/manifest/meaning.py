"""What a manifest's text says, as plain values, so that an edit can be compared with what was asked."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.manifest import source
from reconciler.manifest.nodes import MISSING, plain
from reconciler.manifest.problems import Problems
from reconciler.manifest.rendering import Writable


def read(text: str, label: str) -> dict[str, object]:
    """Read a text to plain values.

    Raises:
        ManifestError: it is not readable.
    """
    problems = Problems()
    node = source.read(text.encode("utf-8", "surrogatepass"), label, problems)
    problems.require_none()
    value = plain(node) if node else {}
    assert isinstance(value, dict)  # noqa: S101 - `read` answers a mapping
    return value


def changed(
    value: Mapping[str, object], path: tuple[str, ...], new: Mapping[str, Writable] | None
) -> dict[str, object]:
    """Copy a document with one entry set, or taken out for None."""
    copy, key = dict(value), path[0]
    if len(path) == 1:
        copy.pop(key, None)
        return copy if new is None else {**copy, key: new}
    below = copy.get(key)
    copy[key] = changed(below if isinstance(below, dict) else {}, path[1:], new)
    return copy


def comparable(value: object) -> object:
    """Make values comparable: nothing and an empty mapping are the same, the order of keys counts."""
    if value is MISSING or value is None:
        return ()
    if isinstance(value, Mapping):
        return tuple((key, comparable(item)) for key, item in value.items())
    return value if isinstance(value, str | int | float) else ["list", *(comparable(item) for item in value)]  # type: ignore[attr-defined]
