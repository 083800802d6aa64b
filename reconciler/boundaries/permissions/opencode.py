"""opencode: `permission.edit`, of which the last match decides and where `*` crosses `/` (https://opencode.ai/docs/permissions)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reconciler.boundaries.pattern import Pattern
from reconciler.boundaries.permissions.launch import Grounds, Launch, gaps
from reconciler.boundaries.permissions.spelling import wildcards
from reconciler.model.layout import DESKS

VARIABLE = "OPENCODE_CONFIG_CONTENT"


def launch(grounds: Grounds) -> Launch:
    """Compile an area; it is merged over the user's own configuration."""
    edit = {"*": "deny"}
    for text in _allowed(grounds):
        edit.pop(text, None)  # the order counts
        edit[text] = "allow"
    for pattern in grounds.area.deny:
        for text in wildcards(pattern).texts if wildcards(pattern).is_exact else ():
            edit.pop(text, None)
            edit[text] = "deny"
    content = json.dumps({"permission": {"edit": edit}}, ensure_ascii=False)
    return Launch(variables={VARIABLE: content}, gaps=(*gaps("opencode", grounds.area, _instead), _SHELL))


_SHELL = "opencode: its shell commands are not judged by its settings"


def _allowed(grounds: Grounds) -> Iterator[str]:
    for pattern in grounds.area.allowed:
        yield from wildcards(pattern).texts
    yield f"{DESKS}/*"


def _instead(pattern: Pattern) -> str:
    read = wildcards(pattern)
    return "" if read.is_exact else f"{pattern} is read as {' or '.join(read.texts)}, where `*` crosses `/`"
