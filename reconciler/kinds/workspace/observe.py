"""Find out, for all declared workspaces at once, what exists of each. Changes nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git, count_ahead_behind, resolve_commits
from reconciler.clients.marks import Mark, MarkBook, load_book
from reconciler.clients.process import processes_using
from reconciler.clients.survey import Survey
from reconciler.clients.trees import Standing, TreeRecord, is_displaced
from reconciler.errors import OrchestraError
from reconciler.kinds.memory import Located
from reconciler.kinds.workspace.around import surroundings
from reconciler.kinds.workspace.spec import (
    KIND,
    Base,
    ComesBack,
    Surroundings,
    TreeActual,
    WorkspaceActual,
    WorkspaceSpec,
)
from reconciler.model.address import Address
from reconciler.model.resource import Resource
from reconciler.vault.archive import Archive

_LOGGED = re.compile(r"^[0-9a-f]+ ([0-9a-f]{40,64}) ", re.MULTILINE)
_SPARSE = re.compile(r"^\s*sparsecheckout\s*=\s*true", re.IGNORECASE | re.MULTILINE)


def desk_address(name: str) -> Address:
    """What the mark of a desk is called, in the marks of the tree that it lies in."""
    return Address("desk", name)


def observe(
    git: Git, survey: Survey, resources: Iterable[Resource[WorkspaceSpec]], located: Located, *, count: bool
) -> dict[Address, WorkspaceActual]:
    """Read what exists of workspaces.

    Args:
        git: starts git, a constant number of times.
        survey: the repository.
        resources: what is declared.
        located: where trees really are.
        count: also count how far behind their bases they are.

    Raises:
        ClientError: git failed.
    """
    specs = [resource.spec for resource in resources]
    bases = _bases(git, survey, specs)
    found = {spec.name: _observe_one(survey, spec, bases.get(spec.name), located) for spec in specs}
    found = _with_archives(git, survey, specs, found)
    if count:
        found = _count_behind(git, survey, found)
    return {Address(KIND, name): actual for name, actual in found.items()}


def _observe_one(survey: Survey, spec: WorkspaceSpec, base: Base | None, located: Located) -> WorkspaceActual:
    tree = find_tree(survey, spec)
    if spec.host:
        located.learn(survey, spec.host, spec.name.partition("--")[0], spec.was and spec.was.partition("--")[0])
    around = Surroundings()
    if spec.tree and (tree is None or _is_elsewhere(spec, tree)):
        around = surroundings(survey, spec, tree)
    hit = survey.marks.get(desk_address(spec.name)) or survey.marks.get(desk_address(spec.was or ""))
    desk = look_at_desk(spec, located, hit[0].book if hit else None)
    return replace(desk, tree=tree, around=around, base=base)


def _with_archives(
    git: Git, survey: Survey, specs: Sequence[WorkspaceSpec], found: Mapping[str, WorkspaceActual]
) -> dict[str, WorkspaceActual]:
    """Add the archives that wait to be brought back, of trees that are not there, or not whole."""
    waiting = {s.name: survey.parked.get(s.name) or survey.parked.get(s.was or "") for s in specs if s.tree}
    wanted = {name: commit for name, commit in waiting.items() if commit and _is_incomplete(found[name].tree)}
    if not wanted:
        return dict(found)
    from reconciler.vault.shelf import read_archives  # noqa: PLC0415 - start-up: most plans bring nothing back

    archives = read_archives(git, survey.repository, wanted.values())
    there = {spec.name: (spec, archives[wanted[spec.name]]) for spec in specs if wanted.get(spec.name) in archives}
    with_them = {
        name: replace(found[name], parked=archive, comes_back=_comes_back(survey, spec, archive))
        for name, (spec, archive) in there.items()
    }
    return {**found, **with_them}


def _is_incomplete(tree: TreeActual | None) -> bool:
    return tree is None or (tree.filling and "archive" in tree.mark.declared)


def _comes_back(survey: Survey, spec: WorkspaceSpec, archive: Archive) -> ComesBack | None:
    """Whether an archive can come back as it was: nothing was committed to its branch since, and nobody is on it."""
    said = archive.summary
    if said is None or said.head is None or spec.fresh:
        return None
    if said.branch is None:
        return ComesBack(said.head, None)
    branch = said.branch if said.branch in survey.branches else spec.branch
    there = survey.branches.get(branch)
    if branch in survey.checked_out or (there and there.commit != said.head):
        return None
    own = {Address(KIND, name) for name in (spec.name, spec.was) if name}
    is_old = branch != spec.branch and there is not None and there.mark in own
    is_renamed = is_old and spec.branch not in survey.branches and not _is_published(survey, spec, branch)
    return ComesBack(said.head, branch, there is not None, is_renamed)


# --- trees and desks -------------------------------------------------------------------------------------------------


def find_tree(survey: Survey, spec: WorkspaceSpec) -> TreeActual | None:
    """Find the tree that bears a workspace's mark, or what a killed apply left of it."""
    for name in (spec.name, spec.was):
        if name is not None and (hit := survey.marks.get(Address(KIND, name))):
            record, mark = hit
            return _tree(survey, spec, record, mark, name)
    record_here = survey.record_at(spec.path)
    if record_here is not None and _is_left_over(survey, spec, record_here):
        waiting = survey.parked.get(spec.name) if not spec.fresh else None
        declared = {**spec.declared, **({"archive": waiting} if waiting else {})}
        return _tree(survey, spec, record_here, Mark(declared, "filling"), spec.name)
    return None


