"""Gemini CLI: a policy for its edit tools, whose rules match the arguments of a call as JSON.

Of the rules that match, the one with the highest priority decides
(https://github.com/google-gemini/gemini-cli/blob/main/docs/reference/policy-engine.md). It takes no expression in which
a group with a quantifier is repeated, and none of more than 2,048 characters, and then refuses to start.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

from reconciler.boundaries.pattern import Pattern
from reconciler.boundaries.permissions.launch import Grounds, Launch, told
from reconciler.boundaries.permissions.spelling import literally, regular_expressions, toml_text
from reconciler.model.layout import DESKS

POLICY = "gemini.toml"
_UPWARD, _DENIED, _ALLOWED, _ELSE = 990, 980, 970, 960
_DOTS = tuple(rf"{before}\.\.?{after}" for before in ("", '[^"]*/') for after in ("", '/[^"]*'))


def launch(grounds: Grounds) -> Launch:
    """Compile an area."""
    tops = ("", f"{literally(grounds.tree)}/")
    area = grounds.area
    may = f"you may change {told(area)}"
    rules = [
        *(_rule(_file(dots), "deny", _UPWARD, "write the path without `.` and `..`") for dots in _DOTS),
        *_rules(tops, area.deny, "deny", _DENIED, may),
        *_rules(tops, (*area.allowed, Pattern(DESKS, literal=True)), "allow", _ALLOWED, ""),
        _rule("", "deny", _ELSE, f"outside of your area: {may}"),
    ]
    gaps = ("Gemini CLI: its shell commands are not judged by its policy",)
    return Launch(("--policy", f"{grounds.files}/{POLICY}"), files={POLICY: "\n".join(rules)}, gaps=gaps)


def _rules(
    tops: Iterable[str], patterns: Iterable[Pattern], decision: str, priority: int, message: str
) -> Iterator[str]:
    expressions = (each for pattern in dict.fromkeys(patterns) for each in regular_expressions(pattern))
    for top, expression in itertools.product(tops, expressions):
        yield _rule(_file(top + expression), decision, priority, message)


def _file(expression: str) -> str:
    return f'"file_path":"{expression}"'


def _rule(expression: str, decision: str, priority: int, message: str) -> str:
    lines = ["[[rule]]", 'toolName = ["write_file", "replace"]']
    lines += [f"argsPattern = {toml_text(expression)}"] if expression else []
    lines += [f'decision = "{decision}"', f"priority = {priority}"]
    lines += [f"denyMessage = {toml_text(message)}"] if message else []
    return "\n".join([*lines, ""])
