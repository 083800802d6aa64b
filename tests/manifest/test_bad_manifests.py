"""Bad manifests: each mistake has its place, reason and way out; all are told at once; nothing else is raised."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import ManifestError
from tests.manifest import (
    bad_areas,
    bad_boundaries,
    bad_containers,
    bad_dependencies,
    bad_keys,
    bad_names,
    bad_relations,
    bad_yaml,
)
from tests.support.manifests import SECRET, complaints, load_text

ROWS = [
    row
    for module in (
        bad_yaml,
        bad_keys,
        bad_dependencies,
        bad_containers,
        bad_areas,
        bad_boundaries,
        bad_names,
        bad_relations,
    )
    for row in module.TABLE
]
GOOD = """\
version: 1
project: shop
include: [orchestra.d/*.yaml]
env: [TOKEN]
modules: {auth: packages/auth}
defaults: {base: main, path: "../{project}.wt/{name}", shared: ["**/CHANGELOG.md"]}
worktrees:
  auth:
    branch: feature/auth   # mine
    modify: [$auth/**]
    done_when: [make test]
    files: {notes.md: "use {env:TOKEN}"}
    helpers:
      migration: {modify: [$auth/migrations/**]}
      test:
        needs: [migration]
        variables: {coverage: 80}
        helpers: {fixtures: {workspace: desk}}
  docs:
"""
PIECES = [
    "*",
    "&a ",
    "*a",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "\n",
    "  ",
    "\t",
    "!",
    "#",
    "'",
    '"',
    "|",
    "?",
    "\\",
    "é",
    "<<: ",
    "..",
    "%",
    "~",
    "1",
]


@pytest.mark.parametrize(("text", "expected"), [(row[1], list(row[2:])) for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_bad_manifest_is_refused_with_place_reason_and_hint(text: str, expected: list[str]) -> None:
    """Each row of the tables is answered by exactly its lines."""
    assert complaints(text) == expected


def test_every_problem_has_a_hint_and_the_line_it_points_at() -> None:
    """No problem of the tables leaves a reader without a way out, or without the text it speaks of."""
    for row in ROWS:
        with pytest.raises(ManifestError) as caught:
            load_text(row[1])
        for problem in caught.value.problems:
            assert problem.where is not None
            assert problem.hint
            line = row[1].split("\n")[problem.where.line - 1]
            assert problem.source_line in {"", line, re.sub(r"[^ -~]", "\N{REPLACEMENT CHARACTER}", line)}


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    """One load finds mistakes of YAML, of single keys and between declarations, in the order of the file."""
    text = """\
defaults: {pth: x}
worktrees:
  auth: {brnach: x, modify: ["src/a**", $auth/**, ../x]}
  auth:
  1:
  ui: {task: "{env:NOPE}", needs: [docs]}
  docs: {needs: [ui], submodules: yes}
  Docs: {branch: ui}
"""

    messages = [line for line in complaints(text) if not line.startswith("hint: ")]

    assert [message.split(": ")[0].removeprefix("orchestra.yaml:") for message in messages] == [
        "1:12", "3:10", "3:36", "3:41", "3:51", "4:3", "5:3", "6:15", "6:36", "7:35", "8:3"]  # fmt: skip


def test_one_mistake_does_not_make_another() -> None:
    """A key that is wrong is left out of the judgement of the rest; it is not taken for its default."""
    assert len(complaints("worktrees:\n  a: {branch: 'x y', path: ~/a}\n  b: {branch: a}\n")) == 2 * 2


def test_a_flood_of_mistakes_is_cut() -> None:
    """After a hundred problems the rest is counted."""
    lines = complaints("worktrees:\n" + "".join(f"  w{number}: {{x: 1}}\n" for number in range(150)))

    assert lines[-2] == "and 50 more problems"
    assert len(lines) == 101 * 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            b"worktrees:\n  a: {task: '\xff'}\n", "orchestra.yaml:2:14: this is not UTF-8 text", id="not UTF-8"
        ),
        pytest.param("worktrees: {}\n".encode("utf-16"), "orchestra.yaml:1:1: this is not UTF-8 text", id="UTF-16"),
        pytest.param(b"#" * (10 * 1024 * 1024), "orchestra.yaml:1:1: the file is larger than 1 MiB", id="10 MB"),
        pytest.param(b"[" * 1_000_000, "orchestra.yaml:1:33: more than 32 levels", id="a million brackets"),
        pytest.param(b"{" * 1_000_000, "orchestra.yaml:1:33: more than 32 levels", id="a million braces"),
        pytest.param(b"- " * 400_000, "orchestra.yaml:1:65: more than 32 levels", id="many dashes"),
        pytest.param(b"? " * 400_000, "orchestra.yaml:1:65: more than 32 levels", id="many question marks"),
        pytest.param(
            b"x: [" + b"1," * 400_000 + b"]",
            "orchestra.yaml:1:399995: the file holds more than 100000 values, aliases counted each time",
            id="many values",
        ),
    ],
)
def test_a_hostile_file_is_refused(text: bytes, expected: str) -> None:
    """Size, depth and number are bounded."""
    assert complaints(text)[0] == expected


def test_a_billion_laughs_are_not_laughed() -> None:
    """Aliases are counted before they are expanded."""
    laughs = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 20)]

    assert complaints("\n".join(laughs))[0] == (
        "orchestra.yaml:5:58: the file holds more than 100000 values, aliases counted each time"
    )


def test_a_chain_of_aliases_is_as_deep_as_what_it_stands_for() -> None:
    """Depth cannot be hidden behind aliases."""
    chain = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 5000)]

    assert "more than 32 levels" in complaints("\n".join(chain))[0]


@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.lists(st.sampled_from(PIECES), max_size=4).map("".join))
def test_a_mutated_text_is_loaded_or_refused(start: int, cut: int, piece: str) -> None:
    """Whatever stands at one place of a good manifest, nothing but `ManifestError` is raised, and no secret is told."""
    assert SECRET not in "\n".join(complaints(GOOD[:start] + piece + GOOD[start + cut :]))


@given(st.integers(0, len(GOOD)), st.binary(max_size=4))
def test_mutated_bytes_are_loaded_or_refused(start: int, piece: bytes) -> None:
    """The same for bytes that need not be text."""
    content = GOOD.encode()

    complaints(content[:start] + piece + content[start + len(piece) :])


@given(st.randoms(use_true_random=False))
def test_moved_lines_are_loaded_or_refused(source: random.Random) -> None:
    """The same for lines in any order, any of them twice or not at all, at any depth."""
    lines = [" " * source.choice([0, 0, 2, 4]) + line for line in GOOD.splitlines()]

    complaints("\n".join(source.choices(lines, k=len(lines))))


_KEYS = [
    "version",
    "project",
    "include",
    "env",
    "modules",
    "defaults",
    "worktrees",
    "auth",
    "helpers",
    "modify",
    "path",
    "needs",
    "files",
    "content",
    "variables",
    "branch",
    "deny",
    "was",
    "max_helpers",
    "workspace",
    "done_when",
]
_KEYS = [
    *("version", "project", "include", "env", "modules", "defaults", "worktrees", "auth", "helpers", "modify", "path"),
    *("needs", "files", "content", "variables", "branch", "deny", "was", "max_helpers", "workspace", "done_when"),
]
_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["$auth", "a/**", "{env:TOKEN}"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(_KEYS),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["worktrees", "defaults", "modules", "env", "include", "project"]), _TREES))
def test_any_structure_is_loaded_or_refused(document: dict[str, object]) -> None:
    """Values of any type may stand at any key."""
    import json  # noqa: PLC0415

    complaints(json.dumps(document))
