"""Roll a stack out: deploy it, start anew what the swarm has given up, and wait until all of it works.

The rule: a service that is as it is declared is left alone, and one that is not is replaced by the swarm, a task after
the other, as its `update_config` says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients.docker.compose import Compose
from reconciler.clients.docker.engine import Engine, Found
from reconciler.clients.docker.swarm import Service, Standing, Task
from reconciler.errors import Location, PermanentError
from reconciler.kinds.containers.rewrite import Identity
from reconciler.kinds.containers.stack import Stack
from reconciler.kinds.containers.take_down_stack import StackTaker, remove_given

_TAIL_LINES = 20
_MOST_TASKS = 3
_TURN_SECONDS = 0.5
_GIVEN_UP = frozenset({"paused", "rollback_paused", "rollback_completed"})
_AT_IT = frozenset({"updating", "rollback_started"})


@dataclass(frozen=True, slots=True)
class Rollout:
    """Rolls the stack of one workspace out.

    Attributes:
        file: the stack's document.
        resolve: when a registry is asked which image a name stands for.
        seconds: how long it may take, `end` until when that is.
    """

    engine: Engine
    compose: Compose
    identity: Identity
    stack: Stack
    file: Path
    resolve: str
    seconds: float
    end: float
    on_output: Callable[[str], None]
    place_of: Callable[[str], Location | None]
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    def roll_out(self, found: Found) -> Mapping[str, Service]:
        """Do it; the services that were seen to work, by what their file calls them.

        Raises:
            ClientError: the swarm refused, or something did not work in time.
        """
        stay = [each for each in found.services if each.service in self.stack.declared]
        go = [each for each in found.services if each not in stay]
        StackTaker(self.engine, self.identity, self.sleep, self.clock).end_services(go, but=stay)
        left = max(1.0, self.end - self.clock())
        self.compose.deploy(self.identity.name, self.file, left, self.on_output, resolve=self.resolve)
        services = self._wait(self._start_anew(self._look()))
        remove_given(self.engine, self.identity, self.stack.given)
        return services

    def _look(self) -> Standing:
        return self.engine.standing(self.identity.clone, self.identity.workspace)

    def _start_anew(self, standing: Standing) -> frozenset[str]:
        """What ended, and is not started again by the swarm itself, unless it was to end; the tasks that it had."""
        before: set[str] = set()
        for name, service in standing.services.items():
            tasks = standing.latest(service).values()
            has_ended = [each for each in tasks if not each.is_live and each.state != "complete"]
            if has_ended and service.restart != "any" and not service.is_job and self._is_new(name, has_ended):
                self.engine.run("service", "update", "--force", "--detach", service.name)
                before.update(each.id for each in has_ended)
        return frozenset(before)

    def _is_new(self, name: str, tasks: list[Task]) -> bool:
        """Whether those are of the declaration that is deployed: others are replaced by the deployment itself."""
        return all(each.declared == self.stack.templates[name] for each in tasks)

    def _wait(self, replaced: frozenset[str]) -> Mapping[str, Service]:
        """Wait until every service was seen to work twice, with the same tasks: one may end as soon as it runs.

        Args:
            replaced: tasks that failed before, and are on the way to be replaced.

        Raises:
            PermanentError: one failed, or it took too long.
        """
        before: frozenset[str] = frozenset()
        while True:
            standing = self._look()
            waited_for = [name for name in self.stack.declared if not self._works(standing, name)]
            if failed := [name for name in waited_for if self._has_failed(standing, name, replaced)]:
                raise self._not_working(standing, failed, "failed")
            tasks = frozenset(each.id for each in standing.tasks if each.is_wanted) | {"seen"}
            if not waited_for and tasks == before:
                return standing.services
            if self.clock() >= self.end and (waited_for or before):  # else it works now, and is looked at once more
                bad = waited_for or list(self.stack.declared)
                raise self._not_working(standing, bad, f"did not work within {self.seconds:g} s")
            before = frozenset() if waited_for else tasks
            self.sleep(_TURN_SECONDS)

    def _works(self, standing: Standing, name: str) -> bool:
        service = standing.services.get(name)
        if service is None or service.update in _AT_IT | _GIVEN_UP:
            return False
        if service.is_job:
            return not service.left
        latest = standing.latest(service).values()
        is_old = any(each.is_wanted and each.declared != self.stack.templates[name] for each in standing.of(service))
        working = [each for each in latest if self._does_its_work(service, each, self.stack.templates[name])]
        return not is_old and len(working) >= service.wanted

    @staticmethod
    def _does_its_work(service: Service, task: Task, template: str) -> bool:
        is_done = task.state == "complete" and service.restart != "any"
        return task.declared == template and (is_done or (task.is_wanted and task.state == "running"))

    def _has_failed(self, standing: Standing, name: str, replaced: frozenset[str]) -> bool:
        """The swarm does not try any more."""
        service = standing.services.get(name)
        if service is None or service.update in _GIVEN_UP:
            return service is not None
        tasks = [each for each in standing.latest(service).values() if each.id not in replaced]
        bad = [each for each in tasks if each.state in {"failed", "rejected"} and self._is_new(name, [each])]
        return service.restart == "none" and bool(bad)

    def _not_working(self, standing: Standing, names: list[str], what: str) -> PermanentError:
        said = [line for name in names for line in self._said(standing, name)]
        full = f"{self.identity.name}_{names[0]}"
        hint = f"`docker service ps --no-trunc {full}` has all of it; `containers: {{timeout: …}}` gives more time"
        message = "\n".join((f"service {', '.join(names)} {what}", *said))
        return PermanentError(message, where=self.place_of(f"services.{names[0]}"), hint=hint)

    def _said(self, standing: Standing, name: str) -> list[str]:
        """How the tasks of a service are, and the last that they said."""
        service = standing.services.get(name)
        if service is None:
            return [f"{name} (not there)"]
        of_update = [f"{name} (update {service.update}: {service.message})"] if service.update in _GIVEN_UP else []
        bad = [each for each in standing.of(service) if each.error or (each.is_wanted and each.state != "running")]
        tasks = [f"{name}.{t.place} ({', '.join(filter(None, (t.state, t.error)))})" for t in bad[:_MOST_TASKS]]
        log = self.compose.service_log(service.name, _TAIL_LINES)
        return [*of_update, *tasks, *([f"its last lines:\n{log}"] if log else [])]
