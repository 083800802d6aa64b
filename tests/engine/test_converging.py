"""What is there is brought to what is declared: by hand it was changed, or the file was; the rest is left alone."""

from __future__ import annotations

import pytest

from reconciler.model.change import Action, Mode
from reconciler.operations.forget import forget
from reconciler.operations.options import PlanOptions
from reconciler.operations.status import status
from tests.engine.projects import NOTHING, change, containers, declare, fields, run_in, service
from tests.support.engine import SMALL, clone_of, docker, inspected, left_of
from tests.support.world import World, describe

HEALTH = 'healthcheck: {test: ["CMD", test, -e, /tmp/well], interval: 1s, retries: 2}'
PROJECT = '{{index .Config.Labels "com.docker.compose.project"}}'
TWO = f"services: {{web: {service('ports: [80]')}, cache: {service()}}}\n"


@pytest.mark.parametrize(
    ("words", "state"), [(("rm", "--force"), "removed"), (("stop",), "stopped"), (("pause",), "paused")]
)
def test_what_was_taken_away_by_hand_is_put_back(world: World, words: tuple[str, ...], state: str) -> None:
    """The plan says which service and how it is; the other one is left alone."""
    declare(world, TWO)
    world.settle()
    before = containers(world)
    docker(*words, before["web"])
    assert fields(world) == {"web": (state, "running")}
    assert (change(world).action, change(world).mode) == (Action.UPDATE, Mode.RESTART)
    world.settle()
    after = containers(world, running=True)
    assert after.keys() == {"web", "cache"}
    assert after["cache"] == before["cache"]


def test_one_of_several_containers_that_was_removed_is_made_again(world: World) -> None:
    """The plan says how many there are."""
    declare(world, f"services: {{web: {service('scale: 2')}}}\n")
    world.settle()
    docker("rm", "--force", containers(world)["web"])
    assert fields(world) == {"web": ("1 of 2", "2 running")}
    world.settle()


def test_what_was_made_unhealthy_by_hand_is_replaced(world: World) -> None:
    """Its neighbour is left alone."""
    sick = service(HEALTH, command='[sh, -c, "touch /tmp/well; sleep infinity"]')
    declare(world, f"services: {{web: {sick}, cache: {service()}}}\n")
    world.settle()
    before = containers(world)
    run_in(world, "web", "rm /tmp/well; sleep 3.5")
    assert fields(world) == {"web": ("unhealthy", "running")}
    world.settle()
    assert containers(world)["web"] != before["web"]
    assert containers(world)["cache"] == before["cache"]


def test_what_was_taken_off_its_network_by_hand_is_replaced(world: World) -> None:
    """The plan says which network; its neighbour is left alone."""
    both = service("networks: [default, back]")
    declare(world, f"services: {{web: {both}, cache: {service()}}}\nnetworks: {{back: {{}}}}\n")
    world.settle()
    before = containers(world)
    network = f"{docker('inspect', '--format', PROJECT, before['web'])}_back"
    docker("network", "disconnect", network, before["web"])
    assert fields(world) == {"web": (f"cut off from {network}", "running")}
    assert change(world).reason == f"web is cut off from {network}"
    world.settle()
    assert containers(world)["web"] != before["web"]
    assert containers(world)["cache"] == before["cache"]


def test_compose_itself_can_be_used_in_a_tree(world: World) -> None:
    """With what `env_file` says: it finds the project's networks and volumes, and what it left is put right."""
    web = service("volumes: ['data:/data'], ports: [80]")
    declare(world, f"services: {{web: {web}, tool: {service('profiles: [tools]')}}}\nvolumes: {{data: {{}}}}\n")
    world.settle()
    before = containers(world)
    tree = str(world.tree().path)
    by_hand = ("compose", "--project-directory", tree, "--file", f"{tree}/compose.yaml")
    by_hand = (*by_hand, "--env-file", f"{tree}/.env.orchestra")
    docker(*by_hand, "run", "--rm", "--no-deps", "tool", "true")
    assert world.plan().is_empty
    assert containers(world) == before
    docker(*by_hand, "up", "--detach")
    world.settle()
    docker(*by_hand, "up", "--detach")
    said = describe(world.destroy())
    assert "is held by somebody else's container: " in said
    assert "_default" in said
    docker(*by_hand, "down", "--timeout", "0")
    world.settle()
    world.destroy()
    assert left_of(clone_of(world)) == NOTHING


