"""Find what is installed, what would decide what is, and what is left over. Starts no program; changes nothing."""

from __future__ import annotations

import hashlib
import platform
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.clients import files, globs
from reconciler.clients.command import Program, count_names, find_program, is_there
from reconciler.clients.marks import Mark, MarkBook
from reconciler.errors import OrchestraError
from reconciler.kinds.dependency.providers import PROVIDERS
from reconciler.kinds.dependency.spec import KIND, TREE, DependencyActual, DependencySpec
from reconciler.kinds.digest import digest
from reconciler.kinds.installed import installed_in, installed_paths, is_directory
from reconciler.kinds.memory import Memory
from reconciler.kinds.scope import Scope
from reconciler.kinds.tree import Trees
from reconciler.model.address import Address
from reconciler.model.resource import Resource

INSTALLING, FAILED, REPLACED = "installing", "failed", "replaced"
_MOST_NAMED = 100  # files whose digests a mark keeps one by one; of more, one digest for all
_DIGEST_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that bears its workspace's mark."""

    path: Path
    git_dir: Path
    book: MarkBook

    def ours(self, mark: Mark | None) -> frozenset[str]:
        """What was installed in it; what an interrupted installation left is ours too."""
        is_interrupted = mark is not None and mark.state == INSTALLING
        return installed_paths(self.book) if is_interrupted else installed_in(self.book, self.path)


@dataclass(frozen=True)
class Finder:
    """Looks for the dependencies of one clone: in all trees once, or in one.

    Attributes:
        search_path: where programs are looked for; each is looked for once.
    """

    trees: Trees
    search_path: str
    memory: Memory
    _programs: dict[str, Program | None] = field(default_factory=dict)

    def observe(self, resources: Sequence[Resource[DependencySpec]], scope: Scope) -> dict[Address, DependencyActual]:
        """Look for all declared ones, and for those that are left over in trees that are declared."""
        for resource in resources:
            self.trees.located.learn(scope.survey, resource.spec.tree, *resource.spec.workspaces)
        found = {r.address: actual for r in resources if (actual := self.find(r.address, r.spec))}
        self.memory.without_tree.update(r.address for r in resources if r.address not in found)
        return {**found, **_left_over(resources, scope)}

    def load(self, spec: DependencySpec) -> Tree | None:
        """Find the tree that bears the workspace's mark."""
        tree = self.trees.load(spec.tree, spec.workspaces)
        return Tree(tree.path, tree.git_dir, tree.book) if tree.git_dir and tree.book else None

    def find(self, address: Address, spec: DependencySpec) -> DependencyActual | None:
        """Find one; None where there is no tree to look into, or it is still being filled."""
        tree = self.load(spec)
        is_late = address in self.memory.without_tree
        if tree is None or not _is_filled(tree, spec):
            lacking = self._lacking_program(spec)
            return DependencyActual(spec.tree, blocked=lacking[0], hint=lacking[1]) if lacking else None
        mark = tree.book.find(address, spec.was)
        actual = DependencyActual(tree.path, spec.project, spec.provider, is_late=is_late)
        try:
            return self._find_in(spec, tree, mark, actual)
        except OrchestraError as error:
            return replace(actual, blocked=error.message, hint=error.hint)

    def _find_in(
        self, spec: DependencySpec, tree: Tree, mark: Mark | None, actual: DependencyActual
    ) -> DependencyActual:
        declared = mark.declared if mark else {}
        makes = tuple(spec.by.makes(spec.place(tree.path)))
        there = tuple(path for path in makes if is_there(tree.path, path))
        ours = tree.ours(mark)
        salt = str(declared.get("salt") or secrets.token_hex(8))
        found = replace(
            actual,
            is_marked=mark is not None,
            is_complete=mark is not None and mark.state == "ready",
            is_failed=mark is not None and mark.state == FAILED,
            is_replaced=mark is not None and mark.state == REPLACED,
            applied=_texts(declared.get("facts")),
            missing=tuple(_missing(spec, tree.path, declared)),
            foreign=tuple(path for path in there if path not in ours),
        )
        if why := self._why_blocked(spec, tree.path):
            return replace(found, blocked=why[0], hint=why[1])
        if lacking := _lacking(spec, tree.path):
            message, hint, lacks = lacking
            return replace(found, blocked=message, hint=hint, lacks=lacks)
        reads = spec.reads(tree.path)
        return replace(
            found, reads=reads, facts=self.facts(spec, tree.path, salt, _place_to_be(spec, tree, mark), reads)
        )

    def _why_blocked(self, spec: DependencySpec, tree: Path) -> tuple[str, str] | None:
        by, place = spec.by, spec.place(tree)
        if lacking := self._lacking_program(spec):
            return lacking
        if linked := next((path for path in by.makes(place) if (tree / path).is_symlink()), None):
            return f"{linked} is a symbolic link: what it leads to would be changed", f"remove {tree / linked}"
        for path in filter(is_directory, by.makes(place)):
            if is_there(tree, path) and count_names(tree, path) is None:
                return f"{path} is no directory", f"move {tree / path} away"
        return None

    def _lacking_program(self, spec: DependencySpec) -> tuple[str, str] | None:
        for program in filter(None, (spec.by.program, spec.by.runtime)):
            if self._program(program) is None:
                return f"{spec.provider} needs the program `{program}`, which is not there", spec.by.how_to_get
        return None

    def facts(
        self, spec: DependencySpec, tree: Path, salt: str, place_to_be: Path, reads: Sequence[str]
    ) -> dict[str, str]:
        """What decides, beside the declaration, what is installed in a tree as it is now.

        Args:
            spec: what is declared.
            tree: the tree.
            salt: goes into the digests of files, which may be secrets.
            place_to_be: where the tree will be when all is applied.
            reads: the files that decide.

        Raises:
            OrchestraError: a file cannot be read.
        """
        return {
            "platform": f"{platform.system()} {platform.machine()}",
            TREE: str(place_to_be),
            **{f"program {name}": identity for name, identity in self._programs_of(spec)},
            **_digests(tree, reads, salt),
        }

    def _programs_of(self, spec: DependencySpec) -> Iterator[tuple[str, str]]:
        for name in (spec.by.program, spec.by.runtime):
            program = self._program(name) if name and spec.provider != "run" else None
            if program:
                yield name, program.identity

    def _program(self, name: str) -> Program | None:
        if name not in self._programs:
            self._programs[name] = find_program(name, self.search_path)
        return self._programs[name]


