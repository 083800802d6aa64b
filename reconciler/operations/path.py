"""`path`: where a workspace is."""

from __future__ import annotations

import difflib
from pathlib import Path

from reconciler.clients.files import real_path
from reconciler.errors import UsageError
from reconciler.manifest.declaration import Declaration, Manifest
from reconciler.manifest.expand import desk_of
from reconciler.model.address import Address
from reconciler.operations.session import Session


def path(session: Session, name: str) -> Path:
    """Find the tree of a workspace, or the desk of a helper that has no tree (yet).

    Raises:
        UsageError: no such workspace is declared.
    """
    manifest = session.load_manifest(values=False)
    return locate(session, manifest, require_declared(manifest, name))


def locate(session: Session, manifest: Manifest, declaration: Declaration) -> Path:
    """The tree of a declared workspace, or its desk when it has no tree (yet)."""
    name = declaration.full_name
    found = _tree(session, name)
    if found is not None:
        return found
    own = real_path(manifest.root / declaration.path)
    if declaration.parent is None or (declaration.eager and declaration.tree):
        return own
    root = require_declared(manifest, name.partition("--")[0])
    return (_tree(session, root.full_name) or real_path(manifest.root / root.path)) / desk_of(name)


def _tree(session: Session, name: str) -> Path | None:
    hit = session.survey.marks.get(Address("workspace", name))
    return hit[0].path if hit else None


def require_declared(manifest: Manifest, name: str) -> Declaration:
    """Find a declaration by its full name.

    Raises:
        UsageError: there is none.
    """
    names = {declaration.full_name: declaration for declaration in manifest.declarations}
    if name in names:
        return names[name]
    close = difflib.get_close_matches(name.removeprefix("workspace:"), names, n=1)
    hint = f"did you mean `{close[0]}`?" if close else f"declared are: {', '.join(names) or 'none'}"
    raise UsageError(f"no workspace `{name}` is declared", hint=hint)
