from __future__ import annotations

import ast
import io
import json
import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import reconciler
from reconciler.errors import OrchestraError
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.escaping import escape
from reconciler.model.plan import Plan
from reconciler.model.redaction import LONGEST_WORDS, Redactor, stands_by_chance
from reconciler.views.errors import render_error
from reconciler.views.json import document
from reconciler.views.markdown import render_markdown
from reconciler.views.plan import render_plan
from reconciler.views.redact import RedactingStream

NAME = "NPM_TOKEN"
awkward = st.sampled_from("ab|`\\\"'\n\r\t\x1b\u2028é日 ")
secrets = st.text(awkward | st.characters(codec="utf-8"), min_size=7, max_size=20).filter(
    lambda value: value.strip() == value and not stands_by_chance(value) and value not in "{env:" + NAME + "}"
)


def through(stream_of: list[str], redactor: Redactor) -> str:
    target = io.StringIO()
    stream = RedactingStream(target, redactor)
    for piece in stream_of:
        stream.write(piece)
        stream.flush()
    stream.release()
    return target.getvalue()


def leaks(secret: str) -> Plan:
    around = f"a{secret}b"
    text = FieldChange("content", "old\n", f"x {secret}\ny", text=True)
    fields = (FieldChange("task", f" {secret}", around), text)
    change = Change(Address("file", around), Action.UPDATE, around, fields, notes=(secret,), touches_work=secret)
    return Plan((change,), notes=(secret,))


def written(secret: str) -> list[str]:
    """How a reader of a terminal, of JSON or of Markdown would meet it."""
    on_terminal = secret.encode("unicode_escape").decode() if not secret.isprintable() else secret
    quoted = escape(json.dumps(secret, ensure_ascii=False)[1:-1])
    return [secret, quoted, on_terminal, json.dumps(secret)[1:-1], escape(secret), escape(secret).replace("|", "\\|")]


@given(secrets)
def test_no_view_shows_a_secret(secret):
    plan = leaks(secret)
    bare = Plan((), ())
    views = (
        lambda plan: render_plan(plan, full=True),
        render_markdown,
        lambda plan: document({"notes": list(plan.notes)}),
        lambda plan: render_error(OrchestraError("".join(plan.notes))),
    )
    for view in views:
        assume(secret not in view(bare))  # a secret that is a word of ours, such as "Plan"
        shown = through([view(plan)], Redactor({NAME: secret}))
        assert [form for form in written(secret) if form in shown] == []


@given(secrets)
def test_json_decodes_to_no_secret(secret):
    shown = through([document({"value": secret})], Redactor({NAME: secret}))
    assume("value".find(secret) < 0)
    assert secret not in shown
    assert json.loads(shown)["value"] == f"{{env:{NAME}}}"


@given(
    st.lists(st.text("1bc", min_size=7, max_size=9).filter(lambda value: not stands_by_chance(value)), min_size=1),
    st.lists(st.text("1bc", max_size=6)),
)
def test_pieces_are_redacted_as_the_whole(values, pieces):
    redactor = Redactor({f"S{index}": value for index, value in enumerate(values)})
    shown = through(pieces, redactor)
    assert shown == redactor("".join(pieces))
    assert not any(value in shown for value in values)


def test_a_secret_of_several_lines_is_hidden_line_by_line():
    key = "-----BEGIN-----\nMIIabcd\n-----END-----\n"
    shown = through([render_plan(leaks(key), full=True)], Redactor({"KEY": key}))
    assert "MIIabcd" not in shown
    assert "BEGIN" not in shown


@pytest.mark.parametrize(
    "value", ["1", "abc12", "create", "waits_for", "workspace:auth", "2026-11-24", "Fix the login"]
)
def test_what_stands_anywhere_by_chance_is_left(value):
    assert Redactor({"DEBUG": value})(f"a {value} b") == f"a {value} b"


@pytest.mark.parametrize(
    "value", ["hunter2", "sk_live_4eC39Hq", "correct horse battery staple", "https://a:b@c", "Tr0ub4dor&3"]
)
def test_what_does_not_is_hidden(value):
    assert Redactor({"TOKEN": value})(f"a {value} b") == "a {env:TOKEN} b"


def words_of_ours():
    """All words in the texts of the program; what is no word is a pattern, code, or what git is called with."""
    for file in Path(reconciler.__file__).parent.rglob("*.py"):
        tree = ast.parse(file.read_text())
        keys = {id(key) for node in ast.walk(tree) for key in keys_of(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in keys:
                yield from re.findall(r"(?<![\w\\$%])[A-Za-z][\w./:-]*[A-Za-z](?![\w\\])", node.value)


def keys_of(node):
    """What a document is asked for: nobody is told that."""
    if isinstance(node, ast.Subscript):
        yield node.slice
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        yield from node.args[:1]


def test_no_word_of_ours_is_a_value_that_is_hidden():
    types = re.compile(r"[A-Z]\w*(?:Error|T|T_contra)")
    short = {word for word in words_of_ours() if len(word) <= LONGEST_WORDS and not types.fullmatch(word)}
    assert len(short) > 1000
    assert {word for word in short if not stands_by_chance(word)} == set()
