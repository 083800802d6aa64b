"""What is made of a resolved Compose file, and what is said of containers: values in, values out."""

from __future__ import annotations

import re
import tarfile
from pathlib import Path
from typing import Any

import pytest

from reconciler.clients.docker.engine import Container, Found, Network, Volume
from reconciler.errors import Location, PermanentError
from reconciler.kinds.containers.bring_up import blamed
from reconciler.kinds.containers.decide import decide, decide_removal
from reconciler.kinds.containers.rewrite import Identity, Rewritten, rewrite
from reconciler.kinds.containers.shelf import Shelf
from reconciler.kinds.containers.spec import ContainersActual, ContainersSpec, PortWish, Source
from reconciler.kinds.given import project_name
from reconciler.model.address import Address
from reconciler.model.change import Action

CLONE = "7f3a0000-0000-4000-8000-000000000000"
ADDRESS = Address("containers", "auth")
SPEC = ContainersSpec("auth", Path("/trees/auth"), "shop", Source("compose.yaml", ""), ("web", "db"))


def rewritten(services: dict[str, Any], **more: Any) -> Rewritten:
    """Rewrite a file of these services; every port of `web` has a number."""
    ports = [PortWish("web-80", "web", 80), PortWish("web-81", "web", 81)]
    numbers = {"web-80": 20001, "web-81": 20002}
    identity = Identity("shop-auth-7f3a", CLONE, "auth")
    return rewrite({"name": "x", "services": services, **more}, identity, ports, numbers, {"db": ["/var/lib/db"]})


def test_ports_are_the_recorded_ones_and_fixed_names_go() -> None:
    """Where it listens stays; a port that is there twice has one number."""
    ports = [
        {"target": 80, "published": "80", "protocol": "tcp", "host_ip": "127.0.0.1"},
        {"target": 81, "protocol": "tcp"},
        {"target": 80, "published": "8080", "protocol": "tcp"},
    ]
    web = rewritten({"web": {"image": "i", "container_name": "the-web", "ports": ports}}).document["services"]["web"]
    assert "container_name" not in web
    assert [(port["published"], port.get("host_ip")) for port in web["ports"]] == [
        ("20001", "127.0.0.1"),
        ("20002", None),
    ]
    assert web["labels"].items() >= {"orchestra.clone": CLONE, "orchestra.workspace": "auth"}.items()


def test_a_port_without_a_number_is_refused() -> None:
    """Two workspaces would clash at it."""
    with pytest.raises(PermanentError, match="port 90/tcp of service web has no number"):
        rewritten({"web": {"image": "i", "ports": [{"target": 90, "published": "90"}]}})


def test_what_is_built_has_a_name_of_its_own() -> None:
    """Whatever the file calls it: another workspace builds another one. Who names it beside has the same."""
    built = {"image": "org/app", "build": {"context": ".", "tags": ["org/app:dev"]}}
    services = {"web": built, "db": {"image": "org/app:latest"}, "other": {"image": "org/app:v1"}}
    made = rewritten(services).document["services"]
    assert [made[name]["image"] for name in services] == ["shop-auth-7f3a-web", "shop-auth-7f3a-web", "org/app:v1"]
    assert "tags" not in made["web"]["build"]


def test_a_fixed_name_is_still_what_others_call_a_service_by() -> None:
    """As an alias in the networks of its own project, and where a service shares what another has."""
    db = {"image": "i", "container_name": "shop_db", "networks": {"default": None, "far": None}}
    beside = {"image": "i", "network_mode": "container:shop_db", "pid": "container:theirs"}
    networks = {"default": {}, "far": {"name": "far", "external": True}}
    made = rewritten({"db": db, "beside": beside}, networks=networks).document["services"]
    assert made["db"]["networks"] == {"default": {"aliases": ["shop_db"]}, "far": None}
    assert (made["beside"]["network_mode"], made["beside"]["pid"]) == ("service:db", "container:theirs")


@pytest.mark.parametrize("how", [{"scale": 2}, {"deploy": {"replicas": 2}}])
def test_several_containers_cannot_have_one_number(how: dict[str, Any]) -> None:
    """A swarm shares it among them."""
    web = {"image": "i", "ports": [{"target": 80}], **how}
    with pytest.raises(PermanentError, match="service web has 2 containers, and one number for port 80"):
        rewritten({"web": web})


