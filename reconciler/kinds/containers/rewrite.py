"""What the engine resolved, made into a project that shares nothing with any other. Pure.

Ports get the numbers that were recorded, names that are fixed go, and everything bears our labels. Networks and volumes
are made apart and only named here, so that Compose never has a reason to replace one.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.clients.docker.engine import CLONE, DECLARED, SWARM, WORKSPACE, NetworkOrder
from reconciler.errors import PermanentError
from reconciler.kinds.containers.spec import PortWish

_LEFT_OUT = frozenset({"container_name", "ports", "profiles", "volumes"})
"""What is fixed, or made anew here; and profiles, for what was not chosen is not there any more."""
_SHARED = ("network_mode", "pid", "ipc")
_ADDRESSES = frozenset({*(f"ipv{version}_address" for version in (4, 6)), "link_local_ips", "mac_address"})


@dataclass(frozen=True, slots=True)
class VolumeOrder:
    """A volume that is to be made.

    Attributes:
        key: what the workspace calls it.
        image: that of a service which has it.
    """

    key: str
    name: str
    driver: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    image: str = ""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A project that is ready for the engine.

    Attributes:
        services: what identifies the declaration of each service.
        networks: what has to be there.
        volumes: the same.
    """

    document: Mapping[str, Any]
    services: Mapping[str, str]
    networks: tuple[NetworkOrder, ...]
    volumes: tuple[VolumeOrder, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose project it is.

    Attributes:
        is_swarm: it is a stack.
    """

    name: str
    clone: str
    workspace: str
    is_swarm: bool = False

    @property
    def labels(self) -> dict[str, str]:
        """What everything of it bears."""
        return {CLONE: self.clone, WORKSPACE: self.workspace, **({SWARM: "yes"} if self.is_swarm else {})}


def image_of(identity: Identity, service: str, resolved: Mapping[str, Any]) -> str:
    """The image of a service: what is built here, for it or for one of the same image, has a name of its own."""
    services = resolved["services"]
    image = str(services[service].get("image") or "")
    if services[service].get("build"):
        return f"{identity.name}-{service}".lower()
    built = (name for name, other in sorted(services.items()) if other.get("build"))
    builder = next((name for name in built if _with_tag(services[name].get("image") or "") == _with_tag(image)), None)
    return f"{identity.name}-{builder}".lower() if builder else image


def _with_tag(image: str) -> str:
    return image if "@" in image or ":" in image.rpartition("/")[2] else f"{image}:latest"


def rewrite(
    resolved: Mapping[str, Any],
    identity: Identity,
    ports: Sequence[PortWish],
    numbers: Mapping[str, int],
    kept_by_images: Mapping[str, Sequence[str]],
) -> Rewritten:
    """Make a resolved file into a project of its own.

    Args:
        resolved: what `config` says.
        identity: whose it is.
        ports: the ports that have numbers.
        numbers: which, by name.
        kept_by_images: per service the paths at which its image keeps data.

    Raises:
        PermanentError: the engine resolved a port that has no number.
    """
    _require_one_each(resolved["services"], is_swarm=identity.is_swarm)
    by_target = {(port.service, port.target, port.protocol): numbers.get(port.name) for port in ports}
    made = _Rewriting(resolved, identity, by_target)
    services = {
        name: made.service(name, service, kept_by_images.get(name, ()))
        for name, service in sorted(resolved["services"].items())
    }
    declared = {name: digest(service) for name, service in services.items()}
    external = {order.name: {"name": order.name, "external": True} for order in made.volumes.values()}
    document = {
        **{key: value for key, value in resolved.items() if key not in {"services", "networks", "volumes", "name"}},
        "name": identity.name,
        "services": {name: _labelled(identity, service, declared[name]) for name, service in services.items()},
        "networks": {**_foreign(resolved, "networks"), **{key: _external(identity, key) for key, _ in _own(resolved)}},
        "volumes": {**_foreign(resolved, "volumes"), **external},
    }
    return Rewritten(document, declared, tuple(_networks(identity, resolved)), tuple(made.volumes.values()))


@dataclass(frozen=True, slots=True)
class _Rewriting:
    """One file on its way; `volumes` is what its services were seen to need, `unnamed` whose some are, and where."""

    resolved: Mapping[str, Any]
    identity: Identity
    by_target: Mapping[tuple[str, int, str], int | None]
    volumes: dict[str, VolumeOrder] = field(default_factory=dict)
    unnamed: dict[str, tuple[str, str]] = field(default_factory=dict)

    def service(self, name: str, service: Mapping[str, Any], kept_by_image: Sequence[str]) -> dict[str, Any]:
        kept = {key: value for key, value in service.items() if key not in _LEFT_OUT}
        ports = list(self._ports(name, service.get("ports") or ()))
        mounts = list(self._mounts(name, service, kept_by_image))
        made = {
            **kept,
            **self._shared(service),
            "image": image_of(self.identity, name, self.resolved),
            "pull_policy": "never",
            **({"ports": ports} if ports else {}),
            **({"volumes": mounts} if mounts else {}),
            **({"networks": networks} if (networks := self._networks(service)) else {}),
        }
        if made.get("build"):
            said = {key: value for key, value in made["build"].items() if key != "tags"}
            made["build"] = {**said, "labels": {**(said.get("labels") or {}), **self.identity.labels}}
        return made

    def _networks(self, service: Mapping[str, Any]) -> dict[str, Any]:
        """Its networks; in those of the project others still reach it by the name that it was to have."""
        found, own = {}, {key for key, _ in _own(self.resolved)}
        for key, network in (service.get("networks") or {}).items():
            said = _without_addresses(network) or {}
            if (name := service.get("container_name")) and key in own:
                said = {**said, "aliases": [*(said.get("aliases") or ()), name]}
            found[key] = said or None
        return found

    def _shared(self, service: Mapping[str, Any]) -> dict[str, str]:
        """What it shares with another container; one of the project by its service: it has no other name."""
        fixed = {other.get("container_name"): name for name, other in self.resolved["services"].items()}
        said = {key: str(service.get(key) or "").partition("container:") for key in _SHARED}
        return {key: f"service:{fixed[name]}" for key, (_, _, name) in said.items() if name and name in fixed}

    def _ports(self, service: str, ports: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        seen = set()
        for port in ports:
            target = (service, int(port["target"]), str(port.get("protocol", "tcp")).lower())
            number = self.by_target.get(target)
            if number is None:
                message = f"port {target[1]}/{target[2]} of service {service} has no number"
                hint = "write the port as a number in the file that the manifest names"
                raise PermanentError(message, hint=hint)
            if target not in seen:
                seen.add(target)
                yield {**port, "published": str(number)}

    def _mounts(self, name: str, service: Mapping[str, Any], kept_by_image: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The volumes of a service; those without a name get one, so that a lost container does not take them along."""
        listed = list(service.get("volumes") or ())
        temporary = (str(each).partition(":")[0] for each in service.get("tmpfs") or ())
        covered = {path.rstrip("/") for path in (*(mount["target"] for mount in listed), *temporary)}
        implied = ({"type": "volume", "target": path} for path in kept_by_image if path.rstrip("/") not in covered)
        for mount in (*listed, *implied):
            is_ours = mount["type"] == "volume" and not self._said_of(mount.get("source")).get("external")
            yield self._owned(name, mount) if is_ours else dict(mount)

    def _said_of(self, volume: str | None) -> Mapping[str, Any]:
        return (self.resolved.get("volumes") or {}).get(volume) or {}

    def _owned(self, service: str, mount: Mapping[str, Any]) -> dict[str, Any]:
        key = mount.get("source") or self._key(service, mount["target"])
        said, full = self._said_of(key), f"{self.identity.name}_{key}"
        image = image_of(self.identity, service, self.resolved)
        options = {str(name): str(value) for name, value in (said.get("driver_opts") or {}).items()}
        self.volumes.setdefault(key, VolumeOrder(key, full, said.get("driver"), options, image))
        return {**mount, "source": full}

    def _key(self, service: str, path: str) -> str:
        """What a volume without a name is called; one that would be called as another one is gets more of a name."""
        key = f"{service}{re.sub(r'[^a-zA-Z0-9]+', '-', path).rstrip('-')}"
        is_named = key in (self.resolved.get("volumes") or {})
        if is_named or self.unnamed.setdefault(key, (service, path)) != (service, path):
            return f"{key}-{digest([service, path])[:4]}"
        return key


def _labelled(identity: Identity, service: Mapping[str, Any], declared: str) -> dict[str, Any]:
    return {**service, "labels": {**(service.get("labels") or {}), **identity.labels, DECLARED: declared}}


def _own(resolved: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The networks that are the project's own."""
    for key, network in sorted((resolved.get("networks") or {}).items()):
        if not (network or {}).get("external"):
            yield key, network or {}


def _networks(identity: Identity, resolved: Mapping[str, Any]) -> Iterator[NetworkOrder]:
    for key, network in _own(resolved):
        yield NetworkOrder(
            name=f"{identity.name}_{key}",
            driver=network.get("driver") or "",
            internal=bool(network.get("internal")),
            attachable=bool(network.get("attachable")),
            ipv6=bool(network.get("enable_ipv6")),
            options={str(k): str(v) for k, v in (network.get("driver_opts") or {}).items()},
            labels={str(k): str(v) for k, v in (network.get("labels") or {}).items()} | _labels_of(identity, key),
        )


def _labels_of(identity: Identity, key: str) -> dict[str, str]:
    """What a network bears; Compose, used by hand in the tree, takes only one that bears what its own do."""
    compose = {"com.docker.compose.project": identity.name, "com.docker.compose.network": key}
    return {**identity.labels, **({} if identity.is_swarm else compose)}


def _external(identity: Identity, key: str) -> dict[str, Any]:
    return {"name": f"{identity.name}_{key}", "external": True}


def _foreign(resolved: Mapping[str, Any], what: str) -> dict[str, Any]:
    """What the file says is somebody else's."""
    return {key: each for key, each in (resolved.get(what) or {}).items() if (each or {}).get("external")}


def _without_addresses(network: Mapping[str, Any] | None) -> dict[str, Any]:
    """Fixed addresses are for one network, and every workspace has its own."""
    return {key: value for key, value in (network or {}).items() if key not in _ADDRESSES}


def _require_one_each(services: Mapping[str, Any], *, is_swarm: bool) -> None:
    """A number is for one container; only a swarm shares it among several."""
    for name, service in services.items():
        replicas = int(service.get("scale") or (service.get("deploy") or {}).get("replicas") or 1)
        if service.get("ports") and replicas > 1 and not is_swarm:
            target = service["ports"][0]["target"]
            message = f"service {name} has {replicas} containers, and one number for port {target}"
            hint = "publish the port of a service that has one container, and reach the others through it"
            raise PermanentError(message, hint=hint)


def digest(document: object) -> str:
    """What identifies a declaration, or a part of one."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
