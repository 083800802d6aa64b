"""The kind itself: git hooks in a tree's private git directory, where the configuration of that tree leads git."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.boundaries.area import forbidden
from reconciler.boundaries.effort import Effort, TooCostlyError
from reconciler.clients import hooks
from reconciler.clients.git import Git, Repository, resolve_commits
from reconciler.clients.marks import Mark, MarkBook, change_book, load_book
from reconciler.clients.probing import would_be_made
from reconciler.errors import PermanentError
from reconciler.kinds.guard.decide import decide, decide_removal
from reconciler.kinds.guard.find import BEFORE, TRIED, Finder, held
from reconciler.kinds.guard.rule import BASES, HOOKS, OURS, PROGRAM, RULE, bases_text, program_text, rule_text
from reconciler.kinds.guard.spec import KIND, GuardActual, GuardSpec
from reconciler.kinds.memory import Memory
from reconciler.kinds.scope import Scope
from reconciler.kinds.shared import Shared
from reconciler.kinds.tree import Trees, require_identity
from reconciler.model.address import Address
from reconciler.model.change import Change
from reconciler.model.resource import Resource


@dataclass(frozen=True)
class GuardKind:
    """The guards of the trees of one clone.

    Attributes:
        clone: the identity that marks name; None before the first apply.
        home: the user's home directory.
        configs: the configuration that all trees share, as git has it.
    """

    git: Git
    repository: Repository
    clone: str | None
    home: Path
    memory: Memory = field(default_factory=Memory)
    configs: Shared[dict[str, str]] = field(default_factory=Shared)
    name: str = KIND

    @property
    def finder(self) -> Finder:
        """Who looks for them."""
        trees = Trees(self.git, self.clone, "", self.memory.located)
        return Finder(trees, self.repository.common_dir, self.home, self.memory)

    def observe(self, resources: Sequence[Resource[GuardSpec]], scope: Scope) -> dict[Address, GuardActual]:
        """Read the private git directories of all trees, and the configuration that was read anyway."""
        return self.finder.observe(resources, scope)

    def look(self, resource: Resource[GuardSpec]) -> GuardActual | None:
        """Read one anew, with the configuration as it is by now."""
        return self.finder.find(resource.address, resource.spec, self._config())

    def diff(self, resource: Resource[GuardSpec], actual: GuardActual | None) -> Change:
        """Put there what is not there, or not as it was."""
        return decide(resource.address, resource.spec, actual)

    def orphan(self, address: Address, actual: GuardActual) -> Change:
        """Take it off."""
        return decide_removal(address, actual)

    def assume(self, resource: Resource[GuardSpec]) -> GuardActual:
        """One that is in force."""
        spec = resource.spec
        return GuardActual(spec.tree, spec.tree / ".git", True, spec.declared)

    def apply(self, change: Change, resource: Resource[GuardSpec], actual: GuardActual | None) -> None:
        """Put the hooks there, lead git to them, and see a forbidden change refused.

        Raises:
            ConflictError: its tree is not as it was planned.
            PermanentError: its base is not there, or git lets a forbidden change through.
            ClientError: something could not be written.
        """
        spec, address = resource.spec, resource.address
        tree, git_dir = self.finder.trees.require(address, spec.tree, spec.workspaces)
        before = self.finder.before(address, spec, tree)
        said, clone = {**spec.declared, BEFORE: before}, require_identity(self.clone)
        untried = Mark(said, "untried")
        change_book(git_dir, clone, lambda book: _renamed(book, spec).put(address, untried))
        self._write(resource, git_dir, self._config())
        hooks.configure(self.git, git_dir, str(hooks.directory_of(git_dir)))
        self._probe(held(spec, tree), tree.path)
        change_book(git_dir, clone, lambda book: book.put(address, Mark(said, TRIED)))

    def _write(self, resource: Resource[GuardSpec], git_dir: Path, config: Mapping[str, str]) -> None:
        """Write hooks, rule and bases; each stub only where there is a hook to hand on to."""
        spec = resource.spec
        tree = self.finder.trees.locate(spec.tree, spec.workspaces)
        previous = self.finder.previous(resource.address, spec, tree, config)
        names = self.memory.bases.get(spec.tree, ())
        bases = self._bases(names, resolve_commits(self.git, self.repository.common_dir, names))
        bases = bases or hooks.read_hook_data(git_dir, BASES)  # a base that is gone was there before
        if bases is None:
            raise PermanentError(f"the base of {spec.workspace} does not exist", hint="fetch it, or name another")
        contents = {
            PROGRAM: program_text(),
            RULE: rule_text(held(spec, tree), self.repository.common_dir, previous.said),
            BASES: bases,
        }
        hooks.write_hooks(git_dir, contents, PROGRAM, (*HOOKS, *previous.names))

    def _bases(self, names: Iterable[str], commits: Mapping[str, str | None]) -> bytes | None:
        known = [commit for name in names if (commit := commits.get(name))]
        local = [name.removeprefix("refs/heads/") for name in names if name.startswith("refs/heads/")]
        return bases_text(known, local) if known else None

    def _probe(self, spec: GuardSpec, tree: Path) -> None:
        """Try what must be refused.

        Raises:
            PermanentError: it was not.
        """
        try:
            path = forbidden(spec.area, Effort())
        except TooCostlyError:
            path = None
        passes, said = would_be_made(self.git, self.repository.common_dir, tree, spec.branch, path)
        if passes:
            hint = (
                "git runs no hooks there: see `git config --show-origin core.hooksPath`, and whether git is a wrapper"
            )
            raise PermanentError(f"the guard of {tree} let a forbidden change through", hint=hint)
        if "orchestra: refused: " not in said or "is not whole" in said:
            raise PermanentError(f"the guard of {tree} does not work: {said}", hint="run `orchestra apply` again")

    def unsettled(self, resources: Sequence[Resource[GuardSpec]], scope: Scope) -> dict[Path, bytes]:
        """What guards do not know yet of what their bases have by now, by private git directory; one program for all.

        Raises:
            ClientError: something could not be read.
        """
        found = self.observe(resources, scope)
        names = sorted({name for each in resources for name in self.memory.bases[each.spec.tree]})
        commits = resolve_commits(self.git, self.repository.common_dir, names)
        moved: dict[Path, bytes] = {}
        for resource in resources:
            actual = found.get(resource.address)
            bases = self._bases(self.memory.bases[resource.spec.tree], commits)
            if actual and actual.is_marked and bases and hooks.read_hook_data(actual.git_dir, BASES) != bases:
                moved[actual.git_dir] = bases
        return moved

    def settle(self, resources: Sequence[Resource[GuardSpec]], scope: Scope) -> None:
        """Let guards know what their bases have by now, and hand on to the hooks that came while others were made.

        Raises:
            ClientError: something could not be read or written.
        """
        for git_dir, bases in self.unsettled(resources, scope).items():
            hooks.write_hook_data(git_dir, BASES, bases)
        for resource in resources:
            actual = self.finder.find(resource.address, resource.spec, scope.survey.config)
            if actual and actual.faults and actual.is_tried:
                self._write(resource, actual.git_dir, scope.survey.config)

    def destroy(self, address: Address, actual: GuardActual) -> None:
        """Lead git back to the hooks that were in force before, and remove ours.

        Raises:
            ClientError: they could not be removed.
        """
        book = load_book(actual.git_dir, self.clone)
        mark = book.marks.get(address) if book else None
        if mark is None or self.clone is None:
            return
        before = mark.declared.get(BEFORE)
        hooks.take_off(self.git, actual.git_dir, before if isinstance(before, str) else None, OURS, PROGRAM)
        change_book(actual.git_dir, self.clone, lambda book: book.drop(address))

    def exclusive_key(self, address: Address, spec: GuardSpec | None) -> str | None:
        """It has its tree's private git directory, where nobody else writes the same files."""
        return None

    def _config(self) -> dict[str, str]:
        return self.configs.get(self._read_config)

    def _read_config(self) -> dict[str, str]:
        listed = self.git.run("config", "--list", "-z", git_dir=self.repository.common_dir).text
        return {key: value for key, _, value in (entry.partition("\n") for entry in listed.split("\0") if entry)}


def _renamed(book: MarkBook, spec: GuardSpec) -> MarkBook:
    return book.drop(spec.was) if spec.was else book
