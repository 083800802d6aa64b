"""A project made into a stack: the same services, in the older format that a swarm takes. Pure.

What a stack cannot express was refused before, at its place in the file; what is left of such here is refused too, and
nothing is dropped that would be missed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.clients.docker.engine import DECLARED, VOLUME
from reconciler.clients.docker.swarm import SERVICE
from reconciler.errors import PermanentError
from reconciler.kinds.containers.rewrite import Identity, Rewritten, digest
from reconciler.kinds.containers.stack_keys import DROPPED, TAKEN

_VERSION = "3.9"
_LONGEST_NAME = 63
_LONGEST_PREFIX = 40
_DIGEST_LENGTH = 12
_RESTARTS = {"no": "none", "on-failure": "on-failure", "always": "any", "unless-stopped": "any"}
_APART = frozenset({"replicas", "labels", "update_config", "rollback_config", "endpoint_mode", "placement", "mode"})
"""What may change of `deploy` without another container."""
_MOUNTED = {"bind": ("propagation",), "volume": ("nocopy",), "tmpfs": ("size",)}


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that is ready for the swarm.

    Attributes:
        declared: what identifies the declaration of each service.
        templates: per service what identifies that of its containers alone: the number of replicas is not part of it.
        given: the names of secrets and of configs that are to be there, by `secret` and `config`.
    """

    document: Mapping[str, Any]
    declared: Mapping[str, str]
    templates: Mapping[str, str]
    given: Mapping[str, frozenset[str]]


def make_stack(ready: Rewritten, identity: Identity, contents: Mapping[str, bytes]) -> Stack:
    """Make a project that is ready for Compose into a stack.

    Args:
        ready: the project; what it stands on is made apart.
        identity: whose it is.
        contents: the content of each file that a secret or a config is made of, by its path.

    Raises:
        PermanentError: it has what a stack cannot express.
    """
    document = ready.document
    given = {what: _given(document.get(f"{what}s") or {}, identity, contents, what) for what in ("secret", "config")}
    services = {name: _service(name, service) for name, service in document["services"].items()}
    for name in services:
        _require_short(name, identity)
    templates = {name: digest([_template(service), _used(service, given)]) for name, service in services.items()}
    stack = {
        "version": _VERSION,
        "services": {
            name: _labelled(service, identity, name, ready.services[name], templates[name])
            for name, service in services.items()
        },
        "networks": {key: {"external": True, "name": each["name"]} for key, each in document["networks"].items()},
        "volumes": dict(_volumes(ready, identity)),
        **{f"{what}s": made for what, made in given.items() if made},
    }
    names = {
        what: frozenset(str(each["name"]) for each in made.values() if not each.get("external"))
        for what, made in given.items()
    }
    return Stack(stack, ready.services, templates, names)


def _require_short(name: str, identity: Identity) -> None:
    full = f"{identity.name}_{name}"
    if len(full) > _LONGEST_NAME or "." in name:
        why = f"has {len(full)} letters, of {_LONGEST_NAME}" if "." not in name else "has a dot"
        message = f"service {name} would be called {full} in the swarm, which {why}"
        raise PermanentError(message, hint="give the service, or the worktree, a shorter name of letters and `-`")


def _service(name: str, service: Mapping[str, Any]) -> dict[str, Any]:
    """One service in the older format; what says the same in two ways says it once."""
    unknown = sorted(key for key, value in service.items() if value and key not in TAKEN | DROPPED)
    if unknown and not unknown[0].startswith("x-"):
        raise PermanentError(f"a stack cannot express services.{name}.{unknown[0]}", hint="take it out")
    kept = {key: value for key, value in service.items() if key in TAKEN and value is not None}
    made = {
        **kept,
        "deploy": _deploy(service),
        "ports": [_port(name, each) for each in kept.get("ports", ())],
        "volumes": [_mount(each) for each in kept.get("volumes", ())],
        "extra_hosts": [str(each).replace("=", ":", 1) for each in kept.get("extra_hosts", ())],
        "networks": {key: value or {} for key, value in kept.get("networks", {}).items()},
    }
    return {key: value for key, value in made.items() if value not in ({}, [])}


