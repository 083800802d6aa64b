"""An area in the languages of the agents: what they take is what we match, or more, and then it is said."""

from __future__ import annotations

import json
import random
import re
import tomllib

import pytest

from reconciler.boundaries.area import Area
from reconciler.boundaries.pattern import Pattern, parse
from reconciler.boundaries.permissions.claude_code import AREA, SETTINGS
from reconciler.boundaries.permissions.gemini import POLICY
from reconciler.boundaries.permissions.launch import Grounds, Launch
from reconciler.boundaries.permissions.opencode import VARIABLE
from reconciler.boundaries.permissions.presets import PRESETS
from reconciler.boundaries.permissions.spelling import Root, regular_expressions, root, wildcards
from reconciler.boundaries.reading import matches
from tests.boundaries import strategies

PAIRS = 6_000


def _area(modify: str, shared: str = "", deny: str = "") -> Area:
    return Area(*(tuple(map(parse, text.split())) for text in (modify, shared, deny)))


def _launch(program: str, area: Area, **changed: object) -> Launch:
    grounds = Grounds("/srv/a b/shop.wt/auth", area, "/state/auth", ("/usr/bin/python3", "-I", "hook"))
    values = {name: getattr(grounds, name) for name in Grounds.__slots__}
    return PRESETS[program].launch(Grounds(**{**values, **changed}))  # type: ignore[arg-type]


def _pairs() -> list[tuple[Pattern, bytes]]:
    source = random.Random(5)  # noqa: S311 - nothing secret
    found = []
    for number in range(PAIRS):
        pattern = strategies.pattern(source)
        found.append((pattern, strategies.path_near(pattern, source) if number % 2 else strategies.path(source)))
    return found


def test_regular_expressions_take_what_the_pattern_matches() -> None:
    """Beyond ASCII, where git reads bytes, they may differ, and for what JSON escapes."""
    judged = matched = 0
    for pattern, path in _pairs():
        if path.isascii() and not set(path) & set(b'"\\'):
            found = any(re.fullmatch(each, path.decode()) for each in regular_expressions(pattern))
            assert found == matches(pattern, path), (pattern.text, path)
            judged, matched = judged + 1, matched + found
    assert judged > PAIRS / 2
    assert matched > judged / 4


@pytest.mark.parametrize(
    "text", ["a", "**/*.md", "a/**/b[cd]?/**", r"app/\[slug\]/(group)/*", "a/*(x)*/**/+{1}*".replace("{1}", "")]
)
def test_gemini_would_start(text: str) -> None:
    """By the rule of its own that it refuses expressions by."""
    for rule in tomllib.loads(_launch("gemini", _area(text, "", text)).files[POLICY])["rule"]:
        expression = rule.get("argsPattern", "")
        assert len(expression) <= 2048
        assert not re.search(r"\([^)]*[*+?{].*\)[*+?{]", expression), expression


def test_wildcards_take_no_less_and_if_they_are_exact_no_more() -> None:
    exact = 0
    for pattern, path in _pairs():
        written = wildcards(pattern)
        found = any(_is_taken(text, path) for text in written.texts)
        assert found or not matches(pattern, path), (pattern.text, path)
        if written.is_exact:
            exact += 1
            assert found == matches(pattern, path), (pattern.text, path, written)
    assert exact > PAIRS / 10


def _is_taken(text: str, path: bytes) -> bool:
    whole = re.escape(text).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(whole, path.decode("utf-8", "surrogateescape"), re.DOTALL) is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("packages/auth", Root("packages/auth", True)),
        ("packages/auth/", Root("packages/auth", True)),
        ("packages/auth/**", Root("packages/auth", True)),
        ("docs/*.md", Root("docs", False)),
        ("**/*.md", Root("", False)),
        ("**", Root("", True)),
        (r"app/\[slug\]/page.tsx", Root("app/[slug]/page.tsx", True)),
        ("a/**/b", Root("a", False)),
    ],
)
def test_root(text: str, expected: Root) -> None:
    assert root(parse(text)) == expected


