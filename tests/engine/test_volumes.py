"""Volumes are data: an apply never loses one, and what becomes of each when its project goes is in the manifest."""

from __future__ import annotations

import json
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reconciler.clients.docker.engine import Engine
from reconciler.errors import PermanentError
from reconciler.kinds.workspace.fates import Removal
from reconciler.operations.options import PlanOptions
from reconciler.operations.volume_archives import prunable_volumes, prune_volumes
from tests.engine.projects import NOTHING, change, containers, declare, run_in, service
from tests.support.engine import POSTGRES, clone_of, docker, left_of
from tests.support.world import World, describe

STORE = service("volumes: ['data:/data', /more]")
COMPOSE = f"services: {{store: {STORE}}}\nvolumes: {{data: {{}}}}\n"
WRITE = "mkdir -p /data/sub && echo one >/data/sub/row && chmod 700 /data/sub && chown -h 12:34 /data/sub 2>/dev/null"
WRITE += "; echo two >/more/row; sync"
READ = "cat /data/sub/row /more/row; stat -c %a /data/sub"


def archives(world: World, name: str = "auth") -> list[Path]:
    """The archives of the volumes of a workspace."""
    return sorted((world.session().state / "volumes" / clone_of(world) / name).glob("*.tar"))


def volumes_listed(world: World) -> list[dict[str, Any]]:
    """What `archive list` says of volumes."""
    listed: list[dict[str, Any]] = json.loads(world.project.run("archive", "list", "--json").expect(0).out)["volumes"]
    return listed


def prune(world: World) -> None:
    """Remove what may go, however young it is; the command removes nothing that is younger than an hour."""
    world.project.run("archive", "prune", "--older-than", "1h", "--auto-approve").expect(0)
    session = world.session()
    prune_volumes(session, prunable_volumes(session, older_than=timedelta(0)))


def test_data_outlives_its_container(world: World) -> None:
    """Lost by hand, or made anew since it is declared otherwise, and also what has no name."""
    declare(world, COMPOSE)
    world.settle()
    run_in(world, "store", WRITE)
    docker("rm", "--force", "--volumes", *containers(world).values())
    world.settle()
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]
    declare(world, COMPOSE.replace("sleep infinity", "sleep 9999"))
    world.settle()
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]


def test_data_outlives_its_declaration(world: World) -> None:
    """A service that is taken out of the file, and comes back, finds what it had."""
    declare(world, COMPOSE)
    world.settle()
    run_in(world, "store", WRITE)
    declare(world, f"services: {{other: {service()}}}\n")
    world.settle()
    declare(world, COMPOSE)
    world.settle()
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]


def test_destroy_archives_and_the_next_apply_brings_back(world: World) -> None:
    """Every byte and mode; the archive is for its owner alone; the plan says both."""
    declare(world, COMPOSE)
    world.settle()
    run_in(world, "store", WRITE)
    (removal,) = [each for each in world.plan_destroy().changes if each.address.kind == "containers"]
    shown = {each.path: each.after for each in removal.fields}
    assert shown["volume data"] == "archived and removed"
    world.destroy()
    assert left_of(clone_of(world)) == NOTHING
    kept = archives(world)
    assert [path.name.partition("@")[0] for path in kept] == ["data", "store-more"]
    assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
    assert change(world).notes == ("brings back from its archive: data, store-more",)
    world.settle()
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]
    assert not archives(world)


def test_a_database_comes_back(world: World) -> None:
    """Postgres starts from what was archived, and has its rows."""
    health = 'healthcheck: {test: ["CMD", pg_isready, -h, 127.0.0.1], interval: 1s, retries: 30}'
    declare(world, f"services: {{db: {{image: {POSTGRES}, environment: [POSTGRES_PASSWORD=open], {health}}}}}\n")
    world.settle()
    ask = "psql --quiet --tuples-only --no-align --username postgres --command"
    run_in(world, "db", f"{ask} 'CREATE TABLE kept AS SELECT 42 AS answer'")
    world.destroy()
    assert left_of(clone_of(world)) == NOTHING
    world.settle()
    assert run_in(world, "db", f"{ask} 'TABLE kept'") == "42"


def test_each_volume_goes_as_the_manifest_says(world: World) -> None:
    """One is kept, and had again by the next apply; the others are removed, which the plan says in words."""
    declare(world, COMPOSE, more="volumes: {data: keep, store-more: remove}")
    world.settle()
    run_in(world, "store", WRITE)
    (removal,) = [each for each in world.plan_destroy().changes if each.address.kind == "containers"]
    assert removal.touches_work == "the data in store-more is lost: `volumes: remove` was applied"
    world.destroy()
    left = left_of(clone_of(world))
    assert (len(left["volume"]), left["container"], left["network"]) == (1, [], [])
    assert not archives(world)
    assert world.plan_destroy().is_empty
    world.settle()
    assert run_in(world, "store", "cat /data/sub/row; ls /more") == "one"


def test_what_cannot_be_archived_is_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all that stands on it."""
    declare(world, COMPOSE)
    world.settle()
    run_in(world, "store", WRITE)

    def fail(*given: Any) -> None:
        target: Path = given[4]
        with tarfile.open(target, "w"):
            pass
        target.write_bytes(target.read_bytes()[:100])

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "save", fail)
        report = world.destroy()
    assert "cannot be read back" in describe(report) or "holds nothing" in describe(report)
    assert len(left_of(clone_of(world))["volume"]) == 2
    assert world.tree().path.is_dir()
    world.settle()
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]


def test_an_archive_that_was_half_put_back_is_put_back_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing starts on half of it, and nothing is lost when that is destroyed."""
    declare(world, COMPOSE)
    world.settle()
    run_in(world, "store", WRITE)
    world.destroy()

    def fail(self: Engine, volume: object, image: str, labels: object, source: Path) -> None:
        raise PermanentError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(Engine, "restore", fail)
        assert "killed" in describe(world.try_apply())
    assert not containers(world, running=True)
    world.destroy()
    assert left_of(clone_of(world)) == NOTHING
    assert len(archives(world)) == 2
    world.settle()
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]


