"""A tree of nodes to a valid `Document`, with every pydantic error said in our own words and at its place.

The rule: what is wrong is taken out and the rest is kept, so that one mistake does not hide another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.errors import Location
from reconciler.manifest import traps
from reconciler.manifest.models import Document, keys_of, model_at
from reconciler.manifest.nodes import MISSING, MapNode, Node, ScalarNode, find, key_place, plain
from reconciler.manifest.problems import Problems, nearest, quote
from reconciler.manifest.values import FAULT, Model

Path = tuple[str | int, ...]

_LISTS_OF_EQUALS = frozenset({"modify", "deny", "read", "shared", "scratch", "env", "copy", "governed"})
_FILLER = "x"
"""Stands in for a wrong item of these, so that the others keep their index; no manifest with it is ever returned."""


@dataclass(frozen=True, slots=True)
class Validated:
    """A document, and which of its keys were taken out because they are wrong."""

    document: Document
    broken: frozenset[Path]


def validate(root: MapNode, problems: Problems) -> Validated:
    """Judge a merged document; mistakes are noted in `problems`."""
    from pydantic import ValidationError  # noqa: PLC0415 - heavy

    data: Any = plain(root)
    try:
        return Validated(Document.model_validate(data), frozenset())
    except ValidationError as failure:
        errors: list[Any] = list(failure.errors(include_url=False))
    for error in errors:
        _report(error, root, problems)
    broken = frozenset(_deepest_key(data, error["loc"]) for error in errors)
    for path in broken:
        _take_out(data, path)
    return Validated(Document.model_validate(data), broken)


def _deepest_key(data: dict[str, Any], path: Path) -> Path:
    """Cut a path behind the last key that exists; in some lists, behind the item."""
    value: Any = data
    for depth, key in enumerate(path):
        if isinstance(value, list) and path[depth - 1] in _LISTS_OF_EQUALS:
            return path[: depth + 1]
        if not isinstance(value, dict) or key not in value:
            return path[:depth]
        value = value[key]
    return path


def _take_out(data: dict[str, Any], path: Path) -> None:
    parent: Any = data
    for key in path[:-1]:
        parent = parent.get(key, {})
    if isinstance(parent, list):
        parent[int(path[-1])] = _FILLER
    else:
        parent.pop(path[-1], None)


def _report(error: Mapping[str, Any], root: MapNode, problems: Problems) -> None:
    path: Path = error["loc"]
    node = find(root, path)
    message, hint = _reason(error, path, node)
    problems.add(message, _place(error, path, root, node), hint)


def _place(error: Mapping[str, Any], path: Path, root: MapNode, node: Node) -> Location:
    if error["type"] == "extra_forbidden" or error["input"] is MISSING:
        return key_place(root, path)
    if _glued_key(error, path):
        return key_place(root, path)
    if error["type"] == FAULT and isinstance(node, ScalarNode):
        return node.place(error["ctx"]["offset"])
    return node.where


def _reason(error: Mapping[str, Any], path: Path, node: Node) -> tuple[str, str]:
    if error["type"] == FAULT:
        context, said = error["ctx"], error["input"]
        written = node.text if isinstance(node, ScalarNode) and not isinstance(said, str) else said
        return context["message"].replace("{quoted}", quote(written)), context["hint"]
    if error["type"] == "extra_forbidden":
        return f"unknown key {quote(path[-1])}", _known_key(str(path[-1]), path[:-1])
    if error["input"] is MISSING:
        return f"{_subject(path)} has no value", "write one after the colon, or remove the key"
    return _glued_key(error, path) or _wrong_type(error, path, node)


def _glued_key(error: Mapping[str, Any], path: Path) -> tuple[str, str] | None:
    """`a:{task: x}` is the key `a:{task` for YAML."""
    key = str(path[-1]) if path else ""
    if error["type"] != "model_type" or not re.search(r":[{\[]", key):
        return None
    name, _, rest = key.partition(":")
    return f"{quote(key)} is one word in YAML", f"put a space after the colon: `{name}: {rest}`"


def _known_key(key: str, parent: Path) -> str:
    model = model_at(parent) or Document
    known = keys_of(model)
    if ":" in key:
        return traps.missing_space(ScalarNode(key, key, Location("", 1, 1))) or "quote the text if it holds `{` or `:`"
    return _elsewhere(key, model) or nearest(key, known) or f"known here: {', '.join(known)}"


_PLACES = {
    "Document": "stands at the top",
    "Defaults": "stands in `defaults`",
    "Worktree": "is for worktrees",
    "Helper": "is for helpers",
}


def _elsewhere(key: str, model: type[Model]) -> str:
    models = [
        model_at(()),
        model_at(("worktrees", "")),
        model_at(("worktrees", "", "helpers", "")),
        model_at(("defaults",)),
    ]
    found = next((other for other in models if other and other is not model and key in keys_of(other)), None)
    return f"`{key}` {_PLACES[found.__name__]}" if found else ""


def _subject(path: Path) -> str:
    names = [step for step in path if isinstance(step, str)]
    name = quote(names[-1]) if names else "the document"
    return f"an entry of {name}" if isinstance(path[-1], int) else name


def _wrong_type(error: Mapping[str, Any], path: Path, node: Node) -> tuple[str, str]:
    subject, found = _subject(path), traps.kind_of(node)
    reasons = {
        "string_type": (f"{subject} must be text, not {found}", _text_hint(node)),
        "list_type": (f"{subject} must be a list or text, not {found}", f"write `{path[-1]}: [...]`"),
        "bool_type": (f"{subject} must be `true` or `false`", _truth_hint(node)),
        "int_type": (f"{subject} must be a whole number in plain digits", "for example `3`, without quotes"),
        "greater_than_equal": (f"{subject} must be 0 or more", "leave it out for no limit"),
        "too_short": (
            f"{subject} is empty, which would allow nothing",
            "leave the key out for no boundary, or list what may be changed",
        ),
        "model_type": (f"{subject} must be a mapping, not {found}", _mapping_hint(node)),
        "dict_type": (f"{subject} must be a mapping, not {found}", _mapping_hint(node)),
        "literal_error": (f"{subject} must be {_alternatives(error)}", _literal_hint(error, path, node)),
    }
    return reasons.get(error["type"], (f"{subject} is not valid here", "see the schema, `specs/orchestra.schema.json`"))


def _alternatives(error: Mapping[str, Any]) -> str:
    return str(error.get("ctx", {}).get("expected", "")).replace("'", "`")


def _literal_hint(error: Mapping[str, Any], path: Path, node: Node) -> str:
    if path == ("version",):
        return "write `version: 1`, or leave it out; another version needs another orchestra"
    known = _alternatives(error).replace("`", "").split(" or ")
    return nearest(getattr(node, "text", ""), known) or "leave it out for the default"


def _text_hint(node: Node) -> str:
    if isinstance(node, ScalarNode):
        return f'quote it: `"{node.text}"`'
    if isinstance(node, MapNode) and len(node.entries) == 1:
        key, value = next(iter(node.entries.items()))
        text = value.text if isinstance(value, ScalarNode) else ""
        if text and not {'"', "\\"} & {*key, *text}:
            return f'a `: ` makes a mapping in YAML; quote the text: `"{key}: {text}"`'
        if node.flow and isinstance(value, ScalarNode):
            return f'braces make a mapping in YAML; quote the text: `"{{{key}}}"`'
    return "write one text; quote it if it holds `: `, `{`, `[` or `#`"


def _truth_hint(node: Node) -> str:
    text = getattr(node, "text", "").lower()
    if text in {"yes", "on", "y"}:
        return "YAML 1.2 reads it as text; write `true`"
    return "YAML 1.2 reads it as text; write `false`" if text in {"no", "off", "n"} else "without quotes"


def _mapping_hint(node: Node) -> str:
    return traps.missing_space(node) or "indent `key: value` lines below it"