def _lacking(spec: DependencySpec, tree: Path) -> tuple[str, str, tuple[str, ...]] | None:
    """Of what it reads, what is not there: why that blocks it, the way out, and all of it by name."""
    by, place = spec.by, spec.place(tree)
    if by.locks and by.lock(place) is None and not (spec.provider == "pip" and spec.options.requirements):
        wanted = place.path(by.locks[0])
        hint = f"`{by.how_to_lock}` in {place.directory} makes one; commit it"
        if spec.provider == "pip":
            hint = "write one, or name others: `pip: {requirements: FILE}`"
        return f"there is no {wanted} in {tree}", hint, (globs.literally(wanted),)
    nothing = [pattern for pattern in spec.options.inputs if not globs.matching_files(place.directory, pattern)]
    if nothing:
        message = f"`inputs`: nothing in {place.directory} matches `{nothing[0]}`"
        return message, "mend the pattern, or remove it", tuple(map(place.path, nothing))
    return None


def _is_filled(tree: Tree, spec: DependencySpec) -> bool:
    marks = (tree.book.marks.get(Address("workspace", name)) for name in spec.workspaces)
    return any(mark is not None and mark.state == "ready" for mark in marks)


def _place_to_be(spec: DependencySpec, tree: Tree, mark: Mark | None) -> Path:
    """Of a workspace that is about to be renamed the declared place; else where it is."""
    is_renamed = mark is not None and spec.was is not None and spec.was in tree.book.marks
    return spec.tree if is_renamed else tree.path


def _digests(tree: Path, paths: Sequence[str], salt: str) -> dict[str, str]:
    """The digest of each file that is there, or one for all where they are many."""
    found = {path: digest(entry, salt)[:_DIGEST_LENGTH] for path in paths if (entry := files.read(tree, path))}
    if len(found) <= _MOST_NAMED:
        return found
    together = "".join(f"{path}\0{value}\n" for path, value in sorted(found.items()))
    return {f"{len(found)} files": hashlib.sha256(together.encode("utf-8", "surrogateescape")).hexdigest()}


def _texts(value: object) -> Mapping[str, str]:
    """Facts as a mark keeps them, which anybody may have edited."""
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}


def _missing(spec: DependencySpec, tree: Path, declared: Mapping[str, object]) -> Iterator[str]:
    """What was there when it was installed, and is gone."""
    made = declared.get("made")
    for path, names in made.items() if isinstance(made, dict) else ():
        if not is_there(tree, path) or (type(names) is int and not _holds(tree, path, names)):
            yield path
    place = spec.place(tree)
    yield from (pattern for pattern in spec.options.outputs if not globs.matching_files(place.directory, pattern))


def _holds(tree: Path, path: str, names: int) -> bool:
    """Whether a directory lost nothing; hidden names do not count: tools keep there what comes and goes."""
    found = count_names(tree, path)
    return found is not None and found >= names


def _left_over(resources: Sequence[Resource[DependencySpec]], scope: Scope) -> dict[Address, DependencyActual]:
    """What nobody declares any more, in trees that are declared; what lies in others goes with its tree."""
    declared = {address for r in resources for address in (r.address, r.spec.was) if address}
    found = {}
    for address, (record, mark) in scope.survey.marks.items():
        if address.kind == KIND and address not in declared and address.name.partition("/")[0] in scope.declared:
            found[address] = left_over(record.path, address, mark)
    return found


def left_over(tree: Path, address: Address, mark: Mark) -> DependencyActual:
    """Describe an installation that is not declared any more."""
    provider, project = str(mark.declared.get("provider")), str(mark.declared.get("project") or "")
    makes = mark.declared.get("makes")
    ours = installed_in(MarkBook("", {address: mark}), tree) if provider in PROVIDERS else frozenset()
    there = tuple(path for path in (makes if isinstance(makes, list) else ()) if path in ours and is_there(tree, path))
    facts = _texts(mark.declared.get("facts"))
    is_complete = mark.state == "ready"
    return DependencyActual(
        tree, project, provider, is_marked=True, is_complete=is_complete, applied=facts, removable=there
    )
