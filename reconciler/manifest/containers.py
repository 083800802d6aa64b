"""The key `containers` of one worktree: to a declaration, and that to a resource and the ports that it needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.clients.docker.engine import Place
from reconciler.errors import ManifestError, Problem
from reconciler.kinds.containers import ContainersSpec
from reconciler.kinds.containers.spec import WAIT_SECONDS
from reconciler.kinds.given import CONTAINERS
from reconciler.kinds.ports.spec import PortsSpec
from reconciler.manifest import grammar
from reconciler.manifest.compose_source import ComposeFile, from_file, from_node
from reconciler.manifest.containers_models import ContainersBody
from reconciler.manifest.declaration import ContainersDeclaration, Declaration
from reconciler.manifest.nodes import MapNode, find, key_place
from reconciler.manifest.problems import Problems, quote
from reconciler.manifest.stack_judge import StackJudge
from reconciler.manifest.templates import Reader
from reconciler.manifest.validation import Path as Keys
from reconciler.model.address import Address
from reconciler.model.resource import Resource


@dataclass(frozen=True, slots=True)
class ContainersBuilder:
    """Makes the declarations of one manifest."""

    root: MapNode
    problems: Problems

    def build(self, body: ContainersBody, path: Keys) -> ContainersDeclaration | None:
        """Declare what the key holds; None for an empty one, which wants none."""
        if not body.model_fields_set:
            return None
        where = key_place(self.root, path)
        if (body.compose is None) == (body.services is None):
            what = "needs either" if body.compose is None else "has both"
            hint = "`compose: docker-compose.yml` names a file of the repository"
            self.problems.add(f"`containers` {what} `compose` {_joined(what)} `services`", where, hint)
            return None
        if body.context and body.host:
            place = key_place(self.root, (*path, "host"))
            self.problems.add("`host` and `context` both say which engine is meant", place, "remove one of them")
        services = find(self.root, (*path, "services")) if body.services is not None else None
        return ContainersDeclaration(
            where=find(self.root, (*path, "compose")).where if body.compose else where,
            compose=body.compose,
            services=services if isinstance(services, MapNode) else None,
            profiles=tuple(body.profiles or ()),
            pull=body.pull,
            seconds=grammar.seconds_of(body.timeout) if body.timeout else None,
            volumes=dict(body.volumes or {}),
            is_swarm=body.engine == "swarm",
            context=body.context or "",
            host=body.host or "",
        )


def _joined(what: str) -> str:
    return "or" if what == "needs either" else "and"


def compose_file(declared: ContainersDeclaration, read: Reader) -> ComposeFile:
    """Read what the declaration names.

    Raises:
        ManifestError: it is not there, takes something from elsewhere, or has what a stack cannot express.
    """
    judge = StackJudge() if declared.is_swarm else None
    if declared.services is not None:
        file = from_node(declared.services, declared.profiles, read, judge)
    else:
        file = from_file(str(declared.compose), declared.where, declared.profiles, read, judge)
    if judge:
        judge.require_none()
    return file


def port_names(declaration: Declaration, file: ComposeFile) -> tuple[str, ...]:
    """The names of a workspace's own ports, and of those that its services need.

    Raises:
        ManifestError: two of them would be told by one variable.
    """
    names: dict[str, str] = {name.upper(): name for name in declaration.ports}
    for port in file.ports:
        if (taken := names.setdefault(port.name.upper(), port.name)) and _is_taken(taken, port.name, declaration.ports):
            message = f"service {quote(port.service)} and port {quote(taken)} would be told by one variable"
            where = file.source.places.get(f"services.{port.service}", declaration.where)
            raise ManifestError((Problem(message, where, "rename one of them"),))
    return tuple(names.values())


def _is_taken(taken: str, name: str, own: Iterable[str]) -> bool:
    return taken != name or taken in own


def with_engine(ports: PortsSpec, declaration: Declaration, file: ComposeFile) -> PortsSpec:
    """Say where what has some of the ports is."""
    declared, names = declaration.containers, tuple(port.name for port in file.ports)
    return replace(ports, host=declared.host, context=declared.context, published=names) if declared else ports


def expand_containers(
    declaration: Declaration, file: ComposeFile, tree: Path, project: str, old_name: str | None
) -> Resource[ContainersSpec]:
    """Make the resource: it comes after the ports, whose numbers it publishes."""
    declared, name = declaration.containers, declaration.full_name
    if declared is None:
        raise AssertionError
    spec = ContainersSpec(
        workspace=name,
        tree=tree,
        project=project,
        source=file.source,
        services=file.services,
        ports=file.ports,
        place=Place(declared.context, declared.host, declared.is_swarm),
        profiles=declared.profiles,
        pull=declared.pull,
        volumes=declared.volumes,
        wait_seconds=declared.seconds or WAIT_SECONDS,
        mounted=file.mounted,
        notes=file.notes,
        was=Address(CONTAINERS, old_name) if old_name else None,
    )
    needs = (Address("workspace", name), Address("ports", name))
    return Resource(Address(CONTAINERS, name), spec, needs, declared.where)
