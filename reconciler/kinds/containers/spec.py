"""What containers are wanted, and what was found of them. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.clients.docker.build_context import BuildContext
from reconciler.clients.docker.engine import Container, Found, Place, Volume
from reconciler.clients.docker.swarm import Service
from reconciler.errors import Location
from reconciler.kinds.containers.stack_drift import stack_drift
from reconciler.kinds.given import CONTAINERS
from reconciler.model.address import Address

KIND = CONTAINERS
REMOVE, KEEP, ARCHIVE = "remove", "keep", "archive"
_EVER_MORE_SPARING = (REMOVE, ARCHIVE, KEEP)
UNHEALTHY, CUT_OFF = "unhealthy", "cut off from "
WAIT_SECONDS = 300.0
BUILT = "build context of "
"""What the fact that tells what an image was built from begins with; its service follows."""


@dataclass(frozen=True, slots=True)
class PortWish:
    """A port of a service that is to be reached from the host.

    Attributes:
        name: what its number is recorded as: the service's name, with the port where it has several.
        target: the port inside of the container.
    """

    name: str
    service: str
    target: int
    protocol: str = "tcp"


@dataclass(frozen=True, slots=True)
class Source:
    """A Compose file as the manifest names it, or has it inline.

    Attributes:
        label: how its places are called.
        text: what it holds; its own `name:` taken out, since the project's name is given.
        directory: what its paths are seen from, in the tree.
        inputs: files in the tree that it reads: `.env`, env files, what it includes, Dockerfiles.
        variables: the names of the environment variables in it.
        contexts: what images are built from, by service.
        places: where each of its keys is, by dotted path.
    """

    label: str
    text: str
    directory: str = ""
    inputs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    contexts: Mapping[str, BuildContext] = field(default_factory=dict)
    places: Mapping[str, Location] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ContainersSpec:
    """The containers of one workspace.

    Attributes:
        workspace: its full name.
        tree: its tree.
        project: the name of the project that the manifest is of.
        services: the names of what is declared, for people.
        ports: which ports are to be reached.
        place: on which engine.
        profiles: the profiles that are to be there too.
        pull: `missing`, `always` or `never`; None leaves it to the file.
        volumes: what becomes of each volume when it goes, by its name; the one named `` is for all others.
        wait_seconds: how long it may take until all are healthy.
        mounted: what is mounted from the tree, which other nodes of a swarm do not have.
        notes: what the plan says of the file.
        ours: what orchestra puts into the tree, and no image is built from.
        was: its address before the workspace was renamed.
    """

    workspace: str
    tree: Path
    project: str
    source: Source
    services: tuple[str, ...] = ()
    ports: tuple[PortWish, ...] = ()
    place: Place = field(default_factory=Place)
    profiles: tuple[str, ...] = ()
    pull: str | None = None
    volumes: Mapping[str, str] = field(default_factory=dict)
    wait_seconds: float = WAIT_SECONDS
    mounted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ours: frozenset[str] = frozenset()
    was: Address | None = None

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The names by which its tree may be marked."""
        return (self.workspace, self.was.name) if self.was else (self.workspace,)

    @property
    def declared(self) -> Mapping[str, str]:
        """What the manifest says beside the file, field by field."""
        said = {
            "engine": str(self.place) if self.place != Place() else "",
            "profiles": ", ".join(self.profiles),
            "pull": self.pull or "",
            "volumes": ", ".join(f"{name or 'all'}: {policy}" for name, policy in sorted(self.volumes.items())),
        }
        return {name: value for name, value in said.items() if value}


