from __future__ import annotations

import re
from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange, Mode
from reconciler.model.plan import Plan
from reconciler.views.plan import last_line, render_plan
from reconciler.views.style import Style

AUTH, UI, TEST = (Address("workspace", name) for name in ("auth", "ui", "auth--test"))


def text(expected: str) -> str:
    return dedent(expected).lstrip("\n")


def file(name: str, action: Action = Action.CREATE, **more: object) -> Change:
    return Change(Address("file", name), action, "declared", **more)  # type: ignore[arg-type]


def new_worktree() -> Change:
    fields = (FieldChange("branch", None, "auth"), FieldChange("base", None, "main at 1a2b3c4"))
    return Change(AUTH, Action.CREATE, "declared, absent", fields)


def test_a_new_worktree_is_told_with_its_files_on_one_line():
    plan = Plan((new_worktree(), file("auth/SESSION.md", waits_for=(AUTH,)), file("auth/CLAUDE.local.md")))
    assert render_plan(plan) == text("""
          + workspace:auth (declared, absent)
              branch: auth
              base:   main at 1a2b3c4
              with 2 files: SESSION.md, CLAUDE.local.md

        Plan: 3 to add, 0 to change, 0 to destroy.
        """)


def test_a_name_that_several_files_have_is_counted():
    helper = Change(TEST, Action.CREATE, "declared, absent")
    assert "with 2 files: CONTRACT.md (2)" in render_plan(
        Plan((helper, file("auth/.sub-agents/test/CONTRACT.md"), file("auth--test/CONTRACT.md")))
    )
    assert "with 3 files: SESSION.md, CONTRACT.md (2)" in render_plan(
        Plan((new_worktree(), file("auth/SESSION.md"), file("auth/CONTRACT.md"), file("auth/CONTRACT.md")))
    )


def test_a_long_difference_is_counted_and_shown_in_full_on_request():
    before, after = ("".join(f"{word} {number}\n" for number in range(9)) for word in ("old", "new"))
    edit = file("ui/SESSION.md", Action.UPDATE, fields=(FieldChange("content", before, after + "x\n", text=True),))
    assert render_plan(Plan((edit,))) == text("""
          ~ file:ui/SESSION.md (declared)
              content: 10 lines added, 9 lines removed (`--full` shows them)

        Plan: 0 to add, 1 to change, 0 to destroy.
        """)
    assert "+new 8" in render_plan(Plan((edit,)), full=True)


def test_the_files_of_a_desk_are_told_with_the_helper():
    helper = Change(TEST, Action.CREATE, "declared, absent", waits_for=(AUTH,))
    contract = file("auth/.sub-agents/test/CONTRACT.md", waits_for=(TEST,))
    assert render_plan(Plan((helper, contract))) == text("""
          + workspace:auth--test (declared, absent)
              with 1 file: CONTRACT.md
              after: workspace:auth

        Plan: 2 to add, 0 to change, 0 to destroy.
        """)


def test_full_shows_every_new_file_with_its_content():
    content = FieldChange("content", None, "# auth\n", text=True)
    assert render_plan(Plan((new_worktree(), file("auth/SESSION.md", fields=(content,)))), full=True) == text("""
          + workspace:auth (declared, absent)
              branch: auth
              base:   main at 1a2b3c4
          + file:auth/SESSION.md (declared)
              content:
                @@ -0,0 +1 @@
                +# auth

        Plan: 2 to add, 0 to change, 0 to destroy.
        """)


def test_an_update_shows_before_and_after_and_texts_as_a_diff():
    fields = (FieldChange("path", "../a", "../b"), FieldChange("task", None, "x -> y"))
    move = Change(AUTH, Action.UPDATE, "path edited", fields, mode=Mode.RESTART, touches_work="an agent is at work")
    edit = file("ui/SESSION.md", Action.UPDATE, fields=(FieldChange("content", "one\ntwo\n", "one\n2", text=True),))
    assert render_plan(Plan((move, edit))) == text(r"""
          ~ workspace:auth (path edited)
              path: ../a -> ../b
              task: (none) -> "x -> y"
              caution: an agent is at work
              made: by restart
          ~ file:ui/SESSION.md (declared)
              content:
                @@ -1,2 +1,2 @@
                 one
                -two
                +2
                \ No newline at end of file

        Plan: 0 to add, 2 to change, 0 to destroy.
        """)


def test_conflicts_orphans_persons_and_drift_have_sections_of_their_own():
    plan = Plan(
        (
            Change(AUTH, Action.CONFLICT, "a directory of that name is in the way", hint="move ../shop.wt/auth away"),
            Change(UI, Action.UPDATE, "branch edited, and published", mode=Mode.PERSON, hint="git branch -m ui web"),
            Change(TEST, Action.NO_OP, notes=("no longer declared",), orphan=True),
            file("auth--test/CONTRACT.md", Action.NO_OP, notes=("no longer declared",), orphan=True),
            Change(Address("workspace", "docs"), Action.NO_OP, notes=("base moved on by 3 commits",)),
        ),
        notes=("the manifest now comes from branch next",),
    )
    assert render_plan(plan) == text("""
        Note: the manifest now comes from branch next

        Left to a person:
          ~ workspace:ui (branch edited, and published)
              made: only after a person
              hint: git branch -m ui web

        In the way:
          ! workspace:auth (a directory of that name is in the way)
              hint: move ../shop.wt/auth away

        Orphans:
            workspace:auth--test
              with 1 file: CONTRACT.md
              note: no longer declared

        Seen:
            workspace:docs
              note: base moved on by 3 commits

        Plan: 0 to add, 0 to change, 0 to destroy. 1 conflict.
        """)


