"""Find files of ours: what stands where they belong, where that is, and what is left over. Changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.excludes import is_never_ignored
from reconciler.clients.git import Git, paths_in_commits
from reconciler.clients.marks import Mark
from reconciler.clients.survey import Survey
from reconciler.errors import OrchestraError
from reconciler.kinds.digest import NOT_A_FILE, digest, is_only_copy, salt_of
from reconciler.kinds.file.spec import KIND, FileActual, FileSpec
from reconciler.kinds.memory import Memory
from reconciler.kinds.scope import Scope
from reconciler.kinds.tree import Tree, Trees, tip_of
from reconciler.model.address import Address
from reconciler.model.layout import DESKS
from reconciler.model.resource import Resource


@dataclass(frozen=True)
class Finder:
    """Looks for the files of one clone.

    Attributes:
        clone: the identity that marks name; None before the first apply.
        global_excludes: the user's own global excludes, which each tree's exclude file repeats.
    """

    git: Git
    clone: str | None
    global_excludes: str
    memory: Memory

    def observe(self, resources: Sequence[Resource[FileSpec]], scope: Scope) -> dict[Address, FileActual]:
        """Read all declared files; one program asks what the repository has by their names."""
        self._learn(resources, scope.survey)
        trees = {spec.tree: self.load(spec) for spec in {r.spec.tree: r.spec for r in resources}.values()}
        found = {r.address: self.find(r.address, r.spec, trees[r.spec.tree]) for r in resources}
        return {**found, **_orphans(resources, scope)}

    def _learn(self, resources: Sequence[Resource[FileSpec]], survey: Survey) -> None:
        """What a second look would not find, or would pay too much for."""
        for tree, spec in {resource.spec.tree: resource.spec for resource in resources}.items():
            self.memory.located.learn(survey, tree, *spec.workspaces)
        self.memory.parked.update(survey.parked)
        for name, path in {r.spec.points_to for r in resources if r.spec.points_to}:
            self.memory.learn_drift(survey, name, path)
        for tree in {resource.spec.tree for resource in resources}:
            self.memory.learn_never_ignored(survey, tree)
        self._ask_what_is_tracked(resources, survey)

    def _ask_what_is_tracked(self, resources: Iterable[Resource[FileSpec]], survey: Survey) -> None:
        asked: dict[tuple[str, str], list[tuple[Path, str]]] = {}
        for resource in resources:
            spec = resource.spec
            tip = tip_of(survey, spec.tree, spec.starts)
            for path in (spec.path, DESKS) if tip else ():
                asked.setdefault((str(tip), path), []).append((spec.tree, path))
        answers = paths_in_commits(self.git, survey.repository.common_dir, sorted(asked))
        self.memory.tracked.update({place: answers[pair] for pair, places in asked.items() for place in places})

    @property
    def trees(self) -> Trees:
        """Where they lie."""
        return Trees(self.git, self.clone, self.global_excludes, self.memory.located)

    def load(self, spec: FileSpec) -> Tree:
        """Find the tree of a file."""
        return self.trees.load(spec.tree, spec.workspaces)

    def find(self, address: Address, spec: FileSpec, tree: Tree) -> FileActual:
        """Find one file in its tree; what cannot be read is in the way."""
        try:
            return self._find_in(address, spec, tree)
        except OrchestraError as error:
            return FileActual(spec.path, blocked=error.message, hint=error.hint, tree=tree.path)

    def _find_in(self, address: Address, spec: FileSpec, tree: Tree) -> FileActual:
        if self.memory.tracked.get((spec.tree, DESKS)) and spec.path.startswith(f"{DESKS}/"):
            hint = "orchestra keeps desks there; the repository's own has to be called otherwise"
            return FileActual(spec.path, blocked=f"the repository itself has {DESKS}", hint=hint, tree=tree.path)
        mark = tree.mark(address, spec.was)
        applied = str(mark.declared.get("sha256")) if mark else None
        marked_at = str(mark.declared.get("path")) if mark else None
        why = self._why_aside(spec, tree, marked_at)
        has_desks = not self.memory.tracked.get((spec.tree, DESKS))
        path = spec.fallback if why and spec.fallback and has_desks else spec.path
        if why and path == spec.path and not spec.source:
            return _in_the_way(tree, path, "exists and is not ours")
        entry = files.read(tree.path, path) if tree.exists else None
        if entry is not None and digest(entry) == NOT_A_FILE:
            return _in_the_way(tree, path, "is a directory, or no file")
        return FileActual(
            path=path,
            entry=entry,
            applied=applied if marked_at == path else None,
            applied_mode=_mode_of(mark),
            moved_aside=why,
            is_loading_aside=not why and self._is_loading_aside(spec, tree),
            points_at=self.memory.drifted.get(spec.points_to[1]) if spec.points_to else None,
            secret=mark is not None and bool(mark.declared.get("secret")),
            hidden=tree.is_hiding or path.startswith(f"{DESKS}/"),
            tree=tree.path,
            brought_back=address in self.memory.brought_back,
            salt=salt_of(mark),
            may_come_back=not tree.exists and not self.memory.parked.isdisjoint(spec.workspaces),
        )

    def _why_aside(self, spec: FileSpec, tree: Tree, marked_at: str | None) -> str:
        """Why the file cannot be where it is declared: something that is not ours is, or belongs, there."""
        if self.memory.tracked.get((spec.tree, spec.path)):
            return f"the repository has a file of the name {spec.path}"
        if (spec.fallback or spec.source) and is_never_ignored(spec.path, self.memory.never_ignored.get(spec.tree, ())):
            return f"the repository's .gitignore wants {spec.path} seen"
        if marked_at == spec.path or spec.seed or not tree.exists:
            return ""
        entry = files.read(tree.path, spec.path)
        if entry is None or digest(entry) == spec.digest:
            return ""
        return f"{spec.path} is somebody else's"

    def _is_loading_aside(self, spec: FileSpec, tree: Tree) -> bool:
        """Whether the file that it loads has to make way; what that one should hold is not known here."""
        if spec.loads is None:
            return False
        now, *before = (Address(KIND, f"{name}/{spec.loads}") for name in spec.workspaces)
        mark = tree.mark(now, before[0] if before else None)
        marked_at = str(mark.declared.get("path")) if mark else None
        return bool(self._why_aside(replace(spec, path=spec.loads), tree, marked_at))


def _mode_of(mark: Mark | None) -> int | None:
    mode = mark.declared.get("mode") if mark else None
    return mode if type(mode) is int else None


def _in_the_way(tree: Tree, path: str, what: str) -> FileActual:
    return FileActual(path, blocked=f"{path} {what}", hint=f"move {tree.path / path} away", tree=tree.path)


def _orphans(resources: Sequence[Resource[FileSpec]], scope: Scope) -> dict[Address, FileActual]:
    """Files of ours that nobody declares any more, in trees that are declared; others live and go with their tree."""
    declared = {address for r in resources for address in (r.address, r.spec.was) if address}
    hosts = {r.spec.workspace for r in resources}
    found = {}
    for address, (record, mark) in scope.survey.marks.items():
        if address.kind == KIND and address not in declared and address.name.partition("/")[0] in hosts:
            found[address] = _left_over(record.path, mark)
    return found


def _left_over(tree: Path, mark: Mark) -> FileActual:
    declared = mark.declared
    path = str(declared.get("path"))
    found = FileActual(
        path,
        applied=str(declared.get("sha256")),
        tree=tree,
        secret=bool(declared.get("secret")),
        salt=salt_of(mark),
        is_only_copy=is_only_copy(tree, mark),
    )
    try:
        return replace(found, entry=files.read(tree, path))
    except OrchestraError as error:
        return replace(found, blocked=error.message, hint=error.hint)