@dataclass(frozen=True, slots=True)
class ContainersActual:
    """What was found of the containers of a workspace.

    Attributes:
        tree: where its tree is.
        place: on which engine they are.
        found: what bears the label.
        is_marked: an apply has begun to make them.
        is_complete: it saw them all work.
        facts: what would decide now how they are made; file or option to digest.
        applied: what decided when they were made.
        left_at: the engine on which they were made, where that is another one than is declared.
        expected: how each service was when they had been made: `running`, `2 running` where it has several containers,
            or `done` where it is to end by itself; of a stack the number of replicas instead.
        made_as: of a stack, what each service was made of, as the swarm has it.
        networks: the networks that were made, by the mark, and for people the services in each.
        policies: what becomes of each volume, by the mark; of what is to be destroyed also by what is declared now.
        services: per service what identifies its declaration now; None where that was not looked at.
        blocked: why nothing can be done, and `hint` the way out.
        archives: volumes that an archive waits to be put back into.
    """

    tree: Path
    place: Place = field(default_factory=Place)
    found: Found = field(default_factory=Found)
    is_marked: bool = False
    is_complete: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    applied: Mapping[str, str] = field(default_factory=dict)
    left_at: Place | None = None
    expected: Mapping[str, str] = field(default_factory=dict)
    made_as: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, str] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    services: Mapping[str, str] | None = None
    blocked: str = ""
    hint: str = ""
    archives: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether anything of it runs, or could."""
        return bool(self._parts)

    @property
    def declared(self) -> dict[str, str]:
        """What identifies the declaration that each service was made from."""
        return {each.service: each.declared for each in self._parts}

    @property
    def images(self) -> dict[str, str]:
        """The image of each service that is there."""
        return {each.service: each.image for each in self._parts}

    @property
    def _parts(self) -> tuple[Service, ...] | tuple[Container, ...]:
        """What it consists of where it is."""
        return self.found.services if self.place.is_swarm else self.found.containers

    @property
    def drift(self) -> dict[str, str]:
        """The services that are not as the last apply left them, and how they are instead."""
        if self.left_at:
            return {}
        if self.place.is_swarm:
            return stack_drift(self.found.services, self.expected, self.made_as)
        by_service: dict[str, list[Container]] = {}
        for each in self.found.containers:
            by_service.setdefault(each.service, []).append(each)
        states = {n: _how(by_service.get(n, []), wanted) or self._cut_off(n) for n, wanted in self.expected.items()}
        return {name: state for name, state in states.items() if state}

    def _cut_off(self, service: str) -> str:
        """Say which network that is there a running container was taken off."""
        there = {network.name for network in self.found.networks}
        wanted = [name for name, members in self.networks.items() if name in there and service in members.split(", ")]
        running = [each for each in self.found.containers if each.service == service and each.state == "running"]
        return next((f"{CUT_OFF}{name}" for name in wanted for each in running if name not in each.networks), "")

    @property
    def sick(self) -> tuple[str, ...]:
        """The services of which nothing but new containers mends what is wrong."""
        return tuple(name for name, state in self.drift.items() if state == UNHEALTHY or state.startswith(CUT_OFF))

    @property
    def lost_networks(self) -> tuple[str, ...]:
        """The networks that somebody removed: a container may run on without, and one that stopped cannot start."""
        if self.left_at:
            return ()
        there = {network.name for network in self.found.networks}
        return tuple(sorted(self.networks.keys() - there))


def _how(containers: list[Container], wanted: str) -> str:
    """In a word how a service is, where that is not as it should be."""
    if not containers:
        return "removed"
    states = {each.state for each in containers}
    if any(each.health == UNHEALTHY for each in containers):
        return UNHEALTHY
    number, _, wanted = wanted.rpartition(" ")
    if wanted == "running" and states != {"running"}:
        return "stopped" if "exited" in states else ", ".join(sorted(states))
    is_fewer = number.isdecimal() and len(containers) < int(number)
    return f"{len(containers)} of {number}" if is_fewer else ""


def policy_of(volume: str, policies: Mapping[str, str]) -> str:
    """What becomes of a volume when its project goes; a word that somebody wrote into a mark is none."""
    said = policies.get(volume) or policies.get("") or ARCHIVE
    return said if said in _EVER_MORE_SPARING else ARCHIVE


def policy_for(volume: Volume, policies: Mapping[str, str]) -> str:
    """The same of one that is there: where nothing else is said, what it says of itself."""
    return policy_of(volume.key, {"": volume.policy, **policies})


def sparing(one: str, other: str) -> str:
    """The more sparing of two policies."""
    return max(one, other, key=_EVER_MORE_SPARING.index)
