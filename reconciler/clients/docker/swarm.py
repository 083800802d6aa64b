"""What a Swarm says of its services, and of the tasks that they consist of.

The rule: services are found by our label, by two programs for all of them; tasks are asked for only while one waits.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reconciler.clients.process import Finished

SERVICE = "orchestra.service"
_DECLARED = "orchestra.declared"
_WORKSPACE = "orchestra.workspace"
_COUNTS = re.compile(r"(\d+)/(\d+)(?: \((\d+)/(\d+) completed\))?")
_DIGEST_LENGTH = 16
_NANOSECONDS = 1_000_000_000
_GRACE = 10 * _NANOSECONDS
_LIVE = frozenset({"new", "pending", "assigned", "accepted", "preparing", "ready", "starting", "running"})

Ask = Callable[..., Finished]
"""Runs the client with some words, and gives what it said, whatever its exit status."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service of ours.

    Attributes:
        name: what the swarm calls it.
        service: what its file calls it.
        mode: `Replicated`, `Global`, `ReplicatedJob` or `GlobalJob`.
        running: how many tasks of it run, of as many as `wanted`.
        wanted: how many are to run.
        left: of a job, how many are still to complete.
        update: how its last update went; empty when there was none.
        message: what is said of that.
        restart: when a task that ended is replaced: `any`, `on-failure` or `none`.
        grace_seconds: how long a container of it may take to end by itself.
        image: as its file names it.
        declared: what identifies the declaration that it was made from.
        made_as: a digest of what it is made of, as the swarm has it: a person may have changed it.
        ports: the published ones; every node has them.
    """

    id: str
    name: str
    workspace: str
    service: str
    mode: str = "Replicated"
    running: int = 0
    wanted: int = 0
    left: int = 0
    update: str = ""
    message: str = ""
    restart: str = "any"
    grace_seconds: float = 10.0
    image: str = ""
    declared: str = ""
    made_as: str = ""
    ports: tuple[int, ...] = ()

    def addresses(self, machine: str) -> tuple[str, ...]:
        """Where its ports can be reached, at the node that is this machine, or another one."""
        return tuple(f"{machine or '127.0.0.1'}:{port}" for port in self.ports)

    @property
    def is_job(self) -> bool:
        """Whether it is to end by itself."""
        return self.mode.endswith("Job")

    @property
    def replicas(self) -> str:
        """For people."""
        return "done" if self.is_job and not self.left else f"{self.running}/{self.wanted} running"


@dataclass(frozen=True, slots=True)
class Task:
    """A container of a service, or what was or is to be one.

    Attributes:
        place: its number among the replicas, or the node of a service that is on every one.
        made: when, so that the later one of two is greater.
        state: `running`, `complete`, `failed`, `rejected`, …
        is_wanted: it is to run.
        declared: what identifies the declaration that it was made from.
    """

    id: str
    service_id: str
    place: str
    made: tuple[str, float]
    state: str
    is_wanted: bool
    error: str = ""
    declared: str = ""

    @property
    def is_live(self) -> bool:
        """It runs, or is on the way to."""
        return self.is_wanted and self.state in _LIVE


def services(ask: Ask, narrow: Sequence[str]) -> tuple[tuple[Service, ...], Finished]:
    """Find services: two programs, or one where there are none.

    Returns:
        The services, and what the client said last.
    """
    listed = ask("service", "ls", *narrow, "--format", "{{.Name}}\t{{.Replicas}}")
    counts = dict(line.split("\t", 1) for line in listed.text.splitlines() if "\t" in line)
    if listed.code or not counts:
        return (), listed
    said = ask("service", "inspect", "--format", "{{json .}}", *counts)
    documents = (_document(line) for line in said.text.splitlines() if line.startswith("{"))
    found = (_service(each, counts.get(str(each["Spec"]["Name"]), "")) for each in documents)
    return tuple(sorted(found, key=lambda each: each.name)), said


def tasks(ask: Ask, names: Iterable[str]) -> tuple[Task, ...]:
    """The tasks of services, also those that ended, as far as the swarm remembers them: two programs."""
    listed = ask("service", "ps", "--quiet", "--no-trunc", *names)
    ids = listed.text.split()
    if not ids:
        return ()
    said = ask("inspect", "--type", "task", "--format", "{{json .}}", *ids)
    return tuple(_task(_document(line)) for line in said.text.splitlines() if line.startswith("{"))


def _document(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _service(document: Mapping[str, Any], counts: str) -> Service:
    spec, found = document["Spec"], _COUNTS.match(counts)
    labels, template = spec.get("Labels") or {}, spec["TaskTemplate"]
    running, wanted, done, total = (int(number or 0) for number in (found.groups() if found else (0, 0, 0, 0)))
    update = document.get("UpdateStatus") or {}
    return Service(
        id=document["ID"],
        name=spec["Name"],
        workspace=labels.get(_WORKSPACE, ""),
        service=labels.get(SERVICE, spec["Name"]),
        mode=next(iter(spec.get("Mode") or {}), "Replicated"),
        running=running,
        wanted=wanted,
        left=max(0, total - done),
        update=update.get("State", ""),
        message=update.get("Message", ""),
        restart=(template.get("RestartPolicy") or {}).get("Condition", "any"),
        grace_seconds=(template.get("ContainerSpec") or {}).get("StopGracePeriod", _GRACE) / _NANOSECONDS,
        image=labels.get("com.docker.stack.image", ""),
        declared=labels.get(_DECLARED, ""),
        made_as=_made_as(spec),
        ports=tuple(_published((document.get("Endpoint") or {}).get("Ports") or ())),
    )


def _made_as(spec: Mapping[str, Any]) -> str:
    """Without the count of restarts by hand, and without the number of replicas: that is told apart."""
    template = {key: value for key, value in spec["TaskTemplate"].items() if key != "ForceUpdate"}
    document = json.dumps([template, spec.get("EndpointSpec")], sort_keys=True)
    return hashlib.sha256(document.encode()).hexdigest()[:_DIGEST_LENGTH]


def _published(ports: Iterable[Mapping[str, Any]]) -> Iterable[int]:
    return dict.fromkeys(int(port["PublishedPort"]) for port in ports if port.get("PublishedPort"))


def _task(document: Mapping[str, Any]) -> Task:
    status = document.get("Status") or {}
    labels = ((document.get("Spec") or {}).get("ContainerSpec") or {}).get("Labels") or {}
    second, _, fraction = str(document.get("CreatedAt", "")).rstrip("Z").partition(".")
    return Task(
        id=document["ID"],
        service_id=document.get("ServiceID", ""),
        place=str(document.get("Slot") or document.get("NodeID", "")),
        made=(second, float(f"0.{fraction or 0}")),
        state=status.get("State", ""),
        is_wanted=document.get("DesiredState") in {"ready", "running", "complete"},
        error=status.get("Err", ""),
        declared=labels.get(_DECLARED, ""),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """Services and their tasks, at one moment.

    Attributes:
        services: by what their file calls them.
    """

    services: Mapping[str, Service] = field(default_factory=dict)
    tasks: tuple[Task, ...] = ()

    def of(self, service: Service) -> list[Task]:
        """The tasks of one, the latest first."""
        return sorted(
            (each for each in self.tasks if each.service_id == service.id), key=lambda t: t.made, reverse=True
        )

    def latest(self, service: Service) -> dict[str, Task]:
        """The latest task for each replica."""
        return {each.place: each for each in reversed(self.of(service))}
