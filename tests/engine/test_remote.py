"""An engine elsewhere: by where it listens, or by a context of the client; what it publishes is reached there."""

from __future__ import annotations

import signal

import pytest

from reconciler.clients.docker import engine
from reconciler.operations.status import status
from tests.engine.own import OwnEngine, listening_on
from tests.engine.projects import NOTHING, declare, run_on, service
from tests.support.engine import SMALL, clone_of, docker, left_of
from tests.support.world import World

STORE = f"services: {{store: {service('volumes: [data:/data], ports: [80]')}, web: {service()}}}\nvolumes: {{data: }}\n"
FAR = "127.0.0.2"  # not what a program takes for this machine


@pytest.mark.parametrize("key", ["host", "context"])
def test_an_engine_elsewhere_has_the_containers(world: World, own: OwnEngine, key: str) -> None:
    """By where it listens, or by a context of the client; none are on the engine of this machine."""
    docker("context", "create", "far", f"--docker=host={own.host}")
    try:
        place = f"host: '{own.host}'" if key == "host" else "context: far"
        declare(world, STORE, more=place)
        world.settle()
        assert left_of(clone_of(world)) == NOTHING
        assert own.left(clone_of(world))
        world.declare("auth:")
        world.destroy()
        assert not own.left(clone_of(world))
    finally:
        docker("context", "rm", "--force", "far")


def test_what_is_published_is_told_where_it_is(world: World, own: OwnEngine) -> None:
    """By `status` and by the file for the app; and a volume goes and comes as on this machine."""
    local = "127.0.0.1:81:81"
    compose = f"services: {{store: {service(f'volumes: [data:/data], ports: [80, {local!r}]')}}}\nvolumes: {{data: }}\n"
    with listening_on(FAR, own) as host:
        declare(world, compose, more=f"host: '{host}'")
        world.settle()
        told = dict(line.split("=") for line in world.tree().read(".env.orchestra").splitlines() if "=" in line)
        assert (told["STORE_80_HOST"], told["STORE_81_HOST"]) == (FAR, FAR)
        (auth,) = status(world.session())
        shown = {value.label: value.text for value in auth.values}
        where = f"{FAR}:{told['STORE_80_PORT']}, on {FAR} alone: 127.0.0.1:{told['STORE_81_PORT']}"
        assert shown["service store"] == f"running, {where}"
        run_on(own, world, "store", "echo kept >/data/row; sync")
        world.destroy()
        assert not own.left(clone_of(world))
        world.settle()
        assert run_on(own, world, "store", "cat /data/row") == "kept"
    assert left_of(clone_of(world)) == NOTHING


def test_a_port_that_a_container_there_has_is_not_given(world: World, own: OwnEngine) -> None:
    """Whoever's it is: no socket of this machine tells of it."""
    with listening_on(FAR, own) as host:
        declare(world, f"services: {{web: {service('ports: [80]')}}}\n", more=f"host: '{host}'")
        (planned,) = [each.after for each in world.change("ports:auth").fields if each.path == "web"]
        docker("--host", own.host, "run", "--detach", "--publish", f"{planned}:1", SMALL)
        world.settle()
        assert f"WEB_PORT={planned}" not in world.tree().read(".env.orchestra")


def test_an_engine_that_hangs_is_not_waited_for(world: World, own: OwnEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as one that does not answer, and everything else is planned."""
    declare(world, STORE, more=f"host: '{own.host}'")
    monkeypatch.setattr(engine, "QUICK_SECONDS", 1.0)
    own.processes[-1].send_signal(signal.SIGSTOP)
    try:
        assert f"{own.host} does not answer: nothing was said within 1 s" in world.change("containers:auth").reason
    finally:
        own.processes[-1].send_signal(signal.SIGCONT)


def test_an_engine_that_does_not_answer_is_told_with_its_place(world: World) -> None:
    """And nothing waits for it for ever."""
    declare(world, STORE, more=f"host: 'tcp://{FAR}:1'")
    world.try_apply()
    reason = world.change("containers:auth").reason
    assert f"tcp://{FAR}:1 does not answer" in reason
