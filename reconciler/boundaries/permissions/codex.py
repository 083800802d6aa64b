"""Codex: the directories that its own sandbox lets its commands and its patches write to.

Permission profiles, of which the longest path decides (https://developers.openai.com/codex/permissions). Inside a
sandbox of ours its own cannot start, and is not needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.boundaries.pattern import Pattern
from reconciler.boundaries.permissions.launch import Grounds, Launch, gaps
from reconciler.boundaries.permissions.spelling import root, toml_text
from reconciler.model.layout import DESKS

_PROFILE = "orchestra"


def launch(grounds: Grounds) -> Launch:
    """Compile an area."""
    if grounds.is_sandboxed:
        return Launch(("-s", "danger-full-access"))
    entries = {":root": "read", ":tmpdir": "write", **dict(_entries(grounds))}
    table = ", ".join(f"{toml_text(path)} = {toml_text(access)}" for path, access in entries.items())
    words = (f"default_permissions={toml_text(_PROFILE)}", f"permissions.{_PROFILE}.filesystem={{ {table} }}")
    return Launch(
        tuple(word for each in words for word in ("-c", each)), gaps=tuple(gaps("Codex", grounds.area, _instead))
    )


def _entries(grounds: Grounds) -> Iterator[tuple[str, str]]:
    for pattern in grounds.area.allowed:
        yield _absolute(grounds, root(pattern).path), "write"
    for pattern in grounds.area.deny:
        if root(pattern).is_exact:
            yield _absolute(grounds, root(pattern).path), "read"
    yield _absolute(grounds, DESKS), "write"
    yield from ((path, "write") for path in grounds.git_dirs)


def _absolute(grounds: Grounds, path: str) -> str:
    return f"{grounds.tree}/{path}" if path else grounds.tree


def _instead(pattern: Pattern) -> str:
    where = root(pattern)
    return "" if where.is_exact else f"instead of {pattern} all of {where.path or 'the worktree'} can be written"
