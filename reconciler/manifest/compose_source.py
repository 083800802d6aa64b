"""What a Compose file declares that must be known before an engine is asked: its ports, and what else it reads.

The rule: nothing is taken from the network, and nothing from outside of the repository; such a file is refused here.
"""

from __future__ import annotations

import contextlib
import json
import posixpath
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from reconciler.clients.docker.build_context import BuildContext
from reconciler.errors import Location, ManifestError, OrchestraError, Problem
from reconciler.kinds.containers import PortWish, Source
from reconciler.manifest.compose_nodes import parse, places
from reconciler.manifest.nodes import ListNode, MapNode, Node, ScalarNode
from reconciler.manifest.problems import quote
from reconciler.manifest.stack_judge import StackJudge
from reconciler.manifest.templates import Reader
from reconciler.model.phrases import some

_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_INTERPOLATED = re.compile(r"\$(?:\{(?:[^{}]|\{[^{}]*\})*\}|\w+)")
_REMOTE = re.compile(r"[a-z][a-z0-9+.-]*://|git@|github\.com/")
_GIVEN = frozenset({"COMPOSE_PROJECT_NAME", "COMPOSE_PROFILES", "PWD"})
_ENDS = (".yaml", ".yml")
_NAMES = frozenset(f"{name}{end}" for name in ("compose", "docker-compose") for end in _ENDS)
_OVERRIDES = tuple(f"{name}.override{end}" for name in ("compose", "docker-compose") for end in _ENDS)
_HIGHEST_PORT = 65535
_MOST_FILES = 50


@dataclass(slots=True)
class ComposeFile:
    """What is known of one.

    Attributes:
        services: those that are there with the chosen profiles.
        ports: what of them is to be reached.
        mounted: what they mount from the tree, as far as the judge of a stack has looked.
        notes: what people who know Compose would not expect.
    """

    source: Source
    services: tuple[str, ...]
    ports: tuple[PortWish, ...]
    mounted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def from_file(
    path: str, where: Location, profiles: Iterable[str], read: Reader, judge: StackJudge | None = None
) -> ComposeFile:
    """Read a Compose file of the repository, and those that it includes.

    Raises:
        ManifestError: it is not there, no YAML, or takes something from elsewhere.
    """
    content = _content(path, where, read)
    root = _parsed(content, path)
    text = _without_name(content.decode("utf-8-sig"), root)
    file = _Reading(read, frozenset(profiles), judge).file(root, path, text)
    return replace(file, notes=(*file.notes, *_left_out(path, file.source.inputs, read)))


def _left_out(path: str, inputs: Container[str], read: Reader) -> Iterator[str]:
    """The overrides that Compose alone would read beside a file of one of its own names."""
    directory, name = posixpath.split(path)
    beside = [other for other in _OVERRIDES if posixpath.join(directory, other) not in inputs] if name in _NAMES else []
    for other in beside:
        with contextlib.suppress(OrchestraError, OSError):
            if read(posixpath.join(directory, other)) is not None:
                way = f"`include: [{{path: [{name}, {other}]}}]`, in a file of another name, has both"
                yield f"{posixpath.join(directory, other)} is left out: {way}"


def from_node(services: MapNode, profiles: Iterable[str], read: Reader, judge: StackJudge | None = None) -> ComposeFile:
    """Read services that stand in the manifest itself.

    Raises:
        ManifestError: they take something from elsewhere.
    """
    where = services.where
    volumes = dict.fromkeys(_volumes(services))
    text = json.dumps({"services": _plain(services), **({"volumes": volumes} if volumes else {})})
    root = MapNode({"services": services}, {"services": where}, where)
    return _Reading(read, frozenset(profiles), judge).file(root, where.file, text, directory="")


@lru_cache(maxsize=64)
def _parsed(content: bytes, label: str) -> MapNode:
    return parse(content, label)


def _content(path: str, where: Location, read: Reader) -> bytes:
    try:
        content = read(path)
    except (OrchestraError, OSError) as error:
        reason = error.message if isinstance(error, OrchestraError) else error.strerror
        raise _failure(f"{path} cannot be read: {reason}", where, "name a file of the repository") from error
    if content is None:
        message = f"there is no file {path} in the repository, or it is a link"
        raise _failure(message, where, "name a Compose file of the repository")
    return content


def _failure(message: str, where: Location, hint: str) -> ManifestError:
    return ManifestError((Problem(message, where, hint),))


def _without_name(text: str, root: MapNode) -> str:
    """The project's name is given; what the file says of it may even be none that Compose can read."""
    node = root.entries.get("name")
    if not isinstance(node, ScalarNode) or node.where.line != root.keys["name"].line:
        return text
    lines = text.split("\n")
    line, column = node.where.line - 1, node.where.column - 1
    if lines[line].strip().startswith("{"):
        return text
    lines[line] = f"{lines[line][:column]}orchestra"
    return "\n".join(lines)


