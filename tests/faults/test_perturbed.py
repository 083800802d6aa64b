"""The world moves between a plan and its execution: what moved is named, nothing is lost, and it settles."""

from __future__ import annotations

import os
import re
import shlex
import tarfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from reconciler.cli import execution
from reconciler.errors import OrchestraError
from reconciler.model.plan import Plan
from reconciler.operations.apply import apply
from reconciler.operations.execution import Execution
from reconciler.operations.options import PlanOptions
from reconciler.operations.session import open_session
from reconciler.views.errors import render_error
from reconciler.views.report import render_report
from tests.faults.perturbations import KEPT, ROWS, STARTS, WAYS_OUT, Start, build, run_shell
from tests.faults.world import World
from tests.support.fakes import RecordingReporter
from tests.support.repository import CliRun, GitRepo, Project
from tests.support.world import QUICK

CASES = [pytest.param(start, what, id=f"{start.name}, {what}") for start in STARTS for what in ROWS[start.name]]


@dataclass(frozen=True, slots=True)
class Treasure:
    """What must not be lost: bytes that somebody wrote, what is staged, commits, and refs that are not ours.

    What an archive holds is not lost.
    """

    files: Counter[str]
    staged: Counter[str]
    commits: frozenset[str]
    refs: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, world: World, ours: frozenset[str]) -> Treasure:
        """Count it."""
        trees = [tree for path in world.repository.worktrees() if (tree := GitRepo(path)).path.is_dir()]
        heads = (tree.try_git("rev-parse", "--verify", "--quiet", "HEAD").stdout.strip() for tree in trees)
        refs = world.repository.refs()
        return cls(
            Counter(entry for entry in (*_entries(world.root), *_archived(world)) if entry not in ours),
            Counter(line for tree in trees for line in tree.try_git("diff", "--cached", "--raw").stdout.splitlines()),
            frozenset(world.repository.git("rev-list", "--all", *filter(None, heads)).split()),
            frozenset((name, to) for name, to in refs.items() if not re.fullmatch("refs/heads/auth(--test)?", name)),
        )

    def lost_in(self, after: Treasure) -> str:
        """Name what is there no more."""
        lost = {
            "files": list(self.files - after.files),
            "staged": list(self.staged - after.staged),
            "commits": self.commits - after.commits,
            "refs": self.refs - after.refs,
        }
        return "; ".join(f"{what} {which}" for what, which in lost.items() if which)


def _entries(root: Path) -> list[str]:
    found = []
    for directory, names, files in os.walk(root):
        names[:] = [name for name in names if name not in {".git", "far"}]  # `far` is a bare repository
        for path in (Path(directory, name) for name in (*files, *names)):
            if path.is_symlink():
                found.append(f"link to {path.readlink()}")
            elif path.is_file() and path.name not in {".git", "orchestra.yaml"}:
                found.append(path.read_text(errors="replace"))
    return found


def _archived(world: World) -> Iterator[str]:
    """What the archives that the repository names hold: files as objects, and what git ignores in tars."""
    git = world.repository.git
    shelf = Path(os.environ["XDG_STATE_HOME"], "orchestra", "archive", git("config", "--default=@", "orchestra.clone"))
    for ref, commit in world.repository.refs("refs/orchestra/archive").items():
        for line in git("ls-tree", "-r", f"{commit}:", "files").splitlines():
            yield git("cat-file", "blob", line.split()[2]) + "\n"
        tar = shelf.with_name(shelf.name.partition("@")[0]).joinpath(*ref.split("/")[3:]).with_suffix(".tar")
        if tar.exists():
            with tarfile.open(tar) as opened:
                yield from (_member(opened, member) for member in opened if not member.isdir())


