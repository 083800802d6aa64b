"""A stack on a swarm of one node: replicas, rolling updates, drift, nothing left; what it cannot express is refused."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.clients.process import Runner
from reconciler.errors import ManifestError
from reconciler.operations.options import PlanOptions
from reconciler.operations.status import status
from reconciler.operations.validate import validate
from tests.engine.killing import TIMEOUT, strike
from tests.engine.own import OwnEngine
from tests.engine.projects import change, declare, fields, service
from tests.engine.test_refused import failure, told
from tests.support.engine import clone_of, docker, left_of
from tests.support.world import World

pytestmark = pytest.mark.timeout(900)  # a swarm takes its time, and much more of it where others are at work

QUICK = "update_config: {monitor: 200ms}"
TWO = f"""
services:
  web: {service(f"ports: [80], volumes: ['data:/data'], deploy: {{replicas: 2, {QUICK}}}")}
  cache: {service(f"restart: always, deploy: {{{QUICK}}}")}
volumes: {{data: }}
"""
ONE = f"services: {{web: {service(f'deploy: {{replicas: 2, {QUICK}}}')}}}\n"


class Stack:
    """A project as a stack, and what is there of it."""

    def __init__(self, world: World, engine: OwnEngine) -> None:
        self.world, self.host = world, engine.host

    @property
    def place(self) -> str:
        """How a manifest says that it is meant."""
        return f"engine: swarm, host: '{self.host}'"

    def declare(self, compose: str, *names: str, timeout: str = "60s") -> None:
        """Declare worktrees that have what a Compose file says, on the swarm."""
        declare(self.world, compose, *names, more=f"{self.place}, timeout: {timeout}")

    def docker(self, *words: str) -> str:
        """Ask the swarm."""
        return docker("--host", self.host, *words)

    def name(self, service: str, workspace: str = "auth") -> str:
        """What the swarm calls a service."""
        return next(name for name in self.services(workspace) if name.endswith(f"_{service}"))

    def services(self, workspace: str = "auth") -> dict[str, str]:
        """The services of a workspace, and how many tasks of each run; a task that is to end is waited for."""
        end = time.monotonic() + 60
        while True:
            said = self.docker("service", "ls", *self._narrow(workspace), "--format", "{{.Name}} {{.Replicas}}")
            found: dict[str, str] = dict(line.split(" ", 1) for line in said.splitlines())  # type: ignore[misc]
            if time.monotonic() > end or not any(_has_more_than_wanted(counts) for counts in found.values()):
                return found
            time.sleep(0.2)

    def containers(self, service: str, workspace: str = "auth") -> set[str]:
        """The containers of a service that run."""
        narrow = ("--filter", f"label=com.docker.swarm.service.name={self.name(service, workspace)}")
        return set(self.docker("ps", "--quiet", "--no-trunc", *narrow).split())

    def run_in(self, service: str, script: str) -> str:
        """Run a script in a container of a service."""
        return self.docker("exec", min(self.containers(service)), "sh", "-c", script)

    def left(self) -> dict[str, list[str]]:
        """What bears the label of the clone."""
        narrow = ("--quiet", "--filter", f"label=orchestra.clone={clone_of(self.world)}")
        words = {"container": ("ps", "--all"), **{what: (what, "ls") for what in _KINDS}}
        found = {what: self.docker(*command, *narrow).split() for what, command in words.items()}
        return {what: names for what, names in found.items() if names}

    def sweep(self) -> None:
        """Remove what is left."""
        for what in ("service", "container", "network", "volume", "secret", "config"):
            for name in self.left().get(what, ()):
                words = ["docker", "--host", self.host, what, "rm", *(["--force"] if what == "container" else []), name]
                subprocess.run(words, capture_output=True, check=False)

    def _narrow(self, workspace: str) -> tuple[str, ...]:
        labels = (f"label=orchestra.clone={clone_of(self.world)}", f"label=orchestra.workspace={workspace}")
        return tuple(word for label in labels for word in ("--filter", label))


def _has_more_than_wanted(counts: str) -> bool:
    running, wanted = counts.split(maxsplit=1)[0].split("/")
    return int(running) > int(wanted)


_KINDS = ("service", "network", "volume", "secret", "config")


@pytest.fixture
def stack(world: World, swarm: OwnEngine) -> Iterator[Stack]:
    """Give a project that is to be a stack."""
    made = Stack(world, swarm)
    yield made
    made.sweep()


def test_replicas_run_and_are_replaced_one_after_the_other(stack: Stack) -> None:
    """A changed service alone; what changes only how many there are replaces none; after `destroy` nothing is left."""
    world = stack.world
    stack.declare(TWO)
    world.settle()
    assert sorted(stack.services().values()) == ["1/1", "2/2"]
    number = world.tree().read(".env.orchestra").partition("WEB_PORT=")[2].strip()
    (auth,) = status(world.session())
    shown = {value.label: value.text for value in auth.values}
    assert shown["service web"] == f"2/2 running, 127.0.0.1:{number}"
    assert shown["service cache"] == "1/1 running"
    web, cache = stack.containers("web"), stack.containers("cache")

    stack.declare(TWO.replace("sleep infinity", "sleep 9999", 1))
    assert fields(world) == {"web": ("as it was declared", "updated")}
    world.settle()
    assert stack.containers("cache") == cache
    assert len(stack.containers("web")) == 2
    assert not stack.containers("web") & web
    assert "completed" in stack.docker("service", "inspect", "--format", "{{json .UpdateStatus}}", stack.name("web"))

    web = stack.containers("web")
    stack.declare(TWO.replace("sleep infinity", "sleep 9999", 1).replace("replicas: 2", "replicas: 3"))
    world.settle()
    assert len(stack.containers("web")) == 3
    assert stack.containers("web") > web

    world.destroy()
    assert stack.left() == {}


@pytest.mark.parametrize(
    ("words", "service", "state", "wanted"),
    [
        (("rm",), "cache", "removed", "1 replica"),
        (("scale", "--detach"), "web", "scaled to 1", "2 replicas"),
        (("update", "--detach", "--env-add", "A=1"), "cache", "changed by hand", "1 replica"),
    ],
)
def test_what_was_changed_by_hand_is_put_back(
    stack: Stack, words: tuple[str, ...], service: str, state: str, wanted: str
) -> None:
    """The plan says which service, and how it is; the others are left alone."""
    world = stack.world
    stack.declare(TWO)
    world.settle()
    other = "web" if service == "cache" else "cache"
    before = stack.containers(other)
    name = stack.name(service)
    stack.docker("service", *words, f"{name}=1" if words[0] == "scale" else name)
    assert fields(world) == {service: (state, wanted)}
    world.settle()
    assert sorted(stack.services().values()) == ["1/1", "2/2"]
    assert stack.containers(other) == before
    if words[0] == "update":
        assert stack.run_in("cache", "echo ${A:-none}") == "none"


def test_what_ends_by_itself_has_succeeded(stack: Stack) -> None:
    """A job, and a service that is not to be started again; what failed of those is started by the next apply."""
    world = stack.world
    once = service("restart: 'no'", command="[sh, -c, exit]")
    job = service("deploy: {mode: replicated-job}", command="[sh, -c, exit]")
    stack.declare(f"services: {{once: {once}, job: {job}}}\n")
    world.settle()
    assert {name.rpartition("_")[2]: count for name, count in stack.services().items()} == {
        "job": "0/1 (1/1 completed)",
        "once": "0/1",
    }
    fails = service("restart: 'no', volumes: ['data:/data']", command="[sh, -c, 'test -e /data/x && exec sleep 999']")
    stack.declare(f"services: {{once: {fails}}}\nvolumes: {{data: }}\n")
    assert "non-zero exit (1)" in told(failure(world))
    (volume,) = stack.left()["volume"]
    stack.docker("run", "--rm", f"--volume={volume}:/data", "orchestra-test/small", "touch", "/data/x")
    world.settle()
    assert list(stack.services().values()) == ["1/1"]


def test_what_has_ended_goes_with_the_rest(stack: Stack) -> None:
    """Though the swarm itself leaves the container of a job that is done."""
    job = service("deploy: {mode: replicated-job}", command="[sh, -c, exit]")
    once = service("restart: 'no'", command="[sh, -c, exit]")
    stack.declare(f"services: {{once: {once}, job: {job}}}\n")
    stack.world.settle()
    stack.world.destroy()
    assert stack.left() == {}


def test_data_goes_into_its_archive_and_comes_back(stack: Stack) -> None:
    """Also when the project becomes a stack, or is one no longer."""
    world = stack.world
    stack.declare(TWO)
    world.settle()
    stack.run_in("web", "echo kept >/data/row; sync")
    world.destroy()
    assert stack.left() == {}
    world.settle()
    assert stack.run_in("web", "cat /data/row") == "kept"

    declare(world, TWO.replace("replicas: 2", "replicas: 1"), more=f"host: '{stack.host}'")
    assert change(world).notes == (f"moves from the swarm of {stack.host}, with what its volumes hold",)
    world.settle()
    assert stack.services() == {}
    narrow = ("--filter", f"label=orchestra.clone={clone_of(world)}", "--filter", "name=-web-1")
    assert stack.docker("exec", stack.docker("ps", "--quiet", *narrow), "cat", "/data/row") == "kept"

    stack.declare(TWO)
    world.settle()
    assert stack.run_in("web", "cat /data/row") == "kept"
    world.destroy()
    assert stack.left() == {}


def test_secrets_and_configs_are_replaced_with_their_content(stack: Stack) -> None:
    """The service that has one is updated; the old one goes."""
    world = stack.world
    world.main.commit({"token": "one\n", "conf": "debug\n"})
    given = "secrets: {token: {file: token}}\nconfigs: {conf: {file: conf}}\n"
    more = f"secrets: [token], configs: [{{source: conf, target: /conf}}], deploy: {{{QUICK}}}"
    stack.declare(f"services: {{web: {service(more)}, cache: {service()}}}\n{given}")
    world.settle()
    cache = stack.containers("cache")
    assert stack.run_in("web", "cat /run/secrets/token /conf").split() == ["one", "debug"]
    world.tree().write({"token": "two\n"})
    assert change(world).reason == "changed since they were started: token"
    world.settle("auth")
    assert stack.run_in("web", "cat /run/secrets/token") == "two"
    assert stack.containers("cache") == cache
    assert len(stack.left()["secret"]) == 1
    world.tree().git("checkout", "--", "token")
    world.destroy()
    assert stack.left() == {}


def test_nothing_of_others_is_touched(stack: Stack, tmp_path: Path) -> None:
    """Also not a stack whose name begins with ours, or is ours, nor the project of another workspace on that engine."""
    world = stack.world
    stack.declare(ONE, "auth", "ui")
    world.declare(
        f"auth:\nui: {{containers: {{compose: compose.yaml, host: '{stack.host}'}}}}",
        head=f"defaults: {{containers: {{compose: compose.yaml, {stack.place}}}}}\n",
    )
    world.settle()
    ours = stack.name("web").rpartition("_")[0]
    file = tmp_path / "foreign.yml"
    file.write_text(f'version: "3.8"\nservices: {{other: {service("networks: [far]")}}}\nnetworks: {{far: {{}}}}\n')
    names = (ours, f"{ours}-2")
    try:
        for name in names:
            stack.docker("stack", "deploy", "--compose-file", str(file), name)
        stack.declare(ONE.replace("sleep infinity", "sleep 9999"), "auth", "ui")
        world.declare(
            f"auth:\nui: {{containers: {{compose: compose.yaml, host: '{stack.host}'}}}}",
            head=f"defaults: {{containers: {{compose: compose.yaml, {stack.place}}}}}\n",
        )
        world.settle()
        world.destroy("auth")
        assert {what: len(found) for what, found in stack.left().items()} == {"container": 2, "network": 1}
        left = set(stack.docker("service", "ls", "--format", "{{.Name}}").split())
        assert {f"{name}_other" for name in names} <= left
        world.destroy()
        assert stack.left() == {}
    finally:
        stack.docker("stack", "rm", *names)


def test_what_does_not_work_is_told_in_time(stack: Stack) -> None:
    """With the tasks' own errors and the last that they said, at its place in the file; the next apply converges."""
    bad = service(command='[sh, -c, "echo my last words; exit 7"]')
    stack.declare(f"services:\n  web: {bad}\n", timeout="20s")
    said = told(failure(stack.world))
    assert said.startswith("compose.yaml:2:3: service web did not work within 20 s")
    assert "non-zero exit (7)" in said
    assert "my last words" in said
    assert "docker service ps --no-trunc" in said
    nowhere = service("deploy: {placement: {constraints: [node.labels.disk == ssd]}}")
    stack.declare(f"services:\n  web: {nowhere}\n", timeout="4s")
    assert "no suitable node" in told(failure(stack.world))
    stack.declare(ONE)
    stack.world.settle()


