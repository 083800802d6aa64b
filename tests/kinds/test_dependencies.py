"""Dependencies, tried with commands of the manifest's own: when they run, what they get, what is left of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import tracemalloc
from pathlib import Path
from unittest import mock

import pytest

from reconciler.kinds.dependency import PROVIDERS
from reconciler.model.change import Action
from reconciler.model.outcome import Status
from reconciler.operations.options import PlanOptions
from tests.support.world import World

GENERATE = """\
auth:
  dependencies:
    - run: mkdir -p out && cat schemas/a.txt > out/all.txt && echo made >> log
      inputs: [schemas/**]
      outputs: [out/**]
"""


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Give a repository with something to generate from."""
    return World.make(tmp_path, {".gitignore": "/out\n/log\n", "schemas/a.txt": "a\n", "schemas/b/c.txt": "c\n"})


def made(world: World, name: str = "auth") -> int:
    """Count how often the command was run in a tree."""
    log = world.tree(name).path / "log"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_a_command_is_run_once(world: World) -> None:
    """The plan after it is empty, and another apply starts nothing."""
    world.declare(GENERATE)
    assert world.change("dependency:auth/run").action is Action.CREATE
    world.settle()
    world.apply()
    assert made(world) == 1
    assert world.tree().read("out/all.txt") == "a\n"


def test_a_plan_runs_nothing(world: World) -> None:
    """Nor does `validate`."""
    world.declare("auth: {dependencies: [{run: touch ../../ran}]}")
    world.project.run("validate").expect(0)
    world.project.run("plan").expect(0)
    assert not list(world.project.path.parent.rglob("ran"))


def test_what_it_reads_decides_when_it_is_run_again(world: World) -> None:
    """In the tree whose inputs changed, and there alone; the plan names the file."""
    both = GENERATE + GENERATE.replace("auth", "ui")
    world.declare(both)
    world.settle()
    world.tree().write({"schemas/b/c.txt": "other\n"})
    change = world.change("dependency:auth/run")
    assert (change.action, [field.path for field in change.fields]) == (Action.UPDATE, ["schemas/b/c.txt"])
    world.settle("auth")
    assert (made(world), made(world, "ui")) == (2, 1)


def test_what_it_made_and_somebody_removed_is_made_again(world: World) -> None:
    """The plan says what is gone."""
    world.declare(GENERATE)
    world.settle()
    shutil.rmtree(world.tree().path / "out")
    change = world.change("dependency:auth/run")
    assert (change.action, change.reason) == (Action.CREATE, "removed by hand: out/**")
    world.settle()
    assert world.tree().read("out/all.txt") == "a\n"


def test_what_reads_what_the_same_plan_writes_is_in_that_plan(world: World) -> None:
    """Copied again on request, made by a command before it, or declared anew: one plan, one apply."""
    world.main.write({".gitignore": "/out\n/log\n/token\n"})
    world.main.commit()
    (world.project.path / "token").write_text("1\n")
    body = """\
auth:
  ports: [web]
  copy: [token]
  dependencies:
    - {run: mkdir -p out && cat schemas/a.txt > out/all.txt, inputs: [schemas/*], outputs: [out/**]}
    - {run: cat out/all.txt token >> log, inputs: ['out/*.txt', token]}
    - {run: cat .env.orchestra >> log, inputs: [.env*]}
"""
    world.declare(body)
    world.settle()
    assert len(world.tree().read("log").splitlines()) == 4
    world.tree().write({"schemas/a.txt": "b\n"})
    changes = {str(change.address): change for change in world.plan().pending}
    assert list(changes) == ["dependency:auth/run", "dependency:auth/run-2"]
    assert changes["dependency:auth/run-2"].reason == "reads what this plan makes anew: out/**"
    world.settle("auth")
    assert world.tree().read("log").splitlines()[4:] == ["b", "1"]

    (world.project.path / "token").write_text("2\n")
    again = PlanOptions(replace=("file:auth/token",))
    changes = {str(change.address): change for change in world.plan(again).pending}
    assert list(changes) == ["file:auth/token", "dependency:auth/run-2"]
    assert changes["dependency:auth/run-2"].reason == "reads what this plan makes anew: token"
    world.apply(again)
    world.require_settled("auth")
    assert world.tree().read("log").splitlines()[6:] == ["b", "2"]

    world.declare(body.replace("[web]", "[web, api]"))
    assert [str(change.address) for change in world.plan().pending] == ["ports:auth", "dependency:auth/run-3"]
    world.settle("auth")


def test_what_reads_what_is_gone_and_made_again_before_it_is_in_that_plan(world: World) -> None:
    """By a command or a copy: it is no conflict that what it reads is not there yet."""
    world.main.commit({".gitignore": "/out\n/log\n/requirements.txt\n"})
    (world.project.path / "requirements.txt").write_text("")
    first = "{run: mkdir -p out && cat schemas/a.txt > out/all.txt, inputs: [schemas/*], outputs: [out/**]}"
    second = "{run: cat out/all.txt >> log, inputs: ['out/*.txt']}"
    world.declare("auth:")
    world.settle()
    world.declare(f"auth:\n  copy: [requirements.txt]\n  dependencies: [{first}, {second}, pip]")
    assert {change.action for change in world.plan().pending} == {Action.CREATE}
    assert not world.plan().conflicts
    world.settle()
    assert world.tree().read("log") == "a\n"

    shutil.rmtree(world.tree().path / "out")
    world.tree().write({"schemas/a.txt": "b\n", "requirements.txt": None})
    changes = {str(change.address): change for change in world.plan().pending}
    assert list(changes) == [
        "file:auth/requirements.txt",
        "dependency:auth/run",
        "dependency:auth/run-2",
        "dependency:auth/pip",
    ]
    assert changes["dependency:auth/run-2"].reason == "reads what this plan makes anew: out/**"
    world.settle("auth")
    assert world.tree().read("log") == "a\nb\n"


def test_what_a_command_long_before_it_makes_counts_too(world: World) -> None:
    """Not only what the command right before it makes."""
    world.declare("""\
auth:
  dependencies:
    - {run: mkdir -p out && cat schemas/a.txt > out/all.txt, inputs: [schemas/a.txt], outputs: [out/**]}
    - {run: echo between, inputs: [schemas/b/*]}
    - {run: cat out/all.txt >> log, inputs: ['out/*.txt']}
""")
    world.settle()
    world.tree().write({"schemas/a.txt": "b\n"})
    assert [str(each.address) for each in world.plan().pending] == ["dependency:auth/run", "dependency:auth/run-3"]
    world.settle("auth")
    assert world.tree().read("log") == "a\nb\n"


def test_what_is_made_anew_as_it_was_is_no_reason(world: World) -> None:
    """The plan could not know; the report says that nothing changed."""
    first, second = (
        "{run: touch a.out, inputs: [schemas/*], outputs: [a.out]}",
        "{run: echo made >> log, inputs: [a.out]}",
    )
    world.declare(f"auth: {{dependencies: [{first}, {second}]}}")
    world.main.write({".gitignore": "/out\n/log\n*.out\n"})
    world.main.commit()
    world.settle()
    world.tree().write({"schemas/a.txt": "b\n"})
    assert len(world.plan().pending) == 2
    outcomes = {str(each.address): each.status for each in world.apply().outcomes}
    assert outcomes["dependency:auth/run"] is Status.UPDATED
    assert outcomes["dependency:auth/run-2"] is Status.UNCHANGED
    assert made(world) == 1
    world.require_settled("auth")


@pytest.mark.parametrize("output", ["node_modules/.client/**", ".venv/lib/*.txt", "node_modules/.client/a.txt"])
def test_what_it_makes_may_lie_where_packages_are_installed(world: World, output: str) -> None:
    """Some generators write there; only what is named as it is called is entered."""
    command = (
        "mkdir -p .venv/lib node_modules/.client; echo made | tee .venv/lib/a.txt node_modules/.client/a.txt >> log"
    )
    world.main.write({".gitignore": "/log\n.venv\nnode_modules\n"})
    world.main.commit()
    world.declare(f"auth: {{dependencies: [{{run: '{command}', outputs: ['{output}']}}]}}")
    world.settle()
    shutil.rmtree(world.tree().path / output.partition("/")[0])
    assert world.change("dependency:auth/run").reason == f"removed by hand: {output}"
    world.settle()
    assert made(world) == 2


def test_a_changed_command_is_a_change_in_the_plan(world: World) -> None:
    """With the command before and after."""
    world.declare("auth: {dependencies: [{run: echo made >> log}]}")
    world.settle()
    world.declare("auth: {dependencies: [{run: echo other >> log}]}")
    [field] = world.change("dependency:auth/run").fields
    assert (field.path, field.before, field.after) == ("command", "echo made >> log", "echo other >> log")
    world.settle()
    assert made(world) == 2


def test_a_command_comes_after_what_stands_before_it(world: World) -> None:
    """And what stands after it waits for it."""
    world.declare("auth: {dependencies: [{run: sleep 0.3; echo 1 >> log}, {run: echo 2 >> log}, {run: echo 3 >> log}]}")
    world.settle()
    assert world.tree().read("log").split() == ["1", "2", "3"]


def test_a_command_that_fails_says_all_that_it_said(world: World) -> None:
    """It is not tried again, what waits for it is skipped, everything else goes on."""
    world.declare(
        "auth: {dependencies: [{run: echo made >> log; echo one; echo two >&2; exit 3}, {run: touch never}]}\nui:"
    )
    report = world.try_apply()
    outcomes = {str(outcome.address): outcome for outcome in report.outcomes}
    failed, skipped = outcomes["dependency:auth/run"], outcomes["dependency:auth/run-2"]
    assert (failed.status, skipped.status, outcomes["workspace:ui"].status) == (
        Status.FAILED,
        Status.SKIPPED,
        Status.CREATED,
    )
    assert failed.reason.splitlines()[0].endswith("` failed with exit status 3")
    assert failed.reason.splitlines()[1:] == ["one", "two"]
    assert failed.error is not None
    assert str(failed.error.where) == "orchestra.yaml:2:25"
    assert made(world) == 1
    assert world.change("dependency:auth/run").reason == "its last installation failed"


def test_a_command_that_makes_nothing_of_what_it_should_fails(world: World) -> None:
    """To exit with 0 is not enough."""
    world.declare("auth: {dependencies: [{run: 'true', outputs: [dist/**]}]}")
    report = world.try_apply()
    [failed] = [each for each in report.outcomes if each.status is Status.FAILED]
    assert failed.reason == "`true` succeeded, but made nothing that matches `dist/**`"


def test_inputs_that_match_nothing_are_a_conflict_with_a_place(world: World) -> None:
    """Whether the tree is there already or not."""
    world.declare("auth: {dependencies: [{run: echo made >> log, inputs: [schemas/**, nowhere/**]}]}\nui:")
    report = world.try_apply()
    [failed] = [each for each in report.outcomes if each.status is Status.FAILED]
    assert failed.error is not None
    assert "nothing in" in failed.reason
    assert "`nowhere/**`" in failed.reason
    assert world.change("dependency:auth/run").action is Action.CONFLICT
    assert made(world) == 0


def test_what_a_command_makes_is_nothing_that_it_reads(world: World) -> None:
    """Where a pattern names both; else it would be run again for ever."""
    world.declare("auth: {dependencies: [{run: 'mkdir -p out && date +%N > out/now', inputs: ['**'], outputs: [out]}]}")
    world.settle()
    made_at = world.tree().read("out/now")
    world.tree().write({"out/other": "by hand\n"})
    world.settle()
    assert world.tree().read("out/now") == made_at


def test_a_command_that_rewrites_what_it_reads_is_run_until_it_changes_nothing(world: World) -> None:
    """A formatter, for one."""
    world.declare(
        "auth: {dependencies: [{run: 'echo x >> log; tr a b < schemas/a.txt > log.new; cp log.new schemas/a.txt;"
        " rm log.new', inputs: [schemas/**]}]}"
    )
    world.settle("auth")
    assert (made(world), world.tree().read("schemas/a.txt")) == (2, "b\n")


def test_a_command_that_never_comes_to_rest_says_what_it_changes(world: World) -> None:
    """It would be run again by every apply."""
    world.declare("auth: {dependencies: [{run: 'echo x >> log; echo x >> schemas/a.txt', inputs: [schemas/**]}]}")
    [failed] = [each for each in world.try_apply().outcomes if each.status is Status.FAILED]
    assert failed.reason == "`echo x >> log; echo x >> schemas/a.txt` changes what it reads: schemas/a.txt"
    assert failed.error is not None
    assert failed.error.hint == "take that out of `inputs`, or name it in `outputs`"
    assert str(failed.error.where) == "orchestra.yaml:2:25"
    assert made(world) == 2
    assert world.change("dependency:auth/run").is_pending


def test_requirements_beside_the_project_decide_too(world: World) -> None:
    """And what they include; what lies outside of the repository is refused."""
    world.main.commit({"py/a": "", "common/base.txt": "-r more.txt\n", "common/more.txt": ""})
    world.declare("auth: {dependencies: [pip: {project: py, requirements: ../common/base.txt}]}")
    world.settle()
    world.tree().write({"common/more.txt": "# more\n"})
    assert [field.path for field in world.change("dependency:auth/py/pip").fields] == ["common/more.txt"]


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(world: World) -> None:
    """Also when it does not listen."""
    world.declare("auth: {dependencies: [{run: 'trap \"\" TERM; sleep 77.7 & sleep 77.7', timeout: 1s}]}")
    with mock.patch("reconciler.clients.process._GRACE_SECONDS", 0.3):
        report = world.try_apply()
    [failed] = [each for each in report.outcomes if each.status is Status.FAILED]
    assert "was ended: it took longer than 1 s" in failed.reason
    commands = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert not [command for command in commands if b"77.7" in command]


def test_a_command_gets_the_environment_without_what_would_mislead_it(world: World) -> None:
    """No variable of git's or of an active virtual environment, but its own, whose values nobody is shown."""
    world.declare(
        "auth: {dependencies: [{run: 'env > out.env', env: {MODE: fast, TOKEN: '{env:SHOP_TOKEN}'}}]}",
        head="env: [SHOP_TOKEN]\n",
    )
    exclude = world.common_dir / "info/exclude"
    exclude.write_text(exclude.read_text() + "out.env\n")
    secret = {"SHOP_TOKEN": "hunter2-and-more", "GIT_DIR": "/nowhere", "VIRTUAL_ENV": "/nowhere"}
    with mock.patch.dict(os.environ, {"SHOP_TOKEN": secret["SHOP_TOKEN"], "VIRTUAL_ENV": "/nowhere"}):
        shown = world.project.run("plan").expect(0)
        world.settle()
        marks = (world.git_dir() / "orchestra.json").read_text()
    found = dict(line.partition("=")[::2] for line in world.tree().read("out.env").splitlines())
    assert (found["MODE"], found["TOKEN"]) == ("fast", "hunter2-and-more")
    assert not [name for name in found if name.startswith("GIT_") or name == "VIRTUAL_ENV"]
    assert "hunter2" not in shown.out + shown.err + marks
    assert "{env:SHOP_TOKEN}" in shown.out


def test_after_destroy_and_apply_it_is_run_again(world: World) -> None:
    """What it made may be in the archive or not; it is repeatable."""
    world.declare(GENERATE)
    world.settle()
    world.destroy()
    assert world.change("dependency:auth/run").action is Action.CREATE
    world.settle()
    assert made(world) == 2


def test_what_is_no_longer_declared_is_forgotten_on_request(world: World) -> None:
    """What a command made stays: it may be anybody's by now."""
    world.declare(GENERATE)
    world.settle()
    world.declare("auth:")
    assert "no longer declared" in " ".join(world.change("dependency:auth/run").notes)
    world.project.run("apply", "--prune", "--auto-approve").expect(0)
    assert [str(change.address) for change in world.plan().changes if change.address.kind == "dependency"] == []
    assert world.tree().read("out/all.txt") == "a\n"


def test_a_tree_that_was_moved_gets_its_own_again(world: World) -> None:
    """What was installed may hold the old path; the plan says so."""
    world.declare(GENERATE)
    world.settle()
    world.tree().git("worktree", "move", str(world.tree().path), str(world.project.path.parent / "elsewhere"))
    change = world.change("dependency:auth/run")
    assert (change.action, [field.path for field in change.fields]) == (Action.UPDATE, ["tree"])


def test_helpers_with_a_tree_inherit_and_desks_do_not(world: World) -> None:
    """Or have what they say themselves."""
    body = GENERATE.rstrip()
    helpers = """\
  helpers:
    test: {eager: true}
    none: {eager: true, dependencies: []}
    own: {eager: true, dependencies: [inherit, {run: echo own > own.log}]}
    late:
    desk: {workspace: desk}
"""
    (world.common_dir / "info/exclude").write_text("/orchestra.yaml\nown.log\n")
    world.declare(f"{body}\n{helpers}")
    found = {str(each.address) for each in world.plan().changes if each.address.kind == "dependency"}
    assert found == {
        "dependency:auth/run",
        "dependency:auth--test/run",
        "dependency:auth--own/run",
        "dependency:auth--own/run-2",
    }
    world.settle()
    assert world.tree("auth--own").read("own.log") == "own\n"


def test_what_commands_print_is_shown_on_request(world: World) -> None:
    """Line by line while they run, on a stream of events too; otherwise only when they fail."""
    world.declare("auth: {dependencies: [{run: echo one; echo two >&2; printf three}]}")
    shown = world.project.run("apply", "--auto-approve", "--logs").expect(0)
    assert "dependency:auth/run | one\n" in shown.err
    assert "dependency:auth/run | two\n" in shown.err
    assert "dependency:auth/run | three\n" in shown.err
    world.declare("auth: {dependencies: [{run: echo another}]}")
    assert "another" not in world.project.run("apply", "--auto-approve").expect(0).err
    world.declare("auth: {dependencies: [{run: echo four}]}")
    events = world.project.run("apply", "--auto-approve", "--logs", "--json").expect(0).out
    assert '{"type": "printed", "address": "dependency:auth/run", "text": "four"}' in events


def test_what_prints_without_end_is_not_held_in_memory(world: World) -> None:
    """Of much the end is told, and how much there was before it; the log has all."""
    line = "x" * 999
    world.declare(f"auth: {{dependencies: [{{run: 'yes {line} | head -c 40000000; echo the end; exit 1'}}]}}")
    tracemalloc.start()
    try:
        report = world.try_apply()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    [failed] = [each for each in report.outcomes if each.status is Status.FAILED]
    assert failed.reason.splitlines()[1] == "... (39801 lines before these)"
    assert failed.reason.splitlines()[-1] == "the end"
    assert (world.git_dir() / "orchestra.runs/run.log").stat().st_size == 40_000_008
    assert most < 30 << 20


def test_a_line_without_end_is_shown_in_part(world: World) -> None:
    """What a program writes that is no text, for one; what comes after it is shown, and of a secret in it nothing."""
    world.declare(
        "auth: {dependencies: [{run: 'head -c 3000000 /dev/zero; echo $TOKEN; echo after; "
        "head -c 6000000 /dev/zero; exit 1', env: {TOKEN: '{env:SHOP_TOKEN}'}}]}",
        head="env: [SHOP_TOKEN]\n",
    )
    ran = world.project.run("apply", "--auto-approve", "--logs", env={"SHOP_TOKEN": "hunter2-and-more"})
    assert "dependency:auth/run | after\n" in ran.err
    assert len(ran.out + ran.err) < 100_000
    assert "hunter2" not in ran.out + ran.err


def test_a_value_of_the_environment_is_shown_nowhere(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However short or like a word: the command got it, and what it prints may hold it."""
    monkeypatch.setenv("SECRET", "horse")
    command = "echo with $TOKEN of $PLAIN; exit 1"
    world.declare(
        f"auth: {{dependencies: [{{run: '{command}', env: {{TOKEN: 'x-{{env:SECRET}}', PLAIN: word}}}}]}}",
        head="env: [SECRET]\n",
    )
    run = world.project.run("apply", "--auto-approve", "--logs")
    assert "with x-{env:SECRET} of word" in run.err
    history = world.project.run("history", "--json").out
    journal = (world.common_dir / "orchestra/journal.jsonl").read_text()
    assert "horse" not in run.err + run.out + history + journal


def test_a_value_hides_no_part_of_another_one(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a line of one: what is left of it could not be told from other text any more."""
    monkeypatch.setenv("LEVEL", "1")
    monkeypatch.setenv("KEY", "-----BEGIN-----\nof horses\nabcdefgh12ijklm\n}\n-----END-----")
    monkeypatch.setenv("NPM_TOKEN", "npm_abcdefgh12345")
    command = 'echo "$KEY of $LEVEL"; echo got $NPM_TOKEN and {}; exit 1'
    world.declare(
        f"auth: {{dependencies: [{{run: '{command}', env: {{LEVEL: '{{env:LEVEL}}', KEY: '{{env:KEY}}'}}}}]}}",
        head="env: [LEVEL, KEY, NPM_TOKEN]\n",
    )
    run = world.project.run("apply", "--auto-approve", "--logs")
    journal = (world.common_dir / "orchestra/journal.jsonl").read_text()
    for part in ("abcdefgh", "ijklm", "horses", "BEGIN", "2345"):
        assert part not in run.err + run.out + journal
    assert "    {env:KEY} of {env:LEVEL}\n    got {env:NPM_TOKEN} and {}\n" in run.out


def test_the_digest_of_an_input_tells_nothing_of_it(world: World) -> None:
    """It may be a secret, and short."""
    world.declare(GENERATE)
    world.settle()
    world.tree().write({"schemas/a.txt": "b\n"})
    shown = world.project.run("plan", "--json").out
    assert "schemas/a.txt" in shown
    for text in (b"a\n", b"b\n"):
        assert hashlib.sha256(text).hexdigest()[:16] not in shown


@pytest.mark.parametrize(
    ("said", "is_transient"),
    [
        ("npm error code E503\nnpm error 503 Service Unavailable", True),
        ("HTTP status server error (502 Bad Gateway)", True),
        ("ERR_PNPM_FETCH_500", True),
        ("YN0000: Failed with errors in 0s 502ms", False),
        ("checksum: 10c0/5da4c68401a503b7", False),
        ("cause: error reading a body from connection: end of file before\n    message length reached", True),
        ("cannot read /tmp/shop-504/packages/ui", False),
        ("cannot read /srv/500/ui or a/503.d or b_502/x", False),
        ("ERR_PNPM_FETCH_503  GET https://registry: Service Unavailable - 503", True),
    ],
)
def test_what_tools_say_tells_whether_another_attempt_may_help(said: str, *, is_transient: bool) -> None:
    """A number is a status only where it stands alone: not in a length of time, or in a checksum."""
    assert PROVIDERS["yarn"].is_transient(said) is is_transient


@pytest.mark.parametrize(
    ("name", "said", "is_unreadable"),
    [
        ("uv", "error: Failed to parse `uv.lock`\n cause: TOML parse error at line 503, column 9", True),
        ("uv", "error: failed to read from file `/x/uv.lock`: stream did not contain valid UTF-8", True),
        ("uv", "error: Failed to parse: `pyproject.toml`", False),
        ("cargo", "error: failed to read file: /x/Cargo.lock\nCaused by: no valid UTF-8", True),
        ("cargo", "error: failed to parse lock file at: /x/Cargo.lock\nlock file version `99` was found", False),
        ("poetry", "Installing dependencies from lock file\n'utf-8' codec can't decode byte 0xff", True),
        ("poetry", "Installing dependencies from lock file\nPackage operations: 1\nx (at line 2, column 1)", False),
        ("pnpm", "Error: ERR_PNPM_LOCKFILE_READ_FILE", True),
        ("yarn", "error SyntaxError: Unknown token: { line: 1 } 1:0 in /x/yarn.lock", True),
    ],
)
def test_what_tools_say_tells_whether_they_can_read_the_lock_file(name: str, said: str, *, is_unreadable: bool) -> None:
    """No number in it is a status; that a newer tool wrote it is another matter, and what a package holds too."""
    assert PROVIDERS[name].is_unreadable(said) is is_unreadable
    assert not PROVIDERS[name].is_transient(said)
