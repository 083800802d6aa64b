"""The JSON Schema is the models', and accepts what the loader accepts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from reconciler.manifest import grammar, schema
from tests.manifest import bad_keys
from tests.manifest.test_loader import LONG, SIX_LINES

FILE = Path(__file__).parents[2] / "specs/orchestra.schema.json"
EVERYTHING = """\
version: 1
include: orchestra.d/*.yaml
env: HOME
modules:
defaults:
worktrees:
  a: {files: {x: text, y: {content: text}, z: {template: t.md}}, needs: b, modify: src, helpers: }
  b: {helpers: {t: , u: {variables: {a: 1, b: 1.5, c: true, d: x}, files: }}, done_when: make}
"""
_TYPES = {
    "object": dict,
    "array": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": float,
    "null": type(None),
}


def _accepts(part: dict[str, object], value: object, root: dict[str, object]) -> bool:  # noqa: PLR0911
    """The few words of JSON Schema that ours uses."""
    if "$ref" in part:
        return _accepts(root["$defs"][str(part["$ref"]).rpartition("/")[2]], value, root)  # type: ignore[index]
    if "anyOf" in part and not any(_accepts(choice, value, root) for choice in part["anyOf"]):  # type: ignore[attr-defined]
        return False
    types = part.get("type", [])
    wanted = [_TYPES[name] for name in ([types] if isinstance(types, str) else types)]
    if wanted and (type(value) not in wanted):
        return False
    if ("enum" in part and value not in part["enum"]) or ("const" in part and value != part["const"]):
        return False
    if isinstance(value, str) and not re.search(str(part.get("pattern", "")), value):
        return False
    if isinstance(value, int) and not isinstance(value, bool) and value < part.get("minimum", value):
        return False
    if isinstance(value, list):
        return len(value) >= part.get("minItems", 0) and all(
            _accepts(part.get("items", {}), item, root) for item in value
        )
    if isinstance(value, dict):
        if not all(_accepts(part.get("propertyNames", {}), key, root) for key in value):  # type: ignore[arg-type]
            return False
        properties, others = part.get("properties", {}), part.get("additionalProperties", True)
        return all(
            _accepts(properties[key], item, root)
            if key in properties
            else others and _accepts(others if isinstance(others, dict) else {}, item, root)
            for key, item in value.items()
        )
    return True


def _is_valid(text: str) -> bool:
    document = schema.schema()
    return _accepts(document, YAML(typ="safe", pure=True).load(text), document)


def test_the_file_is_what_the_models_say() -> None:
    """After a change of the models: `python -m reconciler.manifest.schema > specs/orchestra.schema.json`."""
    assert FILE.read_text(encoding="utf-8") == schema.text()


@pytest.mark.parametrize("text", [SIX_LINES, LONG, EVERYTHING], ids=["six lines", "long", "everything"])
def test_it_accepts_what_the_loader_accepts(text: str) -> None:
    """Short forms and empty bodies too."""
    assert _is_valid(text)


@pytest.mark.parametrize("row", bad_keys.TABLE, ids=[row[0] for row in bad_keys.TABLE])
def test_it_refuses_wrong_keys_and_types(row: tuple[str, ...]) -> None:
    """An editor shows what the loader would refuse, where a schema can say it."""
    assert not _is_valid(row[1]) or row[0] == "octal number"


def test_every_key_is_described() -> None:
    """A person reads the schema in the editor's tooltip."""
    document = json.loads(schema.text())
    models = [document, *document["$defs"].values()]

    assert [key for model in models for key, part in model["properties"].items() if not part.get("description")] == []


@pytest.mark.parametrize(
    "text",
    [
        "worktrees: {a--b: }",
        "worktrees: {a: {helpers: {-t: }}}",
        "worktrees: {a: {was: b.lock}}",
        "project: a..b",
        "env: [a-b]",
        "env: 1x",
        "worktrees: {a: {helpers: {t: {variables: {1a: x}}}}}",
        "port_range: 20000",
    ],
)
def test_it_refuses_what_a_pattern_can(text: str) -> None:
    """An editor marks it while it is typed."""
    assert not _is_valid(text)


def _longest(name: str) -> str:
    return name * grammar.LONGEST_NAME


@given(st.text("aA0.-_lock/ \n\u00e9", max_size=12) | st.from_regex(r"\A[a-z.-]{0,9}\Z"))
@example("a.lock")
@example(_longest("a"))
@example(_longest("a") + "a")
def test_the_pattern_of_a_name_is_the_grammar(name: str) -> None:
    """Neither knows more; an end of line is no character that a name could end with."""
    assert bool(re.fullmatch(grammar.NAME_PATTERN, name)) == (grammar.name_fault(name) is None)


@given(st.text("aA0_-", max_size=4))
def test_the_pattern_of_a_variable_is_the_grammar(name: str) -> None:
    """Neither knows more."""
    assert bool(re.fullmatch(grammar.ENVIRONMENT_PATTERN, name)) == (grammar.environment_fault(name) is None)


@given(st.text("0156-", max_size=11) | st.from_regex(r"\A[0-9]{4,5}-[0-9]{4,5}\Z"))
def test_the_pattern_of_a_range_of_ports_refuses_no_good_one(text: str) -> None:
    """It cannot compare them, and knows no bounds."""
    assert grammar.port_range_fault(text) is not None or re.fullmatch(grammar.PORT_RANGE_PATTERN, text)
