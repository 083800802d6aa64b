"""The container engine, asked and told by its own client: what bears our labels, and what no library can order.

The rule: everything of ours bears the label of its clone; by it alone things are found, a constant number of programs
for all of them.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from reconciler.clients.docker import swarm
from reconciler.clients.docker.engine_machine import machine_of
from reconciler.clients.process import Finished, Runner
from reconciler.errors import ClientError, PermanentError, TransientError

CLONE = "orchestra.clone"
WORKSPACE = "orchestra.workspace"
DECLARED = "orchestra.declared"
VOLUME = "orchestra.volume"
RESTORED_FROM = "orchestra.restored-from"
IMAGE = "orchestra.image"
POLICY = "orchestra.policy"
SWARM = "orchestra.swarm"
"""Borne by what is there for a stack: a manager of a swarm is an engine for projects too, and each has its own."""

QUICK_SECONDS = 120.0
LONG_SECONDS = 1800.0
"""For what may take as long as a container wants, or a disk."""

_COLUMNS = (
    "{{.ID}}",
    "{{.Names}}",
    "{{.State}}",
    "{{.Status}}",
    "{{.Image}}",
    "{{.Ports}}",
    f'{{{{.Label "{WORKSPACE}"}}}}',
    '{{.Label "com.docker.compose.service"}}',
    f'{{{{.Label "{DECLARED}"}}}}',
    "{{.Networks}}",
)
_REQUEST = re.compile(r'^error during connect: (?:[A-Z][a-z]+ "[^"]*": )?')
_NUMBERS = re.compile(r":(\d+)(?:-(\d+))?->")
_IS_SWARM = f'{{{{.Label "{SWARM}"}}}}'
_PUBLISHED = re.compile(r"(.*):(\d+(?:-\d+)?)->")
_ANY = frozenset({"0.0.0.0", "[::]", "::"})  # noqa: S104 - read, never listened on
_ROUTES = Path("/proc/net/route")
_IMAGE = "{{.Id}} {{json .Config.Volumes}}"
_MOUNT = "/orchestra-volume"
_EXITED = re.compile(r"Exited \((-?\d+)\)")
_HEALTH = re.compile(r"\((healthy|unhealthy|health: starting)\)")
_TRANSIENT = re.compile(
    r"Cannot connect to the Docker daemon|connection refused|connection reset|error during connect|EOF|i/o timeout"
    r"|context deadline exceeded|removal of container .* is already in progress",
    re.IGNORECASE,
)
_WAY_OUT = "start it, or say where it is: `containers: {context: …}`"
NO_POOL = re.compile(r"non-overlapping IPv4 address pool|predefined address pools have been fully subnetted")
_OVERLAPS = re.compile(r"[Pp]ool overlaps|overlaps with (?:other|existing)|conflicts with network")
_NOT_THERE = re.compile(r"[Nn]o such (?:container|network|volume|object|service|secret|config|image)|not found")
_SUBNETS = tuple(f"10.{210 + high}.{low}.0/24" for high in range(32) for low in range(256))


class TooLargeError(Exception):
    """A volume holds more than may be saved."""


@dataclass(frozen=True, slots=True)
class Place:
    """Which engine; both empty: the one that the client uses by itself.

    Attributes:
        context: the name of one of the client's contexts.
        host: where it listens, as `ssh://…` or `tcp://…`.
        is_swarm: stacks are meant, of the swarm that it manages.
    """

    context: str = ""
    host: str = ""
    is_swarm: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """How the client is told."""
        return (*(("--context", self.context) if self.context else ()), *(("--host", self.host) if self.host else ()))

    def __str__(self) -> str:
        """For people."""
        engine = self.host or (f"context {self.context}" if self.context else "the container engine")
        return f"the swarm of {engine}" if self.is_swarm else engine


@dataclass(frozen=True, slots=True)
class Container:
    """A container of ours, as the engine lists it.

    Attributes:
        state: `created`, `running`, `restarting`, `exited`, …
        health: `healthy`, `unhealthy`, `starting`; empty where nothing checks it.
        code: its exit status, once it ended.
        is_new: it runs for less than a second.
        ports: where it can be reached, as the engine writes it.
        declared: what identifies the declaration that it was made from.
        machine: where the engine is; empty when that is this host.
        networks: the names of those that it is in.
    """

    id: str
    name: str
    state: str
    image: str
    workspace: str
    service: str
    health: str = ""
    code: int | None = None
    is_new: bool = False
    ports: str = ""
    declared: str = ""
    machine: str = ""
    networks: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where its ports can be reached from this host, without those that nobody published."""
        found = (_PUBLISHED.match(port.strip()) for port in self.ports.split(","))
        return tuple(dict.fromkeys(f"{self._reached(port[1])}:{port[2]}" for port in found if port))

    def _reached(self, address: str) -> str:
        """By what the machine of an address is reached; one of its own loopback only by who is there."""
        if address in _ANY:
            return self.machine or "127.0.0.1"
        is_loopback = address.startswith("127.") or address == "[::1]"
        return f"on {self.machine} alone: {address}" if self.machine and is_loopback else address