def _member(opened: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    content = opened.extractfile(member) if member.isreg() else None
    return content.read().decode(errors="replace") if content else f"link to {member.linkname}"


class Stage:
    """A start, made once and put back for each perturbation."""

    def __init__(self, start: Start, directory: Path) -> None:
        self.start = start
        self.world = World(directory / "world", directory / "store")
        build(self.world)
        self.project = Project(self.world.repository)
        if start.before:
            self._declare(start.before)
            self.project.apply()
        run_shell(self.world, start.spoil)
        # What we wrote, what everybody has, and what is empty, as files are after a loss of power.
        self.ours = frozenset(_entries(self.world.root)) | {"a\n", "b\n", "c\n", ""}
        self._declare(start.after)
        self.world.keep("before")

    def _declare(self, manifest: str) -> None:
        self.world.repository.write({"orchestra.yaml": manifest})

    def run(self, how: str, lines: str) -> tuple[CliRun, Treasure]:
        """Plan, let it happen, and carry out; gives what became of it, and what there was to lose."""
        self.world.put_back("before")
        return (self._saved if how == "saved" else self._live)(lines)

    def _saved(self, lines: str) -> tuple[CliRun, Treasure]:
        plan = str(self.world.store / "plan.json")
        self.project.run("plan", "--out", plan, *self.start.words).expect(0)
        run_shell(self.world, lines)
        before = Treasure.of(self.world, self.ours)
        return self.project.run("apply", plan), before

    def _live(self, lines: str) -> tuple[CliRun, Treasure]:
        seen: list[Treasure] = []

        def approve(_plan: Plan) -> bool:
            run_shell(self.world, lines)
            seen.append(Treasure.of(self.world, self.ours))
            return True

        options = PlanOptions(prune="--prune" in self.start.words)
        session = open_session(self.project.path, os.environ)
        try:
            report = apply(session, options, Execution(RecordingReporter(), approve, QUICK)).report
        except OrchestraError as error:
            return CliRun(error.exit_code, "", render_error(error)), seen[0]
        assert report is not None
        return CliRun(report.exit_code, render_report(report), ""), seen[0]

    def settle(self) -> None:
        """Apply, and do what is asked for, until there is nothing left to do; what is asked for must help."""
        said = ""
        for _ in range(5):
            ended = self.project.run("apply", "--auto-approve", *self.start.words)
            require_words(ended)
            if not self.project.run("plan", "--detailed-exitcode", *self.start.words).code:
                return
            assert ended.out + ended.err != said, f"what was asked for did not help:\n{ended}"
            said = ended.out + ended.err
            for hint in dict.fromkeys(re.findall(r"hint: (.*)$", said, re.MULTILINE)):
                self._do_as_told(hint)
        pytest.fail(f"it never settles:\n{said}")

    def _do_as_told(self, hint: str) -> None:
        lock = re.search(r"remove (/\S+\.lock)", hint)
        place = re.search(r"^move (/\S+) away", hint)
        command = re.search(r"`((?:git|orchestra) .*?)`", hint)
        if lock:
            Path(lock[1]).unlink()
        elif place:
            Path(place[1]).rename(f"{place[1]}.mine")
        elif command and command[1].startswith("git "):
            self.world.repository.git(*shlex.split(command[1])[1:])
        elif command:
            self.project.run(*shlex.split(command[1])[1:]).expect(0)
        else:
            run_shell(self.world, next(lines for words, lines in WAYS_OUT.items() if words in hint))


def require_words(ended: CliRun) -> None:
    """A command ends with a message of ours."""
    said = ended.out + ended.err
    assert "Traceback" not in said, said
    assert "bug in orchestra" not in said, said


@pytest.fixture(scope="module")
def stage_at(tmp_path_factory: pytest.TempPathFactory, _hermetic: None) -> Callable[[Start], Stage]:
    """Give the stage of a start; it is set up once."""
    return cache(lambda start: Stage(start, tmp_path_factory.mktemp(start.name)))


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for no lock that will not go away."""
    monkeypatch.setattr(execution, "settings_of", lambda _: QUICK)


@pytest.mark.parametrize("how", ["saved", "live"])
@pytest.mark.parametrize(("start", "what"), CASES)
def test_what_moved_meanwhile(stage_at: Callable[[Start], Stage], start: Start, what: str, how: str) -> None:
    """It is named, or did not matter; nothing of anybody's is lost, then or when it settles."""
    stage = stage_at(start)
    lines, expected = ROWS[start.name][what]

    ended, before = stage.run(how, lines)

    require_words(ended)
    said = ended.out + ended.err
    assert ended.code in _codes_of(expected), said
    assert not ended.code or re.search(expected.removeprefix("~"), said), said
    assert not (lost := before.lost_in(Treasure.of(stage.world, stage.ours))), lost
    stage.settle()
    after = replace(Treasure.of(stage.world, stage.ours), refs=before.refs)  # a new plan may have named them
    assert not (lost := before.lost_in(after)), lost


def _codes_of(expected: str) -> tuple[int, ...]:
    """Refused as stale, or by a lock or a protection; done when no refusal is expected."""
    refused = (1, 4) if expected.startswith("remove ") else (4, 5) if expected == KEPT else (5,)
    return (0, *refused) if expected.startswith("~") else refused if expected else (0,)
