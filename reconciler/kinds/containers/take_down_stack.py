"""Take away what a stack consists of, and wait until it is gone: a swarm says yes before it has done anything.

The rule: by our labels alone, never by the name of a stack, which anybody may have given to something of their own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from reconciler.clients.docker.engine import CLONE, SWARM, WORKSPACE, Engine, Found, bearing
from reconciler.clients.docker.swarm import Service
from reconciler.errors import ClientError, PermanentError, RefusedError
from reconciler.kinds.containers.rewrite import Identity
from reconciler.kinds.containers.spec import KEEP
from reconciler.model.phrases import some

_TURN_SECONDS = 0.2
_LONGEST_SECONDS = 120.0
"""Beyond what a container is given to end by itself: then it is killed, by an engine that may be busy."""
GIVEN = ("secret", "config")
_SERVICE = "com.docker.swarm.service.id"


def given(engine: Engine, identity: Identity) -> dict[str, list[str]]:
    """The secrets and configs of a stack.

    Raises:
        ClientError: the swarm does not answer.
    """
    narrow = bearing(*_labels(identity))
    return {what: [n for n in engine.run(what, "ls", *narrow, "--format", "{{.Name}}").lines if n] for what in GIVEN}


def _labels(identity: Identity) -> tuple[str, ...]:
    return (f"{CLONE}={identity.clone}", f"{WORKSPACE}={identity.workspace}", SWARM)


def remove_given(engine: Engine, identity: Identity, but: Mapping[str, frozenset[str]]) -> None:
    """Remove secrets and configs, but for some.

    Raises:
        ClientError: the swarm refused.
    """
    for what, names in given(engine, identity).items():
        engine.remove(what, [name for name in names if name not in but.get(what, frozenset())])


def require_all_at_hand(nodes: int, policies: Mapping[str, str]) -> None:
    """A volume of a swarm is one on each node, and those of other nodes cannot be reached from this one.

    Raises:
        RefusedError: one of several nodes is to be archived or removed.
    """
    going = sorted(key for key, policy in policies.items() if policy != KEEP)
    if nodes > 1 and going:
        names = some([key or "any" for key in going])
        message = f"volume {names}: what other nodes of the swarm hold can be neither archived nor removed from here"
        raise RefusedError(message, hint="`containers: {volumes: keep}` leaves the volumes where they are")


@dataclass(frozen=True, slots=True)
class StackTaker:
    """Ends the stack of one workspace."""

    engine: Engine
    identity: Identity
    sleep: Callable[[float], None] = time.sleep  # noqa: TID251 - handed on, and replaced in tests
    clock: Callable[[], float] = time.monotonic

    def end(self) -> None:
        """Remove its services, wait until no container of them works on this node, and remove secrets and configs.

        Raises:
            ClientError: the swarm refused, or it took too long.
        """
        self.end_services(self._find().services)
        remove_given(self.engine, self.identity, {})

    def end_services(self, services: Collection[Service], but: Collection[Service] = ()) -> None:
        """Remove services, and wait until no container works on this node but of those that stay.

        Else one of them, or of those that were removed before, could write to a volume beside the one that follows it.

        Raises:
            ClientError: the swarm refused, or it took too long.
        """
        self.engine.remove("service", [each.id for each in services])
        grace, staying = max((each.grace_seconds for each in services), default=0.0), {each.id for each in but}
        complaint = "containers of removed services are still at work"
        self._until(lambda: {*self._services_here()} <= staying, complaint, grace)

    def remove_networks(self, ids: Iterable[str]) -> None:
        """Remove networks, as soon as the tasks on all nodes have let them go.

        Raises:
            ClientError: the swarm refused, or it took too long.
        """
        if wanted := frozenset(ids):
            self._until(lambda: self._are_gone(wanted), "networks are still in use")

    def require_gone(self) -> None:
        """See that no service, secret or config is left.

        Raises:
            PermanentError: one is.
        """
        there = [each.name for each in self._find().services]
        there += [name for names in given(self.engine, self.identity).values() for name in names]
        if there:
            raise PermanentError(f"still there after its removal: {', '.join(there)}", hint="plan again, then destroy")

    def _are_gone(self, networks: frozenset[str]) -> bool:
        try:
            self.engine.remove("network", sorted(networks))
        except ClientError as error:
            if "in use" in error.message or "active endpoints" in error.message:
                return False
            raise
        return True

    def _services_here(self) -> list[str]:
        """The service of each container that has not ended; the swarm itself may never remove one that has."""
        narrow = bearing(*_labels(self.identity), _SERVICE)
        at_work = [f"--filter=status={status}" for status in ("running", "paused", "restarting", "removing")]
        return self.engine.run("ps", "--format", f'{{{{.Label "{_SERVICE}"}}}}', *narrow, *at_work).text.split()

    def _find(self) -> Found:
        return self.engine.find(self.identity.clone, self.identity.workspace)

    def _until(self, is_so: Callable[[], bool], complaint: str, more_seconds: float = 0.0) -> None:
        seconds = _LONGEST_SECONDS + more_seconds
        end = self.clock() + seconds
        while not is_so():
            if self.clock() >= end:
                raise PermanentError(f"{complaint} after {seconds:g} s", hint="plan again, then destroy")
            self.sleep(_TURN_SECONDS)
