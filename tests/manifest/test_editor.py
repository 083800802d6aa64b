"""Edits keep every line that they do not mean, byte for byte."""

# ruff: noqa: E501 - texts are compared as they are

from __future__ import annotations

import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from reconciler.manifest import editor, meaning
from tests.support.manifests import declared

FIELDS = {"task": "Fix: it", "modify": ["src/**", "*.md"], "helpers": {"test": {"needs": ["x"], "eager": True}}}
BLOCK = """\
# top
version: 1   # one
worktrees:   # all of them

  a:   # first
    task: 'q'   # quoted
    modify:
    - "x"
    # more of a

  # about b
  b: {task: "z", helpers: {t: , u: {task: y}}}   # second

  # tail
env: [TOKEN]   # end
"""


def _changes(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.split("\n"), after.split("\n"), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def test_a_minimal_manifest_can_be_loaded_and_added_to() -> None:
    """What `init` writes is where `add` goes on."""
    text = editor.minimal("my shop")

    assert declared(text.replace("my shop", "shop")) == {}
    assert _changes(text, editor.add_worktree(text, "auth", {})) == ["-worktrees: {}", "+worktrees:", "+  auth:"]


ADDED = [
    ("no file", "", "worktrees:\n  w:\n    task: t\n"),
    ("only a comment", "# hi\n", "# hi\nworktrees:\n  w:\n    task: t\n"),
    ("no worktrees", "version: 1 # x\n", "version: 1 # x\nworktrees:\n  w:\n    task: t\n"),
    ("empty braces", "worktrees: {}  # c\n", "worktrees:  # c\n  w:\n    task: t\n"),
    ("nothing", "worktrees:  # c\n  # soon\n\nenv: []\n", "worktrees:  # c\n  w:\n    task: t\n  # soon\n\nenv: []\n"),
    ("tilde", "worktrees: ~\n", "worktrees:\n  w:\n    task: t\n"),
    ("block", "worktrees:\n  a:\n    # of a\n  # tail\n", "worktrees:\n  a:\n    # of a\n  w:\n    task: t\n  # tail\n"),
    ("four spaces", "worktrees:\n    a:\n", "worktrees:\n    a:\n    w:\n        task: t\n"),
    ("carriage returns", "worktrees:\r\n  a:\r\n", "worktrees:\r\n  a:\r\n  w:\r\n    task: t\r\n"),
    ("no line end", "worktrees:\n  a:", "worktrees:\n  a:\n  w:\n    task: t"),
    ("flow", "worktrees: {a: , b: {task: x}}\n", "worktrees: {a: , b: {task: x}, w: {task: t}}\n"),
    ("all in flow", "{version: 1}\n", "{version: 1, worktrees: {w: {task: t}}}\n"),
    ("flow with a comma", "worktrees: {\n  a: {}, # c\n}\n", "worktrees: {\n  a: {}, w: {task: t}, # c\n}\n"),
    ("block text", "worktrees:\n  a:\n    task: |\n      x\n\n\nenv: []\n", "worktrees:\n  a:\n    task: |\n      x\n  w:\n    task: t\n\n\nenv: []\n"),
    ("an anchor of nothing", "worktrees: &x # c\n  # d\n", "worktrees: &x # c\n  w:\n    task: t\n  # d\n"),
    ("an anchor of a tilde", "worktrees: &x ~\n", "worktrees: &x\n  w:\n    task: t\n"),
    ("an anchor of braces", "worktrees: &x {}  # c\n", "worktrees: &x  # c\n  w:\n    task: t\n"),
    ("an anchor in braces", "{worktrees: &x , env: []}\n", "{worktrees: &x {w: {task: t}}, env: []}\n"),
    ("an anchor at the end of braces", "{worktrees: &x}\n", "{worktrees: &x {w: {task: t}}}\n"),
    ("anchors", "worktrees:\n  a: &x {task: x}\n  b: *x\n", "worktrees:\n  a: &x {task: x}\n  b: *x\n  w:\n    task: t\n"),
    ("end marker", "---\nworktrees:\n  a:\n...\n", "---\nworktrees:\n  a:\n  w:\n    task: t\n...\n"),
    ("byte order mark", "\ufeffworktrees:\n  a:\n", "\ufeffworktrees:\n  a:\n  w:\n    task: t\n"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in ADDED], ids=[row[0] for row in ADDED])
def test_a_worktree_is_added_behind_the_others(before: str, after: str) -> None:
    """In the style of what is there."""
    assert editor.add_worktree(before, "w", {"task": "t"}) == after


HELPED = [
    ("empty body", "worktrees:\n  a:   # c\n  b:\n", "worktrees:\n  a:   # c\n    helpers:\n      w:\n        task: t\n  b:\n"),
    ("no helpers", "worktrees:\n  a:\n    task: x\n", "worktrees:\n  a:\n    task: x\n    helpers:\n      w:\n        task: t\n"),
    ("flow body", "worktrees:\n  a: {task: x}\n", "worktrees:\n  a: {task: x, helpers: {w: {task: t}}}\n"),
    ("empty in flow", "worktrees: {a: , b: }\n", "worktrees: {a: {helpers: {w: {task: t}}}, b: }\n"),
    ("bare in flow", "worktrees: {a, b}\n", "worktrees: {a: {helpers: {w: {task: t}}}, b}\n"),
    ("others", "worktrees:\n  a:\n    helpers:\n      t:\n", "worktrees:\n  a:\n    helpers:\n      t:\n      w:\n        task: t\n"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), [row[1:] for row in HELPED], ids=[row[0] for row in HELPED])
def test_a_helper_is_added_to_its_parent(before: str, after: str) -> None:
    """`helpers` is made where it is missing."""
    assert editor.add_helper(before, "a", "w", {"task": "t"}) == after


def test_a_helper_of_a_helper_is_added() -> None:
    """The parent is given by its full name."""
    text = "worktrees:\n  a:\n    helpers:\n      t: {task: x}\n"

    assert "t: {task: x, helpers: {w: {}}}" in editor.add_helper(text, "a--t", "w", {})


REMOVED = [
    ("block", BLOCK, "a", ["-  a:   # first", "-    task: 'q'   # quoted", "-    modify:", '-    - "x"', "-    # more of a"]),
    ("last of a block", BLOCK, "b", ['-  b: {task: "z", helpers: {t: , u: {task: y}}}   # second']),
    ("in flow", BLOCK, "b--t", ['-  b: {task: "z", helpers: {t: , u: {task: y}}}   # second', '+  b: {task: "z", helpers: {u: {task: y}}}   # second']),
    ("last in flow", BLOCK, "b--u", ['-  b: {task: "z", helpers: {t: , u: {task: y}}}   # second', '+  b: {task: "z", helpers: {t: }}   # second']),
    ("the only helper", "worktrees:\n  a:\n    task: x\n    helpers:\n      t:\n", "a--t", ["-    helpers:", "-      t:"]),
    ("the only worktree", "worktrees:\n  a:\n", "a", ["-  a:"]),
    ("own line in flow", "worktrees: {\n  a: {}, # aa\n  b: {} # bb\n}\n", "a", ["-  a: {}, # aa"]),
    ("last line in flow", "worktrees: {\n  a: {}, # aa\n  b: {} # bb\n}\n", "b", ["-  b: {} # bb"]),
    ("carriage returns", "worktrees:\r\n  a:\r\n  b:\r\n", "a", ["-  a:\r"]),
    ("an alias", "worktrees:\n  a: &x {task: x}\n  b: *x\n", "b", ["-  b: *x"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "name", "changes"), [row[1:] for row in REMOVED], ids=[row[0] for row in REMOVED])
def test_only_what_is_removed_goes(text: str, name: str, changes: list[str]) -> None:
    """The comments of neighbours stay."""
    assert _changes(text, editor.remove(text, name)) == changes


BY_HAND = [
    ("removing an anchor in use", lambda: editor.remove("worktrees:\n  a: &x {task: x}\n  b: *x\n", "a")),
    ("a helper through an alias", lambda: editor.add_helper("worktrees:\n  a: &x {task: x}\n  b: *x\n", "b", "w", {})),
    ("changing what an alias repeats", lambda: editor.add_helper("worktrees:\n  a: &x {task: x}\n  b: *x\n", "a", "w", {})),
    ("a question mark key", lambda: editor.remove("worktrees:\n  ? a\n  : task: x\n", "a")),
    ("no mapping", lambda: editor.add_worktree("worktrees: 3\n", "w", {})),
    ("declared already", lambda: editor.add_worktree("worktrees: {w: }\n", "w", {})),
    ("not declared", lambda: editor.remove("worktrees: {auth: }\n", "aut")),
    ("no such parent", lambda: editor.add_helper("worktrees: {auth: }\n", "aut", "w", {})),
    ("not YAML", lambda: editor.remove("worktrees: [\n", "a")),
]  # fmt: skip


@pytest.mark.parametrize("edit", [row[1] for row in BY_HAND], ids=[row[0] for row in BY_HAND])
def test_what_cannot_be_edited_safely_is_left_to_a_person(edit: object) -> None:
    """The error has a place and a hint."""
    assert callable(edit)
    with pytest.raises(ManifestError) as caught:
        edit()

    assert caught.value.problems[0].where is not None
    assert caught.value.problems[0].hint


_NAMES = st.sampled_from(["a", "b", "c"])
_BODY = st.sampled_from(
    [
        "",
        " {task: x}",
        "\n    task: 'x' # t\n    # deeper",
        "\n    modify:\n    - x\n\n",
        " # c",
        "\n    helpers:\n      t:",
    ]
)


@given(
    st.lists(
        st.tuples(_NAMES, _BODY, st.sampled_from(["", "\n\n  # above", "\n# left"])), unique_by=lambda row: row[0]
    ),
    _NAMES,
    st.booleans(),
    st.booleans(),
)
def test_other_lines_are_never_touched(rows: list[tuple[str, str, str]], name: str, crlf: bool, ends: bool) -> None:
    """Adding adds lines only; removing what was added gives the text back."""
    text = "version: 1\nworktrees:" + "".join(f"{above}\n  {key}:{body}" for key, body, above in rows) + "\n" * ends
    text = text.replace("\n", "\r\n") if crlf else text

    added = editor.add_worktree(text, "new", FIELDS)

    assert all(
        line.startswith(("+", "-worktrees:", "\\")) or line.rstrip("\r")[1:] == text.split("\n")[-1]
        for line in _changes(text, added)
    )
    assert editor.remove(added, "new") in {text, text + "\n", text + "\r\n"}
    if name in {row[0] for row in rows}:
        assert all(line.startswith("-") for line in _changes(text + "\n", editor.remove(text + "\n", name)))


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=6),
        st.text(max_size=12) | st.lists(st.text(max_size=6)) | st.booleans(),
        max_size=4,
    )
)
def test_what_is_added_reads_back(fields: dict[str, str | list[str] | bool]) -> None:
    """Any text is quoted as it needs to be."""
    for text in ("", "worktrees: {a: }\n", "worktrees: {a}\n", "worktrees:\n  a:\n"):
        found = meaning.read(editor.add_worktree(text, "n", fields), "x.yaml")["worktrees"]
        assert isinstance(found, dict)
        assert meaning.comparable(found["n"]) == meaning.comparable(fields)
