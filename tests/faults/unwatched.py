"""Watch, in a process of its own, and name every place that still holds a client function that nobody watches."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import reconciler
from tests.faults import points


class Nobody:
    """Watches without looking."""

    def before(self, point: str, arguments: tuple[Any, ...]) -> None:
        """Do nothing."""

    def after(self, point: str) -> None:
        """Do nothing."""


def main() -> None:
    """Import all there is, watch, and look for what was forgotten."""
    for info in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
        if info.name != "reconciler.__main__":
            importlib.import_module(info.name)
    originals = {function for _, _, function in points.public_functions()}
    points.watch(Nobody())
    for place in _places_of(originals):
        print(place)  # noqa: T201 - the answer


def _places_of(originals: set[FunctionType]) -> Iterator[str]:
    for name, module in tuple(sys.modules.items()):
        if name.partition(".")[0] == "reconciler":
            for holder in (module, *(each for each in tuple(vars(module).values()) if isinstance(each, type))):
                for key, value in tuple(vars(holder).items()):
                    function = getattr(value, "__func__", value)
                    if inspect.isfunction(function) and function in originals:
                        yield f"{name}: {key}"


if __name__ == "__main__":
    main()