def test_every_volume_has_a_name_of_the_project() -> None:
    """Those without one, and those that the image declares, too; what is external stays another's."""
    mounts = [
        {"type": "volume", "source": "data", "target": "/data"},
        {"type": "volume", "target": "/cache/files"},
        {"type": "volume", "source": "theirs", "target": "/theirs"},
        {"type": "bind", "source": "/src", "target": "/src"},
        {"type": "tmpfs", "target": "/quick"},
    ]
    volumes = {"data": {"name": "fixed", "driver_opts": {"size": 5}}, "theirs": {"name": "theirs", "external": True}}
    made = rewritten({"db": {"image": "i", "volumes": mounts}}, volumes=volumes)
    sources = [mount.get("source") for mount in made.document["services"]["db"]["volumes"]]
    own = ["shop-auth-7f3a_data", "shop-auth-7f3a_db-cache-files", "shop-auth-7f3a_db-var-lib-db"]
    assert sources == [*own[:2], "theirs", "/src", None, own[2]]
    assert [(order.key, order.name) for order in made.volumes] == [
        ("data", own[0]),
        ("db-cache-files", own[1]),
        ("db-var-lib-db", own[2]),
    ]
    assert made.volumes[0].options == {"size": "5"}
    assert made.document["volumes"][own[0]] == {"name": own[0], "external": True}
    assert made.document["volumes"]["theirs"] == volumes["theirs"]


def test_no_two_volumes_are_one() -> None:
    """One without a name, or an image's, is neither a named one nor another one that would be called the same."""
    db = {"image": "i", "volumes": [{"type": "volume", "target": "/var-lib/db"}]}
    web = {"image": "i", "volumes": [{"type": "volume", "source": "db-var-lib-db", "target": "/data"}]}
    made = rewritten({"db": db, "web": web}, volumes={"db-var-lib-db": {}})
    named, *others = sorted((order.key for order in made.volumes), key=len)
    assert named == "db-var-lib-db"
    assert [re.fullmatch("db-var-lib-db-[0-9a-f]{4}", key) is not None for key in others] == [True, True]
    assert len(set(others)) == 2
    alone = rewritten({"db": db})
    assert next(order.key for order in alone.volumes) == "db-var-lib-db"
    assert len({order.key for order in alone.volumes}) == 2


def test_networks_are_the_projects_own_without_fixed_addresses() -> None:
    """They are made apart, so that Compose never has a reason to replace one."""
    networks = {
        "default": {"name": "fixed", "ipam": {"config": [{"subnet": "10.0.0.0/24"}]}},
        "back": {"internal": True, "driver": "bridge"},
        "far": {"name": "far", "external": True},
    }
    web = {"image": "i", "networks": {"default": {"ipv4_address": "10.0.0.5", "aliases": ["w"]}, "far": None}}
    made = rewritten({"web": web}, networks=networks)
    assert made.document["services"]["web"]["networks"] == {"default": {"aliases": ["w"]}, "far": None}
    assert made.document["networks"]["default"] == {"name": "shop-auth-7f3a_default", "external": True}
    assert made.document["networks"]["far"] == networks["far"]
    assert [(order.name, order.internal) for order in made.networks] == [
        ("shop-auth-7f3a_back", True),
        ("shop-auth-7f3a_default", False),
    ]


def test_a_service_is_known_by_its_own_declaration_alone() -> None:
    """A change of one is none of the other."""
    one = rewritten({"web": {"image": "i"}, "db": {"image": "d"}})
    other = rewritten({"web": {"image": "i2"}, "db": {"image": "d"}})
    assert one.services["web"] != other.services["web"]
    assert one.services["db"] == other.services["db"]


@pytest.mark.parametrize("workspace", ["auth", "Auth", "a.b", "a_b", "x" * 100, "-a", "é"])
def test_names_of_projects_are_such_that_compose_takes(workspace: str) -> None:
    """And none is that of another workspace, or of another clone."""
    name = project_name("Shop.v1", workspace, CLONE)
    assert re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name)
    assert len(name) <= 58, "with `_test` Postgres has to take it whole"
    assert name != project_name("Shop.v1", f"{workspace}2", CLONE)
    assert name != project_name("Shop.v1", workspace, "8" + CLONE)
    assert project_name("shop", "auth", CLONE) == "shop-auth-7f3a"


def running(service: str, **more: Any) -> Container:
    """A container that runs."""
    return Container(service, service, more.pop("state", "running"), "i", "auth", service, **more)


