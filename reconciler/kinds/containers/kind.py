"""The kind itself: Compose projects of the trees of one clone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from reconciler.clients.docker.compose import Compose
from reconciler.clients.docker.engine import Engine, Place
from reconciler.clients.git import Git, Repository
from reconciler.clients.marks import change_book, load_book
from reconciler.clients.trees import linked_git_dir
from reconciler.errors import OrchestraError, PermanentError, RefusedError
from reconciler.kinds.containers.bring_up import Bringer
from reconciler.kinds.containers.decide import decide, decide_removal, follow
from reconciler.kinds.containers.find import Finder
from reconciler.kinds.containers.spec import ARCHIVE, KIND, ContainersActual, ContainersSpec
from reconciler.kinds.containers.take_down import Taker
from reconciler.kinds.memory import Memory
from reconciler.kinds.scope import Scope
from reconciler.kinds.tree import Tree, Trees, require_identity
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.resource import Resource
from reconciler.vault.losses import LIMIT_BYTES


@dataclass(frozen=True)
class ContainersKind:
    """Containers of the trees of one clone.

    Attributes:
        clone: the identity that labels and marks name; None before the first apply.
        environment: where the variables come from that Compose files name.
        state: where archives of volumes lie.
        on_output: is told what the engine says, line by line, from any thread.
        limit_bytes: how much may be archived of one volume; a larger one is kept.
    """

    git: Git
    repository: Repository
    clone: str | None
    environment: Mapping[str, str]
    global_excludes: str
    state: Path
    memory: Memory = field(default_factory=Memory)
    on_output: Callable[[Address, str], None] | None = None
    limit_bytes: int = LIMIT_BYTES
    name: str = KIND

    @cached_property
    def finder(self) -> Finder:
        """Who looks for them."""
        trees = Trees(self.git, self.clone, self.global_excludes, self.memory.located)
        common_dir = self.repository.common_dir
        return Finder(self.git.runner, trees, self.environment, common_dir, self.state, self.memory)

    @cached_property
    def _composes(self) -> dict[Place, Compose]:
        return {}

    def _compose(self, place: Place) -> Compose:
        return self._composes.setdefault(place, Compose(self.git.runner, place))

    # --- looking -----------------------------------------------------------------------------------------------------

    def observe(self, resources: Sequence[Resource[ContainersSpec]], scope: Scope) -> dict[Address, ContainersActual]:
        """Ask each engine once; resolve the files of those alone that are to be changed."""
        found = self.finder.observe(resources, scope)
        for resource in resources:
            actual = found[resource.address]
            if actual.is_complete and decide(resource.address, resource.spec, actual).is_pending:
                found[resource.address] = self._with_services(resource, actual)
        return found

    def look(self, resource: Resource[ContainersSpec]) -> ContainersActual | None:
        """Ask for those of one workspace anew."""
        return self.finder.look(resource)

    def _with_services(self, resource: Resource[ContainersSpec], actual: ContainersActual) -> ContainersActual:
        """Say what the file declares now, service by service; a file that the engine refuses is in the way."""
        tree = self.finder.trees.load(resource.spec.tree, resource.spec.workspaces)
        if tree.git_dir is None or not actual.is_there:
            return actual
        bringer = self._bringer(resource, tree, tree.git_dir, lambda _: None)
        numbers = self.memory.numbers.get(resource.spec.workspace) or self.finder.numbers(resource.spec, tree)
        before = actual.images
        try:
            resolved = bringer.resolved()
            images = bringer.engine.images(before.values())
            by_service = {name: images[image].volumes for name, image in before.items() if image in images}
            ready = bringer.rewritten(resolved, numbers, by_service)
        except OrchestraError as error:
            where = f"{error.where}: " if error.where else ""
            return replace(actual, blocked=f"{where}{error.message}", hint=error.hint)
        return replace(actual, services=ready.services)

    # --- deciding ----------------------------------------------------------------------------------------------------

    def diff(self, resource: Resource[ContainersSpec], actual: ContainersActual | None) -> Change:
        """Start what is not there, repair what is not as it was left, and change what is declared otherwise."""
        return decide(resource.address, resource.spec, actual or ContainersActual(resource.spec.tree))

    def follow(
        self,
        resource: Resource[ContainersSpec],
        actual: ContainersActual | None,
        change: Change,
        before: Sequence[tuple[Resource[object], Change]],
    ) -> Change:
        """Make anew what reads files, or is built from what commands make, that the same plan changes."""
        return follow(change, [other.address for other, _ in before])

    def orphan(self, address: Address, actual: ContainersActual) -> Change:
        """Take them down, each volume as the manifest said."""
        return decide_removal(address, actual)

    def assume(self, resource: Resource[ContainersSpec]) -> ContainersActual:
        """Containers that were started just as they are declared."""
        spec = resource.spec
        return ContainersActual(spec.tree, spec.place, is_marked=True, is_complete=True, applied=spec.declared)

    # --- acting ------------------------------------------------------------------------------------------------------

    def apply(self, change: Change, resource: Resource[ContainersSpec], actual: ContainersActual | None) -> None:
        """Bring the project up.

        Raises:
            TransientError: the engine, or a network, was in the way.
            OrchestraError: it could not be done; with the last that was said.
        """
        tree, git_dir = self.finder.trees.require(resource.address, resource.spec.tree, resource.spec.workspaces)
        actual = actual or self.finder.look(resource)
        if actual.blocked:
            raise PermanentError(actual.blocked, where=resource.where, hint=actual.hint)
        if actual.left_at:
            actual = self._move(resource, actual.left_at)
        if resource.spec.was:
            actual = self._take_over(resource, actual)
        self._bringer(resource, tree, git_dir, self._listener(resource.address)).bring_up(actual)

    def _move(self, resource: Resource[ContainersSpec], left_at: Place) -> ContainersActual:
        """What was made on another engine goes there, and what its volumes hold comes to the one that is declared."""
        spec = resource.spec
        for name in spec.workspaces:
            engine, shelf = Engine(self.git.runner, left_at), self.finder.shelf(spec.workspace)
            Taker(engine, shelf, require_identity(self.clone), name, {"": ARCHIVE}).take_down()
        return self.finder.look(resource)

    def _take_over(self, resource: Resource[ContainersSpec], actual: ContainersActual) -> ContainersActual:
        """The project of a workspace that was renamed goes; what it has, or archives hold, comes into the new one."""
        spec = resource.spec
        engine, old = Engine(self.git.runner, spec.place), spec.was.name if spec.was else ""
        shelf = self.finder.shelf(spec.workspace)
        shelf.take_from(self.finder.shelf(old))
        if not engine.find(require_identity(self.clone), old).workspaces:
            return actual
        Taker(engine, shelf, require_identity(self.clone), old, {"": ARCHIVE}).take_down()
        return self.finder.look(resource)

    def destroy(self, address: Address, actual: ContainersActual) -> str:
        """Take the project down, and see that it is gone; say which volumes were too large for an archive.

        Raises:
            RefusedError: what a volume holds cannot be saved.
            OrchestraError: the engine refused.
        """
        if actual.blocked:
            raise RefusedError(actual.blocked, hint=actual.hint)
        clone, git_dir = require_identity(self.clone), linked_git_dir(actual.tree)
        book = load_book(git_dir, clone) if git_dir else None
        mark = book.marks.get(address) if book else None
        shelf, said = self.finder.shelf(address.name), []
        for place in filter(None, (actual.left_at, actual.place)):
            engine = Engine(self.git.runner, place)
            said.append(Taker(engine, shelf, clone, address.name, actual.policies, self.limit_bytes).take_down())
        if git_dir and mark:
            change_book(git_dir, clone, lambda book: book.drop(address))
        return "; ".join(filter(None, said))

    def exclusive_key(self, address: Address, spec: ContainersSpec | None) -> str | None:
        """Projects share nothing."""
        return None

    def _bringer(
        self, resource: Resource[ContainersSpec], tree: Tree, git_dir: Path, on_output: Callable[[str], None]
    ) -> Bringer:
        place = resource.spec.place
        engine, compose = Engine(self.git.runner, place), self._compose(place)
        return Bringer(self.finder, engine, compose, require_identity(self.clone), resource, tree, git_dir, on_output)

    def _listener(self, address: Address) -> Callable[[str], None]:
        listener = self.on_output
        return (lambda line: listener(address, line)) if listener else (lambda _: None)
