"""Claude Code: rules for its edit tools, and a hook that judges each edit and answers with the reason.

Rules are gitignore's, `//` begins an absolute path, and a rule of `deny` beats every other
(https://code.claude.com/docs/en/permissions). No such file in the tree is used: its own are shared by all worktrees,
and an agent could edit them.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator

from reconciler.boundaries.pattern import Pattern
from reconciler.boundaries.permissions.launch import Grounds, Launch
from reconciler.model.layout import DESKS

SETTINGS = "claude-code.json"
AREA = "area.json"
_TOOLS = "Edit|MultiEdit|Write|NotebookEdit"


def launch(grounds: Grounds) -> Launch:
    """Compile an area."""
    area = grounds.area
    settings = {
        "permissions": {
            "allow": [*_rules(grounds.tree, area.allowed), *_below(grounds.tree, DESKS)],
            "deny": [*_rules(grounds.tree, dict.fromkeys(area.deny))],
        },
        "hooks": {"PreToolUse": [{"matcher": _TOOLS, "hooks": [{"type": "command", "command": _hook(grounds)}]}]},
    }
    files = {SETTINGS: json.dumps(settings, indent=2), AREA: area_document(grounds)}
    gaps = ("Claude Code: its shell commands, and what they start, are not judged by its settings",)
    return Launch(("--settings", f"{grounds.files}/{SETTINGS}"), files=files, gaps=gaps)


def area_document(grounds: Grounds) -> str:
    """What the hook reads: the tree and its patterns."""
    area = grounds.area
    patterns = {
        key: [pattern.text for pattern in value]
        for key, value in (("modify", area.modify), ("shared", area.shared), ("deny", area.deny))
    }
    return json.dumps({"tree": grounds.tree, **patterns})


def _hook(grounds: Grounds) -> str:
    return shlex.join((*grounds.hook, f"{grounds.files}/{AREA}"))


def _rules(tree: str, patterns: Iterable[Pattern]) -> Iterator[str]:
    for pattern in patterns:
        if pattern.literal:
            yield from _below(tree, pattern.text.rstrip("/"))
        else:
            yield f"Edit(/{_escaped(tree)}/{pattern.text})"


def _below(tree: str, plain: str) -> tuple[str, str]:
    where = f"/{_escaped(tree)}/{plain}"
    return f"Edit({where})", f"Edit({where}/**)"


def _escaped(path: str) -> str:
    return re.sub(r"([*?\[\\])", r"\\\1", path)
