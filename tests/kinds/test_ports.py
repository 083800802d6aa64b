"""Ports of workspaces: unique on the host, stable, told by a file in the tree, and nobody's file is written over."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.clients import port_list
from reconciler.clients.port_list import PortList
from reconciler.model.change import Action, Change, FieldChange
from reconciler.operations.apply import apply
from reconciler.operations.execution import Execution
from reconciler.operations.options import PlanOptions
from reconciler.operations.plan import plan
from reconciler.operations.status import status
from tests.support.fakes import RecordingReporter
from tests.support.world import QUICK, World, describe

PORTS = "ports:auth"
LOW = 11000 + os.getpid() % 900 * 10
"""Tests run beside each other on one host: each process has ten numbers of its own."""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a project on a host of its own: no other test has given out a port there."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return World.make(tmp_path)


def told(world: World, name: str = "auth", file: str = ".env.orchestra") -> dict[str, int]:
    """The numbers that the file in a tree tells."""
    lines = world.tree(name).read(file).splitlines()
    return {key: int(value) for key, _, value in (line.partition("=") for line in lines if not line.startswith("#"))}


def numbers(change: Change) -> dict[str, str | None]:
    """The numbers that a plan shows."""
    return {field.path: field.after for field in change.fields if field.path != "env_file"}


def hosts_list(world: World) -> PortList:
    """The list of the host."""
    return PortList(world.session().state)


@contextmanager
def listening(port: int, host: str = "127.0.0.1") -> Iterator[None]:
    """Let somebody listen on a port."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family):
        yield


def test_a_tree_gets_the_ports_that_its_plan_showed(world: World) -> None:
    """In a file for its owner alone that git does not show; every workspace different ones."""
    world.declare("auth: {ports: [web, api-v2]}\nui: {ports: web, env_file: conf/ports.env}")
    shown = {name: numbers(world.change(f"ports:{name}")) for name in ("auth", "ui")}
    assert hosts_list(world).read() == {}, "a plan takes nothing"
    world.settle()
    assert {key: str(n) for key, n in told(world).items()} == {
        "WEB_PORT": shown["auth"]["web"],
        "API_V2_PORT": shown["auth"]["api-v2"],
    }
    assert told(world, "ui", "conf/ports.env") == {"WEB_PORT": int(shown["ui"]["web"] or 0)}
    all_numbers = [*told(world).values(), *told(world, "ui", "conf/ports.env").values()]
    assert len(set(all_numbers)) == 3
    assert all(20000 <= number <= 29999 for number in all_numbers)
    assert (world.tree().path / ".env.orchestra").stat().st_mode & 0o777 == 0o600
    assert set(hosts_list(world).read()) == set(all_numbers)


def test_helpers_with_trees_have_their_own(world: World) -> None:
    """By `defaults` as well; one that has no tree yet gets none yet."""
    world.declare(
        "auth: {helpers: {t: {eager: true}, d: }}", head=f"defaults: {{ports: [web]}}\nport_range: {LOW}-{LOW + 1}\n"
    )
    world.settle()
    assert {told(world)["WEB_PORT"], told(world, "auth--t")["WEB_PORT"]} == {LOW, LOW + 1}


def test_status_and_plan_say_the_numbers(world: World) -> None:
    """As text and as JSON."""
    world.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW}\n")
    assert f"web:      {LOW}" in world.project.run("plan").expect(0).out
    document = plan(world.session()).document
    assert {"path": "web", "before": None, "after": f"{LOW}"}.items() <= next(
        field for change in document["changes"] for field in change["fields"] if field["path"] == "web"
    ).items()
    world.apply()
    assert any(value.text == f"web {LOW}" for each in status(world.session()) for value in each.values)
    assert f"web {LOW}" in world.project.run("status").expect(0).out
    values = json.loads(world.project.run("status", "--json").expect(0).out)["workspaces"][0]["values"]
    assert ("ports", f"web {LOW}") in {(each["label"], each["text"]) for each in values}


