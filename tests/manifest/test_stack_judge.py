"""What a stack cannot express of a Compose file: each at its place, all at once, with a way out."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reconciler.errors import Location, ManifestError
from reconciler.manifest.compose_source import ComposeFile, from_file
from reconciler.manifest.stack_judge import StackJudge


def judge(text: str, others: Mapping[str, str] | None = None) -> ComposeFile:
    """Read a Compose file for a swarm."""
    files, judge = {"compose.yaml": text, **(others or {})}, StackJudge()
    where = Location("orchestra.yaml", 1, 1)
    file = from_file("compose.yaml", where, (), lambda name: files[name].encode() if name in files else None, judge)
    judge.require_none()
    return file


def said(text: str, others: Mapping[str, str] | None = None) -> list[str]:
    """What is wrong."""
    with pytest.raises(ManifestError) as caught:
        judge(text, others)
    assert all(problem.hint for problem in caught.value.problems)
    return [f"{problem.where}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("line", "column", "message"),
    [
        ("build: .", 5, "a stack cannot express `build`"),
        ("links: [db]", 5, "a stack cannot express `links`"),
        ("network_mode: host", 5, "a stack cannot express `network_mode`"),
        ("privileged: true", 5, "a stack cannot express `privileged`"),
        ("mem_limit: 5m", 5, "a stack cannot express `mem_limit`"),
        ("devices: [/dev/a]", 5, "a stack cannot express `devices`"),
        ("restart: sometimes", 5, "a stack cannot express `restart`"),
        ("imag: x", 5, "a stack cannot express `imag`"),
        ("healthcheck: {start_interval: 1s}", 19, "a stack cannot express `start_interval`"),
        ("ports: ['[::1]:1:1']", 13, "a stack listens on every node, and cannot listen at `[::1]` alone"),
        ("ports: [{target: 1, host_ip: 10.0.0.1}]", 25, "a stack listens on every node, and cannot listen"),
        ("depends_on: {db: {condition: service_healthy}}", 23, "a stack starts all at once, and cannot wait"),
    ],
)  # fmt: skip
def test_a_service_has_what_a_stack_cannot_express(line: str, column: int, message: str) -> None:
    """At the place of the key."""
    (problem,) = said(f"services:\n  web:\n    image: x\n    {line}\n")
    assert problem.startswith(f"compose.yaml:4:{column}: {message}")


@pytest.mark.parametrize(
    "line",
    [
        "privileged: false",
        "network_mode:",
        "restart: unless-stopped",
        "restart: ${R:-no}",
        "ports: ['0.0.0.0:80:80', '${IP}:81:81', 82]",
        "depends_on: [db]",
        "depends_on: {db: {condition: service_started}}",
        "container_name: web",
        "x-team: shop",
        "deploy: {replicas: 2, placement: {max_replicas_per_node: 1}, update_config: {order: start-first}}",
    ],
)
def test_a_service_that_a_stack_can_express(line: str) -> None:
    """Or that loses nothing by what is left out."""
    assert judge(f"services:\n  web:\n    image: x\n    {line}\n").services == ("web",)


def test_what_is_beside_services_is_judged() -> None:
    """Networks reach all nodes; secrets and configs are made of files, which then decide."""
    assert said(
        "services: {web: {image: x}, web.api: {image: x}}\n"
        "networks:\n  a: {driver: bridge}\n  b: {driver: bridge, external: true}\n  c: {driver: overlay}\n"
        "secrets:\n  s: {environment: S}\nconfigs:\n  c: {content: text}\n"
    ) == [
        "compose.yaml:1:38: service `web.api` has a dot in its name",
        "compose.yaml:3:7: network `a` is of the driver `bridge`: a stack's reach all nodes",
        "compose.yaml:7:7: a stack cannot express `environment` of secrets: it takes files",
        "compose.yaml:9:7: a stack cannot express `content` of configs: it takes files",
    ]
    file = judge("services: {web: {image: x}}\nsecrets: {s: {file: ./secret}}\nconfigs: {c: {file: conf/a}}\n")
    assert {"secret", "conf/a"} <= set(file.source.inputs)


def test_what_is_included_and_extended_is_judged_too() -> None:
    """At its place in the other file."""
    others = {"other.yaml": "services:\n  db: {image: x, ipc: host}\n", "base.yaml": "services:\n  b: {pid: host}\n"}
    text = "include: [other.yaml]\nservices: {web: {image: x, extends: {file: base.yaml, service: b}}}\n"
    assert said(text, others) == [
        "base.yaml:2:7: a stack cannot express `pid`",
        "other.yaml:2:18: a stack cannot express `ipc`",
    ]


def test_what_is_mounted_from_the_tree_is_known() -> None:
    """Not volumes, nor what lies elsewhere."""
    mounts = "[./app:/a, data:/d, /etc:/e, {type: bind, source: ../x, target: /x}]"
    assert judge(f"services: {{web: {{image: x, volumes: {mounts}}}}}").mounted == ("./app", "../x")
