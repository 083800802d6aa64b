"""What cannot work is refused where it can be known, at its place; what fails says why, and stops nothing else."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.model.outcome import Outcome, Status
from reconciler.operations.validate import validate
from tests.engine.projects import NOTHING, change, containers, declare, fields, run_in, service
from tests.support.engine import SMALL, clone_of, docker, left_of
from tests.support.world import World


def failure(world: World) -> Outcome:
    """Apply, and give the one thing that failed."""
    report = world.try_apply()
    (failed,) = [each for each in report.outcomes if each.status is Status.FAILED]
    return failed


def told(outcome: Outcome) -> str:
    """Place, message and hint."""
    assert outcome.error is not None
    return f"{outcome.error.where}: {outcome.error.message} | {outcome.error.hint}"


@pytest.mark.parametrize(
    ("compose", "where", "why"),
    [
        (f"services:\n  web:\n    image: {SMALL}\n    imag: x\n", "compose.yaml:4:5", "Additional property imag"),
        (f"services:\n  web: {{image: {SMALL}, ports: [80], privileged: 5}}\n", "compose.yaml:2:", "privileged"),
        (f"services:\n  web: {{image: {SMALL}, networks: [back]}}\n", "compose.yaml:2:3", "undefined network back"),
        (f"services:\n  web:\n    image: {SMALL}\n    labels: {{a: '${{B:?say it}}'}}\n", "compose.yaml:4:", "say it"),
    ],
    ids=["unknown key", "wrong type", "undefined network", "missing variable"],
)
def test_what_compose_refuses_is_told_at_its_place(world: World, compose: str, where: str, why: str) -> None:
    """In the user's own file; nothing is made."""
    declare(world, compose)
    said = told(failure(world))
    assert said.startswith(where)
    assert why in said
    assert left_of(clone_of(world)) == NOTHING


def test_a_plan_tells_what_compose_refuses_of_a_changed_file(world: World) -> None:
    """What runs is left as it is."""
    declare(world, f"services: {{web: {service()}}}\n")
    world.settle()
    before = containers(world)
    declare(world, f"services:\n  web: {{image: {SMALL}, imag: x}}\n")
    assert "compose.yaml:2:" in change(world).reason
    assert "imag" in told(failure(world))
    assert containers(world, running=True) == before


@pytest.mark.parametrize("pull", ["missing", "never", "always"])
def test_an_image_that_cannot_be_had_says_how_to_have_it(world: World, pull: str) -> None:
    """Which service needs it, where, and the command."""
    image = "localhost:1/nobody/has-this"
    declare(world, f"services:\n  web:\n    image: {image}\n", more=f"pull: {pull}")
    said = told(failure(world))
    assert said.startswith("compose.yaml:")
    assert f"image {image} of service web" in said
    assert f"`docker pull {image}`" in said


def test_what_is_there_is_not_pulled(world: World) -> None:
    """But where it always is to be."""
    declare(world, f"services: {{web: {service()}}}\n", more="pull: missing")
    world.settle()
    declare(world, f"services: {{web: {service()}}}\n", more="pull: always")
    assert f"image {SMALL} of service web cannot be had" in told(failure(world))


def test_a_health_check_that_never_passes_is_told_in_time(world: World) -> None:
    """With the last that the service said; what depends on it is skipped, all else is applied."""
    health = 'healthcheck: {test: ["CMD", "false"], interval: 1s, retries: 100}'
    web = service(health, command='[sh, -c, "echo my last words; sleep infinity"]')
    declare(world, f"services:\n  web: {web}\n", "auth", "ui", more="timeout: 4s")
    world.declare("auth:\nui: {containers: {}}", head="defaults: {containers: {compose: compose.yaml, timeout: 4s}}\n")
    said = told(failure(world))
    assert said.startswith("compose.yaml:2:3: service web did not work within 4 s")
    assert "my last words" in said
    assert world.tree("ui").path.is_dir()


def test_a_service_that_fails_is_told_with_its_last_words(world: World) -> None:
    """And with its exit status; the next apply tries again."""
    bad = service(command='[sh, -c, "echo my last words; exit 7"]')
    declare(world, f"services:\n  web: {bad}\n  other: {{image: {SMALL}, depends_on: [web]}}\n")
    said = told(failure(world))
    assert said.startswith("compose.yaml:2:3: service web failed")
    assert "web (exit status 7), its last lines:\nmy last words" in said
    assert "docker logs" in said
    declare(world, f"services:\n  web: {service()}\n")
    world.settle()


