"""Find containers, and what would decide now how they are made. Changes nothing; starts nothing of the manifest's.

The engine is asked once for all of them. Only of a project that is to be changed is the file resolved, to say which of
its services that changes.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.docker.build_context import BuildContext, fingerprint
from reconciler.clients.docker.engine import Engine, Found, Place
from reconciler.clients.marks import Mark
from reconciler.clients.process import Runner
from reconciler.errors import ClientError, OrchestraError
from reconciler.kinds.containers.record import forgotten, read_place, recorded, texts
from reconciler.kinds.containers.shelf import Shelf
from reconciler.kinds.containers.spec import (
    BUILT,
    KIND,
    ContainersActual,
    ContainersSpec,
    policy_for,
    policy_of,
    sparing,
)
from reconciler.kinds.given import PORTS, numbers_of, project_name
from reconciler.kinds.memory import Memory
from reconciler.kinds.scope import Scope
from reconciler.kinds.tree import Tree, Trees, places_of
from reconciler.model.address import Address
from reconciler.model.resource import Resource

FORMAT = "2"
"""What the rewriting makes of a file; another one makes every project anew."""

_DIGEST_LENGTH = 16


@dataclass(frozen=True)
class Finder:
    """Looks for the containers of one clone.

    Attributes:
        environment: where the variables come from that Compose files name.
        common_dir: the repository's git directory.
        state: where archives of volumes lie.
    """

    runner: Runner
    trees: Trees
    environment: Mapping[str, str]
    common_dir: Path
    state: Path
    memory: Memory
    built: dict[str, dict[str, str]] = field(default_factory=dict)
    """What images were built from a moment ago, by workspace: what somebody changes meanwhile is for the next plan."""

    @property
    def clone(self) -> str:
        """The identity that labels name; one that nothing bears, before the first apply."""
        return self.trees.clone or "none"

    def observe(self, resources: Sequence[Resource[ContainersSpec]], scope: Scope) -> dict[Address, ContainersActual]:
        """Ask every engine once, then look at marks and files."""
        for resource in resources:
            self.trees.located.learn(scope.survey, resource.spec.tree, *resource.spec.workspaces)
            self.memory.learn_drift(scope.survey, resource.spec.workspace, resource.spec.tree)
        places = {*recorded(self.common_dir), *(resource.spec.place for resource in resources)}
        asked = {place: self._ask(place) for place in sorted(places, key=str)}
        found = {r.address: self._find(r, asked[r.spec.place], is_plan=True) for r in resources}
        return {**found, **self._orphans(resources, scope, asked)}

    def look(self, resource: Resource[ContainersSpec]) -> ContainersActual:
        """Look for one anew."""
        return self._find(resource, self._ask(resource.spec.place, resource.spec.workspace), is_plan=False)

    def shelf(self, workspace: str) -> Shelf:
        """Where the archives of a workspace's volumes lie."""
        return Shelf(self.state / "volumes" / self.clone / workspace)

    def name(self, spec: ContainersSpec) -> str:
        """The name of a workspace's project."""
        return project_name(spec.project, spec.workspace, self.clone)

    def _ask(self, place: Place, workspace: str | None = None) -> Found | ClientError:
        try:
            return Engine(self.runner, place).find(self.clone, workspace)
        except ClientError as error:
            return error

    def _find(
        self, resource: Resource[ContainersSpec], asked: Found | ClientError, *, is_plan: bool
    ) -> ContainersActual:
        spec = resource.spec
        tree = self.trees.load(spec.tree, spec.workspaces)
        mark = tree.mark(resource.address, spec.was)
        actual = _marked(tree.path, mark)
        left_at = actual.place if mark and actual.place != spec.place else None
        archives = tuple(sorted({key for name in spec.workspaces for key in self.shelf(name).volumes}))
        actual = replace(actual, place=spec.place, left_at=left_at, archives=archives)
        if isinstance(asked, ClientError):
            return replace(actual, blocked=asked.message, hint=asked.hint)
        actual = replace(actual, found=asked.of(spec.workspace))
        numbers = self.memory.numbers.get(spec.workspace) if is_plan else None
        try:
            facts = self.facts(spec, tree, numbers) if tree.exists else {}
        except OrchestraError as error:
            return replace(actual, blocked=error.message, hint=error.hint)
        return replace(actual, facts={**facts, **({} if is_plan else self.built.get(spec.workspace, {}))})

    def facts(self, spec: ContainersSpec, tree: Tree, numbers: Mapping[str, int] | None = None) -> dict[str, str]:
        """What decides, beside the declaration, how containers are made.

        Raises:
            OrchestraError: a file cannot be read.
        """
        numbers = self.numbers(spec, tree) if numbers is None else numbers
        inputs = {path: files.read(tree.path, path) for path in spec.source.inputs}
        variables = {name: self.environment.get(name) for name in spec.source.variables}
        return {
            "format": FORMAT,
            "project": self.name(spec),
            "tree": str(self.memory.drifted.get(spec.tree, spec.tree)),  # what is mounted from it has its path
            spec.source.label: self._digest(spec.source.text.encode()),
            **{path: self._digest(entry.content or b"") for path, entry in inputs.items() if entry},
            **{f"${name}": self._digest(value.encode()) for name, value in variables.items() if value is not None},
            **dict(self._contexts(spec, tree)),
            **{f"port {port.name}": str(numbers[port.name]) for port in spec.ports if port.name in numbers},
        }

    def _contexts(self, spec: ContainersSpec, tree: Tree) -> Iterator[tuple[str, str]]:
        """What images would be built from: not what is ours, marked or just being written, which comes and goes."""
        ours, known = spec.ours.union(places_of(tree.book).values()), dict[BuildContext, str]()
        for service, context in spec.source.contexts.items():
            if context not in known:
                known[context] = fingerprint(tree.path, context, ours)
            yield f"{BUILT}{service}", self._digest(known[context].encode())

    def numbers(self, spec: ContainersSpec, tree: Tree) -> dict[str, int]:
        """The numbers that the workspace's ports have by the mark of its tree."""
        return numbers_of(
            tree.mark(Address(PORTS, spec.workspace), Address(PORTS, spec.was.name) if spec.was else None)
        )

    def _digest(self, content: bytes) -> str:
        """Tell contents apart, and nobody what they are: the marks of a tree lie where only its owner reads."""
        return hmac.new(self.clone.encode(), content, "sha256").hexdigest()[:_DIGEST_LENGTH]

    def _orphans(
        self, resources: Sequence[Resource[ContainersSpec]], scope: Scope, asked: Mapping[Place, Found | ClientError]
    ) -> dict[Address, ContainersActual]:
        """What bears our label, or a tree's mark, and is not declared; volumes that were kept are none."""
        declared = {name for resource in resources for name in resource.spec.workspaces} | scope.set_aside
        declared |= forgotten(self.common_dir)
        found: dict[Address, ContainersActual] = {}
        for place, answer in asked.items():
            there = answer if isinstance(answer, Found) else Found()
            for workspace in sorted(there.workspaces - declared):
                address = Address(KIND, workspace)
                hit = scope.survey.marks.get(address)
                if hit or workspace in there.active or _has_to_go(there.of(workspace)):
                    actual = _marked(hit[0].path if hit else Path(), hit[1] if hit else None)
                    found[address] = replace(actual, place=place, found=there.of(workspace))
        for address, (record, mark) in scope.survey.marks.items():
            if address.kind == KIND and address.name not in declared and address not in found:
                actual = _marked(record.path, mark)
                refusal = asked.get(actual.place)
                if isinstance(refusal, ClientError):
                    actual = replace(actual, blocked=refusal.message, hint=refusal.hint)
                found[address] = actual
        return {address: self._with_tree(address, self._sparing(address, a)) for address, a in found.items()}

    def _sparing(self, address: Address, actual: ContainersActual) -> ContainersActual:
        """Take of each volume the more sparing of what was applied and what is declared now."""
        declared = self.memory.volumes.get(address.name)
        if declared is None:
            return actual
        applied = {each.key: policy_for(each, actual.policies) for each in actual.found.volumes}
        spared = {key: sparing(policy, policy_of(key, declared)) for key, policy in applied.items()}
        return replace(actual, policies={**actual.policies, **spared})

    def _with_tree(self, address: Address, actual: ContainersActual) -> ContainersActual:
        if address.name in self.memory.kept and not actual.blocked:
            return replace(actual, blocked=f"workspace:{address.name} is kept")
        return actual


def _has_to_go(found: Found) -> bool:
    """Volumes alone are what was kept, but for those that say nothing: a kill came between them and their project."""
    return any(not volume.key for volume in found.volumes)


def _marked(tree: Path, mark: Mark | None) -> ContainersActual:
    """What a mark says; anybody may have edited it."""
    if mark is None:
        return ContainersActual(tree)
    said = mark.declared
    return ContainersActual(
        tree,
        read_place(texts(said.get("place"))),
        is_marked=True,
        is_complete=mark.state == "ready",
        applied=texts(said.get("facts")),
        expected=texts(said.get("expected")),
        networks=texts(said.get("networks")),
        made_as=texts(said.get("made_as")),
        policies=texts(said.get("policies")),
    )
