"""Every point at which a command may be killed, found by looking and never by a list that can be forgotten.

A point is a call of a public function or method of `reconciler.clients`, or a change of the disk that this process
makes itself (`os.mkdir`, `os.replace`, ...): a kill between two of the latter shows what one call leaves half done.
"""

from __future__ import annotations

import functools
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Iterator
from inspect import isfunction
from types import FunctionType, ModuleType
from typing import Any, Protocol

from reconciler import clients

# What changes the disk, of all that `os` has. `open` counts only when it makes the file; `write` also feeds programs,
# which then run on at their own pace, so that it would be no point.
MUTATORS = ("open", "pwrite", "ftruncate", "replace", "rename", "link", "symlink", "mkdir", "rmdir", "unlink")


class Watcher(Protocol):
    """Who is told of every point; called in whatever thread reaches it."""

    def before(self, point: str, arguments: tuple[Any, ...]) -> None:
        """A call is about to begin."""

    def after(self, point: str) -> None:
        """A call has ended, by returning or raising."""


def client_modules() -> tuple[ModuleType, ...]:
    """Import every module of the room."""
    names = (info.name for info in pkgutil.walk_packages(clients.__path__, f"{clients.__name__}."))
    return tuple(importlib.import_module(name) for name in names)


def public_functions() -> Iterator[tuple[Any, str, FunctionType]]:
    """Name every public function and method: the module or class that has it, its name, and itself."""
    for module in client_modules():
        for holder in (module, *_classes(module)):
            for name, value in tuple(vars(holder).items()):
                function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
                if isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_"):
                    yield holder, name, function


def _classes(module: ModuleType) -> list[type]:
    return [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]


def watch(watcher: Watcher) -> None:
    """Tell a watcher of every point from now on. There is no way back: it is for a process that is to be killed."""
    replaced = {}
    for holder, name, function in public_functions():
        replaced[function] = _watched(function, f"{_label(holder)}.{name}", watcher)
        kind = type(vars(holder)[name])
        bound = kind(replaced[function]) if kind in {classmethod, staticmethod} else replaced[function]
        setattr(holder, name, bound)
    _replace_where_imported(replaced)
    for name in MUTATORS:
        setattr(os, name, _watched_mutator(getattr(os, name), f"os.{name}", watcher))


def _label(holder: Any) -> str:
    return str(getattr(holder, "__qualname__", holder.__name__)).removeprefix("reconciler.clients.")


def _replace_where_imported(replaced: dict[FunctionType, Callable[..., Any]]) -> None:
    """Reach those who wrote `from reconciler.clients.x import f`."""
    for module in [module for name, module in sys.modules.items() if name.partition(".")[0] == "reconciler"]:
        for name, value in tuple(vars(module).items()):
            if isfunction(value) and value in replaced:
                setattr(module, name, replaced[value])


def _watched(function: Callable[..., Any], point: str, watcher: Watcher) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        watcher.before(point, args)
        try:
            return function(*args, **kwargs)
        finally:
            watcher.after(point)

    return call


def _watched_mutator(function: Callable[..., Any], point: str, watcher: Watcher) -> Callable[..., Any]:
    watched = _watched(function, point, watcher)
    if point != "os.open":
        return watched

    @functools.wraps(function)
    def call(path: Any, flags: int, *args: Any, **kwargs: Any) -> Any:
        return (watched if flags & os.O_CREAT else function)(path, flags, *args, **kwargs)

    return call
