from __future__ import annotations

from dataclasses import dataclass
from textwrap import dedent

import pytest

from reconciler.errors import Location
from reconciler.model.address import Address
from reconciler.model.change import Action, Change
from reconciler.model.escaping import escape
from reconciler.model.plan import Plan
from reconciler.views.edits import render_edit
from reconciler.views.graph import graph_document, render_graph
from reconciler.views.history import render_history
from reconciler.views.markdown import code, render_markdown
from reconciler.views.status import render_status, status_document
from reconciler.views.sync import render_synced
from reconciler.views.text import age


def text(expected: str) -> str:
    return dedent(expected).lstrip("\n")


@dataclass(frozen=True)
class Value:
    label: str
    text: str
    source: str
    age_seconds: float | None


@dataclass(frozen=True)
class Workspace:
    name: str
    level: int
    state: str
    path: str | None
    needs_you: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()


@dataclass(frozen=True)
class Rule:
    key: str
    pattern: str
    where: Location
    said_by: str


@dataclass(frozen=True)
class Node:
    name: str
    label_facts: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    children: tuple[Node, ...] = ()
    full_name: str = ""
    area: tuple[Rule, ...] = ()


@dataclass(frozen=True)
class Run:
    started: str
    command: str
    user: str
    counts: dict[str, int]
    exit_code: int | None
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Synced:
    name: str
    result: str
    commits: int
    ok: bool = True


WORKSPACES = (
    Workspace(
        "auth", 1, "ready", "../wt/auth", (), (Value("branch", "auth", "git", 0.0), Value("dirty", "2", "git", 90))
    ),
    Workspace("auth--test", 2, "desk", None, ("switched by hand to main",), (Value("x", "y", "its file", None),)),
)


def test_status_begins_with_who_needs_a_person_and_tells_source_and_age():
    assert render_status(WORKSPACES) == text("""
        Needs you:
          auth--test: switched by hand to main

        auth        ready  ../wt/auth
            branch: auth (git, now)
            dirty:  2 (git, 1 min ago)
        auth--test  desk
            x: y (its file, age unknown)
        """)
    assert status_document(WORKSPACES)["workspaces"][1]["needs_you"] == ["switched by hand to main"]


def test_the_graph_is_a_tree_with_needs():
    fixtures = Node("fixtures")
    nodes = (
        Node("auth", ("auth-branch",), (), (Node("migration"), Node("test", ("eager",), ("migration",), (fixtures,)))),
        Node("docs"),
    )
    assert render_graph(nodes) == text("""
        auth  auth-branch
        ├── migration
        └── test  eager; needs migration
            └── fixtures
        docs
        """)
    assert graph_document(nodes)["workspaces"][1] == {"name": "docs", "facts": [], "needs": [], "helpers": []}


def test_the_graph_of_areas_names_every_pattern_and_its_place():
    """What a helper takes over says from whom; nothing in a name or a pattern steers a terminal."""
    place = Location("orchestra.yaml", 3, 9)
    own, denied = Rule("modify", "src/\x1b[1m", place, "auth"), Rule("deny", "src/v", place, "auth")
    helper = Node("test", full_name="auth--test", area=(denied,))
    nodes = (Node("auth", ("told elsewhere",), full_name="auth", children=(helper,), area=(own, denied)),)

    assert render_graph(nodes, areas=True) == text(r"""
        auth
        │   may change   src/\x1b[1m  orchestra.yaml:3:9
        │   never        src/v        orchestra.yaml:3:9
        └── test
                never        src/v  orchestra.yaml:3:9, declared for auth
        """)
    workspace = graph_document(nodes, areas=True)["workspaces"][0]["helpers"][0]
    assert workspace["full_name"] == "auth--test"
    assert workspace["area"] == [
        {
            "key": "deny",
            "pattern": "src/v",
            "where": {"file": "orchestra.yaml", "line": 3, "column": 9},
            "declared_for": "auth",
        }
    ]