@pytest.mark.parametrize("is_down", [False, True])
def test_a_renamed_workspace_keeps_its_data(world: World, is_down: bool) -> None:
    """The project gets its new name; what its volumes held, or archives of them, comes along."""
    declare(world, COMPOSE)
    world.settle()
    run_in(world, "store", WRITE)
    if is_down:
        world.destroy()
    world.declare("login: {was: auth}", head="defaults: {containers: {compose: compose.yaml}}\n")
    assert not is_down or "brings back from its archive" in str(change(world, "login").notes)
    world.settle()
    assert run_in(world, "store", READ, name="login").split() == ["one", "two", "700"]
    assert containers(world) == {}


def test_what_was_to_be_removed_is_archived_when_nothing_says_so_any_more(world: World) -> None:
    """The mark of a tree that was removed by hand knew better than what the volume was made with."""
    declare(world, COMPOSE, more="volumes: remove")
    world.settle()
    run_in(world, "store", WRITE)
    declare(world, COMPOSE, more="volumes: keep")
    world.settle()
    world.main.git("worktree", "remove", "--force", str(world.tree().path))
    world.destroy()
    declare(world, COMPOSE)
    world.settle()
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]


@pytest.mark.parametrize("edited", ["keep", "archive"])
def test_what_is_declared_now_spares_data_also_before_it_is_applied(world: World, edited: str) -> None:
    """And what is declared less sparingly waits for its apply."""
    declare(world, COMPOSE, more="volumes: {data: remove, store-more: archive}")
    world.settle()
    run_in(world, "store", WRITE)
    declare(world, COMPOSE, more=f"volumes: {{data: {edited}, store-more: remove}}")
    (removal,) = [each for each in world.plan_destroy().changes if each.address.kind == "containers"]
    assert removal.touches_work == ""
    world.destroy()
    world.settle()
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]


def test_pruned_containers_are_archived_too(world: World) -> None:
    """Their tree stays."""
    declare(world, COMPOSE)
    world.settle()
    run_in(world, "store", WRITE)
    world.declare("auth:")
    world.apply(PlanOptions(prune=True))
    assert left_of(clone_of(world)) == NOTHING
    assert world.tree().path.is_dir()
    declare(world, COMPOSE)
    world.settle()
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]


def test_archives_of_volumes_are_listed_shown_and_pruned(world: World) -> None:
    """With their size; what the next apply puts back waits, and is left alone by `prune`."""
    declare(world, COMPOSE)
    world.settle()
    run_in(world, "store", WRITE)
    world.destroy()
    listed = volumes_listed(world)
    assert [(each["name"], each["volume"], each["waits"]) for each in listed] == [
        ("auth", "data", True),
        ("auth", "store-more", True),
    ]
    assert listed[0]["bytes"] == archives(world)[0].stat().st_size
    assert "volume data: " in world.project.run("archive", "list").expect(0).out
    assert "volume data: " in world.project.run("archive", "show", "auth").expect(0).out
    prune(world)
    assert len(archives(world)) == 2
    world.settle()
    (aside,) = [each for each in volumes_listed(world) if each["volume"] == "data"]
    assert (aside["waits"], aside["put_back"]) == (False, True)
    prune(world)
    assert volumes_listed(world) == []
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]


def test_what_no_apply_brings_back_can_be_pruned(world: World) -> None:
    """The volumes of a workspace that is declared no longer; never while nobody can tell what is declared."""
    declare(world, COMPOSE, "auth", "ui")
    world.settle()
    world.destroy()
    world.declare("ui:")
    manifest = world.main.path / "orchestra.yaml"
    text = manifest.read_text()
    manifest.write_text("worktrees: [")
    prune(world)
    assert len(volumes_listed(world)) == 4
    manifest.write_text(text)
    prune(world)
    assert {each["name"] for each in volumes_listed(world)} == {"ui"}


def test_an_archive_of_a_volume_that_is_not_whole_is_told(world: World) -> None:
    """By `show`, with the exit code that says so."""
    declare(world, COMPOSE)
    world.settle()
    world.destroy()
    (data, _) = archives(world)
    data.write_bytes(data.read_bytes()[:100])
    shown = world.project.run("archive", "show", "auth").expect(1)
    assert "cannot be read back" in shown.out


def test_a_volume_that_is_too_large_for_an_archive_is_kept(world: World) -> None:
    """And everything else goes; the report says so, and the next apply has it again."""
    declare(world, COMPOSE)
    world.settle()
    run_in(world, "store", f"{WRITE}; cp /bin/busybox /data/large")
    report = world.destroy(removal=Removal(limit_bytes=200_000))
    assert report.is_complete
    (said,) = [each.reason for each in report.outcomes if each.address.kind == "containers"]
    assert "_data: an archive would hold more than 200,000 bytes (`--archive-limit`)" in said
    left = left_of(clone_of(world))
    assert (len(left["volume"]), left["container"], left["network"]) == (1, [], [])
    assert [path.name.partition("@")[0] for path in archives(world)] == ["store-more"]
    assert world.plan_destroy().is_empty
    world.settle()
    assert run_in(world, "store", READ).split() == ["one", "two", "700"]