def test_what_it_depends_on_failed(world: World) -> None:
    """The one that failed is to blame, not the one that waited for it."""
    bad = service(command='[sh, -c, "echo my last words; exit 7"]')
    waits = service("depends_on: {web: {condition: service_completed_successfully}}")
    declare(world, f"services:\n  web: {bad}\n  other: {waits}\n")
    assert "service web did not start" in told(failure(world))


def test_a_range_that_is_used_up_is_told(world: World) -> None:
    """Of two workspaces one has a port; the other says who has it."""
    low = 11000 + os.getpid() % 900 * 10 + 9
    compose = f"services: {{web: {service('ports: [80]')}}}\n"
    declare(world, compose, "auth", "ui")
    text = (world.main.path / "orchestra.yaml").read_text()
    (world.main.path / "orchestra.yaml").write_text(f"port_range: {low}-{low}\n{text}")
    report = world.try_apply()
    failed = {str(each.address): each for each in report.outcomes if not each.status.succeeded}
    assert {each.status for each in failed.values()} == {Status.FAILED, Status.SKIPPED}
    assert len(failed) == 2
    assert any(f"no port between {low} and {low} is left" in each.reason for each in failed.values())


def test_an_image_is_built_from_the_tree(world: World) -> None:
    """For each workspace its own, gone when it is destroyed."""
    declare(world, "services: {web: {build: ., stop_signal: SIGKILL, command: sleep infinity}}\n")
    world.main.commit({"Dockerfile": f"FROM {SMALL}\nCOPY top.txt /what\n"})
    world.settle()
    assert run_in(world, "web", "cat /what") == "top"
    world.tree().write({"top.txt": "mine\n", "Dockerfile": f"FROM {SMALL}\nCOPY top.txt /what\nENV A=1\n"})
    world.apply()
    assert run_in(world, "web", "cat /what") == "mine"
    built = docker("image", "ls", "--quiet", "--filter", f"label=orchestra.clone={clone_of(world)}")
    assert built
    world.destroy()
    assert docker("image", "ls", "--quiet", "--filter", f"label=orchestra.clone={clone_of(world)}") == ""


def test_an_image_with_a_fixed_name_is_each_workspaces_own(world: World) -> None:
    """So is one that others of its services run; the user's own of that name, and a name that he gave, stay."""
    web = "{build: ., image: orchestra-test/built, stop_signal: SIGKILL, command: sleep infinity}"
    other = service().replace(SMALL, "orchestra-test/built")
    declare(world, f"services:\n  web: {web}\n  worker: {other}\n", "auth", "ui")
    world.main.commit({"Dockerfile": f"FROM {SMALL}\nCOPY top.txt /what\n"})
    world.settle()
    for name in ("auth", "ui"):
        world.tree(name).write({"top.txt": f"{name}\n"})
    world.settle("auth", "ui")
    said = [run_in(world, each, "cat /what", name=name) for name in ("auth", "ui") for each in ("web", "worker")]
    assert said == ["auth", "auth", "ui", "ui"]
    named = docker("image", "ls", "--quiet", "--filter", "reference=orchestra-test/built")
    assert not named, "a name that is not ours to give"
    built = docker("inspect", "--format", "{{.Image}}", containers(world)["web"])
    docker("tag", built, "orchestra-test/kept")
    try:
        world.destroy()
        assert docker("image", "inspect", "--format", "{{.Id}}", "orchestra-test/kept") == built
    finally:
        docker("image", "rm", "--force", built)


def test_an_image_that_is_older_than_its_context_is_built_anew(world: World) -> None:
    """The plan says of which service; its neighbours are left alone, and what no image is built from does not count."""
    web = "{build: {context: web}, stop_signal: SIGKILL, command: sleep infinity}"
    declare(world, f"services:\n  web: {web}\n  other: {web.replace('web', 'other')}\n  plain: {service()}\n")
    image = f"FROM {SMALL}\nCOPY . /what\n"
    world.main.commit({"web/Dockerfile": image, "web/a": "1\n", "web/.dockerignore": "*.log\n"})
    world.main.commit({"other/Dockerfile": image.replace("COPY . /what", "COPY b /b"), "other/b": "1\n"})
    world.settle()
    before = containers(world)
    world.tree().write({"web/noise.log": "x\n", "web/__pycache__/a.pyc": "x\n", "top.txt": "x\n"})
    assert world.plan().is_empty
    world.tree().write({"web/a": "2\n"})
    assert change(world).reason == "the image of web is older than its build context"
    assert fields(world) == {"web": ("older than its build context", "built anew, and replaced")}
    world.settle("auth")
    after = containers(world)
    assert run_in(world, "web", "cat /what/a") == "2"
    assert after["web"] != before["web"]
    assert (after["other"], after["plain"]) == (before["other"], before["plain"])
    world.tree().write({"other/Dockerfile": f"FROM {SMALL}\nCOPY b /c\n"})
    assert "the image of other is older than its build context" in change(world).reason
    world.settle("auth")
    assert containers(world)["web"] == after["web"]
    assert run_in(world, "other", "cat /c") == "1"


