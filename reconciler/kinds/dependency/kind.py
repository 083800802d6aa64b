"""The kind itself: what package managers and commands make in a tree, known by what decided it, in the tree's marks."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import BoundedSemaphore

from reconciler.clients.command import remove_directory
from reconciler.clients.git import Git
from reconciler.clients.marks import change_book, load_book
from reconciler.clients.trees import Standing, linked_git_dir, standing_of
from reconciler.errors import ConflictError, OrchestraError, PermanentError
from reconciler.kinds.dependency.decide import decide, decide_removal
from reconciler.kinds.dependency.find import Finder, Tree
from reconciler.kinds.dependency.providers import PROVIDERS
from reconciler.kinds.dependency.spec import KIND, DependencyActual, DependencySpec
from reconciler.kinds.installed import installed_in
from reconciler.kinds.memory import Memory
from reconciler.kinds.scope import Scope
from reconciler.kinds.tree import PLAN_AGAIN, Trees, require_identity
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.resource import Resource


@dataclass(frozen=True)
class DependencyKind:
    """Dependencies in the trees of one clone.

    Attributes:
        clone: the identity that marks name; None before the first apply.
        environment: the one that commands get, apart from what would mislead them.
        on_output: is told what commands print, line by line, from any thread.
        global_excludes: the user's own global excludes, which each tree's exclude file repeats.
        cores: how many may be at work at once.
    """

    git: Git
    clone: str | None
    environment: Mapping[str, str] = field(default_factory=dict)
    global_excludes: str = ""
    memory: Memory = field(default_factory=Memory)
    on_output: Callable[[Address, str], None] | None = None
    cores: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(os.cpu_count() or 1))
    name: str = KIND

    @property
    def finder(self) -> Finder:
        """Who looks for them."""
        trees = Trees(self.git, self.clone, self.global_excludes, self.memory.located)
        return Finder(trees, self.environment.get("PATH", os.defpath), self.memory)

    def observe(self, resources: Sequence[Resource[DependencySpec]], scope: Scope) -> dict[Address, DependencyActual]:
        """Look for all declared ones, and find those that are left over."""
        return self.finder.observe(resources, scope)

    def look(self, resource: Resource[DependencySpec]) -> DependencyActual | None:
        """Look for one anew, without starting a program."""
        return self.finder.find(resource.address, resource.spec)

    def diff(self, resource: Resource[DependencySpec], actual: DependencyActual | None) -> Change:
        """Install what is not there, or was installed from something else."""
        return decide(resource.address, resource.spec, actual)

    def follow(
        self,
        resource: Resource[DependencySpec],
        actual: DependencyActual | None,
        change: Change,
        before: Sequence[tuple[Resource[object], Change]],
    ) -> Change:
        """Install anew when the same plan changes what it reads."""
        from reconciler.kinds.dependency.follow import follow  # noqa: PLC0415 - most plans change nothing it reads

        return follow(resource.spec, actual, change, before)

    def orphan(self, address: Address, actual: DependencyActual) -> Change:
        """Remove what was installed."""
        return decide_removal(address, actual)

    def assume(self, resource: Resource[DependencySpec]) -> DependencyActual:
        """One that was installed just as it is declared."""
        spec = resource.spec
        return DependencyActual(spec.tree, is_marked=True, is_complete=True, applied=spec.declared)

    def apply(self, change: Change, resource: Resource[DependencySpec], actual: DependencyActual | None) -> None:
        """Install it, see that it is there, and only then mark it as done.

        Raises:
            TransientError: the network, or a registry, was in the way.
            OrchestraError: it could not be installed; with all that the program said.
        """
        from reconciler.kinds.dependency.install import Installer  # noqa: PLC0415 - start-up: most applies install nothing

        clone, tree = require_identity(self.clone), self._require_tree(resource)
        if actual and actual.blocked:
            raise PermanentError(actual.blocked, where=resource.where, hint=actual.hint)
        installer = Installer(self.git, clone, self.environment, self.finder)
        try:
            with self.cores:
                installer.install(resource, tree, self._listener(resource.address))
        except OrchestraError as error:
            error.where = error.where or resource.where
            raise

    def destroy(self, address: Address, actual: DependencyActual) -> None:
        """Remove what was installed, but for what another one of its tree has there by now, and its mark.

        Raises:
            OrchestraError: it could not be removed.
        """
        git_dir = linked_git_dir(actual.tree)
        book = load_book(git_dir, self.clone) if git_dir else None
        if git_dir is None or self.clone is None or book is None or address not in book.marks:
            return
        others = installed_in(book.drop(address), actual.tree)
        for path in actual.removable:
            is_tracked = self.git.run("ls-files", "-z", "--", f":(top,literal){path}", cwd=actual.tree).stdout
            if path not in others and not is_tracked:
                remove_directory(actual.tree, path)
        change_book(git_dir, self.clone, lambda book: book.drop(address))
        self.finder.trees.hide(actual.tree, git_dir)

    def exclusive_key(self, address: Address, spec: DependencySpec | None) -> str | None:
        """What some own together has one at a time, and so has a cache that is not made for several."""
        place, _, name = address.name.rpartition("/")
        provider = PROVIDERS.get(re.sub(r"-\d+\Z", "", name))
        if provider and provider.is_alone:
            return f"cache of {provider.name}"
        return f"{place}/{provider.owns[0]}" if provider and provider.owns else None

    def _listener(self, address: Address) -> Callable[[str], None]:
        listener = self.on_output
        return (lambda line: listener(address, line)) if listener else (lambda _: None)

    def _require_tree(self, resource: Resource[DependencySpec]) -> Tree:
        """The tree to work in.

        Raises:
            ConflictError: it is not there, or not as it was planned.
        """
        tree = self.finder.load(resource.spec)
        if tree is None or standing_of(tree.path, tree.git_dir) is not Standing.PRESENT:
            message = f"{resource.spec.tree} is no tree of {resource.spec.workspace}"
            raise ConflictError(message, hint=PLAN_AGAIN)
        return tree