@dataclass(frozen=True, slots=True)
class Network:
    """A network of ours."""

    id: str
    name: str
    workspace: str


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume of ours.

    Attributes:
        key: what its workspace calls it.
        restored_from: the archive that it was made to hold; empty when it began empty.
        image: an image that may mount it.
        policy: what was to become of it, when it was made.
    """

    name: str
    workspace: str
    key: str = ""
    restored_from: str = ""
    image: str = ""
    policy: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """What an image says of itself.

    Attributes:
        volumes: the paths at which containers of it keep data.
    """

    id: str
    volumes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """All that bears the label of one clone, or of one workspace of it.

    Attributes:
        services: of a swarm; `containers` are then those of their tasks that are on the node that was asked.
        nodes: how many the swarm has.
        machine: where the engine is; empty when that is this host.
    """

    containers: tuple[Container, ...] = ()
    networks: tuple[Network, ...] = ()
    volumes: tuple[Volume, ...] = ()
    services: tuple[swarm.Service, ...] = ()
    nodes: int = 0
    machine: str = ""

    @property
    def workspaces(self) -> frozenset[str]:
        """Whose things there are."""
        return self.active | {each.workspace for each in self.volumes}

    @property
    def active(self) -> frozenset[str]:
        """Of whom there is more than volumes, which may have been kept."""
        there = (self.containers, self.networks, self.services)
        return frozenset(each.workspace for things in there for each in things)

    def of(self, workspace: str) -> Found:
        """The things of one workspace."""
        return Found(
            tuple(each for each in self.containers if each.workspace == workspace),
            tuple(each for each in self.networks if each.workspace == workspace),
            tuple(each for each in self.volumes if each.workspace == workspace),
            tuple(each for each in self.services if each.workspace == workspace),
            self.nodes,
            self.machine,
        )


@dataclass(frozen=True, slots=True)
class NetworkOrder:
    """A network that is to be made."""

    name: str
    driver: str = ""
    internal: bool = False
    attachable: bool = False
    ipv6: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> Iterator[str]:
        """How the client is told."""
        yield from ("--driver", self.driver) if self.driver else ()
        yield from ("--internal",) if self.internal else ()
        yield from ("--attachable",) if self.attachable else ()
        yield from ("--ipv6",) if self.ipv6 else ()
        yield from (word for key, value in self.options.items() for word in ("--opt", f"{key}={value}"))
        yield from (word for key, value in self.labels.items() for word in ("--label", f"{key}={value}"))


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine."""

    runner: Runner
    place: Place = field(default_factory=Place)

    @property
    def machine(self) -> str:
        """Where it is; empty when that is this host."""
        return machine_of(self.place.host, self.place.context, self.runner.environment)

    def published(self) -> frozenset[int]:
        """The ports of its machine that containers have, whoever's they are: one program, and one more of a swarm.

        Raises:
            ClientError: the engine does not answer.
        """
        text = self.run("ps", "--all", "--format", "{{.Ports}}").text
        if self.place.is_swarm:
            text += self.run("service", "ls", "--format", "{{.Ports}}").text
        return frozenset(number for first, last in _NUMBERS.findall(text) for number in _span(first, last))

    def find(self, clone: str, workspace: str | None = None) -> Found:
        """Find what bears our labels: three programs, and three more of a swarm.

        Raises:
            ClientError: there is no engine, it does not answer, or manages no swarm.
        """
        labels = [f"{CLONE}={clone}", *([f"{WORKSPACE}={workspace}"] if workspace is not None else [])]
        narrow = bearing(*labels)
        label = f'{{{{.Label "{WORKSPACE}"}}}}'
        more = [f'{{{{.Label "{name}"}}}}' for name in (VOLUME, RESTORED_FROM, IMAGE, POLICY)]
        asked = (
            (("ps", "--all", "--no-trunc", *narrow), _COLUMNS),
            (("network", "ls", "--no-trunc", *narrow), ("{{.ID}}", "{{.Name}}", label)),
            (("volume", "ls", *narrow), ("{{.Name}}", label, *more)),
        )
        with ThreadPoolExecutor(len(asked) + 1) as pool:
            stacks = pool.submit(self._stacks, narrow)
            listed, networks, volumes = pool.map(lambda each: self._rows(*each), asked)
        services, nodes = stacks.result()
        return Found(
            tuple(_container(row, self.machine) for row in listed),
            tuple(Network(*row) for row in networks),
            tuple(Volume(*row) for row in volumes),
            services,
            nodes,
            self.machine,
        )

    def _stacks(self, narrow: Sequence[str]) -> tuple[tuple[swarm.Service, ...], int]:
        """The services of the swarm, and how many nodes that has; nothing is asked where none is meant."""
        if not self.place.is_swarm:
            return (), 0
        nodes = self._try("node", "ls", "--quiet")
        if nodes.code:
            raise _no_manager(self.place, nodes)
        services, said = swarm.services(self._try, narrow)
        if said.code and not _NOT_THERE.search(said.stderr):
            raise failure(self.place, said.argv, said.stderr)
        return services, len(nodes.text.split())

    def standing(self, clone: str, workspace: str) -> swarm.Standing:
        """The services of one workspace with their tasks: four programs.

        Raises:
            ClientError: the swarm does not answer.
        """
        narrow = bearing(f"{CLONE}={clone}", f"{WORKSPACE}={workspace}")
        services, said = swarm.services(self._try, narrow)
        if said.code and not _NOT_THERE.search(said.stderr):
            raise failure(self.place, said.argv, said.stderr)
        tasks = swarm.tasks(self._try, [each.id for each in services]) if services else ()
        return swarm.Standing({each.service: each for each in services}, tasks)

    def containers(self, clone: str, workspace: str) -> tuple[Container, ...]:
        """The containers of one workspace alone: one program.

        Raises:
            ClientError: the engine does not answer.
        """
        narrow = bearing(f"{CLONE}={clone}", f"{WORKSPACE}={workspace}")
        return tuple(
            _container(row, self.machine) for row in self._rows(("ps", "--all", "--no-trunc", *narrow), _COLUMNS)
        )

    def _rows(self, words: Sequence[str], columns: Sequence[str]) -> list[list[str]]:
        """What is listed, without what is there for the other one of project and stack."""
        text = self.run(*words, "--format", "\t".join((_IS_SWARM, *columns))).text
        rows = (line.split("\t") for line in text.splitlines() if line)
        return [row[1:] for row in rows if bool(row[0]) == self.place.is_swarm]

    def images(self, names: Iterable[str]) -> dict[str, Image]:
        """Those of these images that are there: one program where all are.

        Raises:
            ClientError: the engine does not answer.
        """
        wanted = tuple(dict.fromkeys(names))
        if not wanted:
            return {}
        said = self._try("image", "inspect", "--format", _IMAGE, "--", *wanted)
        if not said.code:
            return {name: _image(line) for name, line in zip(wanted, said.lines, strict=True)}
        if not _NOT_THERE.search(said.stderr):
            raise failure(self.place, said.argv, said.stderr)
        return {} if len(wanted) == 1 else {k: v for name in wanted for k, v in self.images([name]).items()}

    def make_network(self, order: NetworkOrder) -> None:
        """Make a network; where the engine has no addresses left to give, with some of our own choice.

        Raises:
            ClientError: it could not be made.
        """
        words = ("network", "create", *order.words)
        said = self._try(*words, order.name)
        if said.code and NO_POOL.search(said.stderr):
            for subnet in self._free_subnets(order.name):
                said = self._try(*words, "--subnet", subnet, order.name)
                if not (said.code and _OVERLAPS.search(said.stderr)):
                    break
        if said.code:
            raise failure(self.place, said.argv, said.stderr)

    def _free_subnets(self, name: str) -> Iterator[str]:
        """Subnets that no network of the engine has, those that are not next to each other for each name."""
        ids = self.run("network", "ls", "--quiet").lines
        template = "{{range .IPAM.Config}}{{.Subnet}} {{end}}"
        taken = set(self.run("network", "inspect", "--format", template, *filter(None, ids)).text.split())
        start = sum(name.encode()) * 31 % len(_SUBNETS)
        rotated = (*_SUBNETS[start:], *_SUBNETS[:start])
        reached = routes()
        return (s for s in rotated if s not in taken and not any(IPv4Network(s).overlaps(route) for route in reached))

    def members(self, network: str) -> tuple[str, ...]:
        """The names of the containers that run in a network; none where it is gone.

        Raises:
            ClientError: the engine does not answer.
        """
        said = self._try("network", "inspect", "--format", "{{range .Containers}}{{.Name}} {{end}}", network)
        return tuple(sorted(said.text.split())) if not said.code else ()

    def remove(self, what: str, names: Iterable[str]) -> None:
        """Remove containers, networks or volumes; what is gone already is no failure.

        Raises:
            ClientError: one could not be removed.
        """
        wanted = tuple(names)
        force = ("--force", "--volumes") if what == "container" else ()
        if wanted:
            said = self._try(what, "rm", *force, *wanted, seconds=LONG_SECONDS)
            complaints = [line for line in said.stderr.splitlines() if line and not _NOT_THERE.search(line)]
            if said.code and complaints:
                raise failure(self.place, said.argv, "\n".join(complaints))

    def stop(self, names: Iterable[str]) -> None:
        """Have containers end by themselves, within the time that each of them is given.

        Raises:
            ClientError: the engine refused.
        """
        self._have("stop", names, seconds=LONG_SECONDS)

    def unpause(self, names: Iterable[str]) -> None:
        """Have containers go on that somebody paused; one that goes on already, or is gone, is no failure.

        Raises:
            ClientError: the engine refused.
        """
        self._have("unpause", names, is_so="is not paused")

    def _have(self, verb: str, names: Iterable[str], *, is_so: str = "", seconds: float | None = None) -> None:
        """Have containers do something; it is no failure that one is gone, or that it is so already, in its words."""
        wanted = tuple(names)
        if wanted:
            said = self._try(verb, *wanted, seconds=seconds)
            if said.code and not (_NOT_THERE.search(said.stderr) or (is_so and is_so in said.stderr)):
                raise failure(self.place, said.argv, said.stderr)

    def log_tail(self, container: str, lines: int) -> str:
        """The last that a container said; empty when the engine cannot tell."""
        said = self._try("logs", "--tail", str(lines), container)
        return "\n".join(filter(None, (said.text.strip(), said.stderr)))

    def save(
        self, volume: Volume, image: str, labels: Mapping[str, str], target: Path, limit_bytes: int | None = None
    ) -> None:
        """Write what a volume holds into a tar.

        Args:
            volume: the volume; nothing should write to it meanwhile.
            image: any image that is there.
            labels: what tells that all that is made for this is ours.
            target: the file to write.
            limit_bytes: how much may be written; None is no limit.

        Raises:
            TooLargeError: it is more.
            ClientError: it could not be read.
            OSError: it could not be written.
        """
        with self._mounting(volume, image, labels) as container:
            argv = self._argv("cp", "--archive", f"{container}:{_MOUNT}", "-")
            with self.runner.stream(argv) as stream, target.open("wb") as file:
                while piece := stream.stdout.read(1 << 20):
                    if limit_bytes is not None and file.tell() + len(piece) > limit_bytes:
                        raise TooLargeError
                    file.write(piece)
            if stream.finished[0].code:
                raise failure(self.place, argv, stream.finished[0].stderr)

    def restore(self, volume: Volume, image: str, labels: Mapping[str, str], source: Path) -> None:
        """Put what a tar holds into a volume; arguments as of `save`.

        Raises:
            ClientError: it could not be written.
            OSError: the tar could not be read.
        """
        with self._mounting(volume, image, labels) as container, source.open("rb") as file:
            argv = self._argv("cp", "-", f"{container}:/")  # `--archive` would give all to one owner
            said = self.runner.run(argv, stdin=file)
            if said.code:
                raise failure(self.place, argv, said.stderr)

    @contextlib.contextmanager
    def _mounting(self, volume: Volume, image: str, labels: Mapping[str, str]) -> Iterator[str]:
        """A container that never runs: only through one can a volume be read and written."""
        words = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
        mount = f"{volume.name}:{_MOUNT}:nocopy"
        container = self.run("create", *words, "--volume", mount, image, "true").lines[-1]
        try:
            yield container
        finally:
            self.remove("container", [container])

    def run(self, *words: str) -> Finished:
        """Run the client.

        Raises:
            TransientError: the engine does not answer.
            PermanentError: there is no client, or the engine refused.
        """
        said = self._try(*words)
        if said.code:
            raise failure(self.place, said.argv, said.stderr)
        return said

    def _try(self, *words: str, seconds: float | None = None) -> Finished:
        seconds = seconds or QUICK_SECONDS
        try:
            return self.runner.run(self._argv(*words), seconds=seconds)
        except TimeoutError as error:
            message = f"{self.place} does not answer: nothing was said within {seconds:g} s"
            raise TransientError(message, hint=_WAY_OUT) from error

    def _argv(self, *words: str) -> tuple[str, ...]:
        return ("docker", *self.place.words, *words)


