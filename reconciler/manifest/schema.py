"""The JSON Schema of `orchestra.yaml`, for editors.

The rule: it is generated from the models (`python -m reconciler.manifest.schema > specs/orchestra.schema.json`); it
accepts all that the loader accepts.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from pydantic import TypeAdapter

from reconciler.manifest.containers_models import ADAPTER as CONTAINERS_ADAPTER
from reconciler.manifest.dependency_models import ADAPTER, OPTIONS
from reconciler.manifest.models import CONTAINERS, DEPENDENCIES, Document

_EMPTY = {"type": "null"}
_BODIES = ("Worktree", "Helper", "Defaults", "Checks", *(model.__name__ for model in OPTIONS.values()))


def schema() -> dict[str, object]:
    """Make the schema."""
    generated = _complete(
        _complete(Document.model_json_schema(), DEPENDENCIES, ADAPTER), CONTAINERS, CONTAINERS_ADAPTER
    )
    top = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "orchestra.yaml"}
    made = _tidied({**top, **generated, "title": "orchestra.yaml"})
    assert isinstance(made, dict)  # noqa: S101 - it was one
    return made


def _complete(generated: dict[str, Any], instead: dict[str, object], adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """Put in what the models leave out, since it is apart from them."""
    made = adapter.json_schema(mode="validation", ref_template="#/$defs/{model}")
    definitions = made.pop("$defs", {})
    text = json.dumps({**generated, "$defs": {**generated["$defs"], **definitions}})
    put_in = json.dumps(made)
    complete: dict[str, Any] = json.loads(text.replace(json.dumps(instead), put_in))
    return complete


def _tidied(part: object) -> object:
    """Take out titles, defaults and nulls that mean "left out"; allow null where a body may be empty."""
    if isinstance(part, list):
        return [_tidied(item) for item in part]
    if not isinstance(part, dict):
        return part
    kept = {
        key: _tidied(value) for key, value in part.items() if key != "default" and (key != "title" or "$schema" in part)
    }
    return _nullable(_collapsed(kept))


def _collapsed(part: dict[str, object]) -> dict[str, object]:
    alternatives = part.get("anyOf")
    if not isinstance(alternatives, list) or _EMPTY not in alternatives:
        return part
    others = [item for item in alternatives if item != _EMPTY]
    rest = {key: value for key, value in part.items() if key != "anyOf"}
    return {**others[0], **rest} if len(others) == 1 else {**rest, "anyOf": others}


def _nullable(part: dict[str, object]) -> dict[str, object]:
    """A mapping may be left empty, which YAML reads as null."""
    is_body = str(part.get("$ref", "")).removeprefix("#/$defs/") in _BODIES
    if is_body:
        rest = {key: value for key, value in part.items() if key != "$ref"}
        return {**rest, "anyOf": [{"$ref": part["$ref"]}, _EMPTY]}
    if "additionalProperties" in part and "properties" not in part:
        return {**part, "type": ["object", "null"]}
    return part


def text() -> str:
    """Write the schema as the file holds it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
