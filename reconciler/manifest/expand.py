"""From declarations to resources: every workspace and every file that a manifest stands for."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

from reconciler.boundaries.pattern import parse
from reconciler.clients.untracked import Untracked
from reconciler.errors import ManifestError, Problem
from reconciler.kinds.file import FileSpec, Source
from reconciler.kinds.given import CONTAINERS
from reconciler.kinds.guard.spec import GuardSpec
from reconciler.kinds.installed import DEPENDENCY
from reconciler.kinds.ports.spec import PortsSpec
from reconciler.kinds.workspace import WorkspaceSpec
from reconciler.manifest import contract, templates
from reconciler.manifest.areas import DeclaredArea, areas_of
from reconciler.manifest.copies import Copies
from reconciler.manifest.declaration import Declaration, Manifest
from reconciler.manifest.substitution import reveal
from reconciler.manifest.templates import Reader
from reconciler.model.address import Address
from reconciler.model.layout import DESKS
from reconciler.model.resource import Resource

if TYPE_CHECKING:
    from reconciler.kinds.containers import ContainersSpec
    from reconciler.kinds.dependency import DependencySpec
    from reconciler.manifest.compose_source import ComposeFile

CLAUDE = "CLAUDE.local.md"
AnyResource: TypeAlias = (
    "Resource[WorkspaceSpec] | Resource[FileSpec] | Resource[GuardSpec] | Resource[PortsSpec]"
    " | Resource[ContainersSpec]"
    " | Resource[DependencySpec]"
)
Top = Callable[[Declaration], frozenset[str]]
"""The names of the files at the top of a workspace's tree, or of the tree that it will get."""


def expand(
    manifest: Manifest,
    *,
    read: Reader,
    real_path: Callable[[Path], Path],
    sources: Untracked | None = None,
    top: Top | None = None,
) -> tuple[AnyResource, ...]:
    """Make the resources of a manifest.

    Args:
        manifest: what is declared.
        read: the content of a file of the repository, by its path; None when there is none.
        real_path: a path without links, as git records it.
        sources: what the main worktree holds beside git; None when that is not to be looked at.
        top: what is at the top of a tree; left out, every tree has what the repository's own has.

    Raises:
        ManifestError: a template is missing or asks for what has no value, or something cannot be copied; all such
            problems at once.
    """
    copies = Copies(manifest.declarations, sources)
    written = {declaration.full_name: declaration for declaration in manifest.declarations}
    areas = areas_of(manifest.declarations)
    revealed = {name: reveal(declaration, manifest.values) for name, declaration in written.items()}
    resources: list[AnyResource] = []
    problems: list[Problem] = []
    others: list[Problem] = []
    top = top or (lambda _: _locks_at_the_top(read))
    for declaration in manifest.declarations:
        try:
            expansion = _Expansion(manifest, written, areas, read, real_path, copies, declaration, top)
            plain = expansion.resources()
            if manifest.values:
                filled = replace(expansion, by_name=revealed, declaration=revealed[declaration.full_name]).resources()
                resources += map(partial(_with_values, secrets=manifest.secrets), plain, filled)
            else:
                resources += plain
        except ManifestError as error:  # the first that is wrong with it
            problems += [*templates.faults(declaration, manifest.project, read), *copies.faults(declaration)]
            others += error.problems
    if problems or others:
        raise ManifestError(tuple(dict.fromkeys(problems or others)))
    return _after_files(resources)


def guards_of(manifest: Manifest, real_path: Callable[[Path], Path]) -> tuple[Resource[GuardSpec], ...]:
    """The guards of a manifest alone, whatever else is wrong with it."""
    by_name = {declaration.full_name: declaration for declaration in manifest.declarations}
    areas, copies = areas_of(manifest.declarations), Copies(manifest.declarations, None)
    expansions = (
        _Expansion(manifest, by_name, areas, lambda _: None, real_path, copies, declaration, lambda _: frozenset())
        for declaration in manifest.declarations
    )
    return tuple(guard for expansion in expansions for guard in expansion.guards())


def _locks_at_the_top(read: Reader) -> frozenset[str]:
    from reconciler.manifest.dependencies import locks_at_the_top  # noqa: PLC0415 - most manifests have none

    return locks_at_the_top(read)