@dataclass(slots=True)
class _Reading:
    """One file and all that it includes."""

    read: Reader
    profiles: frozenset[str]
    judge: StackJudge | None = None
    inputs: dict[str, None] = field(default_factory=dict)
    variables: dict[str, None] = field(default_factory=dict)
    contexts: dict[str, BuildContext] = field(default_factory=dict)
    modes: dict[str, ScalarNode] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def file(self, root: MapNode, path: str, text: str, directory: str | None = None) -> ComposeFile:
        directory = posixpath.dirname(path) if directory is None else directory
        self._note(directory, ".env")
        self._note_variables(text)
        services = self._services(root, directory)
        if not (services or _declared(root).entries):
            place = root.keys.get("services", Location(path, 1, 1))
            raise _failure("there are no services", place, "a Compose file begins with `services:`")
        ports = tuple(_named(services))
        hosted = tuple(name for name in services if name in self.modes and self.modes[name].text == "host")
        self._require_no_port(hosted, ports)
        inputs, variables = tuple(self.inputs), tuple(self.variables)
        contexts = {name: context for name, context in self.contexts.items() if name in services}
        source = Source(path, text, directory, inputs, variables, contexts, places(root))
        mounted = self.judge.mounted if self.judge else ()
        on_host = (f"on the host's own network, of which all worktrees share the ports: {some(hosted)}",)
        return ComposeFile(source, tuple(services), ports, mounted, on_host if hosted else ())

    def _require_no_port(self, hosted: Iterable[str], ports: Iterable[PortWish]) -> None:
        """What listens at the host itself listens where it likes; the engine publishes nothing of it."""
        for port in ports:
            if port.service in hosted:
                what = f"no number moves its port {port.target}"
                message = f"service {quote(port.service)} is on the host's own network, and {what}"
                hint = "leave `network_mode: host` out, or its `ports`"
                raise _failure(message, self.modes[port.service].where, hint)

    def _note(self, directory: str, path: str) -> None:
        """Remember a file of the tree; what lies elsewhere, or hangs on a variable, is not looked at."""
        if joined := _below(directory, path):
            self.inputs.setdefault(joined)

    def _note_variables(self, text: str) -> None:
        self.variables.update(dict.fromkeys(name for name in _VARIABLE.findall(text) if name not in _GIVEN))

    def _services(self, root: MapNode, directory: str) -> dict[str, dict[tuple[int, str], None]]:
        """The ports of each service that is there with the chosen profiles."""
        if self.judge:
            for file in self.judge.file(root):
                self._note(directory, file)
        found, declared = self._included(root, directory), _declared(root)
        for name, node in declared.entries.items():
            if self._is_chosen(node):
                found[name] = self._ports(name, node, declared, directory)
        return found

    def _is_chosen(self, service: Node) -> bool:
        profiles = _texts(service, "profiles")
        return not profiles or bool(self.profiles.intersection(node.text for node in profiles))

    def _included(self, root: MapNode, directory: str) -> dict[str, dict[tuple[int, str], None]]:
        """What other files declare; those that are included as one add to each other."""
        found: dict[str, dict[tuple[int, str], None]] = {}
        listed = root.entries.get("include")
        for item in listed.items if isinstance(listed, ListNode) else ():
            paths = (item,) if isinstance(item, ScalarNode) else _texts(item, "path")
            base = next(_said(item, "project_directory"), posixpath.dirname(paths[0].text) if paths else "")
            for file in (*_said(item, "env_file"), posixpath.join(base, ".env")):
                self._note(directory, file)
            for node in paths:
                other, _ = self._other(node, directory, "includes")
                for name, ports in self._services(other, posixpath.join(directory, base)).items() if other else ():
                    found.setdefault(name, {}).update(ports)
        return found

    def _other(self, node: ScalarNode, directory: str, what: str) -> tuple[MapNode | None, str]:
        """Another Compose file that one includes or extends; None where it was read already."""
        if _REMOTE.match(node.text):
            message = f"{what} {quote(node.text)}, which is not on this machine"
            raise _failure(
                message, node.where, "copy the file into the repository: a plan takes nothing from the network"
            )
        path = posixpath.normpath(posixpath.join(directory, node.text))
        if path.startswith(("/", "../", "~")) or "$" in path:
            message = f"{what} {quote(node.text)}, which leads out of the repository or hangs on a variable"
            raise _failure(message, node.where, "copy the file into the repository")
        self._note("", path)
        if path in self.seen or len(self.seen) > _MOST_FILES:
            return None, path
        self.seen.add(path)
        content = _content(path, node.where, self.read)
        self._note_variables(content.decode("utf-8", "replace"))
        return _parsed(content, path), path

    def _ports(self, name: str, service: Node, beside: MapNode, directory: str) -> dict[tuple[int, str], None]:
        if not isinstance(service, MapNode):
            return {}
        if self.judge:
            self.judge.service(name, service)
        found = self._inherited(name, service, beside, directory)
        for node in _texts(service, "env_file"):
            self._note(directory, node.text)
        self._note_build(name, service.entries.get("build"), directory)
        if isinstance(mode := service.entries.get("network_mode"), ScalarNode):
            self.modes[name] = mode
        listed = service.entries.get("ports")
        for item in listed.items if isinstance(listed, ListNode) else ():
            found.update(dict.fromkeys(_targets(name, item)))
        return found

    def _inherited(self, name: str, service: MapNode, beside: MapNode, directory: str) -> dict[tuple[int, str], None]:
        """The ports of the service that one extends."""
        extends = service.entries.get("extends")
        base = extends.text if isinstance(extends, ScalarNode) else ""
        if isinstance(extends, MapNode):
            named, file = extends.entries.get("service"), extends.entries.get("file")
            base = named.text if isinstance(named, ScalarNode) else ""
            if isinstance(file, ScalarNode):
                self.seen.discard(posixpath.normpath(posixpath.join(directory, file.text)))
                other, path = self._other(file, directory, "extends a service of")
                declared = other.entries.get("services") if other else None
                beside = declared if isinstance(declared, MapNode) else MapNode({}, {}, file.where)
                directory = posixpath.dirname(path)
        node = beside.entries.get(base)
        if node is None or node is service:
            return {}
        without_it = {key: value for key, value in beside.entries.items() if value is not service}
        return self._ports(name, node, MapNode(without_it, beside.keys, beside.where), directory)

    def _note_build(self, service: str, build: Node | None, directory: str) -> None:
        if build is None:
            return
        context = next(_said(build, "context"), None) if isinstance(build, MapNode) else _text(build)
        dockerfile = next(_said(build, "dockerfile"), "Dockerfile")
        if context is None and service in self.contexts:
            return  # that of the service which it extends
        self.contexts.pop(service, None)
        place = posixpath.join(directory, context or ".")
        if not _REMOTE.match(context or "."):
            self._note(place, dockerfile)
            if (known := _below("", place)) and (recipe := _below(place, dockerfile)):
                self.contexts[service] = BuildContext(known, recipe)


