"""The program that Claude Code asks before each edit: `python -m reconciler.cli.tool_hook AREA`, the call on its stdin.

The rule: exit code 2 is the only one by which a tool is held back, so that whatever goes wrong here ends with it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from reconciler.boundaries.area import Area
from reconciler.boundaries.paths import fault, shown
from reconciler.boundaries.pattern import Pattern, parse
from reconciler.boundaries.permissions.launch import told
from reconciler.boundaries.reading import covering
from reconciler.model.layout import DESKS

_REFUSED = 2
_FIELDS = ("file_path", "notebook_path")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - what is written there reaches no branch
_OF_THE_AGENT = (".claude/plans", ".claude/projects")  # where it keeps its plans and its memory


def main() -> int:
    """Judge one call; says why on stderr, which the model is shown."""
    try:
        declared = json.loads(Path(sys.argv[1]).read_bytes())
        call = json.loads(sys.stdin.buffer.read())
        given = next(call["tool_input"][field] for field in _FIELDS if field in call["tool_input"])
        reason = refusal(declared, Path(call.get("cwd", "")) / given)
    except Exception as error:  # noqa: BLE001 - an answer that cannot be had is a no
        reason = f"orchestra cannot tell whether this may be changed: {error}"
    if reason:
        sys.stderr.write(reason + "\n")
    return _REFUSED if reason else 0


def refusal(declared: dict[str, object], path: Path) -> str:
    """Say why a file may not be changed; empty when it may. Both it and what it leads to must lie in the area."""
    tree = Path(str(declared["tree"])).resolve()
    area = Area(*(tuple(map(parse, _texts(declared[key]))) for key in ("modify", "shared", "deny")))
    for place in dict.fromkeys((path.parent.resolve() / path.name, path.resolve())):
        if why := _why_not(area, tree, place):
            return why
    return ""


def _texts(value: object) -> list[str]:
    return value if isinstance(value, list) else []


def _why_not(area: Area, tree: Path, place: Path) -> str:
    if not place.is_relative_to(tree):
        return "" if _is_free(place, tree) else f"{place} lies outside of your worktree. {_may(area)}"
    path = os.fsencode(place.relative_to(tree))
    if fault(path):
        return f"{shown(path)} cannot be committed. {_may(area)}"
    if covering((Pattern(DESKS, literal=True),), path):
        return ""
    if denied := covering(area.deny, path):
        return f"{shown(path)} is denied to you by `{denied}`. {_may(area)}"
    return "" if covering(area.allowed, path) else f"{shown(path)} is outside of your area. {_may(area)}"


def _is_free(place: Path, tree: Path) -> bool:
    """Whether it is nobody's: of no use where worktrees lie among what is temporary."""
    free = (*_TEMPORARY, os.environ.get("TMPDIR", ""), *(f"{Path.home()}/{each}" for each in _OF_THE_AGENT))
    places = [Path(each).resolve() for each in free if each]
    return any(place.is_relative_to(each) and not tree.is_relative_to(each) for each in places)


def _may(area: Area) -> str:
    return f"You may change: {told(area)}. If the task needs more, stop and say so to the person who gave it to you."


if __name__ == "__main__":
    sys.exit(main())