def test_numbers_stay_while_others_come_and_go(world: World) -> None:
    """Also for names that are added beside them; what is declared no longer is given up."""
    world.declare("auth: {ports: [web]}")
    world.settle()
    web = told(world)["WEB_PORT"]
    world.declare("auth: {ports: [api, web]}\nui: {ports: [web]}")
    world.settle()
    assert told(world)["WEB_PORT"] == web
    api = told(world)["API_PORT"]
    world.declare("auth: {ports: [api]}\nui: {ports: [web]}")
    world.settle()
    assert told(world) == {"API_PORT": api}
    assert web not in hosts_list(world).read()
    world.declare("auth:\nui: {ports: [web]}")
    world.apply(PlanOptions(prune=True))
    assert not (world.tree().path / ".env.orchestra").exists()
    assert api not in hosts_list(world).read()
    world.require_settled()


@pytest.mark.parametrize("fresh", [False, True])
def test_the_same_numbers_come_back_after_destroy(world: World, fresh: bool) -> None:
    """From the archive, or from the host's list; while the tree is gone they are nobody's."""
    world.declare("auth: {ports: [web, api]}", head=f"port_range: {LOW}-{LOW + 1}\n")
    world.settle()
    before = told(world)
    world.tree().write({"work.txt": "mine\n"})
    world.destroy()
    assert not world.tree().path.exists()
    world.apply(PlanOptions(fresh=fresh))
    assert told(world) == before
    world.require_settled("auth")
    world.destroy()
    world.declare("ui: {ports: [web, api]}", head=f"port_range: {LOW}-{LOW + 1}\n")
    world.apply()
    assert set(told(world, "ui").values()) == set(before.values()), "free for others"


def test_an_edited_file_comes_back_with_its_tree(world: World) -> None:
    """And its numbers are taken again."""
    world.declare("auth: {ports: [web]}")
    world.settle()
    text = world.tree().read(".env.orchestra") + "MINE=1\n"
    world.tree().write({".env.orchestra": text})
    world.destroy()
    world.apply()
    assert world.tree().read(".env.orchestra") == text
    assert world.plan().is_empty
    assert world.change(PORTS).drift


def test_an_edited_file_comes_back_although_what_is_declared_changed(world: World) -> None:
    """What it does not tell by itself is recorded, and shown as drift."""
    world.declare("auth: {ports: [web]}")
    world.settle()
    world.tree().write({".env.orchestra": "MINE=1\n"})
    world.destroy()
    world.declare("auth: {ports: [web, api]}")
    world.apply()
    assert world.tree().read(".env.orchestra") == "MINE=1\n"
    assert world.plan().is_empty
    assert world.change(PORTS).drift
    assert len(hosts_list(world).read()) == 2


def test_a_saved_plan_gives_what_it_shows_or_nothing(world: World) -> None:
    """Somebody approved these numbers; it names the one that was taken since."""
    world.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW + 1}\n")
    world.project.run("plan", "--out", "../plan.json").expect(0)
    planned = int(numbers(world.change(PORTS))["web"] or 0)
    with listening(planned):
        run = world.project.run("apply", "../plan.json").expect(5)
    assert f"web: planned '{planned}', now '{2 * LOW + 1 - planned}'" in run.out
    world.project.run("plan", "--out", "../plan.json").expect(0)
    world.project.run("apply", "../plan.json").expect(0)
    assert told(world)["WEB_PORT"] == planned
    world.require_settled()


def test_a_number_that_somebody_took_meanwhile_is_replaced_when_a_tree_comes_back(world: World) -> None:
    """By another tree, or by any program."""
    world.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW + 2}\n")
    world.settle()
    before = told(world)["WEB_PORT"]
    world.destroy()
    with listening(before):
        world.apply()
    assert told(world)["WEB_PORT"] != before
    world.require_settled()


def test_a_program_of_the_trees_own_does_not_take_its_number_away(world: World) -> None:
    """It is what the number is for."""
    world.declare("auth: {ports: [web]}")
    world.settle()
    with listening(told(world)["WEB_PORT"]):
        world.require_settled()
        world.declare("auth: {ports: [web, api]}")
        before = told(world)
        world.settle()
    assert told(world).items() >= before.items()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::1", "::"])  # noqa: S104 - a test
