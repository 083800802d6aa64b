"""Compose files as they are read before an engine is asked: their ports, their places, and what is refused in them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.clients.docker.build_context import BuildContext
from reconciler.errors import Location, ManifestError
from reconciler.kinds.containers import ContainersSpec
from reconciler.manifest.compose_source import ComposeFile, from_file
from reconciler.manifest.expand import expand
from tests.support.manifests import load_text

WHERE = Location("orchestra.yaml", 3, 7)


def read(
    text: str, others: Mapping[str, str] | None = None, *, path: str = "compose.yaml", profiles: str = ""
) -> ComposeFile:
    """Read a Compose file of a repository that has these files."""
    files = {path: text, **(others or {})}
    return from_file(path, WHERE, profiles.split(), lambda name: files[name].encode() if name in files else None)


def ports(file: ComposeFile) -> dict[str, str]:
    """The ports by their names."""
    return {port.name: f"{port.service} {port.target}/{port.protocol}" for port in file.ports}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ('"5432"', ["5432/tcp"]),
        ("5432", ["5432/tcp"]),
        ('"8000:80"', ["80/tcp"]),
        ('"127.0.0.1:8000:80/udp"', ["80/udp"]),
        ('"[::1]:8000:80"', ["80/tcp"]),
        ('"${PORT:-8000}:80"', ["80/tcp"]),
        ('"${A:-${B:-1}}:80"', ["80/tcp"]),
        ('"8000-8001:80-81"', ["80/tcp", "81/tcp"]),
        ("{target: 80, published: 8000, protocol: udp}", ["80/udp"]),
        ('"53:53/UDP"', ["53/udp"]),
    ],
)
def test_every_form_of_a_port_is_read(written: str, found: list[str]) -> None:
    """What is inside of the container counts."""
    file = read(f"services: {{web: {{image: x, ports: [{written}]}}}}")
    assert [f"{port.target}/{port.protocol}" for port in file.ports] == found


def test_ports_are_named_after_their_services() -> None:
    """With the number where a service has several."""
    file = read("services: {web: {ports: [80, 443, '80/udp']}, test-db: {ports: ['5433']}, 2.x: {ports: [1]}}")
    assert ports(file) == {
        "web-80": "web 80/tcp",
        "web-443": "web 443/tcp",
        "web-80-udp": "web 80/udp",
        "test-db": "test-db 5433/tcp",
        "port-2-x": "2.x 1/tcp",
    }


def test_what_is_included_extended_and_merged_counts() -> None:
    """Each where it is written; a profile that is not chosen does not."""
    others = {
        "deploy/other.yaml": "services: {cache: {ports: [6379]}}",
        "deploy/base.yaml": "services: {base: {ports: [1], env_file: base.env}}",
    }
    text = """\
include: [other.yaml]
x-common: &common {ports: ["9000"]}
services:
  web: {extends: {file: base.yaml, service: base}, ports: [2], env_file: [a.env, {path: b.env}]}
  api: {extends: web}
  job: {<<: *common, build: {context: ./job, dockerfile: Job}}
  dev: {profiles: [dev], ports: [7]}
"""
    file = read(text, others, path="deploy/compose.yaml")
    assert ports(file) == {
        "cache": "cache 6379/tcp",
        "web-1": "web 1/tcp",
        "web-2": "web 2/tcp",
        "api-1": "api 1/tcp",
        "api-2": "api 2/tcp",
        "job": "job 9000/tcp",
    }
    assert file.services == ("cache", "web", "api", "job")
    inputs = {"other.yaml", "base.yaml", ".env", "base.env", "a.env", "b.env", "job/Job"}
    assert set(file.source.inputs) == {f"deploy/{name}" for name in inputs}
    assert "dev" in ports(read(text, others, path="deploy/compose.yaml", profiles="dev"))


def test_files_that_are_included_as_one_are_merged() -> None:
    """A later one adds to what the first says of a service; what they are filled from decides too."""
    others = {"a.yaml": "services: {web: {ports: [80]}, db: {ports: [1]}}", "b.yaml": "services: {web: {ports: [81]}}"}
    text = "include: [{path: [a.yaml, b.yaml], env_file: inc.env, project_directory: sub}]\n"
    file = read(text, others)
    assert ports(file) == {"web-80": "web 80/tcp", "web-81": "web 81/tcp", "db": "db 1/tcp"}
    assert {"inc.env", "sub/.env"} <= set(file.source.inputs)


def test_what_images_are_built_from_is_known_by_service() -> None:
    """Also where it is inherited; not what is elsewhere, and not where a profile was not chosen."""
    text = """\
services:
  web: {build: {context: ../web, dockerfile: docker/Web}}
  api: {extends: web, build: {args: {A: 1}}}
  own: {extends: web, build: ./own}
  far: {build: "https://example.org/far.git"}
  out: {build: ../../out}
  dev: {build: ., profiles: [dev]}
