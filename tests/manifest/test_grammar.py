"""Names, branches and paths are judged as git and the disk judge them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.manifest import grammar

_TOKENS = [
    "a",
    "B",
    "/",
    ".",
    "..",
    "-",
    "@",
    "@{",
    "{",
    "}",
    ".lock",
    "HEAD",
    "~",
    "^",
    ":",
    "?",
    "*",
    "[",
    "]",
    "\\",
    " ",
    "\t",
]
_BRANCHES = st.lists(
    st.sampled_from([*_TOKENS, "é", "\x7f", "\x01", "refs/heads/", "-1", "lock", "x"]), max_size=6
).map("".join)


def _git_accepts(branch: str) -> bool:
    done = subprocess.run(
        ["git", "check-ref-format", "--branch", branch], cwd=Path("/"), capture_output=True, check=False
    )
    return done.returncode == 0


@settings(max_examples=150)
@given(_BRANCHES | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=8))
@example("HEAD")
@example("@")
@example("a.lock/b")
@example("a/.b")
@example("refs/heads/a")
@example("-")
@example("a.")
@example("a./b")
def test_a_branch_is_judged_as_git_judges_it(branch: str) -> None:
    """`branch_fault` and `git check-ref-format --branch` agree, but for `@`, which is HEAD to other commands."""
    assert (grammar.branch_fault(branch) is None) == (_git_accepts(branch) and branch != "@")


@given(st.text(st.sampled_from("aZ09._-/ é~"), max_size=10))
def test_a_good_name_is_a_good_branch_and_a_good_directory(name: str) -> None:
    """What passes as a name needs no other check."""
    if grammar.name_fault(name) is None:
        assert grammar.branch_fault(name) is None
        assert grammar.file_path_fault(name) is None
        assert "--" not in f"{name}x"


@pytest.mark.parametrize("name", ["a", "A1", "auth-feature", "v1.2", "a_b", "0", "a" * 64])
def test_usual_names_are_good(name: str) -> None:
    """Letters, digits, `.`, `_` and single `-`."""
    assert grammar.name_fault(name) is None


def test_a_suggested_name_is_a_good_one() -> None:
    """Where a better name is suggested, it passes."""
    for name in ("my work", "../x", "a--b", "-rf", "x.lock", "a..b", "é", "a-", "." * 9, "x" * 99, "a.lock.lock"):
        fault = grammar.name_fault(name)
        assert fault is not None
        suggestion = fault.hint.partition("for example `")[2].rstrip("`")
        assert not suggestion or grammar.name_fault(suggestion) is None


def test_placeholders_are_filled_once() -> None:
    """What is put in is not looked at again."""
    assert grammar.fill("{project}/{name}", {"project": "{name}", "name": "x"}) == "{name}/x"