def test_a_number_that_is_in_use_is_not_given(world: World, host: str) -> None:
    """Whatever address of this host somebody listens on."""
    world.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW + 1}\n")
    with listening(LOW, host):
        assert numbers(world.change(PORTS)) == {"web": f"{LOW + 1}"}
        world.apply()
    assert told(world) == {"WEB_PORT": LOW + 1}


def test_a_number_that_is_in_use_since_it_was_planned_is_replaced_and_said(world: World) -> None:
    """The plan promises nothing that others can take."""
    world.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW + 1}\n")
    planned = int(numbers(world.change(PORTS))["web"] or 0)
    other = 2 * LOW + 1 - planned
    taken = socket.socket()

    def approve(_: object) -> bool:
        taken.bind(("127.0.0.1", planned))
        taken.listen()
        return True

    with taken:
        done = apply(world.session(), None, Execution(RecordingReporter(), approve, QUICK))
    assert done.report is not None
    assert done.report.is_complete, describe(done.report)
    (said,) = (each.reason for each in done.report.outcomes if str(each.address) == PORTS)
    assert said == f"web is {other}, since {planned} is in use by now"
    assert told(world) == {"WEB_PORT": other}


def test_two_clones_never_get_one_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does one that looked before the other took it; an exhausted range says who has what."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    first, second = World.make(tmp_path / "one"), World.make(tmp_path / "two")
    for world in (first, second):
        world.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW + 1}\n")
        world.apply()
    assert told(first) != told(second)
    second.declare("auth: {ports: [web]}\nui: {ports: [web]}", head=f"port_range: {LOW}-{LOW + 1}\n")
    report = second.try_apply()
    (failed,) = (each for each in report.outcomes if not each.status.succeeded)
    assert failed.error is not None
    assert failed.error.message.startswith(f"no port between {LOW} and {LOW + 1} is left for web of ui: ")
    assert f"1 by auth in {first.project.path}" in failed.error.message
    assert failed.error.hint == "widen `port_range`, or destroy what is not needed"
    assert str(failed.error.where) == "orchestra.yaml:4:8"
    assert (second.tree("ui").path / "SESSION.md").exists(), "the rest is made"
    first.destroy()
    second.settle()
    assert set(told(second, "ui").values()) & {LOW, LOW + 1}


def test_a_plan_says_that_there_are_not_enough_numbers(world: World) -> None:
    """As the error that apply would end with; what can be given is given, and what was given stays."""
    head = f"port_range: {LOW}-{LOW + 2}\n"
    world.declare("auth: {ports: [web]}", head=head)
    world.settle()
    world.declare("auth: {ports: [web]}\nui: {ports: [web, api, db]}\nx: {ports: [web]}", head=head)
    (conflict,) = world.plan().conflicts
    assert str(conflict.address) == "ports:ui"
    said = f"1 by auth in {world.project.path}, 2 by what is declared beside it"
    assert conflict.reason == f"no port between {LOW} and {LOW + 2} is left for db of ui: {said}"
    assert conflict.hint == "widen `port_range`, or destroy what is not needed"
    report = world.try_apply()
    assert [str(each.address) for each in report.outcomes if not each.status.succeeded] == ["ports:ui"]
    assert told(world, "x")["WEB_PORT"] != told(world)["WEB_PORT"]


@pytest.mark.parametrize("left", ["auth:\n", ""], ids=["its tree stays", "its tree goes"])
def test_what_is_pruned_leaves_its_numbers_to_a_newcomer(world: World, left: str) -> None:
    """In one apply, where no others are left: the plan shows them, and that the newcomer waits."""
    head = f"port_range: {LOW}-{LOW + 1}\n"
    world.declare("auth: {ports: [web, api]}", head=head)
    world.settle()
    world.declare(f"{left}ui: {{ports: [web, api]}}", head=head)
    (conflict,) = world.plan().conflicts
    assert str(conflict.address) == "ports:ui"
    prune = PlanOptions(prune=True)
    shown = world.change("ports:ui", prune)
    assert {*numbers(shown).values()} == {f"{LOW}", f"{LOW + 1}"}
    assert ("ports:auth" if left else "workspace:auth") in map(str, shown.waits_for)
    world.apply(prune)
    assert {f"{key[:-5].lower()}": str(n) for key, n in told(world, "ui").items()} == numbers(shown)
    world.require_settled("ui")