def actual(*containers: Container, **more: Any) -> ContainersActual:
    """Containers as an apply left them."""
    expected = {"web": "running", "db": "running", "job": "done", **more.pop("several", {})}
    return ContainersActual(
        SPEC.tree,
        found=Found(containers, (Network("n", "n", "auth"),), (Volume("v", "auth", "data"),)),
        is_marked=True,
        is_complete=True,
        expected=expected,
        **more,
    )


WHOLE = (running("web"), running("db"), running("job", state="exited", code=0))


@pytest.mark.parametrize(
    ("containers", "reason"),
    [
        (WHOLE, ""),
        (WHOLE[1:], "web is removed"),
        ((running("web", state="exited", code=0), *WHOLE[1:]), "web is stopped"),
        ((running("web", state="paused"), *WHOLE[1:]), "web is paused"),
        ((running("web", health="unhealthy"), *WHOLE[1:]), "web is unhealthy"),
        ((running("web", health="starting"), *WHOLE[1:]), ""),
        (WHOLE[:2], "job is removed"),
        ((*WHOLE, running("many")), "many is 1 of 2"),
        ((*WHOLE, running("many"), running("many")), ""),
        ((*WHOLE, running("many"), running("many", state="exited", code=1)), "many is stopped"),
    ],
)
def test_drift_is_told_in_a_word(containers: tuple[Container, ...], reason: str) -> None:
    """And what is as it was left is no change."""
    several = {"many": "2 running"} if any(each.service == "many" for each in containers) else {}
    change = decide(ADDRESS, SPEC, actual(*containers, several=several))
    assert (change.action, change.reason) == (Action.UPDATE if reason else Action.NO_OP, reason)


def test_what_was_interrupted_says_no_more_than_that() -> None:
    """What was read for it last time is not known: nothing of it changed, as far as anybody can tell."""
    found = ContainersActual(SPEC.tree, found=Found(WHOLE), is_marked=True, facts={"build context of web": "1"})
    change = decide(ADDRESS, SPEC, found)
    assert (change.action, change.reason, change.fields) == (Action.UPDATE, "their last start was interrupted", ())


def test_a_removal_says_what_becomes_of_data() -> None:
    """By the mark, or what the volume says of itself; archived if neither says."""
    said = {each.path: each.after for each in decide_removal(ADDRESS, actual(*WHOLE)).fields}
    assert said["volume data"] == "archived and removed"
    kept = decide_removal(ADDRESS, actual(*WHOLE, policies={"": "keep"}))
    assert {each.path: each.after for each in kept.fields}["volume data"] == "kept"
    unread = decide_removal(ADDRESS, actual(*WHOLE, policies={"data": "kep"}))
    assert {each.path: each.after for each in unread.fields}["volume data"] == "archived and removed"
    lost = decide_removal(ADDRESS, actual(*WHOLE, policies={"data": "remove"}))
    assert lost.touches_work == "the data in data is lost: `volumes: remove` was applied"


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ("services.web Additional property imag is not allowed", "services.web.imag"),
        ("services.web.ports.0 must be a string", "services.web.ports.0"),
        ("services.web.ports[0] must be a string", "services.web.ports.0"),
        ('service "web" refers to undefined network back: invalid compose project', "services.web"),
        ("error while interpolating services.web.labels.a: required variable B is missing", "services.web.labels.a"),
        ("something else", None),
    ],
)
def test_complaints_of_compose_are_placed(message: str, path: str | None) -> None:
    """At the deepest place that they name."""
    names = ("services", "services.web", "services.web.imag", "services.web.ports", "services.web.ports.0")
    places = {name: Location(name, 1, 1) for name in (*names, "services.web.labels", "services.web.labels.a")}
    found = blamed(message, places)
    assert (found.file if found else None) == path


def test_archives_of_a_workspace_that_is_renamed_come_along(tmp_path: Path) -> None:
    """But for volumes of which there is one under the new name."""
    old, new = Shelf(tmp_path / "old"), Shelf(tmp_path / "new")
    for shelf, name in ((old, "data"), (old, "logs"), (new, "logs")):
        shelf.keep(name, _write_tar)
    mine = new.waiting("logs")
    new.take_from(old)
    assert new.volumes == ("data", "logs")
    assert new.waiting("logs") == mine
    assert old.volumes == ("logs",)


def _write_tar(path: Path) -> None:
    with tarfile.open(path, "w") as tar:
        tar.addfile(tarfile.TarInfo("orchestra-volume"))
