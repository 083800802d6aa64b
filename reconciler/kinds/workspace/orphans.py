"""What is ours and no longer declared: trees, desks and branches, one answer for each workspace that left them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from reconciler.clients.git import Git
from reconciler.clients.marks import Mark
from reconciler.clients.survey import Survey
from reconciler.clients.trees import TreeRecord
from reconciler.kinds.scope import Scope
from reconciler.kinds.workspace import remove
from reconciler.kinds.workspace.leftover import left_over
from reconciler.kinds.workspace.spec import KIND, Base, TreeActual, WorkspaceActual
from reconciler.model.address import Address


def find_orphans(git: Git, scope: Scope, declared: Collection[str]) -> dict[Address, WorkspaceActual]:
    """Find what bears our mark and is not declared.

    Args:
        git: starts git: only for branches without a tree, and where it is to be found out what holds work.
        scope: the snapshot.
        declared: full names, those of before a rename too.

    Raises:
        ClientError: git failed.
    """
    known = {*declared, *scope.set_aside}
    found = left_over(git, scope.survey, known, examine=scope.examine)
    for address, (record, mark) in scope.survey.marks.items():
        own = Address(KIND, address.name)
        before = found.get(own, WorkspaceActual())
        if address.name in known:
            continue
        if address.kind == KIND:
            kept = remove.reasons_to_keep(git, scope.survey, record) if scope.examine else ()
            kept = (*_others_reason(scope, mark), *kept)
            found[own] = _with_tree(scope.survey, _tree(record, mark, address.name), before, kept)
        elif address.kind == "desk" and address.name.partition("--")[0] in {*declared}:
            # Desks of a tree that is no longer declared itself stay or go with that tree.
            found[own] = _with_desk(scope, record, mark, before)
    return found


def _others_reason(scope: Scope, mark: Mark) -> tuple[str, ...]:
    owner = mark.declared.get("owner")
    return () if scope.mine is None or owner in {None, scope.mine} else (f"it is {owner}'s",)


def _with_tree(survey: Survey, tree: TreeActual, before: WorkspaceActual, kept: tuple[str, ...]) -> WorkspaceActual:
    branch = survey.branches.get(tree.branch or "")
    return replace(
        before,
        tree=tree,
        base=_base(survey, tree.mark),
        branch_made=branch is not None and branch.made,
        kept_because=(*before.kept_because, *kept),
    )


def _tree(record: TreeRecord, mark: Mark, name: str) -> TreeActual:
    return TreeActual(
        git_dir=record.git_dir,
        path=record.path,
        branch=record.branch,
        head=record.head,
        locked=record.locked,
        standing=record.standing,
        filling=mark.state == "filling",
        mark=mark,
        marked_as=name,
    )


def _base(survey: Survey, mark: Mark) -> Base:
    name = mark.declared.get("base") or survey.default_branch or ""
    return Base(name, survey.commit_of(name))


def _with_desk(scope: Scope, record: TreeRecord, mark: Mark, before: WorkspaceActual) -> WorkspaceActual:
    desk = str(mark.declared.get("desk"))
    kept = remove.desk_reasons_to_keep(record.path, desk, record.book) if scope.examine else ()
    return replace(before, desk=True, kept_because=(*before.kept_because, *kept), host=record.path, desk_path=desk)
