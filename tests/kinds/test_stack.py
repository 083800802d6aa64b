"""What is made of a project for a swarm, and what is said of a stack: values in, values out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.clients.docker.engine import Found, Place
from reconciler.clients.docker.swarm import Service
from reconciler.errors import PermanentError, RefusedError
from reconciler.kinds.containers.decide import decide, decide_removal
from reconciler.kinds.containers.rewrite import Identity, rewrite
from reconciler.kinds.containers.spec import ContainersActual, ContainersSpec, PortWish, Source
from reconciler.kinds.containers.stack import Stack, make_stack
from reconciler.kinds.containers.stack_drift import expected_of, stack_drift
from reconciler.kinds.containers.take_down_stack import require_all_at_hand
from reconciler.model.address import Address
from reconciler.model.change import Action

IDENTITY = Identity("shop-auth-7f3a", "7f3a0000-0000-4000-8000-000000000000", "auth", is_swarm=True)
PLACE = Place(is_swarm=True)
ADDRESS = Address("containers", "auth")
SPEC = ContainersSpec("auth", Path("/trees/auth"), "shop", Source("compose.yaml", ""), ("web",), place=PLACE)
WEB = Service("1", "shop-auth-7f3a_web", "auth", "web", running=2, wanted=2, declared="a", made_as="m")


def stacked(services: dict[str, Any], contents: dict[str, bytes] | None = None, **more: Any) -> Stack:
    """Make a stack of these services; port 80 of `web` has a number."""
    resolved = {"name": "x", "services": services, **more}
    ready = rewrite(resolved, IDENTITY, [PortWish("web", "web", 80)], {"web": 20001}, {})
    return make_stack(ready, IDENTITY, contents or {})


def web_of(service: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What becomes of one service."""
    made: dict[str, Any] = stacked({"web": {"image": "i", **service}}, **more).document["services"]["web"]
    return made


def test_the_long_form_of_compose_becomes_that_of_a_stack() -> None:
    """Numbers are numbers where a stack wants them, and text where it wants that; what it does not know goes."""
    web = web_of(
        {
            "command": None,
            "depends_on": {"db": {"condition": "service_started"}},
            "container_name": "fixed",
            "expose": ["9"],
            "extra_hosts": ["a=1.2.3.4"],
            "ports": [{"target": 80, "published": "80", "protocol": "tcp", "mode": "ingress"}],
            "deploy": {"resources": {"limits": {"cpus": 0.5, "memory": "50"}}},
            "volumes": [
                {"type": "bind", "source": "/t/a", "target": "/a", "bind": {"create_host_path": True}},
                {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "10", "mode": 448}},
            ],
            "networks": {"default": None},
            "x-more": 1,
        },
        networks={"default": {"name": "x_default"}},
    )
    assert web["ports"] == [{"mode": "ingress", "protocol": "tcp", "target": 80, "published": 20001}]
    assert web["extra_hosts"] == ["a:1.2.3.4"]
    assert web["deploy"]["resources"] == {"limits": {"cpus": "0.5", "memory": "50"}}
    assert web["volumes"] == [
        {"type": "bind", "source": "/t/a", "target": "/a"},
        {"type": "tmpfs", "target": "/t", "tmpfs": {"size": 10}},
    ]
    assert web["networks"] == {"default": {"aliases": ["fixed"]}}, "others know it by that name"
    assert not web.keys() & {"command", "depends_on", "container_name", "expose", "x-more", "pull_policy"}


def test_all_bears_our_labels() -> None:
    """Services, containers, volumes, secrets: by them alone it is found."""
    ours = IDENTITY.labels
    assert ours["orchestra.swarm"] == "yes"
    mounts = [{"type": "volume", "source": "data", "target": "/data"}]
    made = stacked(
        {"web": {"image": "i", "volumes": mounts, "secrets": [{"source": "s"}]}},
        {"/t/s": b"1"},
        volumes={"data": {}},
        secrets={"s": {"file": "/t/s"}},
    ).document
    web = made["services"]["web"]
    bearers = [web["labels"], web["deploy"]["labels"], made["secrets"]["s"]["labels"]]
    bearers += [volume["labels"] for volume in made["volumes"].values()]
    assert all(labels.items() >= ours.items() for labels in bearers)
    assert web["deploy"]["labels"]["orchestra.service"] == "web"


@pytest.mark.parametrize(
    ("said", "policy"),
    [
        ({"restart": "always"}, {"condition": "any"}),
        ({"restart": "unless-stopped"}, {"condition": "any"}),
        ({"restart": "no"}, {"condition": "none"}),
        ({"restart": "on-failure:3"}, {"condition": "on-failure", "max_attempts": 3}),
        ({"restart": "no", "deploy": {"restart_policy": {"condition": "any"}}}, {"condition": "any"}),
        ({"restart": "no", "deploy": {"restart_policy": {"delay": "1s"}}}, {"condition": "none", "delay": "1s"}),
        ({}, None),
    ],
)
def test_restart_becomes_a_policy(said: dict[str, Any], policy: dict[str, Any] | None) -> None:
    """Unless `deploy` says it already; where nothing is said, a swarm's own default holds."""
    assert web_of(said)["deploy"].get("restart_policy") == policy