def test_a_workspace_is_not_said_to_wait_for_the_files_that_are_told_with_it():
    contract = file("auth--test/CONTRACT.md", Action.DELETE, orphan=True)
    gone = Change(TEST, Action.DELETE, "no work in it", waits_for=(contract.address, UI), orphan=True)
    assert render_plan(Plan((contract, gone))) == text("""
          - workspace:auth--test (no work in it)
              with 1 file: CONTRACT.md
              after: workspace:ui

        Plan: 0 to add, 0 to change, 2 to destroy.
        """)
    assert "after" not in render_plan(Plan((contract, replace(gone, waits_for=(contract.address,)))))


def test_what_is_in_the_way_is_told_before_what_waits_for_it():
    taken = Change(AUTH, Action.CONFLICT, "branch auth is already checked out")
    guard = Change(Address("guard", "auth"), Action.CREATE, "declared", waits_for=(AUTH,))
    assert render_plan(Plan((taken, file("auth/SESSION.md", waits_for=(AUTH,)), guard))) == text("""
        In the way:
          ! workspace:auth (branch auth is already checked out)
              1 file cannot follow: SESSION.md
          ! guard:auth (cannot be done before the way is free)
              after: workspace:auth

        Plan: 0 to add, 0 to change, 0 to destroy. 1 conflict.
        """)


@pytest.mark.parametrize(
    ("changes", "purpose", "expected"),
    [
        pytest.param((), "apply", "No changes. The worktrees match orchestra.yaml.", id="nothing"),
        pytest.param((), "destroy", "No changes. There is nothing to destroy.", id="nothing-left"),
        pytest.param(
            (Change(UI, Action.DELETE, mode=Mode.PERSON),),
            "apply",
            "No changes that can be made unattended; 1 change is left to a person.",
            id="a-person",
        ),
        pytest.param(
            (Change(UI, Action.CREATE), Change(AUTH, Action.UPDATE), Change(TEST, Action.DELETE)),
            "apply",
            "Plan: 1 to add, 1 to change, 1 to destroy.",
            id="one-of-each",
        ),
    ],
)
def test_the_last_line_says_it_verbatim(changes, purpose, expected):
    assert last_line(Plan(changes), purpose) == expected


def test_a_destroy_says_what_is_kept_and_why():
    plan = Plan((Change(UI, Action.DELETE, "merged", orphan=True), Change(AUTH, Action.NO_OP, "kept, because dirty")))
    assert render_plan(plan, purpose="destroy") == text("""
          - workspace:ui (merged)

        Kept:
            workspace:auth (kept, because dirty)

        Plan: 0 to add, 0 to change, 1 to destroy.
        """)


def test_names_and_diffs_from_strangers_cannot_steer_the_terminal():
    evil = "x\x1b]0;owned\x07\u202e"
    fields = (FieldChange("content", "a\n", f"{evil}\r\n\tkept\n", text=True), FieldChange(evil, evil, evil))
    change = Change(Address("file", evil), Action.UPDATE, evil, fields, notes=(evil,), touches_work=evil, hint=evil)
    shown = render_plan(Plan((change,), notes=(evil,)), full=True)
    assert [character for character in shown if not character.isprintable() and character not in "\n\t"] == []
    assert "\\x1b]0;owned\\x07\\u202e" in shown


words = st.text(st.characters(codec="utf-8"), max_size=12)
changes = st.builds(
    Change,
    st.builds(Address, st.sampled_from(["file", "workspace"]), words),
    st.sampled_from(Action),
    words,
    st.lists(st.builds(FieldChange, words, st.none() | words, st.none() | words, st.booleans()), max_size=2).map(tuple),
    st.just(()),
    st.sampled_from(Mode),
    st.lists(words, max_size=2).map(tuple),
    st.booleans(),
)
plans = st.builds(Plan, st.lists(changes, max_size=5).map(tuple), st.lists(words, max_size=1).map(tuple))


@given(plans, st.booleans(), st.sampled_from(["apply", "destroy"]))
def test_colour_only_adds(plan, full, purpose):
    coloured = render_plan(plan, style=Style(enabled=True), full=full, purpose=purpose)
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == render_plan(plan, full=full, purpose=purpose)


@given(plans)
def test_nothing_that_is_pending_is_left_out(plan):
    shown = render_plan(plan, full=True)
    headlines = [line for line in shown.splitlines() if line[:2] == "  " and line[2:3] in {"+", "~", "-", "!"}]
    assert len(headlines) >= len(plan.pending) + len(plan.conflicts)