def test_what_prune_keeps_keeps_its_numbers(world: World) -> None:
    """The newcomer is told that there are none."""
    head = f"port_range: {LOW}-{LOW}\n"
    world.declare("auth: {ports: [web]}", head=head)
    world.settle()
    world.tree().write({".env.orchestra": "MINE=1\n"})
    world.declare("auth:\nui: {ports: [web]}", head=head)
    assert world.change("ports:ui", PlanOptions(prune=True)).action is Action.CONFLICT


def test_without_the_list_the_marks_tell(world: World) -> None:
    """It is written again; the numbers stay."""
    world.declare("auth: {ports: [web]}")
    world.settle()
    before, list_before = told(world), hosts_list(world).read()
    for content in (None, b"", b"{", b'{"ports": {"x": 1}}'):
        place = world.session().state / "ports.json"
        place.unlink()
        if content is not None:
            place.write_bytes(content)
        change = world.change(PORTS)
        assert (change.action, change.reason) == (Action.UPDATE, "the host's list of ports does not have them")
        world.settle()
        assert told(world) == before
        assert hosts_list(world).read() == list_before


def test_who_lost_a_number_is_told_and_gets_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the list was lost, another clone may have been given it."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    first, second = World.make(tmp_path / "one"), World.make(tmp_path / "two")
    first.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW}\n")
    first.settle()
    (tmp_path / "state/orchestra/ports.json").unlink()
    second.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW}\n")
    second.settle()
    first.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW + 1}\n")
    assert first.change(PORTS).reason == f"{LOW} is web of auth in {second.project.path}"
    first.settle()
    assert (told(first), told(second)) == ({"WEB_PORT": LOW + 1}, {"WEB_PORT": LOW})


def test_a_new_range_gives_new_numbers(world: World) -> None:
    """And the plan says why."""
    world.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW}\n")
    world.settle()
    world.declare("auth: {ports: [web]}", head=f"port_range: {LOW + 5}-{LOW + 5}\n")
    assert world.change(PORTS).reason == f"{LOW} is not between {LOW + 5} and {LOW + 5}"
    world.settle()
    assert told(world) == {"WEB_PORT": LOW + 5}


def test_a_rename_keeps_the_numbers(world: World) -> None:
    """Of the workspace, and of the file."""
    world.declare("auth: {ports: [web]}")
    world.settle()
    before = told(world)
    world.declare("login: {was: auth, ports: [web], env_file: .env.ports}")
    world.settle()
    assert told(world, "login", ".env.ports") == before
    assert not (world.tree("login").path / ".env.orchestra").exists()
    assert [who.workspace for who in hosts_list(world).read().values()] == ["login"]


def test_a_new_name_of_the_file_is_a_move(world: World) -> None:
    """Nobody deleted anything."""
    world.declare("auth: {ports: [web]}")
    world.settle()
    world.declare("auth: {ports: [web], env_file: .env.ports}")
    change = world.change(PORTS)
    assert (change.action, change.reason) == (Action.UPDATE, "declared otherwise than before")
    assert change.fields == (FieldChange("env_file", ".env.orchestra", ".env.ports"),)
    world.settle()
    assert not (world.tree().path / ".env.orchestra").exists()


def test_a_list_that_cannot_be_written_is_said_with_a_way_out(world: World) -> None:
    """Where it is asked for, and what is in its place."""
    place = world.session().state / "ports.json"
    place.mkdir(parents=True)
    world.declare("auth: {ports: [web]}")
    (failed,) = (each for each in world.try_apply().outcomes if not each.status.succeeded)
    assert failed.error is not None
    assert (failed.error.message, str(failed.error.where)) == (f"{place} is no file", "orchestra.yaml:2:10")
    assert failed.error.hint == f"move {place} away: orchestra keeps there who has which port"