@pytest.mark.parametrize("first", ["stop", "disconnect"])
def test_a_network_that_was_removed_by_hand_is_made_again(world: World, first: str) -> None:
    """With the containers that were in it; the one that was not is left alone."""
    lonely = service("networks: [back]")
    declare(world, f"services: {{web: {service('ports: [80]')}, lonely: {lonely}}}\nnetworks: {{back: {{}}}}\n")
    world.settle()
    before = containers(world)
    project = docker("inspect", "--format", PROJECT, before["web"])
    network = f"{project}_default"
    docker(*(("stop",) if first == "stop" else ("network", "disconnect", "--force", network)), before["web"])
    docker("network", "rm", network)
    assert f"network {network} is removed" in change(world).reason
    world.settle()
    assert containers(world, running=True).keys() == before.keys()
    assert containers(world)["lonely"] == before["lonely"]
    number = world.tree().read(".env.orchestra").partition("WEB_PORT=")[2].strip()
    assert docker("port", containers(world)["web"], "80").splitlines()[0].endswith(f":{number}")


def test_a_changed_service_alone_is_replaced(world: World) -> None:
    """A plan says which, and why; the volumes of both stay."""
    declare(world, TWO)
    world.settle()
    before = containers(world)
    declare(world, TWO.replace("command: sleep infinity", "command: sleep 9999", 1))
    assert fields(world) == {"web": ("as it was declared", "replaced")}
    assert change(world).reason == "changed since they were started: compose.yaml"
    world.settle()
    after = containers(world)
    assert after["web"] != before["web"]
    assert after["cache"] == before["cache"]


def test_services_come_and_go(world: World) -> None:
    """One that is no longer in the file goes, with its network; a new one comes."""
    declare(world, TWO.replace("cache: {", "cache: {networks: [back], ") + "networks: {back: {}}\n")
    world.settle()
    assert len(left_of(clone_of(world))["network"]) == 2
    declare(world, f"services: {{web: {service('ports: [80]')}, queue: {service()}}}\n")
    assert fields(world) == {"cache": ("running", None), "queue": (None, "running")}
    world.settle()
    assert containers(world).keys() == {"web", "queue"}
    assert len(left_of(clone_of(world))["network"]) == 1


def test_what_ends_by_itself_has_succeeded(world: World) -> None:
    """And is not started again, but when it is declared otherwise."""
    declare(world, f"services: {{once: {service(command='[sh, -c, exit]')}, web: {service()}}}\n")
    world.settle()
    before = containers(world)
    docker("restart", before["web"])
    assert world.plan().is_empty
    assert containers(world) == before


def test_an_env_file_of_the_tree_decides(world: World) -> None:
    """And so do the variables that the Compose file names."""
    declare(world, f"services: {{web: {service('env_file: [web.env], environment: [A=$A]')}}}\n")
    world.main.commit({"web.env": "B=1\n"})
    world.settle()
    before = containers(world)
    world.tree().write({"web.env": "B=2\n"})
    assert change(world).reason == "changed since they were started: web.env"
    world.settle("auth")
    assert containers(world) != before
    assert run_in(world, "web", "echo $B") == "2"
    world.tree().write({".env": "A=5\n"})
    assert change(world).reason == "changed since they were started: .env"


def test_what_is_put_into_a_tree_is_there_before_what_reads_it(world: World) -> None:
    """A copied file, and what a command makes for an image; a plan that changes those says so of the containers."""
    web = "{build: ., environment: [A=$A], stop_signal: SIGKILL, command: sleep infinity}"
    declare(world, f"services: {{web: {web}}}\n")
    world.main.commit({"Dockerfile": f"FROM {SMALL}\nCOPY made.txt /\n", ".gitignore": ".env\nmade.txt\n"})
    world.main.write({".env": "A=1\n"})
    make = "dependencies: [{run: sleep 1; cp .env made.txt, inputs: [.env]}]"
    head = f"defaults: {{copy: [.env], {make}, containers: {{compose: compose.yaml}}}}\n"
    world.declare("auth:", head=head)
    world.settle()
    assert run_in(world, "web", "cat /made.txt; echo $A").split() == ["A=1", "1"]
    world.main.write({".env": "A=2\n"})
    again = PlanOptions(replace=("file:auth/.env",))
    assert "reads what this plan makes anew" in world.change("containers:auth", again).reason
    world.apply(again)
    world.require_settled()
    assert run_in(world, "web", "cat /made.txt; echo $A").split() == ["A=2", "2"]


def test_ports_stay_when_every_container_is_lost(world: World) -> None:
    """They are recorded in the tree."""
    declare(world, TWO)
    world.settle()
    told = world.tree().read(".env.orchestra")
    docker("rm", "--force", *containers(world).values())
    world.settle()
    assert world.tree().read(".env.orchestra") == told
    number = told.partition("WEB_PORT=")[2].strip()
    assert docker("port", containers(world)["web"], "80").splitlines()[0].endswith(f":{number}")