def test_history_is_one_line_per_run():
    runs = (
        Run("2026-01-02 03:04", "apply", "kim", {"created": 2, "failed": 0}, 0, ("+ workspace:auth",)),
        Run("x", "y", "z", {}, None),
        Run("x", "y", "z", {}, None, ("workspace:ui created",)),
    )
    assert render_history(runs) == text("""
        2026-01-02 03:04  apply  kim  2 created  (exit 0)
            + workspace:auth
        x  y  z  nothing changed  (cut off)
        x  y  z  1 change until then  (cut off)
            workspace:ui created
        """)


def test_an_edit_is_shown_as_a_diff():
    assert render_edit("orchestra.yaml", "a:\n", "a:\n  b:\n") == "orchestra.yaml\n@@ -1 +1,2 @@\n a:\n+  b:\n"
    assert render_edit("orchestra.yaml", "a:\n", "a:\n") == "orchestra.yaml stays as it is.\n"


def test_sync_tells_every_worktree():
    synced = (Synced("auth", "merged main", 2), Synced("ui", "left as it was: dirty", 0, ok=False))
    assert render_synced(synced) == "auth: merged main (2 commits)\nui: left as it was: dirty\n"


def test_markdown_has_a_table_and_the_text_behind_a_fold():
    plan = Plan((Change(Address("workspace", "auth"), Action.CREATE, "a | b ``` @all"),))
    assert render_markdown(plan) == text("""
        ### Plan: 1 to add, 0 to change, 0 to destroy.

        | | resource | why |
        |---|---|---|
        | `+` | `workspace:auth` | ````a \\| b ``` @all```` |

        <details><summary>Details</summary>

        ````diff
        + workspace:auth (a | b ``` @all)

        Plan: 1 to add, 0 to change, 0 to destroy.
        ````

        </details>
        """)


def test_markdown_promises_nothing_of_what_waits_for_a_conflict():
    auth = Address("workspace", "auth")
    waiting = (Address("file", "auth/SESSION.md"), Address("guard", "auth"))
    plan = Plan(
        (Change(auth, Action.CONFLICT, "taken"), *(Change(each, Action.CREATE, waits_for=(auth,)) for each in waiting))
    )
    assert [line for line in render_markdown(plan).splitlines() if line.startswith("| `")] == [
        "| `!` | `workspace:auth`; 1 file cannot follow | `taken` |",
        "| `!` | `guard:auth` | `cannot be done before the way is free` |",
    ]


@pytest.mark.parametrize(
    ("raw", "quoted"),
    [
        pytest.param("a", "`a`", id="plain"),
        pytest.param("`", "`` ` ``", id="a-tick"),
        pytest.param("a|b\nc", "`a\\|b\\nc`", id="a-pipe-and-a-line"),
        pytest.param("", "` `", id="nothing"),
    ],
)
def test_a_code_span_cannot_be_left(raw, quoted):
    assert code(raw) == quoted


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        pytest.param("plain é 日本 👩\u200d🔬", "plain é 日本 👩\u200d🔬", id="printable"),
        pytest.param("\x1b[2J\x07", "\\x1b[2J\\x07", id="escape-sequence"),
        pytest.param("\x9b2J", "\\x9b2J", id="c1"),
        pytest.param("a\u202eb", "a\\u202eb", id="right-to-left"),
        pytest.param("a\udcffb", "a\\xffb", id="a-byte-that-is-no-utf-8"),
        pytest.param("a\nb\r", "a\\nb\\r", id="lines"),
    ],
)
def test_what_could_steer_a_terminal_is_escaped(raw, safe):
    assert escape(raw) == safe


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "now"), (59, "59 s ago"), (60, "1 min ago"), (7200, "2 h ago"), (200000, "2 d ago")],
)
def test_an_age_is_said_in_one_unit(seconds, said):
    assert age(seconds) == said
