"""The kind itself: the protocol, put together from looking, deciding, making and removing."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.clients import excludes
from reconciler.clients.git import Git, Repository
from reconciler.clients.marks import Mark
from reconciler.clients.survey import Survey, take_survey
from reconciler.clients.trees import Standing, TreeRecord, connect, standing_of
from reconciler.errors import ConflictError, RefusedError
from reconciler.kinds.memory import Memory
from reconciler.kinds.scope import Scope
from reconciler.kinds.shared import Shared
from reconciler.kinds.tree import no_identity
from reconciler.kinds.workspace.decide import decide, decide_removal
from reconciler.kinds.workspace.observe import load_host, look_at_desk, observe
from reconciler.kinds.workspace.orphans import base_of, find_orphans
from reconciler.kinds.workspace.removal import Doomed, Removal
from reconciler.kinds.workspace.spec import KIND, Base, Surroundings, TreeActual, WorkspaceActual, WorkspaceSpec
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.resource import Resource
from reconciler.vault.archive import Archive

if TYPE_CHECKING:
    from reconciler.kinds.workspace.make import Maker


@dataclass(frozen=True)
class WorkspaceKind:
    """Workspaces of one repository.

    Attributes:
        maker: None where nothing is to be changed (plan), since a clone has an identity only from its first apply on.
        removal: how what is removed is to be treated.
        surveys: what `look` sees, by the directory in which a tree that was moved by hand may be as well.
    """

    git: Git
    repository: Repository
    maker: Maker | None = None
    memory: Memory = field(default_factory=Memory)
    removal: Removal = field(default_factory=Removal)
    surveys: dict[Path, Shared[Survey]] = field(default_factory=dict)
    name: str = KIND

    def observe(self, resources: Sequence[Resource[WorkspaceSpec]], scope: Scope) -> dict[Address, WorkspaceActual]:
        """Read all declared workspaces and find what is ours beside them."""
        found = observe(self.git, scope.survey, resources, self.memory.located, count=True)
        self.memory.starts.update(_starts(found))
        declared = {name for resource in resources for name in (resource.spec.name, resource.spec.was) if name}
        orphans = find_orphans(self.git, scope, declared, self.removal, self.memory.seen)
        self.memory.kept.update(address.name for address, actual in orphans.items() if actual.kept_because)
        return {**found, **orphans}

    def look(self, resource: Resource[WorkspaceSpec]) -> WorkspaceActual | None:
        """Read one workspace anew; a desk without a tree takes no program at all."""
        spec = resource.spec
        if not spec.tree and spec.host:
            located, clone = self.memory.located, self.maker.clone if self.maker else None
            return look_at_desk(spec, located, load_host(spec, located, clone))
        survey = self._survey_with(spec.path.parent)
        found = observe(self.git, survey, [resource], self.memory.located, count=False)[resource.address]
        branch = survey.branches.get(spec.branch)
        return replace(found, branch_made=branch.made if branch else False, base=self._as_shown(spec.name, found.base))

    def _survey_with(self, likely: Path) -> Survey:
        """Look around, together with all who want to at that moment."""
        shared = self.surveys.setdefault(likely, Shared())
        return shared.get(lambda: take_survey(self.git, self.repository, likely=(likely,)))

    def _as_shown(self, name: str, base: Base | None) -> Base | None:
        """A branch starts from the commit that the plan showed, also when its base moved on since."""
        start = self.memory.starts.get(name)
        return replace(base, commit=start) if start and base and base.commit else base

    def diff(self, resource: Resource[WorkspaceSpec], actual: WorkspaceActual | None) -> Change:
        """Decide by the table of what changed and what apply does."""
        return decide(resource.address, resource.spec, actual or WorkspaceActual())

    def orphan(self, address: Address, actual: WorkspaceActual) -> Change:
        """Remove what holds no work, keep the rest and say why."""
        return decide_removal(address, actual)

    def assume(self, resource: Resource[WorkspaceSpec]) -> WorkspaceActual:
        """A workspace just as declared."""
        spec = resource.spec
        tree = TreeActual(
            git_dir=Path("/"),
            path=spec.path,
            branch=spec.branch,
            head=None,
            locked=None,
            standing=Standing.PRESENT,
            filling=False,
            mark=Mark(spec.declared),
            marked_as=spec.name,
            sparse=spec.sparse,
        )
        return WorkspaceActual(
            tree=tree if spec.tree else None,
            desk=True if spec.host else None,
            around=Surroundings(),
            base=Base(spec.base or "the default branch", None),
            host=spec.host,
            desk_path=spec.desk,
        )

    def apply(self, change: Change, resource: Resource[WorkspaceSpec], actual: WorkspaceActual | None) -> None:
        """Make, complete, repair, rename or move it.

        Raises:
            OrchestraError: it could not be done.
        """
        if self.maker is None:
            raise no_identity()
        self.maker.make(resource.spec, actual or WorkspaceActual(), {field.path for field in change.fields})

    def destroy(self, address: Address, actual: WorkspaceActual) -> None:
        """Remove it after looking once more whether it holds work.

        Raises:
            RefusedError: it does, by now.
            OrchestraError: it could not be removed.
        """
        from reconciler.kinds.workspace import remove  # noqa: PLC0415 - start-up: most plans remove nothing

        survey = take_survey(self.git, self.repository)
        archive = self._destroy_tree(address, actual.tree, survey) if actual.tree else None
        if actual.desk and actual.host and survey.clone:
            remove.remove_desk(actual.host, actual.desk_path, address.name, survey.clone)
        branch = actual.tree.branch if actual.tree else actual.branch
        base = actual.base.commit if actual.base else None
        if not (actual.branch_made and branch) or _is_used_elsewhere(survey, branch, actual.tree):
            return
        archived = archive.summary.head if archive and archive.summary else None
        if actual.tree is None and actual.delete_branch:
            archived = survey.commit_of(branch)  # an archive has it, or it would not have been ordered
        if self.removal.delete_branches and archived:
            with self._records():
                remove.remove_archived_branch(self.git, self.repository, branch, archived)
        elif base:
            self._destroy_branch(branch, base, is_all=actual.tree is None)

    def _destroy_tree(self, address: Address, tree: TreeActual, survey: Survey) -> Archive | None:
        record = next((record for record in survey.records if record.git_dir == tree.git_dir), None)
        if record is None or self.maker is None:
            return None  # an attempt before this one came that far
        from reconciler.kinds.workspace.fates import judge  # noqa: PLC0415 - start-up
        from reconciler.kinds.workspace.parking import end_takedown, still_true, take_down  # noqa: PLC0415
        from reconciler.kinds.workspace.remove import remove_missing  # noqa: PLC0415

        _require_same(address, tree, record)
        end_takedown(record.path, record.git_dir)
        record = replace(record, standing=standing_of(record.path, record.git_dir))
        doomed = Doomed(address.name, record, _mark_of(record, address) or tree.mark, base_of(survey, tree.mark))
        seen_before = still_true(self.git, record, self.memory.seen.take(record.git_dir), self.removal)
        fate = judge(self.git, survey, self.removal, [doomed], seen_before=seen_before)[record.git_dir]
        if fate.kept_because:
            raise RefusedError(f"{record.path} is kept: {'; '.join(fate.kept_because)}")
        sighting = fate.seen.sighting if fate.seen else None
        if record.standing in {Standing.MOVED, Standing.CUT_OFF}:
            with self._records():
                connect(record.path, record.git_dir)
            excludes.put_in_force(self.git, record.path, record.git_dir)
            sighting = None  # git may ignore more by now
        if record.standing is Standing.MISSING or not record.has_index:
            remove_missing(self.repository, record)
            return None
        return take_down(self.maker.vault, address.name, doomed, self.removal, sighting)

    def _destroy_branch(self, branch: str, base: str, *, is_all: bool) -> None:
        from reconciler.kinds.workspace.remove import remove_branch_without_work  # noqa: PLC0415 - start-up

        with self._records():
            is_gone = remove_branch_without_work(self.git, self.repository, branch, base)
        if is_all and not is_gone:
            raise RefusedError(f"branch {branch} is kept: it has commits that no other branch has")

    def _records(self) -> AbstractContextManager[object]:
        return self.maker.records if self.maker else contextlib.nullcontext()

    def exclusive_key(self, address: Address, spec: WorkspaceSpec | None) -> str | None:
        """Run beside anything: what git cannot do in parallel is done under the maker's lock."""
        return None