def _after_files(resources: Iterable[AnyResource]) -> tuple[AnyResource, ...]:
    """What is installed in a tree comes after every file of ours in it: one may be what a package manager reads.

    Containers come after those that the Compose file reads, and what is built from a tree after what commands make.
    """
    ordered = tuple(resources)
    files: dict[str, list[Address]] = {}
    commands: dict[str, list[Address]] = {}
    for each in ordered:
        if isinstance(each.spec, (FileSpec, PortsSpec)):
            files.setdefault(each.spec.workspace, []).append(each.address)
        elif each.address.kind == DEPENDENCY and cast("Resource[DependencySpec]", each).spec.provider == "run":
            commands.setdefault(_workspace_of(each), []).append(each.address)
    return tuple(_waiting(each, files.get(_workspace_of(each), ()), commands) for each in ordered)


def _waiting(each: AnyResource, files: Sequence[Address], commands: Mapping[str, Sequence[Address]]) -> AnyResource:
    more: Sequence[Address] = ()
    if each.address.kind == DEPENDENCY:
        more = files
    elif each.address.kind == CONTAINERS:
        containers = cast("Resource[ContainersSpec]", each)
        source, prefix = containers.spec.source, f"{each.address.name}/"
        read = {f"{prefix}{path}" for path in source.inputs}
        made = commands.get(each.address.name, ()) if source.contexts else ()
        more = (*(file for file in files if file.name in read), *made)
        ours = frozenset(file.name.removeprefix(prefix) for file in files if file.kind == "file")
        each = replace(containers, spec=replace(containers.spec, ours=ours))
    return replace(each, depends_on=(*each.depends_on, *more)) if more else each


def _workspace_of(each: AnyResource) -> str:
    return each.address.name.partition("/")[0]


def _with_values(plain: AnyResource, filled: AnyResource, *, secrets: Mapping[str, str]) -> AnyResource:
    """A file in which a value of the environment stands, not one that holds the same text by chance, is a secret."""
    if isinstance(filled.spec, FileSpec):
        return replace(filled, spec=replace(filled.spec, secret=filled.spec != plain.spec))
    if filled.address.kind == DEPENDENCY:
        from reconciler.manifest.dependencies import with_values  # noqa: PLC0415 - most manifests have none

        return with_values(plain, filled, secrets)
    return filled


def desk_of(full_name: str) -> str:
    """Where a helper's desk lies in the main agent's tree: each helper's inside that of its parent."""
    return "/".join(f"{DESKS}/{name}" for name in full_name.split("--")[1:])


