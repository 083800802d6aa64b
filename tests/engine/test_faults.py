"""Killed after every call, the engine stopped in the middle, forty at once: the next apply converges, and all goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from reconciler.clients.process import Runner
from tests.engine.killing import TIMEOUT, strike
from tests.engine.own import OwnEngine
from tests.engine.projects import NOTHING, containers, declare, run_in, service
from tests.support.engine import clone_of, left_of
from tests.support.world import World

STORE = f"services: {{store: {service('volumes: [data:/data], ports: [80]')}, web: {service()}}}\nvolumes: {{data: }}\n"


@pytest.mark.timeout(TIMEOUT)
@pytest.mark.parametrize("words", ["apply", "destroy", "update"])
def test_killed_after_a_call(world: World, words: str) -> None:
    """What a volume held is there after the next apply, and after `destroy` nothing is."""
    declare(world, STORE)
    world.settle()
    run_in(world, "store", "echo kept >/data/row; sync")
    seconds = iter(range(10_000, 20_000))

    def prepare() -> str:
        if words == "apply":  # from nothing, with an archive that is to be put back
            world.destroy()
        elif words == "update":
            declare(world, STORE.replace("sleep infinity", f"sleep {next(seconds)}"))
        return "destroy" if words == "destroy" else "apply"

    strike(world, words, prepare, times=3, judge=lambda: run_in(world, "store", "cat /data/row"))
    world.destroy()
    assert left_of(clone_of(world)) == NOTHING


def test_a_library_call_ends_when_all_is_to_be_ended(world: World) -> None:
    """As after a second Ctrl-C: what waits for a service is ended, with what it started."""
    slow = service('healthcheck: {test: ["CMD", "false"], interval: 1s, retries: 1000}')
    waits = service("depends_on: {web: {condition: service_healthy}}")
    declare(world, f"services: {{web: {slow}, other: {waits}}}\n")
    argv = [sys.executable, "-m", "reconciler", "apply", "--auto-approve"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(argv, cwd=world.main.path, env=environment, stderr=subprocess.PIPE) as process:
        for _ in range(200):
            if clone_of(world) and containers(world, running=True):
                break
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
    declare(world, f"services: {{web: {service()}, other: {service()}}}\n")
    world.settle()


def test_the_engine_is_restarted(world: World, own: OwnEngine) -> None:
    """What ran is started again, at the same ports."""
    declare(world, STORE, more=f"host: '{own.host}'")
    world.settle()
    told = world.tree().read(".env.orchestra")
    own.stop()
    assert "does not answer" in str(world.plan())
    own.start()
    world.settle()
    assert world.tree().read(".env.orchestra") == told
    world.destroy()
    assert not own.left(clone_of(world))


def test_the_engine_is_stopped_in_the_middle(world: World, own: OwnEngine) -> None:
    """Wherever that is, the next apply converges, and `destroy` leaves nothing."""
    for seconds in (0.3, 0.8, 1.3, 2.0):
        declare(world, STORE, more=f"host: '{own.host}'")
        timer = threading.Timer(seconds, own.stop)
        timer.start()
        world.try_apply()
        timer.join()
        own.start()
        world.settle()
        world.destroy()
        assert not own.left(clone_of(world))


@pytest.mark.timeout(900)
def test_forty_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's own addresses give out near thirty; a plan asks it as often as for one."""
    names = [f"w{number}" for number in range(40)]
    declare(world, f"services: {{web: {service('ports: [80]')}}}\n", *names)
    world.settle()
    assert {what: len(found) for what, found in left_of(clone_of(world)).items()} == {
        "container": 40,
        "network": 40,
        "volume": 0,
    }
    asked: list[tuple[str, ...]] = []
    run = Runner.run

    def counted(self: Runner, argv: tuple[str, ...], **more: object) -> object:
        asked.append(tuple(argv))
        return run(self, argv, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Runner, "run", counted)
        assert world.plan().is_empty
    assert len([argv for argv in asked if argv[0] == "docker"]) == 3
    world.destroy()
    assert left_of(clone_of(world)) == NOTHING