def _starts(found: Mapping[Address, WorkspaceActual]) -> dict[str, str]:
    """The commits from which new branches are to start."""
    return {a.name: actual.base.commit for a, actual in found.items() if actual.base and actual.base.commit}


def _require_same(address: Address, tree: TreeActual, record: TreeRecord) -> None:
    """Make sure that the tree to be removed is the one that the plan showed.

    Raises:
        ConflictError: it moved, was switched, or another one took its place.
    """
    is_ours = record.book is not None and address in record.book.marks
    facts = {
        "mark": ("ours", "ours" if is_ours else "none"),
        "path": (str(tree.path), str(record.path)),
        "branch": (tree.branch or "none", record.branch or "none"),
    }
    moved = [f"{name}: planned from {then!r}, found {now!r}" for name, (then, now) in facts.items() if then != now]
    if moved:
        message = f"{address} is not what it was planned from: {'; '.join(moved)}"
        raise ConflictError(message, hint="plan again and look at the difference; nothing was removed")


def _mark_of(record: TreeRecord, address: Address) -> Mark | None:
    return record.book.marks.get(address) if record.book else None


def _is_used_elsewhere(survey: Survey, branch: str, tree: TreeActual | None) -> bool:
    """Whether another tree is on it by now: git would let us take it away from under that one."""
    own = tree.git_dir if tree else None
    return branch == survey.main_branch or any(r.branch == branch and r.git_dir != own for r in survey.records)