def _is_left_over(survey: Survey, spec: WorkspaceSpec, record: TreeRecord) -> bool:
    """A kill between `git worktree add` and our mark: the branch's own mark, written before, says whose it is."""
    branch = survey.branches.get(spec.branch)
    is_ours = branch is not None and branch.mark == Address(KIND, spec.name)
    is_on_it = record.branch == spec.branch or (record.branch is None and record.head is None)
    return is_ours and is_on_it and record.book is None and not record.has_index


def _tree(survey: Survey, spec: WorkspaceSpec, record: TreeRecord, mark: Mark, marked_as: str) -> TreeActual:
    tree = replace(
        TreeActual.of(record, mark, marked_as),
        published=_is_published(survey, spec, record.branch),
        sparse=sparse_lines(record.git_dir),
        empty_submodules=_empty_submodules(record.path, mark) if spec.submodules else (),
        has_submodules=(record.git_dir / "modules").is_dir(),
        lost=_last_commit(record.git_dir) if record.branch and record.head is None else None,
    )
    if not _is_elsewhere(spec, tree):
        return tree
    users = tuple(f"{name} ({pid})" for pid, name in processes_using(tree.path))
    return replace(tree, users=users, is_on_another_disk=files.device_of(tree.path) != files.device_of(spec.path))


def _last_commit(git_dir: Path) -> str:
    """Where a tree was last, by its own log; empty when that does not say."""
    try:
        text = (git_dir / "logs" / "HEAD").read_text(errors="replace")
    except OSError:
        return ""
    return next((commit for commit in reversed(_LOGGED.findall(text)) if commit.strip("0")), "")


def _is_published(survey: Survey, spec: WorkspaceSpec, name: str | None) -> bool:
    """Whether others may know the branch: it is on a remote by its name, or follows one that is not its base."""
    branch = survey.branches.get(name or "")
    follows = branch.upstream.removeprefix("refs/remotes/") if branch else ""
    base = spec.base or survey.default_branch
    is_own = follows in survey.remotes and base not in {follows, follows.partition("/")[2]}
    return is_own or any(f"{remote}/{name}" in survey.remotes for remote in survey.remote_names)


def _is_elsewhere(spec: WorkspaceSpec, tree: TreeActual) -> bool:
    return tree.path != spec.path or tree.branch != spec.branch or tree.standing is Standing.MISSING


def load_host(spec: WorkspaceSpec, located: Located, clone: str | None) -> MarkBook | None:
    """Read the marks of the tree that a helper's desk lies in."""
    git_dir = located.git_dir_of(spec.host) if spec.host else None
    return load_book(git_dir, clone) if git_dir else None