def test_replicas_are_not_part_of_what_a_container_is_made_of() -> None:
    """Else a change of their number would replace them all."""
    one, two = (stacked({"web": {"image": "i", "deploy": {"replicas": count}}}) for count in (1, 2))
    other = stacked({"web": {"image": "i", "command": ["a"], "deploy": {"replicas": 1}}})
    assert one.declared != two.declared
    assert one.templates == two.templates
    assert one.templates != other.templates
    assert stacked({"web": {"image": "i", "scale": 3}}).document["services"]["web"]["deploy"]["replicas"] == 3


def test_a_secret_has_its_content_in_its_name() -> None:
    """Since a swarm does not change one; only the services that have it are replaced."""
    services = {"web": {"image": "i", "secrets": [{"source": "s"}]}, "db": {"image": "i"}}
    before, after = (stacked(services, {"/s": text}, secrets={"s": {"file": "/s"}}) for text in (b"1", b"2"))
    assert before.given["secret"].isdisjoint(after.given["secret"])
    assert before.templates["web"] != after.templates["web"]
    assert before.templates["db"] == after.templates["db"]


@pytest.mark.parametrize(
    ("services", "why"),
    [
        ({"w" * 60: {"image": "i"}}, "has 75 letters, of 63"),
        ({"web.api": {"image": "i"}}, "has a dot"),
        ({"web": {"image": "i", "privileged": True}}, "a stack cannot express services.web.privileged"),
        ({"web": {"image": "i", "ports": [{"target": 80, "host_ip": "127.0.0.1"}]}}, "cannot listen at 127.0.0.1"),
    ],
)
def test_what_a_swarm_would_refuse_or_ignore_is_refused(services: dict[str, Any], why: str) -> None:
    """Also where it came by a way that was not seen before."""
    with pytest.raises(PermanentError, match=why):
        stacked(services)


def test_drift_of_a_stack_is_told_in_words() -> None:
    """Removed, scaled, changed, and with fewer that run than are wanted."""
    expected, made_as = {"web": "2 replicas"}, {"web": "m"}
    assert stack_drift([WEB], expected, made_as) == {}
    assert stack_drift([], expected, made_as) == {"web": "removed"}
    assert stack_drift([replace(WEB, wanted=1, running=1)], expected, made_as) == {"web": "scaled to 1"}
    assert stack_drift([replace(WEB, running=1)], expected, made_as) == {"web": "1 of 2 running"}
    assert stack_drift([replace(WEB, made_as="n")], expected, made_as) == {"web": "changed by hand"}
    done = {"web": expected_of(replace(WEB, running=0, restart="none"))}
    assert stack_drift([replace(WEB, running=0)], done, made_as) == {}
    on_all = {"web": expected_of(replace(WEB, mode="Global"))}
    assert stack_drift([replace(WEB, mode="Global", wanted=3, running=3)], on_all, made_as) == {}


def test_a_stack_is_left_alone_while_nothing_changes() -> None:
    """What was seen to run has no change; that a task runs again by itself does not make a plan stale."""
    actual = ContainersActual(
        SPEC.tree,
        PLACE,
        Found(services=(WEB,)),
        is_complete=True,
        applied=SPEC.declared,
        expected={"web": "2 replicas"},
    )
    assert decide(ADDRESS, SPEC, actual).action is Action.NO_OP
    fewer = replace(actual, found=Found(services=(replace(WEB, running=1),)))
    change = decide(ADDRESS, SPEC, fewer)
    assert change.reason == "web is 1 of 2 running"
    assert change.observed == decide(ADDRESS, SPEC, actual).observed
    (field,) = decide_removal(ADDRESS, actual).fields
    assert (field.path, field.before, field.after) == ("service web", "2/2 running", None)


def test_a_move_to_another_engine_is_told() -> None:
    """And is no drift."""
    left_at = Place("far")
    actual = ContainersActual(SPEC.tree, PLACE, is_complete=True, left_at=left_at, expected={"web": "running"})
    change = decide(ADDRESS, SPEC, actual)
    assert change.reason == "changed since they were started: engine"
    assert change.notes == ("moves from context far, with what its volumes hold",)


def test_what_is_mounted_from_the_tree_is_told_where_there_are_other_nodes() -> None:
    """They do not have it."""
    spec = replace(SPEC, mounted=("./app",))
    for nodes, notes in ((1, 0), (2, 1)):
        actual = ContainersActual(SPEC.tree, PLACE, Found(nodes=nodes))
        assert len(decide(ADDRESS, spec, actual).notes) == notes


def test_volumes_of_several_nodes_can_only_be_kept() -> None:
    """Those of other nodes cannot be reached."""
    require_all_at_hand(1, {"data": "archive"})
    require_all_at_hand(3, {"data": "keep"})
    with pytest.raises(RefusedError, match="volume data, more"):
        require_all_at_hand(2, {"data": "archive", "more": "remove", "kept": "keep"})