"""
    file = read(text, {}, path="deploy/compose.yaml")
    web = BuildContext("web", "web/docker/Web")
    assert file.source.contexts == {"web": web, "api": web, "own": BuildContext("deploy/own", "deploy/own/Dockerfile")}


def test_the_name_is_taken_out_and_every_line_stays() -> None:
    """The essay's is one that Compose cannot read."""
    file = read("# mine\nname: ${COMPOSE_PROJECT_NAME:-${PWD##*/}}\nservices: {web: {image: '$A${B}'}}\n")
    assert file.source.text == "# mine\nname: orchestra\nservices: {web: {image: '$A${B}'}}\n"
    assert {"A", "B"} <= set(file.source.variables)
    assert file.source.places["services.web.image"] == Location("compose.yaml", 3, 18)


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("services: {web: [", "this is not YAML", "compose.yaml:1:"),
        ("- a", "a Compose file is a mapping", "compose.yaml:1:1"),
        ("services:\n", "there are no services", "compose.yaml:1:1"),
        ("a: 1\n", "there are no services", "compose.yaml:1:1"),
        (
            "include:\n  - oci://far/x\nservices: {a: }",
            "includes `oci://far/x`, which",
            "compose.yaml:2:5",
        ),
        ("include:\n  - path: git@far:x.git\nservices: {a: }", "which is not on this machine", "compose.yaml:2:11"),
        ("include: [../x.yaml]\nservices: {a: }", "leads out of the repository", "compose.yaml:1:11"),
        ("include: [/etc/x.yaml]\nservices: {a: }", "leads out of the repository", "compose.yaml:1:11"),
        ("include: [$HOME/x.yaml]\nservices: {a: }", "hangs on a variable", "compose.yaml:1:11"),
        ("include: [gone.yaml]\nservices: {a: }", "there is no file gone.yaml", "compose.yaml:1:11"),
        ("services: {a: {extends: {file: 'https://far/x', service: b}}}", "extends a service of", "compose.yaml:1:32"),
        ("services: {a: {ports: ['${PORT}']}}", "a port of `a` is not written as a number", "compose.yaml:1:24"),
        ("services: {a: {ports: [99999]}}", "a port of `a` is not written as a number", "compose.yaml:1:24"),
        ("services: {a: &a {b: *a}}", "it is nested too deep, or holds itself", "compose.yaml:1:"),
    ],
)
def test_what_is_refused_has_its_place(text: str, message: str, place: str) -> None:
    """In the Compose file itself."""
    with pytest.raises(ManifestError) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert message in problem.message
    assert str(problem.where).startswith(place)


def test_a_file_that_is_not_there_is_told_where_it_is_named() -> None:
    """In the manifest."""
    with pytest.raises(ManifestError, match=r"orchestra\.yaml:3:7: there is no file compose\.yaml in the repository"):
        from_file("compose.yaml", WHERE, (), lambda _: None)


def test_who_has_the_hosts_network_is_told_and_has_no_port() -> None:
    """Its ports are the host's, and no number moves them."""
    base = "base: {network_mode: host}"
    web = "web: {extends: {service: base}}"
    (note,) = read(f"services: {{{base}, {web}, own: {{extends: {{service: base}}, network_mode: bridge}}}}").notes
    assert note == "on the host's own network, of which all worktrees share the ports: base, web"
    with pytest.raises(ManifestError) as caught:
        read("services:\n  web:\n    network_mode: host\n    ports: [80]\n")
    (problem,) = caught.value.problems
    assert "service `web` is on the host's own network, and no number moves its port 80" in problem.message
    assert str(problem.where) == "compose.yaml:3:19"


@pytest.mark.parametrize("name", ["compose.override.yml", "docker-compose.override.yaml"])
def test_an_override_that_is_not_named_is_told(name: str) -> None:
    """Compose alone would take it, beside one of its own names; where it is included it counts."""
    said = f"{name} is left out: `include: [{{path: [compose.yaml, {name}]}}]`, in a file of another name, has both"
    text, others = "services: {web: {image: x}}", {name: "services: {web: {ports: [80]}}", f"sub/{name}": ""}
    assert read(text, others).notes == (said,)
    assert read(text, others, path="other.yaml").notes == ()
    both = {**others, "compose.yaml": text}
    assert read(f"include: [{{path: [compose.yaml, {name}]}}]", both, path="sub.yaml").notes == ()


def test_what_is_built_from_a_tree_knows_what_is_ours_in_it() -> None:
    """Before it is there, and marked: containers do not wait for it."""
    manifest = load_text("worktrees: {a: {containers: {services: {web: {build: .}}}}}")
    found = expand(manifest, read=lambda _: None, real_path=lambda path: path)
    (containers,) = [each for each in found if isinstance(each.spec, ContainersSpec)]
    assert "SESSION.md" in containers.spec.ours
    assert not [str(need) for need in containers.depends_on if need.kind == "file"]
