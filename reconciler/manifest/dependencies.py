"""The key `dependencies` of one workspace: to declarations, in the order in which they are written.

The rule: no two of them own one directory; `auto` is left as it is, since only the tree says what it stands for.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from reconciler.errors import Location, ManifestError, Problem
from reconciler.kinds.dependency import PROVIDERS, DependencySpec, Options
from reconciler.kinds.installed import DEPENDENCY
from reconciler.manifest import grammar
from reconciler.manifest.declaration import Declaration, DependencyDeclaration
from reconciler.manifest.dependency_models import PROVIDER_KEYS, DependencyBody
from reconciler.manifest.nodes import MapNode, ScalarNode, find, key_place
from reconciler.manifest.problems import Problems, quote
from reconciler.manifest.substitution import Substitution
from reconciler.manifest.templates import Reader
from reconciler.manifest.validation import Path as Keys
from reconciler.model.address import Address
from reconciler.model.resource import Resource

LONGEST_SECONDS = 1800.0
"""How long a command may take of which the manifest says nothing."""

AUTO, INHERIT, RUN = "auto", "inherit", "run"
_OF_RUN = ("inputs", "outputs", "timeout", "env")
_WITHOUT_LOCK = frozenset({"pip", "go"})
"""What their files say is not always meant for installing: with another lock file of the language, that one counts."""


@dataclass(frozen=True, slots=True)
class DependencyBuilder:
    """Makes the declarations of one list."""

    root: MapNode
    substitution: Substitution
    problems: Problems

    def build(
        self, bodies: Sequence[DependencyBody], path: Keys, parents: Sequence[DependencyDeclaration] | None
    ) -> tuple[DependencyDeclaration, ...]:
        """Declare what a list holds.

        Args:
            bodies: the list.
            path: where it is written.
            parents: what `inherit` stands for; None where there is no parent.
        """
        found: list[DependencyDeclaration] = []
        for index, body in enumerate(bodies):
            at = (*path, index)
            if (key := self._key(body, at)) == INHERIT:
                found += self._inherited(parents, at)
            elif key:
                found.append(self._declaration(key, body, at))
        self._refuse_two_owners(found)
        return tuple(found)

    def _key(self, body: DependencyBody, path: Keys) -> str | None:
        named = [key for key in PROVIDER_KEYS if key in body.model_fields_set]
        where = find(self.root, path).where
        if len(named) != 1:
            what = f"{' and '.join(map(quote, named))} stand in one entry" if named else "an entry without a provider"
            self.problems.add(what, where, "give each a `-` of its own" if named else "name one, or write `run:`")
            return None
        for key in _OF_RUN:
            if key in body.model_fields_set and named[0] != RUN:
                hint = f"put it below {quote(named[0])}" if key == "timeout" else "remove it"
                self.problems.add(f"{quote(key)} is for `run`", key_place(self.root, (*path, key)), hint)
        return named[0]

    def _inherited(
        self, parents: Sequence[DependencyDeclaration] | None, path: Keys
    ) -> Sequence[DependencyDeclaration]:
        if parents is None:
            self.problems.add(
                "there is no parent to inherit from", find(self.root, path).where, "write `auto`, or a list"
            )
        return parents or ()

    def _declaration(self, key: str, body: DependencyBody, path: Keys) -> DependencyDeclaration:
        where = find(self.root, path).where
        if key == RUN:
            return DependencyDeclaration(
                RUN,
                where,
                command=body.run or "",
                inputs=tuple(body.inputs or ()),
                outputs=tuple(body.outputs or ()),
                time_limit_seconds=grammar.seconds_of(body.timeout) if body.timeout else None,
                environment=self._environment(body, path),
            )
        options = getattr(body, key)
        timeout = getattr(options, "timeout", None)
        requirements = tuple(getattr(options, "requirements", None) or ())
        self._refuse_outside(getattr(options, "project", None) or "", requirements, (*path, key, "requirements"))
        return DependencyDeclaration(
            key,
            where,
            project=getattr(options, "project", None) or "",
            groups=tuple(getattr(options, "group", None) or ()),
            filters=tuple(getattr(options, "filter", None) or ()),
            link=getattr(options, "link", None),
            requirements=requirements,
            time_limit_seconds=grammar.seconds_of(timeout) if timeout else None,
        )

    def _refuse_outside(self, project: str, requirements: Sequence[str], path: Keys) -> None:
        for index, name in enumerate(requirements):
            if posixpath.normpath(posixpath.join(project, name)).startswith(("../", "/")):
                node = find(self.root, path)
                where = node.where if isinstance(node, ScalarNode) else find(self.root, (*path, index)).where
                self.problems.add(f"{quote(name)} leads out of the repository", where, "name a file inside of it")

    def _environment(self, body: DependencyBody, path: Keys) -> dict[str, str]:
        found = {}
        for name in body.env or {}:
            at = (*path, "env", name)
            node = find(self.root, at)
            if fault := grammar.environment_fault(name):
                message = f"{quote(name)} is not the name of an environment variable: {fault.message}"
                self.problems.add(message, key_place(self.root, at), fault.hint)
            found[name] = self.substitution.text(node.text if isinstance(node, ScalarNode) else "", at)
        return found

    def _refuse_two_owners(self, declared: Iterable[DependencyDeclaration]) -> None:
        for problem in owners_in_conflict(declared):
            self.problems.add(problem.message, problem.where, problem.hint)


def owners_in_conflict(declared: Iterable[DependencyDeclaration]) -> list[Problem]:
    """Say which of them own one directory, which each would make as it needs it."""
    owners: dict[str, DependencyDeclaration] = {}
    problems = []
    for each in declared:
        if each.provider == RUN:
            continue
        owned = _owned(each)
        first = owners.setdefault(owned.casefold(), each)
        if first is not each and first.provider == each.provider:
            message = f"{quote(each.provider)} is there twice ({first.where})"
            problems.append(Problem(message, each.where, "keep one of them, or give them different projects"))
        elif first is not each:
            message = f"{quote(each.provider)} and {quote(first.provider)} ({first.where}) both own {quote(owned)}"
            problems.append(Problem(message, each.where, "keep one of them, or give them different projects"))
    return problems


def _owned(declared: DependencyDeclaration) -> str:
    """What is its own; what it is called, where it makes nothing in a tree."""
    provider = PROVIDERS.get(declared.provider)
    name = provider.owns[0] if provider and provider.owns else declared.provider
    return posixpath.join(declared.project, name)


def resolve(declared: Sequence[DependencyDeclaration], top: frozenset[str]) -> tuple[DependencyDeclaration, ...]:
    """Put in for `auto` what the files at the top of a tree name.

    Raises:
        ManifestError: several of them own one directory.
    """
    found: list[DependencyDeclaration] = []
    for each in declared:
        named = {d.provider for d in declared if not d.project}
        found += [replace(each, provider=name) for name in _auto(top, named)] if each.provider == AUTO else [each]
    problems = owners_in_conflict(found)
    if problems:
        hint = "name the one that is meant in `dependencies`"
        is_auto = any(each.provider == AUTO for each in declared)
        raise ManifestError(tuple(replace(p, hint=hint if is_auto else p.hint) for p in problems))
    return tuple(found)


def is_auto_clear(top: frozenset[str]) -> bool:
    """Whether `auto` stands for something there, and no two of that own one directory."""
    named = [DependencyDeclaration(name, Location("auto", 1, 1)) for name in _auto(top, set())]
    return bool(named) and not owners_in_conflict(named)


def locks_at_the_top(read: Reader) -> frozenset[str]:
    """The lock files that the repository's own tree has at its top."""
    return frozenset(name for each in PROVIDERS.values() for name in each.locks if read(name) is not None)


