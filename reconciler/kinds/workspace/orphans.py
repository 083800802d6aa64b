"""What is ours and no longer declared: trees, desks and branches, one answer for each workspace that left them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from reconciler.clients.git import Git
from reconciler.clients.marks import Mark
from reconciler.clients.survey import Survey
from reconciler.clients.trees import TreeRecord
from reconciler.kinds.memory import SeenTrees
from reconciler.kinds.scope import Scope
from reconciler.kinds.workspace.leftover import left_over
from reconciler.kinds.workspace.removal import Doomed, Fate, Removal
from reconciler.kinds.workspace.spec import KIND, Base, TreeActual, WorkspaceActual
from reconciler.model.address import Address


def find_orphans(
    git: Git, scope: Scope, declared: Collection[str], removal: Removal, seen: SeenTrees
) -> dict[Address, WorkspaceActual]:
    """Find what bears our mark and is not declared.

    Args:
        git: starts git: only for branches without a tree, and where it is to be found out what holds work.
        scope: the snapshot.
        declared: full names, those of before a rename too.
        removal: how what is removed is to be treated.
        seen: takes what was seen of trees.

    Raises:
        ClientError: git failed.
    """
    known = {*declared, *scope.set_aside}
    found = left_over(git, scope.survey, known, examine=scope.examine, delete_branches=removal.delete_branches)
    fates = _fates(git, scope, known, removal)
    for git_dir, fate in fates.items():
        seen.keep(git_dir, fate.seen)
    for address, (record, mark) in scope.survey.marks.items():
        own = Address(KIND, address.name)
        before = found.get(own, WorkspaceActual())
        if address.name in known:
            continue
        if address.kind == KIND:
            fate = fates.get(record.git_dir, Fate())
            fate = replace(fate, kept_because=(*_others_reason(scope, mark), *fate.kept_because))
            actual = _with_tree(scope.survey, TreeActual.of(record, mark, address.name), before, fate)
            found[own] = replace(actual, delete_branch=removal.delete_branches)
        elif address.kind == "desk" and address.name.partition("--")[0] in {*declared}:
            # Desks of a tree that is no longer declared itself stay or go with that tree.
            found[own] = _with_desk(scope, record, mark, before)
    return found


def _others_reason(scope: Scope, mark: Mark) -> tuple[str, ...]:
    owner = mark.declared.get("owner")
    return () if scope.mine is None or owner in {None, scope.mine} else (f"it is {owner}'s",)


def _fates(git: Git, scope: Scope, known: Collection[str], removal: Removal) -> dict[Path, Fate]:
    if not scope.examine:
        return {}
    from reconciler.kinds.workspace.fates import judge  # noqa: PLC0415 - start-up: most plans remove nothing

    marked = [(a, *hit) for a, hit in scope.survey.marks.items() if a.kind == KIND and a.name not in known]
    doomed = [Doomed(address.name, record, mark, base_of(scope.survey, mark)) for address, record, mark in marked]
    return judge(git, scope.survey, removal, doomed)


def _with_tree(survey: Survey, tree: TreeActual, before: WorkspaceActual, fate: Fate) -> WorkspaceActual:
    branch = survey.branches.get(tree.branch or "")
    return replace(
        before,
        tree=tree,
        base=base_of(survey, tree.mark),
        branch_made=branch is not None and branch.made,
        kept_because=(*before.kept_because, *fate.kept_because),
        fate=fate.reason,
    )


def base_of(survey: Survey, mark: Mark) -> Base:
    """What a workspace's branch started from, by its mark."""
    name = mark.declared.get("base") or survey.default_branch or ""
    return Base(name, survey.commit_of(name))


def _with_desk(scope: Scope, record: TreeRecord, mark: Mark, before: WorkspaceActual) -> WorkspaceActual:
    desk = str(mark.declared.get("desk"))
    kept = _reasons_to_keep(record, desk) if scope.examine else ()
    return replace(before, desk=True, kept_because=(*before.kept_because, *kept), host=record.path, desk_path=desk)


def _reasons_to_keep(record: TreeRecord, desk: str) -> tuple[str, ...]:
    from reconciler.kinds.workspace.remove import desk_reasons_to_keep  # noqa: PLC0415 - start-up, as above

    return tuple(desk_reasons_to_keep(record.path, desk, record.book))
