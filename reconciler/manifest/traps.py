"""What is said when YAML reads something else than the person wrote.

The rule: no parser's jargon where we know what happened; each hint is a line that can be typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from reconciler.errors import Location, Problem
from reconciler.manifest.nodes import ListNode, MapNode, Node
from reconciler.manifest.problems import quote

_ALIAS = re.compile(r"(?:^|[\s\[,{])(\*[^\s,\]}#]*)")
_DOLLAR = re.compile(r"\$\{([\w.-]+)\}([^\s,\]]*)")
_BRACES = re.compile(r"\{([\w.-]+)\}[^\s,\]}]+|[^\s,\[{]+\{([\w.-]+)\}")
_ENVIRONMENT = re.compile(r"(?<![\"'\w])\{env:[\w.-]*\}|(?<=[\w] )\{env:[\w.-]*\}")
_NO_SPACE = re.compile(r"\s*(?:- )?([A-Za-z_][\w-]*):(\S+)\s*$")
_PLACEHOLDERS = frozenset({"project", "name", "branch"})


def explain(error: Exception, label: str, lines: Sequence[str]) -> Problem:
    """Turn what a parser raised into a problem of ours."""
    mark = _mark(error)
    line = lines[mark[0]] if mark[0] < len(lines) else ""
    before = lines[mark[0] - 1] if mark[0] else ""
    if "mapping values are not allowed" in (getattr(error, "problem", None) or "") and _NO_SPACE.match(before):
        mark, line = (mark[0] - 1, len(before) - len(before.lstrip())), before
    conflict = next((number for number, text in enumerate(lines) if text.startswith("<<<<<<< ")), None)
    if conflict is not None:
        mark, line = (conflict, 0), lines[conflict]
        message, hint = "git could not merge this file, and left both sides in it", "choose, and remove the markers"
    elif comment := _swallowing_comment(error, lines, mark[0]):
        mark, line = comment, lines[comment[0]]
        message, hint = "a comment begins here, and what closes the bracket is in it", _QUOTE_COMMENT
    else:
        message, hint = _reason(error, line, line[mark[1] :])
    return Problem(message, Location(label, mark[0] + 1, mark[1] + 1), hint, line)


def _mark(error: Any) -> tuple[int, int]:  # noqa: ANN401 - the parser's own types
    wanted = ["problem_mark", "context_mark"]
    problem, context = getattr(error, "problem", "") or "", getattr(error, "context", "") or ""
    late = ("could not find expected ':'", "<stream end>")
    if "quoted scalar" in context or "scanning a tag" in context or any(part in problem for part in late):
        wanted.reverse()
    marks = [mark for name in wanted if (mark := getattr(error, name, None)) is not None]
    return (marks[0].line, marks[0].column) if marks else (0, 0)


def _swallowing_comment(error: Any, lines: Sequence[str], last: int) -> tuple[int, int] | None:  # noqa: ANN401
    """Find the ` #` inside brackets behind which their end stands."""
    mark = getattr(error, "context_mark", None)
    if mark is None or "flow" not in (getattr(error, "context", "") or ""):
        return None
    for number in range(mark.line, min(last + 1, len(lines))):
        for found in re.finditer(r"\s(#)", lines[number]):
            before, after = lines[number][: found.start()], lines[number][found.end() :]
            if before.count('"') % 2 == before.count("'") % 2 == 0 and re.search(r"[]}]", after):
                return number, found.start(1)
    return None


def _reason(error: Any, line: str, rest: str) -> tuple[str, str]:  # noqa: ANN401
    return (
        _tab(line, rest)
        or _quote_never_closed(error)
        or _placeholder(line)
        or _tag(error, rest)
        or _alias(line)
        or _reserved(rest)
        or _missing_space_on(line)
        or _by_problem(getattr(error, "problem", None) or "")
    )


def _tab(line: str, rest: str) -> tuple[str, str] | None:
    indentation = line[: len(line) - len(line.lstrip())]
    if "\t" in indentation or rest.startswith("\t"):
        return "a tab where YAML wants spaces", "indent with spaces"
    return None


def _quote_never_closed(error: Any) -> tuple[str, str] | None:  # noqa: ANN401
    if "quoted scalar" not in (getattr(error, "context", "") or ""):
        return None
    if "escape" in (error.problem or ""):
        return (
            'an escape that YAML does not know, in "double quotes"',
            "use 'single quotes', where a backslash is a backslash",
        )
    return "a quote that is never closed", "close it; inside 'single quotes' a quote is written twice"


def _placeholder(line: str) -> tuple[str, str] | None:
    dollar = _DOLLAR.search(line)
    if dollar:
        return f"{quote('${' + dollar[1] + '}')} is read as a YAML mapping here", f"write `${dollar[1]}{dollar[2]}`"
    if value := _ENVIRONMENT.search(line):
        return f"{quote(value[0])} is read as a YAML mapping here", "quote the whole value"
    braces = _BRACES.search(line)
    if braces is None:
        return None
    name = braces[1] or braces[2]
    if name in _PLACEHOLDERS:
        return f"`{{{name}}}` is read as a YAML mapping here", 'quote the whole value: `path: "../{project}.wt/{name}"`'
    written = braces[0].replace(f"{{{name}}}", f"${name}")
    return f"`{{{name}}}` is read as a YAML mapping here", f"for the module write `{written}`"


def _tag(error: Any, rest: str) -> tuple[str, str] | None:  # noqa: ANN401
    found = re.match(r"![^\s,\[\]{}]*", rest)
    return tag(found[0]) if found and "scanning a tag" in (getattr(error, "context", "") or "") else None


def _alias(line: str) -> tuple[str, str] | None:
    found = _ALIAS.search(line)
    return unknown_alias(found[1][1:], found[1]) if found else None


def _reserved(rest: str) -> tuple[str, str] | None:
    if rest[:1] not in {"@", "`", "%"}:
        return None
    return f"a value cannot begin with {'a backtick' if rest[0] == '`' else quote(rest[0])} in YAML", "quote it"


def _missing_space_on(line: str) -> tuple[str, str] | None:
    found = _NO_SPACE.match(line)
    if not found:
        return None
    return f"{quote(found[0].strip())} is one word in YAML", f"put a space after the colon: `{found[1]}: {found[2]}`"


_QUOTE_COMMENT = 'quote a text that holds ` #`: `task: "Fix #12"`'
_BY_PROBLEM = (
    (
        "but got ':'",
        "a `: ` inside a value, or a missing comma",
        'quote the value: `task: "Fix: the login"`',
    ),
    (
        "mapping values are not allowed",
        "a `: ` inside a value, or a line that is indented too far",
        'quote the value: `task: "Fix: the login"`',
    ),
    (
        "could not find expected ':'",
        "a line that is neither `key: value` nor `- item`",
        "put a colon and a space after the key",
    ),
    (
        "expected ',' or ']'",
        "a `[` that is not closed, or a missing comma",
        "separate items by `, ` and close with `]`",
    ),
    (
        "expected ',' or '}'",
        "a `{` that is not closed, or a missing comma",
        "separate entries by `, ` and close with `}`",
    ),
    (
        "expected <block end>",
        "a line that does not fit in here",
        "indent it like its neighbours; keep lists and keys apart",
    ),
    (
        "expected the node content",
        "a value is missing or misplaced here",
        "quote texts that hold `[`, `]`, `{`, `}` or `,`",
    ),
    ("expected alphabetic", "a name is missing after `*`, `&` or `!`", "quote the value"),
    ("did not find expected", "this cannot stand here in YAML", "quote the value"),
)


def _by_problem(problem: str) -> tuple[str, str]:
    for part, message, hint in _BY_PROBLEM:
        if part in problem:
            return message, hint
    return "this is not YAML" + (f": {problem}" if problem else ""), "check indentation, quotes and brackets"


def unknown_alias(name: str, rest: str) -> tuple[str, str]:
    """What to say of `*name` when no such anchor came before."""
    written = re.split(r"[\s,\]}]", rest, maxsplit=1)[0] or f"*{name}"
    if re.fullmatch(r"\w+", name):
        return (
            f"{quote('*' + name)} is a YAML alias without an anchor before it",
            f'for a pattern, quote it: `"*{name}"`',
        )
    return f"{quote(written)} is an alias in YAML", f'quote it: `"{written}"`'


def circle(name: str) -> tuple[str, str]:
    """What to say of `*name` inside of what `&name` stands before."""
    return f"{quote('*' + name)} stands inside of what it stands for, in a circle", "write the value out"


def tag(shown: str) -> tuple[str, str]:
    """What to say of a tag."""
    if shown.startswith("!!"):
        return f"the YAML tag {quote(shown)} is not read", "write the value without it"
    return (
        f"{quote(shown.rstrip(','))} is a YAML tag",
        "quote the value; to take paths out of an area list them under `deny:`",
    )


def collection_key(flow: bool) -> str:
    """What to say of `{auth}: x` or `? [a]`."""
    return (
        "quote it, and for a module write `$auth`"
        if flow
        else "write a plain name before the colon; quote what has brackets"
    )


def missing_space(node: Node) -> str:
    """The hint for text that was meant as `key: value`; empty when it was not."""
    text = getattr(node, "text", "")
    found = _NO_SPACE.match(text)
    return f"put a space after the colon: `{found[1]}: {found[2]}`" if found else ""


def kind_of(node: Node) -> str:
    """What a person calls the type of a value, with its article."""
    if isinstance(node, MapNode):
        return "a mapping"
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node.value, bool):
        return "a truth value"
    return "a number" if isinstance(node.value, int | float) else "text" if node.value is not None else "nothing"