@dataclass(frozen=True, slots=True)
class _Expansion:
    """One workspace and its files."""

    manifest: Manifest
    by_name: Mapping[str, Declaration]
    areas: Mapping[str, DeclaredArea]
    read: Reader
    real_path: Callable[[Path], Path]
    copies: Copies
    declaration: Declaration
    top: Top

    def resources(self) -> Iterator[AnyResource]:
        yield self._workspace()
        yield from self.guards()
        yield from self._reachable()
        for tree, workspace, prefix in self._homes():
            for path, content in self._texts(prefix):
                yield self._file(tree, workspace, prefix + path, content=content)
        yield from self._declared_files()
        yield from self._copied_files()
        if self.declaration.level == 1 or self.declaration.helpers:
            yield self._status()
        if self.declaration.parent:
            yield from self._pointers()
        if self._has_tree and self.declaration.dependencies:
            yield from self._dependencies()

    # --- the workspace -----------------------------------------------------------------------------------------------

    def _workspace(self) -> Resource[WorkspaceSpec]:
        declaration = self.declaration
        spec = WorkspaceSpec(
            name=declaration.full_name,
            level=declaration.level,
            branch=declaration.branch,
            base=declaration.base,
            path=self._tree_of(declaration),
            tree=self._has_tree,
            host=self._tree_of(self._root) if declaration.parent else None,
            desk=self._desk if declaration.parent else "",
            sparse=self._sparse() if declaration.checkout == "sparse" else None,
            submodules=declaration.submodules,
            was=self._was(declaration),
            owner=declaration.owner,
            scratch=declaration.scratch,
            protect=declaration.protect,
            stacked=declaration.starts_from is not None,
        )
        needs = [Address("workspace", name) for name in declaration.needs]
        if declaration.starts_from:
            needs.append(Address("workspace", declaration.starts_from))
        if declaration.parent:
            # What keeps desks out of `git status` is there before the first of them.
            ignore = Address("file", f"{self._root.full_name}/{DESKS}/.gitignore")
            needs = [Address("workspace", declaration.parent), ignore, *needs]
        return Resource(self._address, spec, tuple(dict.fromkeys(needs)), declaration.where)

    @property
    def _address(self) -> Address:
        return Address("workspace", self.declaration.full_name)

    @property
    def _has_tree(self) -> bool:
        declaration = self.declaration
        return declaration.level == 1 or (declaration.eager and declaration.tree)

    @property
    def _root(self) -> Declaration:
        return self.by_name[self.declaration.full_name.partition("--")[0]]

    @property
    def _desk(self) -> str:
        return desk_of(self.declaration.full_name)

    def _tree_of(self, declaration: Declaration) -> Path:
        # The last step is taken as it is written: a link in a tree's place is somebody's, and never followed.
        path = Path(os.path.normpath(self.manifest.root / declaration.path))
        return self.real_path(path.parent) / path.name

    def _with_ancestors(self, declaration: Declaration) -> list[Declaration]:
        above = self._with_ancestors(self.by_name[declaration.parent]) if declaration.parent else []
        return [declaration, *above]

    def _was(self, declaration: Declaration) -> str | None:
        if declaration.parent is None:
            return declaration.was
        above = self.by_name[declaration.parent]
        old_parent = self._was(above)
        if not (declaration.was or old_parent):
            return None
        return f"{old_parent or declaration.parent}--{declaration.was or declaration.name}"

    def _sparse(self) -> tuple[str, ...] | None:
        """The lines of the sparse checkout; None, everything, where no area says what the rest is."""
        if self._area.is_everything:
            return None
        read = map(parse, self.declaration.read)
        return tuple(pattern.sparse_line for pattern in dict.fromkeys((*self._area.area.allowed, *read)))

    @property
    def _area(self) -> DeclaredArea:
        return self.areas[self.declaration.full_name]

    def guards(self) -> Iterator[Resource[GuardSpec]]:
        """What holds its tree to its area."""
        declaration = self.declaration
        if not (self._has_tree and self._area.is_bounded):
            return
        old = self._was(declaration)
        spec = GuardSpec(
            workspace=declaration.full_name,
            tree=self._tree_of(declaration),
            branch=declaration.branch,
            area=self._area.area,
            bases=tuple(self._bases()),
            was=Address("guard", old) if old else None,
        )
        place = declaration.places.get("modify", declaration.where)
        yield Resource(Address("guard", declaration.full_name), spec, (self._address,), place)

    def _bases(self) -> Iterator[str | None]:
        """What it starts from: declared branches, the nearest first, and what the last of them starts from."""
        by_branch = {each.branch: each for each in self.by_name.values()}
        seen, base = {self.declaration.branch}, self.declaration.base
        while base in by_branch and base not in seen:
            yield base
            seen.add(base)
            base = by_branch[base].base
        yield base

    def _reachable(self) -> Iterator[AnyResource]:
        """Its containers, and the ports of itself and of those."""
        declaration = self.declaration
        if not self._has_tree or declaration.containers is None:
            if declaration.ports and self._has_tree:
                yield self._ports(declaration.ports)
            return
        from reconciler.manifest import containers  # noqa: PLC0415 - most manifests have none

        file: ComposeFile = containers.compose_file(declaration.containers, self.read)
        ports = self._ports(containers.port_names(declaration, file), self.manifest.project)
        yield replace(ports, spec=containers.with_engine(ports.spec, declaration, file))
        tree, old = self._tree_of(declaration), self._was(declaration)
        yield containers.expand_containers(declaration, file, tree, self.manifest.project, old)

    def _ports(self, names: tuple[str, ...], project: str | None = None) -> Resource[PortsSpec]:
        declaration = self.declaration
        old = self._was(declaration)
        spec = PortsSpec(
            workspace=declaration.full_name,
            tree=self._tree_of(declaration),
            names=names,
            env_file=declaration.env_file,
            span=self.manifest.port_range,
            starts=tuple((each.branch, each.base) for each in self._with_ancestors(declaration)),
            was=Address("ports", old) if old else None,
            project=project,
        )
        place = declaration.places.get("ports", declaration.where)
        return Resource(Address("ports", declaration.full_name), spec, (self._address,), place)

    # --- its files ---------------------------------------------------------------------------------------------------

    def _homes(self) -> Iterator[tuple[Path, str, str]]:
        """The directories that get the contract: tree, workspace of that tree, and the way from one to the other."""
        if self.declaration.parent:
            yield self._tree_of(self._root), self._root.full_name, f"{self._desk}/"
        if self._has_tree:
            yield self._tree_of(self.declaration), self.declaration.full_name, ""

    def _texts(self, prefix: str) -> Iterator[tuple[str, str]]:
        name, text = self._contract_name, self._contract()
        yield name, text
        yield CLAUDE, contract.claude_text(name)
        yield "AGENTS.override.md", contract.codex_text(text)
        yield ".allowed-paths", contract.allowed_paths_text(self._area)
        if not prefix:
            yield f"{DESKS}/.gitignore", "*\n"

    @property
    def _contract_name(self) -> str:
        return "CONTRACT.md" if self.declaration.parent else "SESSION.md"

    def _contract(self) -> str:
        declaration = self.declaration
        own = templates.own_contract(declaration, self.read)
        if own is not None:
            return own
        helpers = [self.by_name[name] for name in declaration.helpers]
        if declaration.parent is None:
            return contract.session_text(declaration, self._area, helpers)
        job = templates.job_text(declaration, self.manifest.project, self.read)
        return contract.helper_text(job, declaration, self._area, helpers)

    def _declared_files(self) -> Iterator[Resource[FileSpec]]:
        declaration = self.declaration
        own_tree = self._has_tree
        tree = self._tree_of(declaration if own_tree else self._root)
        workspace = (declaration if own_tree else self._root).full_name
        prefix = "" if own_tree else f"{self._desk}/"
        for file in declaration.files:
            text = file.content
            if text is None:
                text = templates.render_file(declaration, self.manifest.project, file, self.read)
            yield self._file(tree, workspace, prefix + file.path, content=text)

    def _copied_files(self) -> Iterator[Resource[FileSpec]]:
        """What is copied into its own tree; a desk has its parent's."""
        declaration, root = self.declaration, self.manifest.root
        for file in self.copies.of(declaration) if self._has_tree else ():
            is_known = self.copies.sources is not None
            is_there = file.content is not None or not is_known
            source = Source(root, file.mode & 0o777, str(file.where), is_there=is_there, is_known=is_known)
            made = self._file(self._tree_of(declaration), declaration.full_name, file.path, content="")
            spec = replace(made.spec, content=file.content or b"", source=source, loads=None)
            yield replace(made, spec=spec, where=file.where)

    def _pointers(self) -> Iterator[Resource[FileSpec]]:
        declaration = self.declaration
        host, workspace = self._tree_of(self._root), self._root.full_name
        owner = declaration if declaration.tree else self._root
        where = self._tree_of(owner)
        pointer = self._file(host, workspace, f"{self._desk}/WORKSPACE", content=f"{where}\n")
        yield replace(pointer, spec=replace(pointer.spec, points_to=(owner.full_name, where)))
        if declaration.links and self._has_tree:
            yield self._file(host, workspace, f"{self._desk}/tree", link=str(where))

    def _dependencies(self) -> Iterator[Resource[DependencySpec]]:
        from reconciler.manifest.dependencies import expand_dependencies  # noqa: PLC0415 - most manifests have none

        declaration = self.declaration
        tree, old_name = self._tree_of(declaration), self._was(declaration)
        return expand_dependencies(declaration, tree, old_name, self.top(declaration))

    def _status(self) -> Resource[FileSpec]:
        prefix = f"{self._desk}/" if self.declaration.parent else ""
        text = contract.status_text([self.by_name[name] for name in self.declaration.helpers])
        path = f"{prefix}{DESKS}/status.yaml"
        return self._file(self._tree_of(self._root), self._root.full_name, path, content=text, seed=True)

    def _file(
        self,
        tree: Path,
        workspace: str,
        path: str,
        *,
        content: str | None = None,
        link: str | None = None,
        seed: bool = False,
    ) -> Resource[FileSpec]:
        holder = self.by_name[workspace]
        old_holder = self._was(holder)
        spec = FileSpec(
            workspace=workspace,
            tree=tree,
            path=path,
            content=None if content is None else content.encode("utf-8", "surrogateescape"),
            link=link,
            seed=seed,
            starts=tuple((each.branch, each.base) for each in self._with_ancestors(holder)),
            was=Address("file", f"{old_holder}/{path}") if old_holder else None,
            loads=self._contract_name if path == CLAUDE else None,
        )
        needs = dict.fromkeys((Address("workspace", workspace), self._address))
        return Resource(Address("file", f"{workspace}/{path}"), spec, tuple(needs), self.declaration.where)
