"""A valid document to declarations: defaults, inheritance, levels, names.

The rule: what a helper does not say comes from `defaults`, but for `checkout` and `submodules`, which are its parent's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from reconciler.errors import Location
from reconciler.manifest import grammar
from reconciler.manifest.declaration import (
    ContainersDeclaration,
    CopyDeclaration,
    Declaration,
    DependencyDeclaration,
    FileDeclaration,
)
from reconciler.manifest.models import Defaults, FileBody, Helper, Workspace, Worktree
from reconciler.manifest.nodes import ListNode, MapNode, Node, ScalarNode, find, key_place
from reconciler.manifest.problems import Problems, nearest, quote
from reconciler.manifest.substitution import Substitution
from reconciler.manifest.validation import Path, Validated

if TYPE_CHECKING:
    from reconciler.manifest.dependency_models import DependencyBody

DEFAULT_ENV_FILE = ".env.orchestra"
DEFAULT_PATH = "../{project}.wt/{name}"
MOST_LEVELS = 3
_AREAS = frozenset({"deny", "read", "shared"})

ValueT = TypeVar("ValueT")


@dataclasses.dataclass(frozen=True, slots=True)
class _Above:
    """What a helper's branch can start from.

    Attributes:
        tree: the nearest workspace above that has a tree, if only once it is started.
        eager: the nearest one above whose tree apply makes.
    """

    tree: Declaration
    eager: Declaration

    def and_below(self, declaration: Declaration) -> _Above:
        """The same for the helpers of `declaration`."""
        return _Above(declaration if declaration.tree else self.tree, declaration if declaration.eager else self.eager)


@dataclass(slots=True)
class Builder:
    """Makes the declarations of one document."""

    validated: Validated
    root: MapNode
    project: str
    substitution: Substitution
    problems: Problems
    unordered: set[str] = dataclasses.field(default_factory=set)
    """Full names of those that need what is not there."""

    def build(self) -> tuple[Declaration, ...]:
        """All declarations, parents before children."""
        worktrees = self.validated.document.worktrees or {}
        return _stacked(
            declaration
            for name, body in worktrees.items()
            if self._is_name(name, ("worktrees", name))
            for declaration in self._worktree(name, body, tuple(worktrees))
        )

    @property
    def _defaults(self) -> Defaults:
        return self.validated.document.defaults or Defaults.model_construct()

    def _is_name(self, name: str, path: Path) -> bool:
        fault = grammar.name_fault(name)
        if fault:
            self.problems.add(f"{quote(name)} is not a name: {fault.message}", key_place(self.root, path), fault.hint)
        return fault is None

    def _worktree(self, name: str, body: Worktree, siblings: tuple[str, ...]) -> Iterator[Declaration]:
        defaults, path = self._defaults, ("worktrees", name)
        branch = body.branch or self._as_branch(name, path)
        places = {"project": self.project, "name": name, "branch": branch}
        common = self._common(
            name, body, path, 1, checkout=defaults.checkout or "full", submodules=bool(defaults.submodules)
        )
        declaration = dataclasses.replace(
            common,
            places={**self._base_place(), **common.places},
            owner=body.owner or defaults.owner,
            branch=branch,
            base=body.base or defaults.base,
            path=grammar.fill(body.path or defaults.path or DEFAULT_PATH, places),
            eager=True,
            dependencies=self._dependencies(body, path),
            containers=self._containers(body, path),
            env_file=self._env_file(body, path),
            was=body.was,
            needs=self._needs(body, path, name, siblings, ""),
        )
        yield declaration
        yield from self._helpers(body, declaration, _Above(declaration, declaration), path)

    def _base_place(self) -> dict[str, Location]:
        return {"base.0": find(self.root, ("defaults", "base")).where} if self._defaults.base else {}

    def _default_places(self, body: Workspace) -> dict[str, Location]:
        """The places of the patterns that come from `defaults`."""
        common = find(self.root, ("defaults",)) if self.validated.document.defaults else None
        return {
            place: where
            for place, where in (_places(common) if common else {}).items()
            if (key := place.partition(".")[0]) in _AREAS and key != place and getattr(body, key) is None
        }

    def _as_branch(self, name: str, path: Path) -> str:
        fault = grammar.branch_fault(name)
        if fault and (*path, "branch") not in self.validated.broken:
            message = f"{quote(name)} cannot name its branch too: {fault.message}"
            self.problems.add(message, key_place(self.root, path), "give it a `branch:`, or another name")
        return name

    def _helpers(self, body: Workspace, parent: Declaration, above: _Above, path: Path) -> Iterator[Declaration]:
        """Declare the helpers of `parent`."""
        helpers = body.helpers or {}
        if helpers and parent.level == MOST_LEVELS:
            hint = "a worktree is level 1, its helper 2, a helper's helper 3; move these up"
            self.problems.add(f"helpers on level {MOST_LEVELS + 1}", key_place(self.root, (*path, "helpers")), hint)
            return
        for name, helper in helpers.items():
            below = (*path, "helpers", name)
            if self._is_name(name, below):
                declaration = self._helper(name, helper, parent, below, above=above, siblings=tuple(helpers))
                yield declaration
                yield from self._helpers(helper, declaration, above.and_below(declaration), below)

    def _helper(
        self, name: str, body: Helper, parent: Declaration, path: Path, *, above: _Above, siblings: tuple[str, ...]
    ) -> Declaration:
        has_tree = body.workspace != "desk"
        if body.eager and not has_tree:
            self.problems.add(
                "a desk has no tree that could be eager", key_place(self.root, (*path, "eager")), "remove one of them"
            )
        full_name = f"{parent.full_name}--{name}"
        if body.copied and not has_tree:
            place = key_place(self.root, (*path, "copy"))
            self.problems.add("a desk has no tree to copy into", place, "remove one of them")
        if body.ports and not has_tree:
            place = key_place(self.root, (*path, "ports"))
            self.problems.add("a desk has no ports of its own", place, "remove one of them")
        eager = has_tree and bool(_first(body.eager, self._defaults.eager, fallback=False))
        common = self._common(
            full_name, body, path, parent.level + 1, checkout=parent.checkout, submodules=parent.submodules
        )
        return dataclasses.replace(
            common,
            name=name,
            parent=parent.full_name,
            owner=parent.owner,
            branch=f"{parent.branch}--{name}",
            base=(above.eager if eager else above.tree).branch,
            path=f"{parent.path}--{name}",
            eager=eager,
            tree=has_tree,
            dependencies=self._dependencies(body, path, parent=parent),
            template=body.template,
            variables=self._variables(body, path),
            needs=self._needs(body, path, name, siblings, f"{parent.full_name}--"),
        )

    def _common(
        self, full_name: str, body: Workspace, path: Path, level: int, *, checkout: str, submodules: bool
    ) -> Declaration:
        """What is the same for worktrees and helpers; the rest is a placeholder that both replace."""
        defaults = self._defaults
        return Declaration(
            name=full_name,
            full_name=full_name,
            level=level,
            parent=None,
            where=key_place(self.root, path),
            places={**self._default_places(body), **_places(find(self.root, path))},
            owner=None,
            branch="",
            base=None,
            starts_from=None,
            path="",
            checkout=body.checkout or checkout,
            submodules=_first(body.submodules, submodules, fallback=False),
            eager=False,
            tree=True,
            links=_first(body.links, defaults.links, fallback=False),
            was=None,
            task=self.substitution.text(body.task or "", (*path, "task")),
            modify=self._area(body, "modify", path),
            deny=self._area(body, "deny", path),
            read=self._area(body, "read", path),
            shared=self._area(body, "shared", path),
            scratch=self._area(body, "scratch", path),
            copy=self._copy(body, path),
            ports=self._ports(body, path),
            env_file=body.env_file or self._defaults.env_file or DEFAULT_ENV_FILE,
            protect=_first(body.protect, defaults.protect, fallback=None),
            max_helpers=self._max_helpers(body, path),
            done_when=self._done_when(body, path),
            template=None,
            variables={},
            needs=(),
            helpers=tuple(f"{full_name}--{name}" for name in body.helpers or {}),
            files=self._files(body, path),
        )

    def _max_helpers(self, body: Workspace, path: Path) -> int | None:
        limit, declared = _first(body.max_helpers, self._defaults.max_helpers, fallback=None), len(body.helpers or {})
        if limit is not None and declared > limit:
            key = "helpers" if body.max_helpers is None else "max_helpers"
            message = (
                f"`max_helpers` is {limit}, but {declared} {'helper is' if declared == 1 else 'helpers are'} declared"
            )
            self.problems.add(message, key_place(self.root, (*path, key)), f"raise `max_helpers` to {declared} here")
        return limit

    def _area(self, body: Workspace, key: str, path: Path) -> tuple[str, ...]:
        own = getattr(body, key)
        if own is not None:
            return self.substitution.area(own, (*path, key))
        return self.substitution.area(getattr(self._defaults, key, None) or [], ("defaults", key))

    def _copy(self, body: Workspace, path: Path) -> tuple[CopyDeclaration, ...] | None:
        own, where = (body.copied, path) if body.copied is not None else (self._defaults.copied, ("defaults",))
        if own == []:
            return None
        texts = self.substitution.area(own or [], (*where, "copy"))
        places = (find(self.root, (*where, "copy", index)).where for index in range(len(texts)))
        return tuple(map(CopyDeclaration, texts, places))

    def _ports(self, body: Workspace, path: Path) -> tuple[str, ...]:
        own = body.ports is not None
        names, where = (body.ports, path) if own else (self._defaults.ports, ("defaults",))
        seen: dict[str, str] = {}
        for index, name in enumerate(names or []):
            at = find(self.root, (*where, "ports", index)).where
            fault = grammar.port_name_fault(name)
            if fault:
                self.problems.add(f"{quote(name)} cannot name a port: {fault.message}", at, fault.hint)
            first = seen.setdefault(name.upper().replace("-", "_"), name)
            if list(names or []).index(name) != index or first != name:
                self.problems.add(f"{quote(name)} and {quote(first)} are one variable", at, "rename one of them")
        if names:
            self._require_own_env_file(body, path)
        return tuple(names or ())

    def _require_own_env_file(self, body: Workspace, path: Path) -> None:
        """The file that tells the ports is nobody else's."""
        where = path if body.env_file else ("defaults",)
        named = body.env_file or self._defaults.env_file
        file, at = named or DEFAULT_ENV_FILE, key_place(self.root, (*where, "env_file"))
        if fault := grammar.own_file_fault(file) or grammar.installed_fault(file):
            self.problems.add(f"{quote(file)} cannot be the `env_file`: {fault.message}", at, fault.hint)
        taken = {
            **{each: ("`files`", key_place(self.root, (*path, "files", each))) for each in body.files or {}},
            **{each.text: ("`copy`", each.where) for each in self._copy(body, path) or ()},
        }
        if file in taken and named:
            message = f"{quote(file)} is in {taken[file][0]} already, and cannot tell the ports too"
            self.problems.add(message, at, f"name another `env_file`, such as `{DEFAULT_ENV_FILE}`")
        elif file in taken:
            key, at = taken[file]
            message = f"{quote(file)} is to tell the ports, and cannot be in {key} too"
            self.problems.add(message, at, "leave it out, or name another `env_file`")

    def _done_when(self, body: Workspace, path: Path) -> tuple[str, ...]:
        own = body.done_when is not None
        texts, where = (body.done_when, path) if own else (self._defaults.done_when, ("defaults",))
        return tuple(
            self.substitution.text(text, (*where, "done_when", index)) for index, text in enumerate(texts or [])
        )

    def _variables(self, body: Helper, path: Path) -> dict[str, str]:
        found = {}
        for name in body.variables or {}:
            at = (*path, "variables", name)
            node = find(self.root, at)
            fault = grammar.identifier_fault(name)
            if fault:
                self.problems.add(
                    f"{quote(name)} cannot name a variable: {fault.message}", key_place(self.root, at), fault.hint
                )
            found[name] = self.substitution.text(node.text if isinstance(node, ScalarNode) else "", at)
        return found

    def _files(self, body: Workspace, path: Path) -> tuple[FileDeclaration, ...]:
        found: dict[str, FileDeclaration] = {}
        for name, file in (body.files or {}).items():
            declaration = self._file(name, file, (*path, "files", name))
            self._refuse_collision(declaration, found)
            found[name.casefold()] = declaration
        return tuple(found.values())

    def _file(self, name: str, file: FileBody, path: Path) -> FileDeclaration:
        where = key_place(self.root, path)
        fault = grammar.file_path_fault(name) or grammar.own_file_fault(name)
        if fault:
            self.problems.add(f"{quote(name)} cannot be a file of a tree: {fault.message}", where, fault.hint)
        is_broken = any(broken[: len(path)] == path for broken in self.validated.broken)
        if (file.content is None) == (file.template is None) and not is_broken:
            self.problems.add(f"{quote(name)} needs either `content` or `template`", where, "give it one of them")
        content = None if file.content is None else self.substitution.text(file.content, (*path, "content"))
        return FileDeclaration(name, content, file.template, where)

    def _refuse_collision(self, file: FileDeclaration, others: Mapping[str, FileDeclaration]) -> None:
        for key, other in others.items():
            own = file.path.casefold()
            if own == key or own.startswith(key + "/") or key.startswith(own + "/"):
                message = f"{quote(file.path)} and {quote(other.path)} ({other.where}) cannot both exist"
                self.problems.add(message, file.where, "rename one of them")

    def _dependencies(
        self, body: Worktree | Helper, path: Path, *, parent: Declaration | None = None
    ) -> tuple[DependencyDeclaration, ...]:
        """Its own, or its parent's; a worktree's are those of `defaults` if it says nothing."""
        if body.dependencies is not None:
            if isinstance(body, Helper) and body.workspace == "desk":
                message = "a desk has no tree that something could be installed in"
                self.problems.add(message, key_place(self.root, (*path, "dependencies")), "remove the key")
            own = (*path, "dependencies")
            return self._declare_dependencies(body.dependencies, own, parent.dependencies if parent else None)
        if parent:
            return parent.dependencies
        return self._declare_dependencies(self._defaults.dependencies or [], ("defaults", "dependencies"), None)

    def _declare_dependencies(
        self, bodies: Sequence[DependencyBody], path: Path, parents: Sequence[DependencyDeclaration] | None
    ) -> tuple[DependencyDeclaration, ...]:
        if not bodies:
            return ()
        from reconciler.manifest.dependencies import DependencyBuilder  # noqa: PLC0415 - most manifests have none

        return DependencyBuilder(self.root, self.substitution, self.problems).build(bodies, path, parents)

    def _containers(self, body: Worktree, path: Path) -> ContainersDeclaration | None:
        """Its own, or those of `defaults`."""
        own = body.containers is not None
        declared, where = (body.containers, path) if own else (self._defaults.containers, ("defaults",))
        if declared is None:
            return None
        from reconciler.manifest.containers import ContainersBuilder  # noqa: PLC0415 - most manifests have none

        made = ContainersBuilder(self.root, self.problems).build(declared, (*where, "containers"))
        if made is not None:
            self._require_own_env_file(body, path)
        return made

    def _env_file(self, body: Worktree, path: Path) -> str:
        """Where ports and project are told; `containers` may say it too, but nothing else."""
        containers = body.containers if body.containers is not None else self._defaults.containers
        said = body.env_file or self._defaults.env_file
        own = containers.env_file if containers else None
        if own and body.env_file and own != body.env_file:
            place = key_place(self.root, (*path, "containers", "env_file"))
            self.problems.add(f"`env_file` is {quote(body.env_file)} already", place, "keep one of them")
        return own or said or DEFAULT_ENV_FILE

    def _needs(self, body: Workspace, path: Path, name: str, siblings: tuple[str, ...], prefix: str) -> tuple[str, ...]:
        found = []
        for index, need in enumerate(body.needs or []):
            where = find(self.root, (*path, "needs", index)).where
            if need == name or need not in siblings:
                self.unordered.add(prefix + name)
            if need == name:
                self.problems.add(f"{quote(name)} needs itself", where, "remove it")
            elif need not in siblings:
                hint = nearest(need, siblings) or "`needs` names siblings: what stands beside it under the same parent"
                self.problems.add(f"{quote(name)} needs {quote(need)}, which is not declared beside it", where, hint)
            elif prefix + need not in found:
                found.append(prefix + need)
        return tuple(found)


