"""Gemini CLI: a policy for its edit tools, whose rules match the arguments of a call as JSON.

Of the rules that match, the one with the highest priority decides
(https://github.com/google-gemini/gemini-cli/blob/main/docs/reference/policy-engine.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.boundaries.pattern import Pattern
from reconciler.boundaries.permissions.launch import DESK, Grounds, Launch, told
from reconciler.boundaries.permissions.spelling import literally, regular_expression, toml_text

POLICY = "gemini.toml"
_UPWARD, _DENIED, _ALLOWED, _ELSE = 990, 980, 970, 960
_DOTS = r'(?:(?:[^"\\]|\\.)*/)?\.\.?(?:/(?:[^"\\]|\\.)*)?'


def launch(grounds: Grounds) -> Launch:
    """Compile an area."""
    below = rf"(?:{literally(grounds.tree)}/)?"
    area = grounds.area
    rules = [
        _rule(_file(_DOTS), "deny", _UPWARD, "write the path without `.` and `..`"),
        *_rules(below, area.deny, "deny", _DENIED, f"you may change {told(area)}"),
        *_rules(below, (*area.allowed, Pattern(DESK, literal=True)), "allow", _ALLOWED, ""),
        _rule("", "deny", _ELSE, f"outside of your area: you may change {told(area)}"),
    ]
    gaps = ("Gemini CLI: its shell commands are not judged by its policy",)
    return Launch(("--policy", f"{grounds.files}/{POLICY}"), files={POLICY: "\n".join(rules)}, gaps=gaps)


def _rules(below: str, patterns: Iterable[Pattern], decision: str, priority: int, message: str) -> Iterator[str]:
    for pattern in dict.fromkeys(patterns):
        yield _rule(_file(below + regular_expression(pattern)), decision, priority, message)


def _file(expression: str) -> str:
    return f'"file_path":"{expression}"'


def _rule(expression: str, decision: str, priority: int, message: str) -> str:
    lines = ["[[rule]]", 'toolName = ["write_file", "replace"]']
    lines += [f"argsPattern = {toml_text(expression)}"] if expression else []
    lines += [f'decision = "{decision}"', f"priority = {priority}"]
    lines += [f"denyMessage = {toml_text(message)}"] if message else []
    return "\n".join([*lines, ""])