def test_an_update_that_fails_is_told_at_once(stack: Stack) -> None:
    """The swarm stops it, and what ran still runs."""
    stack.declare(ONE)
    stack.world.settle()
    before = stack.containers("web")
    stack.declare(ONE.replace("sleep infinity", '[sh, -c, "exit 7"]').replace("monitor: 200ms", "delay: 9s"))
    said = told(failure(stack.world))
    assert "service web failed" in said
    assert "update paused" in said
    assert len(stack.containers("web") & before) == 1
    stack.declare(ONE)
    stack.world.settle()


def test_what_the_swarm_refuses_is_told_at_its_place(stack: Stack) -> None:
    """As it is with what Compose refuses."""
    stack.declare(f"services:\n  web: {service('networks: [far]')}\nnetworks:\n  far: {{external: true}}\n")
    said = told(failure(stack.world))
    assert said.startswith("compose.yaml:")
    assert "far" in said


def test_a_service_waits_for_the_end_of_the_one_before_it(stack: Stack) -> None:
    """One that was removed by hand takes its time to end, and both would write to one volume."""
    script = "trap 'sleep 3; echo end >>/data/log; exit' TERM; echo start >>/data/log; sleep infinity & wait"
    web = service("volumes: ['data:/data']", command=f'[sh, -c, "{script}"]').replace("SIGKILL", "SIGTERM")
    stack.declare(f"services: {{web: {web}}}\nvolumes: {{data: }}\n")
    stack.world.settle()
    stack.docker("service", "rm", stack.name("web"))
    stack.world.settle()
    assert stack.run_in("web", "cat /data/log").split() == ["start", "end", "start"]


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("words", ["apply", "update", "destroy"])
def test_killed_after_a_call(stack: Stack, words: str) -> None:
    """The next apply converges with the data that there was, and after `destroy` nothing is left."""
    stack.declare(TWO)
    stack.world.settle()
    stack.run_in("web", "echo kept >/data/row; sync")
    seconds = iter(range(10_000, 20_000))

    def prepare() -> str:
        if words == "apply":
            stack.world.destroy()
        elif words == "update":
            stack.declare(TWO.replace("sleep infinity", f"sleep {next(seconds)}"))
        return "destroy" if words == "destroy" else "apply"

    strike(stack.world, words, prepare, times=1, judge=lambda: stack.run_in("web", "cat /data/row"))
    stack.world.destroy()
    assert stack.left() == {}


