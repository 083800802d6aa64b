"""What a Compose file has that a stack cannot express: told at its place, before a swarm is asked.

The rule: what a swarm ignores with a line that nobody reads is an error here, where it changes how a service works.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from reconciler.errors import Location, ManifestError, Problem
from reconciler.kinds.containers.stack_keys import DROPPED, ELSEWHERE, REFUSED, TAKEN
from reconciler.manifest.nodes import ListNode, MapNode, Node, ScalarNode
from reconciler.manifest.problems import quote

_RESTARTS = re.compile(r"no|always|unless-stopped|on-failure(:\d+)?")
_ADDRESS = re.compile(r"(\d+(?:\.\d+){3}|\[[^\]]*\]):")
_EVERYWHERE = "0.0.0.0"  # noqa: S104 - read, never listened on
_OVERLAY = "overlay"
_CONDITIONS = frozenset({"", "service_started"})
_FROM_FILES = frozenset({"file", "external", "name", "labels", "driver", "template_driver"})


@dataclass(slots=True)
class StackJudge:
    """Judges the services of one file, and of those that it includes and extends."""

    problems: list[Problem] = field(default_factory=list)
    _mounted: dict[str, None] = field(default_factory=dict)

    @property
    def mounted(self) -> tuple[str, ...]:
        """What is mounted from the tree."""
        return tuple(self._mounted)

    def require_none(self) -> None:
        """Do nothing where a stack can express it all.

        Raises:
            ManifestError: what it cannot, all of it.
        """
        if self.problems:
            raise ManifestError(tuple(sorted(dict.fromkeys(self.problems), key=_position)))

    def file(self, root: MapNode) -> Iterator[str]:
        """Judge what is beside the services; the files that secrets and configs are made of."""
        for key, network in _entries(root.entries.get("networks")):
            driver = _text(network, "driver")
            if driver not in {"", _OVERLAY} and not _is_true(network, "external"):
                message = f"network {quote(key)} is of the driver {quote(driver)}: a stack's reach all nodes"
                self._add(message, _place(network, "driver"), f"leave `driver` out, or write `driver: {_OVERLAY}`")
        for what in ("secrets", "configs"):
            for key, thing in _entries(root.entries.get(what)):
                yield from self._thing(what, key, thing)

    def _thing(self, what: str, key: str, thing: Node) -> Iterator[str]:
        for said in sorted(thing.entries.keys() - _FROM_FILES) if isinstance(thing, MapNode) else ():
            message = f"a stack cannot express {quote(said)} of {what}: it takes files"
            self._add(message, _place(thing, said), f"write it into a file: `{what}: {{{key}: {{file: …}}}}`")
        if file := _text(thing, "file"):
            yield file

    def service(self, name: str, service: MapNode) -> None:
        """Judge a service."""
        if "." in name:
            hint = "a swarm takes letters, digits and `-`"
            self._add(f"service {quote(name)} has a dot in its name", service.where, hint)
        for key, value in service.entries.items():
            if self._is_refused(key, value):
                hint = REFUSED.get(key, ELSEWHERE)
                self._add(f"a stack cannot express {quote(key)}", service.keys[key], hint)
        self._dependencies(service)
        self._ports(service)
        self._mounts(service)
        self._health(service)

    @staticmethod
    def _is_refused(key: str, value: Node) -> bool:
        if isinstance(value, ScalarNode) and value.value in {False, None}:
            return False
        if key == "restart":
            text = value.text if isinstance(value, ScalarNode) else ""
            return not (_RESTARTS.fullmatch(text) or "$" in text)
        return key not in TAKEN | DROPPED and not key.startswith("x-")

    def _dependencies(self, service: MapNode) -> None:
        for key, dependency in _entries(service.entries.get("depends_on")):
            condition = _text(dependency, "condition")
            if condition not in _CONDITIONS:
                message = f"a stack starts all at once, and cannot wait for {quote(key)} with {quote(condition)}"
                hint = "let the service try again until it is there, and leave the condition out"
                self._add(message, _place(dependency, "condition"), hint)

    def _ports(self, service: MapNode) -> None:
        for port in _items(service.entries.get("ports")):
            found = _ADDRESS.match(port.text) if isinstance(port, ScalarNode) else None
            address = found[1] if found else _text(port, "host_ip")
            if address not in {"", _EVERYWHERE} and "$" not in address:
                message = f"a stack listens on every node, and cannot listen at {quote(address)} alone"
                where = _place(port, "host_ip") if isinstance(port, MapNode) else port.where
                self._add(message, where, "leave the address out, and keep others away by a firewall")

    def _mounts(self, service: MapNode) -> None:
        for mount in _items(service.entries.get("volumes")):
            source = mount.text.partition(":")[0] if isinstance(mount, ScalarNode) else _text(mount, "source")
            if source.startswith("."):
                self._mounted.setdefault(source)

    def _health(self, service: MapNode) -> None:
        check = service.entries.get("healthcheck")
        if isinstance(check, MapNode) and "start_interval" in check.entries:
            hint = "leave it out: `interval` holds from the start"
            self._add("a stack cannot express `start_interval`", check.keys["start_interval"], hint)

    def _add(self, message: str, where: Location, hint: str) -> None:
        self.problems.append(Problem(message, where, hint))


def _position(problem: Problem) -> tuple[str, int, int]:
    where = problem.where
    return (where.file, where.line, where.column) if where else ("", 0, 0)


def _entries(node: Node | None) -> Iterable[tuple[str, Node]]:
    return node.entries.items() if isinstance(node, MapNode) else ()


def _items(node: Node | None) -> Iterable[Node]:
    return node.items if isinstance(node, ListNode) else ()


def _text(node: Node, key: str) -> str:
    value = node.entries.get(key) if isinstance(node, MapNode) else None
    return value.text if isinstance(value, ScalarNode) else ""


def _is_true(node: Node, key: str) -> bool:
    return _text(node, key).lower() == "true"


def _place(node: Node, key: str) -> Location:
    return node.keys.get(key, node.where) if isinstance(node, MapNode) else node.where
