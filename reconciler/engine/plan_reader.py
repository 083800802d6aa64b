"""From JSON values to a plan, believing nothing: every value is checked before it is used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from reconciler.model.address import Address
from reconciler.model.change import Action, Change, FieldChange, Mode
from reconciler.model.plan import Plan
from reconciler.model.serial import ACTION_NAMES, MODE_NAMES, PLAN_FORMAT, Origin

ValueT = TypeVar("ValueT")

_ACTIONS: Mapping[str, Action] = {name: action for action, name in ACTION_NAMES.items()}
_MODES: Mapping[str, Mode] = {name: mode for mode, name in MODE_NAMES.items()}
_COMMANDS: Mapping[str, str] = {"apply": "apply", "destroy": "destroy"}


class Unreadable(Exception):  # noqa: N818 (it never leaves this room)
    """Why a value is not a plan, for people."""


def read_document(value: object) -> tuple[Origin, Plan]:
    """Read a document of version 1.

    Raises:
        Unreadable: it is not one.
    """
    root = _Object(value, "the document")
    if root.text("format") != PLAN_FORMAT:
        _refuse(f"its format is {root.text('format')!r}, and this version reads {PLAN_FORMAT!r}")
    changes = tuple(_read_change(_Object(each, f"changes[{i}]")) for i, each in enumerate(root.items("changes")))
    _require_unique(changes)
    return _read_origin(root), Plan(changes, root.texts("notes"))


def _read_origin(root: _Object) -> Origin:
    return Origin(
        command=root.one_of("command", _COMMANDS),
        manifest_digest=root.text("manifest_digest"),
        clone=root.text("clone"),
        orchestra=root.text("orchestra"),
        created=root.text("created"),
    )


def _read_change(entry: _Object) -> Change:
    return Change(
        address=entry.address("address"),
        action=entry.one_of("action", _ACTIONS),
        reason=entry.text("reason"),
        fields=tuple(_read_field(_Object(each, f"{entry.place}.fields")) for each in entry.items("fields")),
        waits_for=entry.addresses("waits_for"),
        mode=entry.one_of("mode", _MODES),
        notes=entry.texts("notes"),
        orphan=entry.boolean("orphan"),
        observed=entry.mapping("observed"),
        touches_work=entry.text("touches_work"),
        hint=entry.text("hint"),
        drift=entry.texts("drift") if "drift" in entry.keys else (),  # earlier versions did not write it
    )


def _read_field(entry: _Object) -> FieldChange:
    return FieldChange(
        entry.text("path"), entry.optional_text("before"), entry.optional_text("after"), entry.boolean("text")
    )


def _require_unique(changes: tuple[Change, ...]) -> None:
    seen = set[Address]()
    for change in changes:
        if change.address in seen:
            _refuse(f"it has two changes of {change.address}")
        seen.add(change.address)


def _refuse(why: str) -> NoReturn:
    raise Unreadable(why)


class _Object:
    """A JSON object whose values are taken out by the type they must have."""

    def __init__(self, value: object, place: str) -> None:
        if not isinstance(value, dict):
            _refuse(f"{place} is not an object")
        self._values: dict[str, Any] = value
        self.place = place

    def text(self, key: str) -> str:
        return _text(self._take(key), f"{self.place}.{key}")

    def optional_text(self, key: str) -> str | None:
        return None if self._take(key) is None else self.text(key)

    def boolean(self, key: str) -> bool:
        value = self._take(key)
        return value if isinstance(value, bool) else _refuse(f"{self.place}.{key} is neither true nor false")

    def items(self, key: str) -> list[object]:
        value = self._take(key)
        return value if isinstance(value, list) else _refuse(f"{self.place}.{key} is not a list")

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(_text(each, f"{self.place}.{key}") for each in self.items(key))

    def mapping(self, key: str) -> dict[str, str]:
        values = _Object(self._take(key), f"{self.place}.{key}")
        return {name: values.text(name) for name in values.keys}

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self._values)

    def one_of(self, key: str, known: Mapping[str, ValueT]) -> ValueT:
        name = self.text(key)
        return known[name] if name in known else _refuse(f"{self.place}.{key} is none of {', '.join(known)}")

    def address(self, key: str) -> Address:
        return _address(self.text(key), f"{self.place}.{key}")

    def addresses(self, key: str) -> tuple[Address, ...]:
        return tuple(_address(text, f"{self.place}.{key}") for text in self.texts(key))

    def _take(self, key: str) -> object:
        if key not in self._values:
            _refuse(f"{self.place} has no {key}")
        return self._values[key]


def _text(value: object, place: str) -> str:
    return value if isinstance(value, str) else _refuse(f"{place} is not a text")


def _address(text: str, place: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError:
        _refuse(f"{place} is not an address: {text!r}")