def bearing(*labels: str) -> tuple[str, ...]:
    """The words that narrow a list to what bears all of these labels."""
    return tuple(word for label in labels for word in ("--filter", f"label={label}"))


def _span(first: str, last: str) -> range:
    return range(int(first), int(last or first) + 1)


def routes() -> tuple[IPv4Network, ...]:
    """What this host reaches by a route of its own, such as a VPN's; nothing where the kernel does not list them."""
    with contextlib.suppress(OSError, ValueError):
        rows = [line.split() for line in _ROUTES.read_text().splitlines()[1:]]
        pairs = [(_address(row[1]), _address(row[7])) for row in rows]
        return tuple(IPv4Network(f"{to}/{mask}") for to, mask in pairs if mask != "0.0.0.0")  # noqa: S104 - read only
    return ()


def _address(word: str) -> str:
    """An address as the kernel writes it, its first byte last."""
    return str(IPv4Address(bytes.fromhex(word)[::-1]))


def failure(place: Place, argv: Sequence[object], said: str) -> ClientError:
    """Decide here, where it is first seen, whether another attempt may help, and say the way out."""
    text = said.strip()
    if "Cannot connect to the Docker daemon" in text or "error during connect" in text:
        message = f"{place} does not answer: {_reason(text)}"
        return TransientError(message, hint=_WAY_OUT)
    words = " ".join(str(word) for word in argv if not str(word).startswith("/"))
    shown = words.partition("docker ")[2] or words
    message = f"`docker {_short(shown)}` failed: {text or 'it said nothing'}"
    return TransientError(message) if _TRANSIENT.search(text) else PermanentError(message)