def test_a_plan_asks_a_constant_number_of_times(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six for a swarm, however many stacks there are; and an engine without one is asked nothing more."""
    asked: list[tuple[str, ...]] = []
    run = Runner.run

    def counted(self: Runner, argv: tuple[str, ...], **more: object) -> object:
        asked.append(tuple(argv))
        return run(self, argv, **more)  # type: ignore[arg-type]

    stack.declare(ONE, "auth", "ui", "docs")
    stack.world.settle()
    with monkeypatch.context() as patch:
        patch.setattr(Runner, "run", counted)
        assert stack.world.plan().is_empty
    assert len([argv for argv in asked if argv[0] == "docker"]) == 6
    stack.world.destroy()
    assert stack.left() == {}


def test_an_engine_that_is_no_manager_is_told(world: World) -> None:
    """These resources alone fail, with the way out; nothing is made."""
    declare(world, ONE, more="engine: swarm")
    assert "the container engine is no swarm manager" in change(world).reason
    said = told(failure(world))
    assert "no swarm manager" in said
    assert "`docker swarm init`" in said
    assert world.tree().path.is_dir()
    assert not any(left_of(clone_of(world)).values())
    world.destroy()


def test_an_orphan_goes_with_prune(stack: Stack) -> None:
    """Found by its labels, also when its tree is gone."""
    world = stack.world
    stack.declare(ONE, "auth", "ui")
    world.settle()
    world.declare("ui:", head=f"defaults: {{containers: {{compose: compose.yaml, {stack.place}}}}}\n")
    world.main.git("worktree", "remove", "--force", str(world.tree().path))
    assert change(world).orphan
    world.apply(PlanOptions(prune=True))
    assert stack.services() == {}
    assert list(stack.services("ui").values()) == ["2/2"]


def test_validate_needs_no_swarm(world: World) -> None:
    """It refuses what a stack cannot express, all of it, each at its place."""
    compose = """\
        services:
          web:
            image: x
            build: .
            privileged: true
            depends_on: {db: {condition: service_healthy}}
            ports: ["127.0.0.1:80:80"]
          db: {image: x, network_mode: host, restart: always, privileged: false}
        """
    declare(world, compose, more="engine: swarm")
    with pytest.raises(ManifestError) as caught:
        validate(world.session())
    said = [f"{each.where}: {each.message}" for each in caught.value.problems]
    assert said == [
        "compose.yaml:4:5: a stack cannot express `build`",
        "compose.yaml:5:5: a stack cannot express `privileged`",
        "compose.yaml:6:23: a stack starts all at once, and cannot wait for `db` with `service_healthy`",
        "compose.yaml:7:13: a stack listens on every node, and cannot listen at `127.0.0.1` alone",
        "compose.yaml:8:18: a stack cannot express `network_mode`",
    ]
    assert all(each.hint for each in caught.value.problems)
