"""Branches of ours whose tree is gone: what a removal leaves when it is killed between the two.

Such a branch is told by its mark in git's configuration. One that holds work is none: it was left on purpose.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.clients.git import Git
from reconciler.clients.survey import Survey
from reconciler.errors import PermanentError
from reconciler.kinds.workspace.spec import Base, WorkspaceActual
from reconciler.model.address import Address


def left_over(
    git: Git, survey: Survey, known: Collection[str], *, examine: bool, delete_branches: bool = False
) -> dict[Address, WorkspaceActual]:
    """Find the branches that orchestra made, that nobody declares, that have no tree, and that hold no work.

    Args:
        git: starts git.
        survey: the repository.
        known: full names of workspaces that are not left over.
        examine: find out by asking git; without, only those are found that are where their base is.
        delete_branches: also those that hold work, if an archive that waits to be brought back holds it too.

    Raises:
        ClientError: git failed.
    """
    found = {}
    for name, address in _without_tree(survey):
        base = _base(survey, address)
        if address.name not in known and base.commit and _is_empty(git, survey, name, base.commit, examine=examine):
            found[address] = WorkspaceActual(base=base, branch_made=True, branch=name)
        elif delete_branches and address.name not in known and _is_archived(git, survey, address.name, name):
            found[address] = WorkspaceActual(base=base, branch_made=True, branch=name, delete_branch=True)
    return found


def _is_archived(git: Git, survey: Survey, workspace: str, branch: str) -> bool:
    from reconciler.vault.shelf import read_archives  # noqa: PLC0415 - start-up: most plans ask for no archive

    commit = survey.parked.get(workspace)
    archive = read_archives(git, survey.repository, [commit]).get(commit) if commit else None
    said = archive.summary if archive else None
    return said is not None and (said.branch, said.head) == (branch, survey.commit_of(branch))


def _without_tree(survey: Survey) -> Iterator[tuple[str, Address]]:
    for name, (address, made) in survey.marked_branches.items():
        if made and address not in survey.marks and name not in survey.checked_out:
            yield name, address


def _base(survey: Survey, address: Address) -> Base:
    """The branch of the nearest workspace above it, else the default one."""
    above = Address(address.kind, address.name.rpartition("--")[0])
    places = (name for name, (marked, _) in survey.marked_branches.items() if marked == above)
    name = next((name for name in places if name in survey.branches), survey.default_branch or "")
    return Base(name, survey.commit_of(name))


def _is_empty(git: Git, survey: Survey, branch: str, base: str, *, examine: bool) -> bool:
    commit = survey.commit_of(branch) if branch in survey.branches else None
    if commit is None or not examine:
        return commit in {None, base}
    from reconciler.kinds.workspace.remove import branch_holds_work  # noqa: PLC0415 - start-up: most remove nothing

    try:
        return not branch_holds_work(git, survey.repository, branch, commit, base)
    except PermanentError:
        return False  # what cannot be told is work