def _reason(text: str) -> str:
    """Why a connection failed, without the request that the client repeats and the command that it ran for it."""
    _, is_by_command, said = text.partition("stderr=")
    return (said if is_by_command else _REQUEST.sub("", text)).strip().splitlines()[0]


def _no_manager(place: Place, said: Finished) -> ClientError:
    engine = Place(place.context, place.host)
    if "swarm unlock" in said.stderr:
        return PermanentError(f"the swarm of {engine} is locked", hint="`docker swarm unlock`")
    if "Worker nodes" in said.stderr:
        hint = "name a manager: `containers: {context: …}`, or promote this node: `docker node promote`"
        return PermanentError(f"{engine} is a worker of its swarm, and no manager", hint=hint)
    if "not a swarm manager" in said.stderr:
        hint = "`docker swarm init` makes a swarm of it; `engine: docker` needs none"
        return PermanentError(f"{engine} is no swarm manager", hint=hint)
    return failure(place, said.argv, said.stderr)


def _short(words: str) -> str:
    return words if len(words) <= 80 else f"{words[:80]}…"  # noqa: PLR2004 - a line


def _image(line: str) -> Image:
    identity, _, volumes = line.partition(" ")
    return Image(identity, tuple(sorted(json.loads(volumes) or {})))


def _container(row: Sequence[str], machine: str = "") -> Container:
    identity, name, state, status, image, ports, workspace, service, declared, networks = row
    exited, health = _EXITED.search(status), _HEALTH.search(status)
    return Container(
        id=identity,
        name=name,
        state=state,
        image=image,
        workspace=workspace,
        service=service,
        health=health[1].removeprefix("health: ") if health else "",
        code=int(exited[1]) if exited else None,
        is_new="Less than a second" in status,
        ports=ports,
        declared=declared,
        machine=machine,
        networks=tuple(networks.split(",")),
    )