def look_at_desk(spec: WorkspaceSpec, located: Located, book: MarkBook | None) -> WorkspaceActual:
    """Find a helper's desk, in the tree where its host really is, and in that tree's marks. Starts no program."""
    if spec.host is None:
        return WorkspaceActual()
    host = located.resolve(spec.host)
    blocked, is_directory = _stands_at(host, spec.desk)
    names = [name for name in (spec.name, spec.was) if name]
    is_there = is_directory and book is not None and any(desk_address(name) in book.marks for name in names)
    return WorkspaceActual(desk=is_there, desk_blocked=blocked, host=host, desk_path=spec.desk)


def _stands_at(host: Path, desk: str) -> tuple[str, bool]:
    """What keeps a desk from being there, in words, and whether a directory is there."""
    if is_displaced(host):  # which is said of its tree
        return "", False
    try:
        entry = files.read(host, desk)
    except OrchestraError as error:
        return error.message, False
    if entry is not None and (entry.link is not None or entry.content is not None):
        return f"{host / desk} is no directory", False
    return "", entry is not None


def sparse_lines(git_dir: Path) -> tuple[str, ...] | None:
    """The lines of a tree's sparse checkout; None when it is full."""
    try:
        config = os.fsdecode((git_dir / "config.worktree").read_bytes())
        text = os.fsdecode((git_dir / "info" / "sparse-checkout").read_bytes())
    except OSError:
        return None
    return tuple(text.splitlines()) if _SPARSE.search(config) else None


def _empty_submodules(tree: Path, mark: Mark) -> tuple[str, ...]:
    """Those that are empty, but for what git left empty when it was told to fill them (its record says `none`)."""
    left = mark.declared.get("left_empty", [])
    return tuple(path for path in empty_submodules(tree) if path not in left)


def empty_submodules(tree: Path) -> tuple[str, ...]:
    """The paths of the submodules of a tree that are not filled."""
    try:
        text = os.fsdecode((tree / ".gitmodules").read_bytes())
    except OSError:
        return ()
    paths = re.findall(r"^\s*path\s*=\s*(.+?)\s*$", text, re.MULTILINE)
    return tuple(sorted(path for path in paths if not (tree / path / ".git").exists()))


# --- bases -----------------------------------------------------------------------------------------------------------


def _bases(git: Git, survey: Survey, specs: Sequence[WorkspaceSpec]) -> dict[str, Base]:
    names = {spec.name: spec.base or survey.default_branch for spec in specs if spec.tree}
    known = {name: survey.commit_of(name) for name in names.values() if name}
    known.update(resolve_commits(git, survey.repository.common_dir, [n for n, commit in known.items() if not commit]))
    return {
        workspace: Base(name, known[name]) if name else Base("the default branch", None, is_known=False)
        for workspace, name in names.items()
    }


def _count_behind(git: Git, survey: Survey, found: Mapping[str, WorkspaceActual]) -> dict[str, WorkspaceActual]:
    own: dict[str, tuple[str, str]] = {}
    follow: dict[str, tuple[str, str]] = {}
    for name, actual in found.items():
        base = actual.base
        if base is None or base.commit is None:
            continue
        tip = actual.tree.head if actual.tree else actual.around.branch_commit
        if tip:
            own[name] = (tip, base.commit)
        upstream = _upstream_commit(survey, base.name)
        if upstream:
            follow[name] = (base.commit, upstream)
    counts = count_ahead_behind(git, survey.repository.common_dir, [*own.values(), *follow.values()])
    return {
        name: _with_counts(actual, counts.get(own.get(name, ("", ""))), counts.get(follow.get(name, ("", ""))))
        for name, actual in found.items()
    }


def _with_counts(
    actual: WorkspaceActual, own: tuple[int, int] | None, follow: tuple[int, int] | None
) -> WorkspaceActual:
    if actual.base is None:
        return actual
    base = replace(actual.base, behind=own and own[1], behind_upstream=follow and follow[1])
    return replace(actual, base=base)


def _upstream_commit(survey: Survey, base: str) -> str | None:
    branch = survey.branches.get(base)
    return survey.remotes.get(branch.upstream.removeprefix("refs/remotes/")) if branch else None