def expand_dependencies(
    declaration: Declaration, tree: Path, old_name: str | None, top: frozenset[str]
) -> Iterator[Resource[DependencySpec]]:
    """Make the resources. A command comes after all that stands before it, and before all that stands after it.

    What comes after several names all of them: it may read what any of them makes.

    Args:
        declaration: the workspace.
        tree: where its tree is.
        old_name: the workspace's full name before it was renamed.
        top: the names of the files at the top of the tree.

    Raises:
        ManifestError: several of them own one directory.
    """
    before: list[Address] = []
    commands: list[Address] = []
    runs = 0
    for each in resolve(declaration.dependencies, top):
        is_run = each.provider == RUN
        runs += is_run
        name = f"run-{runs}" if is_run and runs > 1 else each.provider
        path = posixpath.join(each.project, name)
        address = Address(DEPENDENCY, f"{declaration.full_name}/{path}")
        was = Address(DEPENDENCY, f"{old_name}/{path}") if old_name else None
        needs = (Address("workspace", declaration.full_name), *(before if is_run else commands))
        yield Resource(address, _spec(each, declaration.full_name, tree, was), needs, each.where)
        before.append(address)
        commands += [address] if is_run else []


def _spec(declared: DependencyDeclaration, workspace: str, tree: Path, was: Address | None) -> DependencySpec:
    environment = tuple(declared.environment.items())
    options = Options(
        declared.groups,
        declared.filters,
        declared.link,
        declared.requirements,
        declared.command,
        declared.inputs,
        declared.outputs,
    )
    return DependencySpec(
        workspace=workspace,
        tree=tree,
        provider=declared.provider,
        project=declared.project,
        options=options,
        time_limit_seconds=declared.time_limit_seconds or LONGEST_SECONDS,
        declared_environment=environment,
        environment=environment,
        was=was,
    )


def with_values(plain: Resource[Any], filled: Resource[Any], secrets: Mapping[str, str]) -> Resource[DependencySpec]:
    """Take the values of the environment into what a command gets, and what must not be shown of what it says."""
    return replace(plain, spec=replace(plain.spec, environment=filled.spec.environment, secrets=secrets))


def _auto(top: frozenset[str], named: set[str]) -> list[str]:
    """The providers whose lock files are there, but for those that are declared by name."""
    there = [each for each in PROVIDERS.values() if any(lock in top for lock in each.locks)]
    owned = {name for each in there if each.name not in _WITHOUT_LOCK for name in each.owns}
    chosen = (each for each in there if each.name not in _WITHOUT_LOCK or not owned.intersection(each.owns))
    return [each.name for each in chosen if each.name not in named]
