"""`add` and `remove`: edit the manifest, keeping its comments and order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.errors import Location, UsageError
from reconciler.manifest import editor
from reconciler.operations.edits import Edited, write_edit
from reconciler.operations.path import require_declared
from reconciler.operations.session import Session


@dataclass(frozen=True, slots=True)
class AddOptions:
    """What is to be declared.

    Attributes:
        parent: full name of the workspace that it helps; None for a worktree.
        helpers: names of helpers to declare with it.
    """

    name: str
    parent: str | None = None
    branch: str | None = None
    base: str | None = None
    path: str | None = None
    task: str | None = None
    owner: str | None = None
    template: str | None = None
    modify: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()


def add(session: Session, options: AddOptions) -> Edited:
    """Declare a worktree, or a helper below `parent`.

    Raises:
        UsageError: there is no manifest, no such parent, or the name is that of a helper with its parent's.
        ManifestError: what was asked for is not valid; nothing is written.
    """
    fields = _fields(options)
    _require_own_name(session, options.name)
    if options.parent is None:
        return write_edit(session, lambda text: editor.add_worktree(text, options.name, fields))
    require_declared(session.load_manifest(values=False), options.parent)
    parent = options.parent
    return write_edit(session, lambda text: editor.add_helper(text, parent, options.name, fields))


def _require_own_name(session: Session, name: str) -> None:
    """Tell whoever writes a helper as it is named everywhere else how it is declared."""
    parent, _, own = name.rpartition("--")
    if parent and any(each.full_name == parent for each in session.load_manifest(values=False).declarations):
        raise UsageError(f"{name} would be a helper of {parent}", hint=f"`orchestra add {own} --parent {parent}`")


def remove(session: Session, name: str) -> Edited:
    """Take a workspace, with its helpers, out of the manifest. What exists of it stays until `apply --prune`.

    Raises:
        UsageError: it is not declared.
        ManifestError: the manifest is, or would become, invalid.
    """
    declared = require_declared(session.load_manifest(values=False), name)
    return write_edit(session, lambda text: editor.remove(text, name, declared_at=declared.where))


def still_declared(edited: Edited, name: str) -> Location | None:
    """Where another file declares what was taken out of the manifest."""
    found = (declaration for declaration in edited.manifest.declarations if declaration.full_name == name)
    return next((declaration.where for declaration in found), None)


def _fields(options: AddOptions) -> dict[str, Any]:
    names = ("owner", "branch", "base", "path", "template", "task")
    single = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    many = {name: _short(getattr(options, name)) for name in ("modify", "deny", "read") if getattr(options, name)}
    helpers: dict[str, Any] = {"helpers": {name: {} for name in options.helpers}} if options.helpers else {}
    return {**single, **many, **helpers}


def _short(values: tuple[str, ...]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)
