"""`plan` costs the same however much is declared, changes nothing, and runs nothing of the repository's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reconciler.clients.process import Finished, Runner
from tests.support.repository import GitRepo, Project
from tests.support.world import World, snapshot


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, ...]]]:
    """Note every program that is started."""
    started: list[tuple[str, ...]] = []
    run = Runner.run

    def note(self: Runner, argv: Sequence[str | Path], **options: Any) -> Finished:
        started.append(tuple(str(word) for word in argv))
        return run(self, argv, **options)

    with monkeypatch.context() as patch:
        patch.setattr(Runner, "run", note)
        yield started


def verbs(started: list[tuple[str, ...]]) -> list[str]:
    return sorted(next(word for word in argv[1:] if not word.startswith("-")) for argv in started)


def many(count: int, **fields: str) -> str:
    helpers = "helpers: {test: {eager: true}, docs: }"
    return "\n".join(f"tree-{number}: {{{helpers}}}" for number in range(count))


@pytest.mark.parametrize("is_applied", [False, True], ids=["before", "after"])
def test_the_programs_of_a_plan_do_not_grow_with_what_is_declared(
    world: World, monkeypatch: pytest.MonkeyPatch, is_applied: bool
) -> None:
    """The same programs for one, two and seven worktrees with helpers."""
    counts = {}
    for count in (1, 2, 7):
        world.declare(many(count))
        if is_applied:
            world.apply()
        with counting(monkeypatch) as started:
            assert world.plan().is_empty is is_applied
        counts[count] = verbs(started)
    assert counts[1] == counts[2] == counts[7]


def test_the_programs_of_a_plan_do_not_grow_with_drift(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor with bases that only git can name."""
    world.declare(many(5))
    world.settle()
    for number in range(5):
        tree = world.tree(f"tree-{number}")
        tree.git("switch", "--quiet", "-c", f"mine-{number}")
        tree.commit({"SESSION.md": "mine\n", "a.txt": f"{number}"})
    with counting(monkeypatch) as first:
        world.plan()
    world.declare(many(5) + "\n" + "\n".join(f"new-{number}: {{base: mine-{number}}}" for number in range(9)))
    with counting(monkeypatch) as second:
        world.plan()
    assert len(second) <= len(first) + 1, "one more names the bases"