def test_a_build_that_fails_says_what_it_said(world: World) -> None:
    """Nothing is started."""
    declare(world, "services: {web: {build: .}}\n")
    world.main.commit({"Dockerfile": f"FROM {SMALL}\nRUN echo my last words && false\n"})
    assert "my last words" in told(failure(world))
    assert not containers(world)


def test_services_in_the_manifest_need_no_file(world: World) -> None:
    """Their volumes need no declaration of their own, and mistakes have their place in the manifest."""
    world.declare(f"auth:\n  containers:\n    services:\n      web: {service('volumes: [data:/data], ports: [80]')}\n")
    world.settle()
    assert len(left_of(clone_of(world))["volume"]) == 1
    world.declare(f"auth:\n  containers:\n    services:\n      web: {{image: {SMALL}, imag: x}}\n")
    assert change(world).reason.startswith("orchestra.yaml:5:")


def test_two_versions_of_compose_are_told_apart(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client without the plugin, as one beside which Compose v1 is installed, says what is missing."""
    declare(world, f"services: {{web: {service()}}}\n")
    real = shutil.which("docker")
    file = tmp_path / "bin/docker"
    file.parent.mkdir()
    refusal = "docker: 'compose' is not a docker command.\\nSee 'docker --help'\\n"
    lacking = f'case " $* " in *" compose "*) printf "{refusal}" >&2; exit 1;; esac'
    file.write_text(f'#!/bin/sh\n{lacking}\nexec {real} "$@"\n')
    file.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", f"{file.parent}:{os.environ['PATH']}")
        said = told(failure(world))
    assert "there is no Compose v2" in said
    assert "docker compose" in said


def test_validate_starts_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no engine, and refuses what leads elsewhere."""
    declare(world, "include: [https://example.org/compose.yaml]\nservices: {}\n")
    with monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        with pytest.raises(ManifestError, match="not on this machine"):
            validate(world.session())


def test_variables_of_a_file_are_those_of_the_tree(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """`$PWD` is the tree, and which profiles there are the manifest says alone."""
    monkeypatch.setenv("PWD", str(world.main.path))
    web = service('volumes: ["${PWD}/web:/web"], ports: [80]')
    declare(world, f"services:\n  web: {web}\n  more: {service('profiles: [more], ports: [81]')}\n")
    world.main.commit({"web/a": "main\n", ".env": "COMPOSE_PROFILES=more\n"})
    world.settle()
    world.tree().write({"web/a": "tree\n"})
    assert run_in(world, "web", "cat /web/a") == "tree"
    assert containers(world).keys() == {"web"}
    monkeypatch.setenv("PWD", "/")
    assert world.plan().is_empty


def test_a_profile_that_the_manifest_names_is_there_too(world: World) -> None:
    """With what hangs on its services; one that it does not name is not."""
    more, other = (service(f"profiles: [{name}], ports: [81]") for name in ("more", "other"))
    declare(world, f"services:\n  web: {service()}\n  more: {more}\n  other: {other}\n", more="profiles: [more]")
    world.settle()
    assert containers(world, running=True).keys() == {"web", "more"}


@pytest.mark.parametrize("what", ["network", "volume"])
def test_what_is_somebody_elses_and_not_there_is_told_at_its_place(world: World, what: str) -> None:
    """With the command that makes it."""
    use = "networks: [theirs]" if what == "network" else "volumes: [theirs:/a]"
    theirs = f"{what}s: {{theirs: {{name: orchestra-test-none, external: true}}}}"
    declare(world, f"services: {{web: {service(use)}}}\n{theirs}\n")
    said = told(failure(world))
    assert said.startswith(f"compose.yaml:2:{len(what) + 5}: there is no {what} orchestra-test-none"), said
    assert f"`docker {what} create orchestra-test-none`" in said


def test_a_port_of_several_containers_is_refused_at_its_place(world: World) -> None:
    """One number cannot be had by two."""
    declare(world, f"services:\n  web: {service('scale: 2, ports: [80]')}\n")
    assert told(failure(world)).startswith("compose.yaml:2:3: service web has 2 containers, and one number for port 80")
