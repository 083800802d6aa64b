"""Start a project, and wait until all of it works: every service runs and is healthy, or has done what it was to do.

The rule: what fails is told with the last lines that it said, at its place in the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from reconciler.clients.docker.compose import Compose, Project
from reconciler.clients.docker.engine import Container, Engine
from reconciler.errors import ClientError, Location, OrchestraError, PermanentError
from reconciler.kinds.containers.rewrite import Identity, Rewritten

_TAIL_LINES = 20
_TURN_SECONDS = 0.2
_NOT_FOUND = re.compile(
    r'network "?([^\s"]+)"? (?:declared as external, but could not be|not) found|volume "([^"]+)" not found'
)


@dataclass(frozen=True, slots=True)
class Starter:
    """Starts the project of one workspace.

    Attributes:
        seconds: how long it may take, `end` until when that is.
        place_of: where the first of some dotted paths is in the file, else where the project is declared.
    """

    engine: Engine
    compose: Compose
    identity: Identity
    project: Project
    ready: Rewritten
    seconds: float
    end: float
    on_output: Callable[[str], None]
    place_of: Callable[..., Location | None]
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    def start(self, before: Sequence[Container], sick: Sequence[str]) -> dict[str, str]:
        """Do it; how each service is when all is well: what ended by itself is not started again.

        Args:
            before: the containers that there were.
            sick: the services that get new ones.

        Raises:
            OrchestraError: one failed, or it took too long.
        """
        self.engine.unpause(each.id for each in before if each.state == "paused")
        try:
            if anew := [name for name in sick if name in self.ready.services]:
                self.compose.up(self.project, self._left, self.on_output, anew=anew)
            self.compose.up(self.project, self._left, self.on_output)
        except ClientError as error:
            raise self._lacking(error) or self._failed(error) from error
        return _expected(self._wait())

    @property
    def _left(self) -> float:
        return max(1.0, self.end - self.clock())

    def _lacking(self, error: ClientError) -> PermanentError | None:
        """Say which thing of somebody else's is not there, if that is why."""
        if not (found := _NOT_FOUND.search(error.message)):
            return None
        name = next(filter(None, found.groups()))
        if name in {network.name for network in self.ready.networks} | {volume.name for volume in self.ready.volumes}:
            return None  # ours, removed just now
        for what in ("network", "volume"):
            for key, said in self.ready.document[f"{what}s"].items():
                if said.get("external") and said.get("name", key) == name:
                    message = f"there is no {what} {name}, and the file says that it is somebody else's (`external`)"
                    place = self.place_of(f"{what}s.{key}")
                    return PermanentError(message, where=place, hint=f"`docker {what} create {name}` makes it")
        return None

    def _failed(self, error: ClientError) -> OrchestraError:
        """Say what the services that are to blame said last."""
        bad = [each for each in self._containers() if _is_bad(each)]
        if not bad:
            return type(error)(error.message, where=self.place_of(), hint=error.hint)
        return self._not_working(bad, "did not start")

    def _wait(self) -> tuple[Container, ...]:
        """Wait until every service runs and is healthy, or has done what it was to do.

        Raises:
            PermanentError: one failed, or it took too long.
        """
        while True:
            containers = self._containers()
            if bad := [each for each in containers if _is_bad(each)]:
                raise self._not_working(bad, "failed")
            waited_for = [each for each in containers if not _works(each)]
            missing = (
                self.ready.services.keys() - {each.service for each in containers} - _scaled_to_nothing(self.ready)
            )
            if not (waited_for or missing):
                return containers
            if self.clock() >= self.end:
                if not waited_for:
                    message = f"service {', '.join(sorted(missing))} has no container, though all was started"
                    place = self.place_of(f"services.{min(missing)}")
                    raise PermanentError(message, where=place, hint="if somebody removed it just now, apply again")
                raise self._not_working(waited_for, f"did not work within {self.seconds:g} s")
            self.sleep(_TURN_SECONDS)

    def _containers(self) -> tuple[Container, ...]:
        """Those of its services; what only held a volume is none."""
        return tuple(
            each for each in self.engine.containers(self.identity.clone, self.identity.workspace) if each.service
        )

    def _not_working(self, containers: list[Container], what: str) -> PermanentError:
        names = ", ".join(sorted({each.service for each in containers}))
        said = [
            f"{each.service} ({_state(each)}), its last lines:\n{self.engine.log_tail(each.id, _TAIL_LINES)}"
            for each in containers
        ]
        message = "\n".join((f"service {names} {what}", *said))
        hint = f"`docker logs {containers[0].name}` has all of it; `containers: {{timeout: …}}` gives more time"
        return PermanentError(message, where=self.place_of(f"services.{containers[0].service}"), hint=hint)


def _scaled_to_nothing(ready: Rewritten) -> set[str]:
    services = ready.document["services"].items()
    return {n for n, s in services if s.get("scale") == 0 or (s.get("deploy") or {}).get("replicas") == 0}


def _works(container: Container) -> bool:
    if container.state == "exited":
        return container.code == 0
    return container.state == "running" and container.health in {"", "healthy"} and not container.is_new


def _is_bad(container: Container) -> bool:
    is_failed = container.state in {"exited", "dead"} and container.code != 0
    return is_failed or (container.state == "running" and container.health == "unhealthy")


def _state(container: Container) -> str:
    if container.code is not None:
        return f"exit status {container.code}"
    return ", ".join(filter(None, (container.state, container.health)))


def _expected(containers: tuple[Container, ...]) -> dict[str, str]:
    running = Counter(each.service for each in containers if each.state != "exited")
    counts = {name: f"{number} running" if number > 1 else "running" for name, number in running.items()}
    return {**{each.service: "done" for each in containers}, **counts}