def test_the_programs_of_a_plan_do_not_grow_with_copies_and_ports(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is named is asked for at once, in however many trees; each pattern by itself, once."""
    exclude = world.common_dir / "info/exclude"
    exclude.write_text(exclude.read_text() + ".env*\n")
    for number in range(7):
        (world.project.path / f".env.{number}").write_text(f"{number}\n")
    counts = {}
    for count in (1, 7):
        keys = "ports: [web, api]"
        world.declare("\n".join(f"tree-{n}: {{copy: [.env.{n}, '.env*'], {keys}}}" for n in range(count)))
        world.settle()
        with counting(monkeypatch) as started:
            world.plan()
        counts[count] = verbs(started)
    assert counts[1] == counts[7]


def test_a_plan_changes_nothing(world: World) -> None:
    """Not a byte, a time or an inode of repository and trees, whatever there is to do."""
    world.declare(many(2) + "\ngone:")
    world.apply()
    world.tree("tree-0").write({"SESSION.md": "mine\n", "new.txt": "mine"})
    world.tree("tree-1").path.rename(world.tree("tree-1-by-hand").path)
    world.declare(many(3))
    before = snapshot(world.project.path.parent, times=True)
    world.plan()
    assert not world.plan().is_empty
    assert snapshot(world.project.path.parent, times=True) == before


def test_a_plan_before_the_first_apply_changes_nothing(world: World) -> None:
    """It gives the clone no identity."""
    world.declare(many(2))
    before = snapshot(world.project.path.parent, times=True)
    world.plan()
    assert snapshot(world.project.path.parent, times=True) == before


HOOKS = (
    "post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc", "pre-commit", "fsmonitor-watchman",
)  # fmt: skip


def trap(directory: Path, name: str) -> Path:
    """Make a program that leaves a trace when it is run."""
    file = directory / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho {name} >> {directory}/TRACE\ncat\n")
    file.chmod(0o755)
    return file


def booby_trap(repository: GitRepo, directory: Path) -> None:
    """Let everything that git can be told to run leave a trace."""
    common = Path(repository.git("rev-parse", "--path-format=absolute", "--git-common-dir"))
    run = trap(directory, "run")
    keys = [
        "core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "core.askPass", "core.gitProxy",
        "sequence.editor", "diff.external", "diff.trap.textconv", "diff.trap.command", "filter.trap.clean",
        "filter.trap.smudge", "filter.trap.process", "credential.helper", "gpg.program", "merge.trap.driver",
        "pager.status", "pager.config", "pager.worktree", "pager.for-each-ref", "interactive.diffFilter",
        "uploadpack.packObjectsHook", "remote.origin.uploadpack", "browser.trap.cmd", "init.templateDir",
    ]  # fmt: skip
    for key in keys:
        repository.git("config", key, str(run))
    for name in ("config", "worktree", "for-each-ref", "rev-list", "cat-file", "merge-base", "status", "rev-parse"):
        repository.git("config", f"alias.{name}", f"!{run}")
    repository.git("config", "--add", "include.path", str(directory / "included"))
    (directory / "included").write_text(f"[alias]\n\tworktree = !{run}\n[core]\n\tfsmonitor = {run}\n")
    repository.git("config", "--add", f"includeIf.gitdir:{common}/.path", str(directory / "included"))
    for hook in HOOKS:
        trap(common / "hooks", hook).rename(common / "hooks" / hook)
    (common / "info/attributes").write_text("* filter=trap diff=trap merge=trap\n")


def traces(*directories: Path) -> list[str]:
    found = (directory / "TRACE" for directory in directories)
    return [line for file in found if file.exists() for line in file.read_text().splitlines()]


def test_a_plan_runs_nothing_that_the_repository_or_its_configuration_names(world: World, tmp_path: Path) -> None:
    """Hooks, filters, monitors, pagers, aliases, helpers: the traps work, and none is sprung."""
    world.declare(many(2))
    world.settle()
    world.tree("tree-0").write({"app/a.py": "changed\n"})
    booby_trap(world.main, tmp_path / "traps")
    world.declare(many(3))
    assert not world.plan().is_empty
    assert traces(tmp_path / "traps", world.common_dir / "hooks") == []
    world.main.try_git("-c", "core.hooksPath=" + str(world.common_dir / "hooks"), "status")
    assert traces(tmp_path / "traps", world.common_dir / "hooks"), "the traps work"


def test_a_plan_of_a_strangers_repository_runs_nothing_and_asks_no_network(tmp_path: Path) -> None:
    """Commands of the manifest are text."""
    stranger = GitRepo.init(tmp_path / "stranger", {
        "a.txt": "a", ".gitattributes": "* filter=trap\n", ".lfsconfig": "[lfs]\n\turl = http://localhost:1\n",
        ".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = http://localhost:1/x\n',
        "agents/templates/test-agent.md": "x",
    })  # fmt: skip
    world = World.of(Project(stranger.clone(tmp_path / "shop")))
    world.main.git("remote", "set-url", "origin", "http://localhost:1/nowhere")
    booby_trap(world.main, tmp_path / "traps")
    world.declare("auth: {submodules: true, done_when: ['touch ran'], helpers: {test: {eager: true}}}")
    assert not world.plan().is_empty
    assert traces(tmp_path / "traps", world.common_dir / "hooks") == []
    assert not list(tmp_path.rglob("ran"))


def test_variables_that_would_redirect_git_are_not_followed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when orchestra is called from a hook of another repository."""
    other = GitRepo.init(tmp_path / "other", {"x.txt": "x"})
    world.declare("auth:")
    before = snapshot(other.path, times=True)
    for name, value in {
        "GIT_DIR": other.path / ".git",
        "GIT_WORK_TREE": other.path,
        "GIT_INDEX_FILE": other.path / ".git/index",
        "GIT_COMMON_DIR": other.path / ".git",
        "GIT_OBJECT_DIRECTORY": other.path / ".git/objects",
        "GIT_NAMESPACE": "x",
        "GIT_CEILING_DIRECTORIES": "/",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_CONFIG_COUNT": "0",
        "GIT_QUARANTINE_PATH": "x",
    }.items():
        monkeypatch.setenv(name, str(value))
    plan = world.plan()
    assert str(world.tree().path) in str(plan)
    with monkeypatch.context() as inside:
        for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
            inside.setenv(name, str(other.path / ".git"))
        world.session()
    assert snapshot(other.path, times=True) == before


def test_the_note_of_another_manifest_comes_first_and_only_when_it_is_one(world: World) -> None:
    """It may not be the one that was meant."""
    world.declare("auth:")
    world.settle()
    assert world.plan().notes == ()
    world.main.git("switch", "--quiet", "-c", "other")
    assert "last time it came from" in world.plan().notes[0]
    world.declare("auth: {task: Harden it}")
    world.apply()
    assert world.plan().notes == ()
