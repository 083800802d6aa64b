"""The JSON Schema is the models', and accepts what the loader accepts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from reconciler.manifest import schema
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
    if isinstance(value, int) and not isinstance(value, bool) and value < part.get("minimum", value):
        return False
    if isinstance(value, list):
        return len(value) >= part.get("minItems", 0) and all(
            _accepts(part.get("items", {}), item, root) for item in value
        )
    if isinstance(value, dict):
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