def _declared(root: MapNode) -> MapNode:
    """The services that a file declares itself."""
    declared = root.entries.get("services")
    return declared if isinstance(declared, MapNode) else MapNode({}, {}, root.where)


def _text(node: Node) -> str:
    return node.text if isinstance(node, ScalarNode) else ""


def _said(node: Node, key: str) -> Iterator[str]:
    return (each.text for each in _texts(node, key))


def _below(directory: str, path: str) -> str:
    """A path in the tree; empty where it lies elsewhere, or hangs on a variable."""
    joined = posixpath.normpath(posixpath.join(directory, path))
    return joined if "$" not in joined and not joined.startswith(("../", "/", "~")) and joined != ".." else ""


def _texts(node: Node, key: str) -> tuple[ScalarNode, ...]:
    """The texts below a key, that may be one, a list, or a list of mappings with a `path`."""
    value = node.entries.get(key) if isinstance(node, MapNode) else None
    items = value.items if isinstance(value, ListNode) else (value,)
    paths = (item.entries.get("path") if isinstance(item, MapNode) else item for item in items)
    return tuple(each for each in paths if isinstance(each, ScalarNode))


def _targets(service: str, port: Node) -> Iterator[tuple[int, str]]:
    """The ports inside of the container that an entry of `ports` stands for."""
    protocol = "tcp"
    if isinstance(port, MapNode):
        target = port.entries.get("target")
        text = target.text if isinstance(target, ScalarNode) else ""
        protocol = next(_said(port, "protocol"), protocol)
    else:
        whole = _INTERPOLATED.sub("$", port.text) if isinstance(port, ScalarNode) else ""
        text, _, said = whole.rpartition(":")[2].partition("/")
        protocol = said or protocol
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal() and int(last or first) <= _HIGHEST_PORT):
        message = f"a port of {quote(service)} is not written as a number"
        raise _failure(message, port.where, "write the container's port as a number, as in `${PORT:-8080}:80`")
    yield from ((number, protocol.lower()) for number in range(int(first), int(last or first) + 1))


def _named(services: dict[str, dict[tuple[int, str], None]]) -> Iterator[PortWish]:
    """Each port with the name of its service, and its own number where that has several."""
    for service, targets in services.items():
        for target, protocol in targets:
            name = service if len(targets) == 1 else f"{service}-{target}"
            name += "-udp" if protocol == "udp" and (target, "tcp") in targets else ""
            name = re.sub(r"[^A-Za-z0-9-]", "-", name)
            yield PortWish(f"port-{name}" if name[0].isdecimal() else name, service, target, protocol)


def _volumes(services: MapNode) -> Iterator[str]:
    """The names of volumes that services in a manifest use: they need no declaration of their own."""
    for service in services.entries.values():
        listed = service.entries.get("volumes") if isinstance(service, MapNode) else None
        for item in listed.items if isinstance(listed, ListNode) else ():
            source = item.text.partition(":")[0] if isinstance(item, ScalarNode) and ":" in item.text else ""
            if isinstance(item, MapNode):
                source = next((node.text for node in _texts(item, "source")), "")
            if re.fullmatch(r"[A-Za-z0-9][\w.-]*", source):
                yield source


def _plain(node: Node) -> object:
    """As Compose would read it."""
    if isinstance(node, MapNode):
        return {key: _plain(value) for key, value in node.entries.items()}
    if isinstance(node, ListNode):
        return [_plain(item) for item in node.items]
    return node.text if isinstance(node.value, float) else node.value