def test_a_list_that_can_lie_nowhere_is_said_with_a_way_out(world: World) -> None:
    """Something stands where its directory belongs."""
    world.session().state.parent.write_text("")
    world.declare("auth: {ports: [web]}")
    (failed,) = (each for each in world.try_apply().outcomes if not each.status.succeeded)
    assert failed.error is not None
    assert str(failed.error.where) == "orchestra.yaml:2:10"
    assert "XDG_STATE_HOME" in failed.error.hint


def test_a_file_that_git_would_show_is_not_written(world: World) -> None:
    """What the repository's `.gitignore` takes out of all that is ignored, no exclude file of ours hides."""
    world.main.commit({".gitignore": ".env*\n!.env.*\n"})
    world.declare("auth: {ports: [web]}\nui: {ports: [web], env_file: ports.env}")
    change = world.change(PORTS)
    assert (change.action, change.reason) == (
        Action.CONFLICT,
        "the repository's .gitignore wants .env.orchestra seen",
    )
    assert change.hint == "name another `env_file`"
    world.try_apply()
    assert [world.tree(name).status() for name in ("auth", "ui")] == ["", ""]
    assert set(told(world, "ui", "ports.env")) == {"WEB_PORT"}


def test_an_edit_of_the_file_is_kept_shown_and_replaced_on_request(world: World) -> None:
    """A file that was deleted is written again."""
    world.declare("auth: {ports: [web]}")
    world.settle()
    text = world.tree().read(".env.orchestra")
    world.tree().write({".env.orchestra": "WEB_PORT=1\n"})
    (drift,) = world.change(PORTS).drift
    assert drift.endswith(f"kept, `orchestra apply --replace {PORTS}` replaces it")
    world.settle()
    assert world.tree().read(".env.orchestra") == "WEB_PORT=1\n"
    world.apply(PlanOptions(replace=(PORTS,)))
    assert world.tree().read(".env.orchestra") == text
    (world.tree().path / ".env.orchestra").unlink()
    world.settle()
    assert world.tree().read(".env.orchestra") == text


def test_a_file_of_somebodys_is_never_written_over(world: World) -> None:
    """The plan says so: of a file in the tree, and of one that the repository has."""
    world.declare("auth:")
    world.settle()
    world.tree().write({".env.orchestra": "mine\n"})
    world.main.git("switch", "-qc", "ui")
    world.main.commit({".env.orchestra": "theirs\n"})
    world.main.git("switch", "-q", "main")
    world.declare("auth: {ports: [web]}\nui: {ports: [web]}")
    for name, why in (("auth", "exists and is not ours"), ("ui", "the repository has a file")):
        change = world.change(f"ports:{name}")
        assert change.action is Action.CONFLICT
        assert why in change.reason
        assert "name another `env_file`" in change.hint
    world.try_apply()
    assert world.tree().read(".env.orchestra") == "mine\n"
    assert world.tree("ui").read(".env.orchestra") == "theirs\n"


def test_a_kill_between_list_and_mark_leaves_the_number_free(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no mark confirms is given to whoever asks next."""
    world.declare("auth: {ports: [web]}", head=f"port_range: {LOW}-{LOW}\n")
    write = PortList.write

    def killed(self: PortList, ports: object) -> None:
        write(self, ports)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(port_list.PortList, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        world.try_apply()
    monkeypatch.undo()
    monkeypatch.setenv("XDG_STATE_HOME", str(world.project.path.parent / "state"))
    assert set(hosts_list(world).read()) == {LOW}
    world.declare("auth:\nui: {ports: [web]}", head=f"port_range: {LOW}-{LOW}\n")
    world.settle()
    assert told(world, "ui") == {"WEB_PORT": LOW}


def test_a_plan_against_a_commit_takes_no_number_to_differ(world: World) -> None:
    """Which they are, no commit tells."""
    world.declare("auth: {ports: [web]}")
    world.main.git("add", "-f", "orchestra.yaml")
    world.main.git("commit", "-qm", "declare")
    assert world.plan(PlanOptions(against="HEAD")).is_empty
    world.declare("auth: {ports: [web, api]}")
    (change,) = world.plan(PlanOptions(against="HEAD")).pending
    assert (str(change.address), numbers(change)) == (PORTS, {"api": "a free number"})