def _deploy(service: Mapping[str, Any]) -> dict[str, Any]:
    """`scale` and `restart` have their own words here."""
    said = dict(service.get("deploy") or {})
    if service.get("scale") is not None:
        said.setdefault("replicas", service["scale"])
    condition, _, attempts = str(service.get("restart") or "").partition(":")
    if condition in _RESTARTS and "condition" not in (said.get("restart_policy") or {}):
        most = {"max_attempts": int(attempts)} if attempts.isdecimal() else {}
        said["restart_policy"] = {"condition": _RESTARTS[condition], **most, **(said.get("restart_policy") or {})}
    resources = {
        key: {name: str(value) if name == "cpus" else value for name, value in limits.items()}
        for key, limits in (said.get("resources") or {}).items()
    }
    return {**said, **({"resources": resources} if resources else {})}


def _port(service: str, port: Mapping[str, Any]) -> dict[str, Any]:
    if port.get("host_ip") not in {None, "", "0.0.0.0"}:  # noqa: S104 - read only
        message = f"services.{service}.ports: a stack cannot listen at {port['host_ip']} alone"
        raise PermanentError(message, hint="a port of a stack listens on every node: leave the address out")
    kept = {key: port[key] for key in ("mode", "protocol") if key in port}
    return {**kept, "target": int(port["target"]), "published": int(port["published"])}


def _mount(mount: Mapping[str, Any]) -> dict[str, Any]:
    made = {key: value for key, value in mount.items() if key in {"type", "source", "target", "read_only"}}
    for key, taken in _MOUNTED.items():
        kept = {name: (mount.get(key) or {})[name] for name in taken if name in (mount.get(key) or {})}
        if kept:
            made[key] = {name: int(value) if name == "size" else value for name, value in kept.items()}
    return made


def _given(
    things: Mapping[str, Mapping[str, Any]], identity: Identity, contents: Mapping[str, bytes], what: str
) -> dict[str, dict[str, Any]]:
    """Secrets or configs: what they hold cannot be changed in a swarm, so that it is part of their names."""
    made = {}
    for key, thing in things.items():
        if thing.get("external"):
            made[key] = {"external": True, "name": thing.get("name") or key}
            continue
        if "file" not in thing:
            message = f"{what}s.{key} is made of something else than a file, which a stack cannot express"
            raise PermanentError(message, hint="write it into a file: `file: …`")
        hashed = hashlib.sha256(b"\0".join((identity.name.encode(), key.encode(), contents[thing["file"]])))
        name = f"{identity.name[:_LONGEST_PREFIX]}-{hashed.hexdigest()[:_DIGEST_LENGTH]}"
        labels = {**(thing.get("labels") or {}), **identity.labels}
        made[key] = {"file": thing["file"], "name": name, "labels": labels}
    return made


def _used(service: Mapping[str, Any], given: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> list[str]:
    """The names of the secrets and configs that a service has."""
    return [
        str(given[what][each["source"]]["name"])
        for what in ("secret", "config")
        for each in service.get(f"{what}s", ())
        if each["source"] in given[what]
    ]


def _volumes(ready: Rewritten, identity: Identity) -> Iterator[tuple[str, dict[str, Any]]]:
    """By their full names; each node on which one is not there yet makes it with these labels."""
    ours = {order.name: order for order in ready.volumes}
    for key, volume in ready.document["volumes"].items():
        if order := ours.get(key):
            labels = {**identity.labels, VOLUME: order.key}
            driver = {"driver": order.driver} if order.driver else {}
            options = {"driver_opts": dict(order.options)} if order.options else {}
            yield key, {"name": order.name, "labels": labels, **driver, **options}
        else:
            yield key, {"external": True, "name": volume.get("name") or key}


def _template(service: Mapping[str, Any]) -> dict[str, Any]:
    """What containers are made of."""
    deploy = (
        {key: value for key, value in service["deploy"].items() if key not in _APART} if "deploy" in service else {}
    )
    labels = {key: value for key, value in (service.get("labels") or {}).items() if key != DECLARED}
    return {**{key: value for key, value in service.items() if key != "ports"}, "deploy": deploy, "labels": labels}


def _labelled(
    service: Mapping[str, Any], identity: Identity, name: str, declared: str, template: str
) -> dict[str, Any]:
    deploy = service.get("deploy") or {}
    own = {**(deploy.get("labels") or {}), **identity.labels, SERVICE: name, DECLARED: declared}
    return {
        **service,
        "labels": {**(service.get("labels") or {}), DECLARED: template},
        "deploy": {**deploy, "labels": own},
    }