def test_nothing_of_others_is_touched(world: World) -> None:
    """Also not what has a name that begins with ours, or bears the label of another clone."""
    declare(world, TWO)
    world.settle()
    project = docker("inspect", "--format", PROJECT, containers(world)["web"])
    others = {"network": [f"{project}_default-2"], "volume": [f"{project}_data"]}
    label = ("--label", "orchestra-test=container", "--label", "orchestra.clone=another")
    try:
        docker("network", "create", *label, *others["network"])
        docker("volume", "create", *label, *others["volume"])
        others["container"] = [docker("create", *label, "--name", f"{project}-web-10", SMALL)]
        world.destroy()
        assert left_of(clone_of(world)) == NOTHING
        for what, names in others.items():
            assert inspected(what, "inspect", *names)
    finally:
        for what in ("container", "network", "volume"):
            docker(what, "rm", *others.get(what, []))


def test_containers_that_are_no_longer_declared_are_orphans(world: World) -> None:
    """Shown by every plan, removed by `--prune`, also when their tree is gone."""
    declare(world, TWO, "auth", "ui")
    world.settle()
    world.declare("auth:")
    orphans = {str(each.address) for each in world.plan().changes if each.orphan}
    assert {"containers:auth", "containers:ui"} <= orphans
    world.main.git("worktree", "remove", "--force", str(world.tree("ui").path))
    world.apply(PlanOptions(prune=True))
    assert left_of(clone_of(world)) == NOTHING
    world.require_settled()


def test_status_says_where_services_are_and_how(world: World) -> None:
    """By name: state, health and address; and what is not as it was left."""
    declare(world, TWO)
    world.settle()
    (auth,) = status(world.session())
    number = world.tree().read(".env.orchestra").partition("WEB_PORT=")[2].strip()
    shown = {value.label: value.text for value in auth.values}
    assert shown["service web"] == f"running, 127.0.0.1:{number}"
    assert shown["service cache"] == "running"
    assert auth.needs_you == ()
    docker("rm", "--force", containers(world)["web"])
    (auth,) = status(world.session())
    assert auth.needs_you == ("containers:auth: web is removed: `orchestra apply`",)


def test_all_else_is_applied_where_there_is_no_engine(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The containers alone fail, with the way out."""
    declare(world, TWO)
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        report = world.try_apply()
    failed = [outcome for outcome in report.outcomes if not outcome.status.succeeded]
    assert [str(outcome.address) for outcome in failed] == ["containers:auth"]
    assert "does not answer" in describe(report)
    assert world.tree().read(".env.orchestra")


def test_what_was_forgotten_is_left_to_a_person(world: World) -> None:
    """Its containers run on, whatever is destroyed, until it is declared and applied again."""
    declare(world, TWO, "auth", "ui")
    world.settle()
    before = containers(world, running=True)
    forget(world.session(), "auth")
    world.declare("ui:")
    world.destroy()
    assert containers(world, running=True) == before
    assert not containers(world, name="ui")


def test_containers_of_a_tree_that_is_kept_are_kept(world: World) -> None:
    """Of another owner, or protected: they run on."""
    declare(world, TWO)
    text = (world.main.path / "orchestra.yaml").read_text()
    (world.main.path / "orchestra.yaml").write_text(text.replace("auth:", "auth: {protect: true}"))
    world.settle()
    before = containers(world, running=True)
    world.destroy()
    assert containers(world, running=True) == before
    assert world.tree().path.is_dir()


def test_what_is_mounted_from_a_tree_follows_it(world: World) -> None:
    """When the tree is moved, by an edit of `path` or by hand."""
    declare(world, f"services: {{web: {service('volumes: [./app:/app]')}}}\n")
    world.settle()
    text = (world.main.path / "orchestra.yaml").read_text()
    (world.main.path / "orchestra.yaml").write_text(text.replace("auth:", "auth: {path: ../elsewhere}"))
    world.settle()
    elsewhere = world.main.path.parent / "elsewhere"
    (elsewhere / "app/new.txt").write_text("new")
    assert run_in(world, "web", "cat /app/new.txt") == "new"
    world.main.git("worktree", "move", str(elsewhere), str(elsewhere.with_name("by-hand")))
    world.apply()
    (elsewhere.with_name("by-hand") / "app/new.txt").write_text("newer")
    assert run_in(world, "web", "cat /app/new.txt") == "newer"


def test_trees_whose_containers_cannot_be_asked_for_are_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By `destroy` without an engine: else nobody would know them any more."""
    declare(world, TWO)
    world.settle()
    before = containers(world, running=True)
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        world.destroy()
    assert world.tree().path.is_dir()
    assert containers(world, running=True) == before
    assert world.plan().is_empty
