"""`adopt`: put our mark on a worktree that somebody made without orchestra. Nothing in it is changed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reconciler.clients import files
from reconciler.clients.clone import prepare_clone
from reconciler.clients.files import real_path
from reconciler.clients.marks import Mark, MarkBook, change_book
from reconciler.clients.survey import BRANCH_KEY, branch_mark_value
from reconciler.clients.trees import Standing, TreeRecord
from reconciler.errors import UsageError
from reconciler.kinds.digest import digest
from reconciler.kinds.file import FileSpec
from reconciler.kinds.workspace import WorkspaceSpec, sparse_lines
from reconciler.manifest.declaration import Manifest
from reconciler.manifest.editor import add_worktree
from reconciler.model.address import Address
from reconciler.model.resource import Resource
from reconciler.operations.desired import desired
from reconciler.operations.edits import Edited, write_edit
from reconciler.operations.locking import locked
from reconciler.operations.session import Session


def adopt(session: Session, name_or_path: str, name: str | None = None, *, cwd: Path) -> str:
    """Adopt a declared workspace's tree, or the worktree at a path (relative to `cwd`), declaring it if need be.

    A tree on a declared branch is that workspace's, wherever it is: the next plan moves it to its declared place.

    Returns:
        What was done, as a sentence.

    Raises:
        UsageError: there is no worktree to adopt, or it is another workspace's.
        ManifestError: the manifest is, or would become, invalid.
        LockHeldError: another apply is at work.
    """
    manifest = session.load_manifest()
    edited: Edited | None = None
    if name_or_path not in {declaration.full_name for declaration in manifest.declarations}:
        record = _require_record(session, real_path(cwd / name_or_path), name_or_path)
        declared = next((each.full_name for each in manifest.declarations if each.branch == record.branch), None)
        name = name or declared or _name_from(record)
        if name != declared:
            edited = _declare(session, record, name)
            manifest = session.load_manifest()
        message = _mark(session, manifest, name, record.path)
    else:
        message = _mark(session, manifest, name_or_path)
    return f"{message}\nDeclared it in {edited.file}." if edited else message


def _require_record(session: Session, path: Path, said: str) -> TreeRecord:
    record = session.survey.record_at(path)
    if path == session.survey.main:
        message = f"{path} is the main worktree, which is nobody's to make or to take down"
        raise UsageError(message, hint="adopt one that was made with `git worktree add`")
    if record is None or record.standing is not Standing.PRESENT:
        raise UsageError(
            f"{said} is neither a declared workspace nor a worktree of this clone", hint="see `git worktree list`"
        )
    if record.book is not None and any(address.kind == "workspace" for address in record.book.marks):
        raise UsageError(f"{path} bears a mark already", hint="`orchestra status` shows whose it is")
    if record.branch is None:
        raise UsageError(f"{path} is on no branch", hint="`git switch -c NAME` there first")
    return record


def _require_tree(session: Session, spec: WorkspaceSpec) -> None:
    """Tell what is declared and not there from what is not declared."""
    if session.survey.record_at(spec.path) is not None:
        return
    if not spec.tree:
        raise UsageError(f"{spec.name} has no tree that could be adopted", hint="`orchestra apply` takes its desk back")
    raise UsageError(f"{spec.name} is declared, and {spec.path} is no worktree", hint="`orchestra apply` makes it")


def _name_from(record: TreeRecord) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+|-{2,}", "-", (record.branch or "").rpartition("/")[2]).strip("-.")
    return name or record.path.name


def _declare(session: Session, record: TreeRecord, name: str) -> Edited:
    branch = {} if record.branch == name else {"branch": record.branch or name}
    fields = {**branch, "path": _relative(session, record.path)}
    return write_edit(session, lambda text: add_worktree(text, name, fields))


def _relative(session: Session, path: Path) -> str:
    return Path(os.path.relpath(path, session.root)).as_posix()


def _files_as_declared(spec: WorkspaceSpec, tree: Path, resources: Iterable[Resource[Any]]) -> dict[Address, Mark]:
    """The files in the tree that are just as declared already: they were ours before, or may as well have been."""
    marks = {}
    for each in resources:
        if isinstance(each.spec, FileSpec) and each.spec.workspace == spec.name and not each.spec.source:
            entry = files.read(tree, each.spec.path)
            if entry is not None and digest(entry) == each.spec.digest:
                marks[each.address] = Mark({"path": each.spec.path, "sha256": each.spec.digest})
    return marks


def _mark(session: Session, manifest: Manifest, name: str, place: Path | None = None) -> str:
    resources = desired(manifest, session.read, sources=session.untracked, mine=None).graph.resources
    resource = resources[Address("workspace", name)]
    spec: WorkspaceSpec = resource.spec
    if place is None:
        _require_tree(session, spec)
    record = _require_record(session, place or spec.path, name)
    if record.branch != spec.branch:
        message = f"{record.path} is on branch {record.branch}, declared is {spec.branch}"
        raise UsageError(message, hint="make them agree")
    with locked(session, "orchestra adopt"):
        clone = prepare_clone(session.git, session.repository)
        value = branch_mark_value(clone, resource.address, made=False)
        session.git.run("config", f"branch.{spec.branch}.{BRANCH_KEY}", value, git_dir=session.repository.common_dir)
        own = Mark({**spec.declared, "path": str(record.path), "sparse": sparse_lines(record.git_dir)})
        marks = {resource.address: own, **_files_as_declared(spec, record.path, resources.values())}
        change_book(record.git_dir, clone, lambda book: MarkBook(clone, {**book.marks, **marks}), durable=True)
    return f"Adopted {record.path} as {name}; nothing in it was changed. `orchestra plan` shows what it lacks."
