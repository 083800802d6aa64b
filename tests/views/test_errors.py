from __future__ import annotations

from textwrap import dedent

import pytest

from reconciler.errors import ConflictError, Location, ManifestError, Problem
from reconciler.views.errors import error_document, render_error, render_problems


def text(expected: str) -> str:
    return dedent(expected).lstrip("\n")


def test_every_problem_is_shown_with_its_place_its_line_and_a_way_out():
    first = Problem(
        "unknown key `brnach`", Location("orchestra.yaml", 3, 5), "did you mean `branch`?", "    brnach: main"
    )
    second = Problem("`[**/*.md]` is an alias in YAML", Location("orchestra.yaml", 9, 14), "quote it")
    assert render_error(ManifestError((first, second))) == text("""
        orchestra.yaml:3:5: unknown key `brnach`
                brnach: main
                ^
        hint: did you mean `branch`?
        orchestra.yaml:9:14: `[**/*.md]` is an alias in YAML
        hint: quote it

        2 problems
        """)


def test_a_problem_without_a_place_is_called_an_error():
    assert render_error(ConflictError("it moved", hint="plan again")) == "error: it moved\nhint: plan again\n"


@pytest.mark.parametrize(
    ("line", "column", "shown"),
    [
        pytest.param("ab: c", 5, "    ab: c\n        ^", id="plain"),
        pytest.param("\tab", 2, "    \\tab\n      ^", id="a-tab-is-written-as-two"),
        pytest.param("日本: c", 5, "    日本: c\n          ^", id="wide-characters"),
        pytest.param("ab", 99, "    ab\n      ^", id="beyond-the-end"),
        pytest.param("x" * 5000 + "!", 5001, "    " + "x" * 50 + "!\n    " + " " * 50 + "^", id="long"),
    ],
)
def test_the_caret_stands_under_the_column(line, column, shown):
    problem = Problem("wrong", Location("f", 1, column), source_line=line)
    assert render_problems([problem]) == f"f:1:{column}: wrong\n{shown}\n"


def test_nothing_in_a_problem_steers_the_terminal():
    evil = "a\x1b[2Jb"
    shown = render_problems([Problem(evil, Location(evil, 1, 1), evil, evil)])
    assert "\x1b" not in shown


def test_the_document_has_the_same_places():
    error = ManifestError((Problem("wrong", Location("f", 1, 2), "hint"), Problem("also")))
    assert error_document(error) == {
        "type": "error",
        "error": {
            "kind": "ManifestError",
            "exit_code": 3,
            "problems": [
                {"message": "wrong", "where": {"file": "f", "line": 1, "column": 2}, "hint": "hint"},
                {"message": "also", "where": None, "hint": None},
            ],
        },
    }