def test_claude_code() -> None:
    launch = _launch("claude", _area("packages/auth docs/*.md", "pnpm-lock.yaml", "packages/auth/vendor"))
    assert launch.words == ("--settings", f"/state/auth/{SETTINGS}")
    settings = json.loads(launch.files[SETTINGS])
    tree = "//srv/a b/shop.wt/auth"
    assert settings["permissions"]["allow"] == [
        *(f"Edit({tree}/packages/auth)", f"Edit({tree}/packages/auth/**)", f"Edit({tree}/docs/*.md)"),
        *(f"Edit({tree}/pnpm-lock.yaml)", f"Edit({tree}/pnpm-lock.yaml/**)"),
        *(f"Edit({tree}/.sub-agents)", f"Edit({tree}/.sub-agents/**)"),
    ]
    assert settings["permissions"]["deny"] == [
        f"Edit({tree}/packages/auth/vendor)",
        f"Edit({tree}/packages/auth/vendor/**)",
    ]
    (hook,) = settings["hooks"]["PreToolUse"]
    assert hook["hooks"][0]["command"] == f"/usr/bin/python3 -I hook /state/auth/{AREA}"
    assert json.loads(launch.files[AREA])["deny"] == ["packages/auth/vendor"]


def test_codex_without_a_sandbox_of_ours_has_its_own() -> None:
    area = _area("packages/auth docs/*.md", "", "packages/auth/vendor **/*.lock")
    launch = _launch("codex", area, git_dirs=("/srv/a b/shop/.git/objects",))
    given = tomllib.loads("\n".join(launch.words[1::2]))
    tree = "/srv/a b/shop.wt/auth"
    assert given["permissions"][given["default_permissions"]]["filesystem"] == {
        ":root": "read",
        ":tmpdir": "write",
        f"{tree}/packages/auth": "write",
        f"{tree}/docs": "write",
        f"{tree}/packages/auth/vendor": "read",
        f"{tree}/.sub-agents": "write",
        "/srv/a b/shop/.git/objects": "write",
    }
    assert launch.gaps == (
        "Codex: instead of docs/*.md all of docs can be written",
        "Codex: **/*.lock is not denied",
    )


def test_codex_inside_a_sandbox_of_ours_has_none() -> None:
    assert _launch("codex", _area("a"), is_sandboxed=True).words == ("-s", "danger-full-access")


def test_opencode() -> None:
    launch = _launch("opencode", _area("src docs/*.md", "", "src/vendor/** src/*.lock"))
    assert list(json.loads(launch.variables[VARIABLE])["permission"]["edit"].items()) == [
        ("*", "deny"),
        *(("src", "allow"), ("src/*", "allow"), ("docs/*.md", "allow"), (".sub-agents/*", "allow")),
        ("src/vendor/*", "deny"),
    ]
    assert "opencode: src/*.lock is not denied" in launch.gaps
    assert "opencode: docs/*.md is read as docs/*.md, where `*` crosses `/`" in launch.gaps


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/a.py", "allow"),
        ("/srv/a b/shop.wt/auth/src/a.py", "allow"),
        ("src/vendor/a.py", "deny"),
        ("src/../other/a.py", "deny"),
        ("./src/a.py", "deny"),
        ("src/..", "deny"),
        ("src/..a", "allow"),
        ("other/src/a.py", "deny"),
        ("/other/src/a.py", "deny"),
        (".sub-agents/status.yaml", "allow"),
        ('src/a"b\\c', "allow"),
        ('x","file_path":"src/a.py', "deny"),
    ],
)
def test_gemini(path: str, expected: str) -> None:
    """By the rule of its policies: of all that match, the highest priority decides."""
    launch = _launch("gemini", _area("src", "", "src/vendor"))
    rules = tomllib.loads(launch.files[POLICY])["rule"]
    call = json.dumps({"content": '"file_path":"src/a.py"', "file_path": path}, separators=(",", ":"))
    matching = [rule for rule in rules if re.search(rule.get("argsPattern", ""), call)]
    assert max(matching, key=lambda rule: rule["priority"])["decision"] == expected