def _stacked(declarations: Iterable[Declaration]) -> tuple[Declaration, ...]:
    """Find out which worktrees start from the branch of another one."""
    found = tuple(declarations)
    makers: dict[str, str] = {}
    for declaration in found:
        if declaration.eager and declaration.tree:
            makers.setdefault(declaration.branch, declaration.full_name)
    return tuple(
        dataclasses.replace(declaration, starts_from=makers.get(declaration.base or ""))
        if declaration.level == 1 and not _is_default_of_itself(declaration)
        else declaration
        for declaration in found
    )


def _is_default_of_itself(declaration: Declaration) -> bool:
    """The default base may be declared too: it exists, and what starts from it is the others."""
    return declaration.base == declaration.branch and "base" not in declaration.places


def _first(own: ValueT | None, default: ValueT | None, *, fallback: ValueT) -> ValueT:
    return own if own is not None else default if default is not None else fallback


def _places(node: Node) -> dict[str, Location]:
    """The place of every key of a body and of every item of its lists."""
    if not isinstance(node, MapNode):
        return {}
    places = dict(node.keys)
    for key, value in node.entries.items():
        items = value.items if isinstance(value, ListNode) else (value,) if isinstance(value, ScalarNode) else ()
        places |= {f"{key}.{index}": item.where for index, item in enumerate(items)}
        if key == "needs":
            places |= {f"{key}.{item.text}": item.where for item in items if isinstance(item, ScalarNode)}
    return places
