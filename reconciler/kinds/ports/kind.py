"""The kind itself: numbers in the tree's marks, listed for the host, told by a file in the tree.

The rule: a number is taken under the host's lock, first in the list and then in the mark, and only the two together
keep others from it. So who is killed while asking has either nothing or all of it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from reconciler.clients import files, sockets
from reconciler.clients.docker.engine_machine import machine_of
from reconciler.clients.excludes import is_never_ignored
from reconciler.clients.files import Entry
from reconciler.clients.git import Git, Repository, paths_in_commits
from reconciler.clients.marks import Mark, MarkBook, change_book
from reconciler.clients.port_list import Holder, PortList
from reconciler.clients.trees import TreeRecord, linked_git_dir
from reconciler.errors import ClientError, OrchestraError, RefusedError
from reconciler.kinds.digest import NOT_A_FILE, digest
from reconciler.kinds.given import numbers_of
from reconciler.kinds.memory import Memory
from reconciler.kinds.ports.decide import decide, decide_removal
from reconciler.kinds.ports.holders import Holders
from reconciler.kinds.ports.spec import KIND, PortsActual, PortsSpec
from reconciler.kinds.scope import Scope
from reconciler.kinds.tree import Tree, Trees, require_identity, tip_of
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.resource import Resource

_MODE = 0o600
_NOTHING: Mapping[int, Address] = MappingProxyType({})


@dataclass(frozen=True)
class PortsKind:
    """The ports of the trees of one clone.

    Attributes:
        clone: the identity that marks name; None before the first apply.
        global_excludes: the user's own global excludes, which each tree's exclude file repeats.
        list: what was given out on this host.
    """

    git: Git
    repository: Repository
    clone: str | None
    global_excludes: str
    list: PortList
    memory: Memory = field(default_factory=Memory)
    name: str = KIND

    @property
    def trees(self) -> Trees:
        """Where they lie."""
        return Trees(self.git, self.clone, self.global_excludes, self.memory.located)

    # --- looking -----------------------------------------------------------------------------------------------------

    def observe(self, resources: Sequence[Resource[PortsSpec]], scope: Scope) -> dict[Address, PortsActual]:
        """Read all marks, the list and the sockets once; propose different numbers to all who need some."""
        for resource in resources:
            self.memory.located.learn(scope.survey, resource.spec.tree, *resource.spec.workspaces)
            self.memory.learn_never_ignored(scope.survey, resource.spec.tree)
        self._ask_what_is_tracked(resources, scope)
        holders, given, leaving = self._look_around(), set[int](), self._leaving(resources, scope)
        found: dict[Address, PortsActual] = {}
        for resource in resources:
            actual = self._proposed(resource.spec, self._find(resource, holders), holders, given, leaving)
            new = actual.proposed or actual.left
            given.update(new.values())
            self.memory.numbers[resource.spec.workspace] = {**actual.kept(resource.spec), **new}
            found[resource.address] = actual
        return {**found, **self._orphans(resources, scope)}

    def look(self, resource: Resource[PortsSpec]) -> PortsActual | None:
        """Read the marks of one tree, the list and the sockets anew."""
        holders = self._look_around()
        actual = self._find(resource, holders)
        proposed = self._proposed(resource.spec, actual, holders, set())
        return actual if proposed.blocked else proposed  # that there are not enough, `apply` says itself

    def _look_around(self) -> Holders:
        return Holders(self.list.read(), sockets.listening(), self.clone, self.repository.common_dir)

    def _ask_what_is_tracked(self, resources: Sequence[Resource[PortsSpec]], scope: Scope) -> None:
        asked: dict[tuple[str, str], list[tuple[Path, str]]] = {}
        for spec in (resource.spec for resource in resources):
            if tip := tip_of(scope.survey, spec.tree, spec.starts):
                asked.setdefault((tip, spec.env_file), []).append((spec.tree, spec.env_file))
        answers = paths_in_commits(self.git, scope.survey.repository.common_dir, sorted(asked))
        self.memory.tracked.update({place: answers[pair] for pair, places in asked.items() for place in places})

    def _find(self, resource: Resource[PortsSpec], holders: Holders) -> PortsActual:
        spec = resource.spec
        tree = self.trees.load(spec.tree, spec.workspaces)
        mark = tree.mark(resource.address, spec.was)
        numbers = numbers_of(mark)
        mine = {name: number for name, number in numbers.items() if name in spec.names}
        found = PortsActual(
            tree=tree.path,
            exists=tree.exists,
            numbers=numbers,
            lost={name: who for name, number in mine.items() if (who := holders.other(number, spec))},
            listed=tree.git_dir is not None
            and all(holders.is_listed(number, spec, name, tree.git_dir) for name, number in mine.items()),
            path=str(mark.declared.get("path")) if mark else None,
            applied=str(mark.declared.get("sha256")) if mark else None,
            hidden=tree.is_hiding,
            brought_back=resource.address in self.memory.brought_back,
            clone=self.clone,
            machine=self._machine(spec),
        )
        return self._find_file(spec, tree, found)

    def _find_file(self, spec: PortsSpec, tree: Tree, found: PortsActual) -> PortsActual:
        """What stands where the file belongs; what is not ours is in the way."""
        other = "name another `env_file`"
        if self.memory.tracked.get((spec.tree, spec.env_file)):
            return replace(found, blocked=f"the repository has a file of the name {spec.env_file}", hint=other)
        if is_never_ignored(spec.env_file, self.memory.never_ignored.get(spec.tree, ())):
            return replace(found, blocked=f"the repository's .gitignore wants {spec.env_file} seen", hint=other)
        try:
            entry = files.read(tree.path, spec.env_file) if tree.exists else None
        except OrchestraError as error:
            return replace(found, blocked=error.message, hint=error.hint)
        is_ours = found.path == spec.env_file or (entry is not None and entry.content == self._wanted(spec, found))
        if entry is None or (is_ours and digest(entry) != NOT_A_FILE):
            return replace(found, entry=entry)
        hint = f"move {tree.path / spec.env_file} away, or {other}"
        return replace(found, blocked=f"{spec.env_file} exists and is not ours", hint=hint)

    def _wanted(self, spec: PortsSpec, found: PortsActual) -> bytes | None:
        return (
            spec.content(found.numbers, self.clone, found.machine) if set(spec.names) <= found.numbers.keys() else None
        )

    def _proposed(
        self,
        spec: PortsSpec,
        actual: PortsActual,
        holders: Holders,
        given: set[int],
        leaving: Mapping[int, Address] = _NOTHING,
    ) -> PortsActual:
        """Say what could be given to what has no number yet, or that there is not enough before something goes."""
        kept = actual.kept(spec)
        missing = [name for name in spec.names if name not in kept]
        also_taken = {*kept.values(), *given}
        try:
            chosen = holders.choose(spec, missing, actual.numbers, also_taken=also_taken.__contains__)
        except OrchestraError as error:
            if actual.blocked:
                return actual
            found = replace(actual, blocked=error.message, hint=error.hint)
            if not leaving:
                return found
            later = self._proposed(spec, actual, replace(holders, leaving=leaving), given)
            left_by = dict.fromkeys(leaving[number] for number in later.proposed.values() if number in leaving)
            return replace(found, left=later.proposed, left_by=tuple(left_by))
        return replace(actual, proposed=chosen)

    def _orphans(self, resources: Sequence[Resource[PortsSpec]], scope: Scope) -> dict[Address, PortsActual]:
        """Numbers of ours that nobody declares any more, in trees that stay; others go with their tree."""
        undeclared = self._undeclared(resources, scope)
        return {address: _left_over(record.path, mark) for address, record, mark, stays in undeclared if stays}

    def _leaving(self, resources: Sequence[Resource[PortsSpec]], scope: Scope) -> dict[int, Address]:
        """The numbers that nobody declares any more, and whose removal would free each."""
        return {
            number: address if stays else Address("workspace", address.name)
            for address, _, mark, stays in self._undeclared(resources, scope)
            for number in numbers_of(mark).values()
        }

    def _undeclared(
        self, resources: Sequence[Resource[PortsSpec]], scope: Scope
    ) -> Iterator[tuple[Address, TreeRecord, Mark, bool]]:
        """The marks of ours that nobody declares any more, and whether their trees stay."""
        declared = {address for r in resources for address in (r.address, r.spec.was) if address}
        staying = {record.git_dir for record in self.memory.located.found.values()}
        for address, (record, mark) in scope.survey.marks.items():
            if address.kind == KIND and address not in declared:
                yield address, record, mark, record.git_dir in staying

    # --- deciding ----------------------------------------------------------------------------------------------------

    def diff(self, resource: Resource[PortsSpec], actual: PortsActual | None) -> Change:
        """Give numbers to what has none, and keep those that were given."""
        return decide(resource.address, resource.spec, actual or PortsActual(resource.spec.tree))

    def inherit(
        self,
        resource: Resource[PortsSpec],
        actual: PortsActual | None,
        change: Change,
        removed: Collection[Address],
    ) -> Change:
        """Give the numbers that the removals of this plan leave, where there are no others."""
        if actual is None or not actual.left_by or not {*actual.left_by} <= {*removed}:
            return change
        return replace(decide(resource.address, resource.spec, actual.inheriting()), waits_for=actual.left_by)

    def orphan(self, address: Address, actual: PortsActual) -> Change:
        """Give them up, unless somebody edited the file."""
        return decide_removal(address, actual)

    def assume(self, resource: Resource[PortsSpec]) -> PortsActual:
        """Any numbers: which they are, no declaration tells."""
        spec = resource.spec
        numbers = {name: spec.span[0] + index for index, name in enumerate(spec.names)}
        machine = self._machine(spec)
        entry = Entry(spec.content(numbers, self.clone, machine))
        return PortsActual(
            spec.tree,
            True,
            numbers,
            path=spec.env_file,
            applied=digest(entry),
            entry=entry,
            clone=self.clone,
            machine=machine,
        )

    # --- acting ------------------------------------------------------------------------------------------------------

    def apply(self, change: Change, resource: Resource[PortsSpec], actual: PortsActual | None) -> str | None:
        """Take the numbers, then write the file that tells them.

        Returns:
            What became of numbers that were planned and are somebody else's by now.

        Raises:
            PermanentError: there are not enough.
            OrchestraError: something could not be written.
        """
        spec = resource.spec
        tree, git_dir = self.trees.require(resource.address, spec.tree, spec.workspaces)
        if actual and actual.entry:
            self.trees.refuse_committed(resource.address, tree.path, spec.env_file)
        try:
            with self.list.locked():
                numbers = self._take(resource, git_dir)
        except OrchestraError as error:
            error.where = error.where or resource.where
            raise
        self._write(resource, tree, git_dir, numbers)
        return _replaced(change, numbers)

    def _take(self, resource: Resource[PortsSpec], git_dir: Path) -> dict[str, int]:
        """Choose, enter them into the list, and mark them: while nobody else can."""
        spec, clone = resource.spec, require_identity(self.clone)
        holders = self._look_around()
        actual = self._find(resource, holders)
        kept = {} if actual.brought_back and not actual.listed else actual.kept(spec)
        if actual.brought_back:  # whoever listens on them now is not of this tree
            kept = {name: number for name, number in kept.items() if number not in holders.listening}
        missing = [name for name in spec.names if name not in kept]
        held = {*kept.values(), *(self._published_elsewhere(spec) if missing else ())}
        chosen = holders.choose(spec, missing, actual.numbers, also_taken=lambda n: n in held or not sockets.is_free(n))
        numbers = {name: {**kept, **chosen}[name] for name in spec.names}
        others = {
            n: who for n, who in holders.ports.items() if not (who.clone == clone and who.workspace in spec.workspaces)
        }
        ours = {number: Holder(clone, spec.workspace, name, git_dir) for name, number in numbers.items()}
        if holders.ports != {**others, **ours}:
            self.list.write({**others, **ours})
        said = {"path": actual.path or spec.env_file, "sha256": actual.applied or "", "numbers": numbers}
        change_book(git_dir, clone, lambda book: book.put(resource.address, Mark(said)))
        return numbers

    def _write(self, resource: Resource[PortsSpec], tree: Tree, git_dir: Path, numbers: Mapping[str, int]) -> None:
        """Hide the file, write it unless somebody edited it, and say so in the mark, in this order."""
        spec, address, clone = resource.spec, resource.address, require_identity(self.clone)
        before = tree.mark(address, spec.was)
        wanted = Entry(spec.content(numbers, clone, self._machine(spec)))
        self.trees.hide(tree.path, git_dir, {address: spec.env_file})
        applied = str(before.declared.get("sha256")) if before else None
        found = files.read(tree.path, spec.env_file)
        is_edited = bool(found and found.content) and digest(found or wanted) not in {applied, digest(wanted)}
        if is_edited and not spec.replace:
            said = {"path": spec.env_file, "sha256": applied or "", "numbers": dict(numbers)}
        else:
            if found is None or found.content != wanted.content:
                files.write(tree.path, spec.env_file, wanted.content or b"", mode=_MODE)
            said = {"path": spec.env_file, "sha256": digest(wanted), "numbers": dict(numbers)}
        change_book(git_dir, clone, lambda book: _renamed(book, spec).put(address, Mark(said)))
        if before and before.declared.get("path") != spec.env_file:
            _remove_unless_edited(tree.path, before)
            self.trees.hide(tree.path, git_dir)

    def destroy(self, address: Address, actual: PortsActual) -> None:
        """Give the numbers up, and remove the file if nobody edited it since.

        Raises:
            RefusedError: somebody did.
            OrchestraError: it could not be removed.
        """
        git_dir = linked_git_dir(actual.tree)
        if git_dir is None or self.clone is None:
            return
        path = actual.path or ""
        entry = files.read(actual.tree, path)
        if entry is not None and digest(entry) != actual.applied:
            raise RefusedError(f"{actual.tree / path} was edited", hint="it is kept; remove it by hand")
        files.remove(actual.tree, path)
        change_book(git_dir, self.clone, lambda book: book.drop(address))
        self.trees.hide(actual.tree, git_dir)
        with self.list.locked():
            ports = self.list.read()
            left = {n: who for n, who in ports.items() if (who.clone, who.workspace) != (self.clone, address.name)}
            if left != ports:
                self.list.write(left)

    def exclusive_key(self, address: Address, spec: PortsSpec | None) -> str | None:
        """The file shares the tree's exclude file with all others of ours."""
        return f"files of {address.name}"

    def _machine(self, spec: PortsSpec) -> str:
        return machine_of(spec.host, spec.context, self.git.runner.environment) if spec.published else ""

    def _published_elsewhere(self, spec: PortsSpec) -> Collection[int]:
        """The ports that containers have on another machine, of which no socket of this host tells."""
        if not self._machine(spec):
            return ()
        from reconciler.clients.docker.engine import Engine, Place  # noqa: PLC0415 - most ports are of this host

        with contextlib.suppress(ClientError):  # the containers will say that nobody answers
            return Engine(self.git.runner, Place(spec.context, spec.host)).published()
        return ()


def _renamed(book: MarkBook, spec: PortsSpec) -> MarkBook:
    return book.drop(spec.was) if spec.was else book


def _left_over(tree: Path, mark: Mark) -> PortsActual:
    path = str(mark.declared.get("path"))
    applied = str(mark.declared.get("sha256"))
    found = PortsActual(tree, exists=True, numbers=numbers_of(mark), path=path, applied=applied)
    try:
        return replace(found, entry=files.read(tree, path))
    except OrchestraError as error:
        return replace(found, blocked=error.message, hint=error.hint)


def _remove_unless_edited(tree: Path, mark: Mark) -> None:
    path = str(mark.declared.get("path"))
    entry = files.read(tree, path)
    if entry is not None and digest(entry) == mark.declared.get("sha256"):
        files.remove(tree, path)


def _replaced(change: Change, numbers: Mapping[str, int]) -> str | None:
    planned = {each.path: each.after for each in change.fields if each.path in numbers}
    other = [
        f"{name} is {number}, since {planned[name]} is in use by now"
        for name, number in numbers.items()
        if (planned.get(name) or str(number)) not in {str(number), "a free number"}
    ]
    return "; ".join(other) or None
