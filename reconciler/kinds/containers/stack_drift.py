"""How the services of a stack are when all is well, and how they are instead. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.clients.docker.swarm import Service
from reconciler.model.phrases import plural

DONE = "done"
EVERYWHERE = "on every node"


def expected_of(service: Service) -> str:
    """What is to be remembered of a service that was seen to work."""
    if service.is_job or (service.restart != "any" and service.running < service.wanted):
        return DONE
    return EVERYWHERE if service.mode == "Global" else plural(service.wanted, "replica")


def stack_drift(services: Iterable[Service], expected: Mapping[str, str], made_as: Mapping[str, str]) -> dict[str, str]:
    """The services that are not as the last apply left them, and how they are instead."""
    by_name = {each.service: each for each in services}
    states = {name: _how(by_name.get(name), wanted, made_as.get(name, "")) for name, wanted in expected.items()}
    return {name: state for name, state in states.items() if state}


def _how(service: Service | None, expected: str, made_as: str) -> str:
    """In a word how a service is, where that is not as it should be."""
    if service is None:
        return "removed"
    if made_as and service.made_as != made_as:
        return "changed by hand"
    if expected == DONE:
        return ""
    if expected not in {EVERYWHERE, plural(service.wanted, "replica")}:
        return f"scaled to {service.wanted}"
    return f"{service.running} of {service.wanted} running" if service.running < service.wanted else ""
