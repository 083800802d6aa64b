"""A project seen through the library: plans as values, applies that must succeed, and what must not have changed."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.kinds.workspace.fates import Removal
from reconciler.model.change import Change
from reconciler.model.outcome import Report
from reconciler.model.plan import Plan
from reconciler.model.settings import Settings
from reconciler.operations.apply import apply
from reconciler.operations.destroy import DestroyOptions, destroy, plan_destroy
from reconciler.operations.execution import Execution
from reconciler.operations.options import PlanOptions
from reconciler.operations.plan import plan
from reconciler.operations.session import Session, open_session
from tests.support.fakes import RecordingReporter
from tests.support.repository import Content, GitRepo, Project

QUICK = Settings(parallelism=4, first_wait_seconds=0.01, longest_wait_seconds=0.05)


@dataclass(frozen=True, slots=True)
class World:
    """A repository `shop` in a directory of its own, with a manifest that git does not show."""

    project: Project

    @classmethod
    def make(cls, directory: Path, files: Mapping[str, Content] | None = None, *, name: str = "shop") -> World:
        """Make a repository with these files, or three, in its first commit."""
        content = files if files is not None else {"app/a.py": "a = 1\n", "lib/b.py": "b = 1\n", "top.txt": "top\n"}
        return cls.of(Project(GitRepo.init(directory / name, content)))

    @classmethod
    def of(cls, project: Project) -> World:
        """Look at a project in this way."""
        world = cls(project)
        exclude = world.common_dir / "info/exclude"
        exclude.parent.mkdir(exist_ok=True)
        exclude.write_text("/orchestra.yaml\n")
        return world

    # --- what is there -----------------------------------------------------------------------------------------------

    @property
    def main(self) -> GitRepo:
        """The main worktree."""
        return self.project.repository

    @property
    def common_dir(self) -> Path:
        """The git directory."""
        return Path(self.main.git("rev-parse", "--path-format=absolute", "--git-common-dir"))

    def tree(self, name: str = "auth") -> GitRepo:
        """The tree of a workspace at its default path."""
        return self.project.tree(name)

    def git_dir(self, name: str = "auth") -> Path:
        """The private git directory of a workspace's tree."""
        return Path(self.tree(name).git("rev-parse", "--absolute-git-dir"))

    # --- what is asked -----------------------------------------------------------------------------------------------

    def declare(self, worktrees: str = "auth:", *, head: str = "") -> None:
        """Write the manifest: the lines below `worktrees:`."""
        body = textwrap.indent(textwrap.dedent(worktrees).strip(), "  ")
        (self.project.path / "orchestra.yaml").write_text(f"{textwrap.dedent(head)}worktrees:\n{body}\n")

    def session(self) -> Session:
        """Open a session, as each command does."""
        return open_session(self.project.path, os.environ)

    def plan(self, options: PlanOptions | None = None) -> Plan:
        """Plan."""
        return plan(self.session(), options).plan

    def change(self, name: str = "auth", options: PlanOptions | None = None) -> Change:
        """Plan, and give the change of one workspace or address."""
        address = name if ":" in name else f"workspace:{name}"
        return next(change for change in self.plan(options).changes if str(change.address) == address)

    def try_apply(self, options: PlanOptions | None = None) -> Report:
        """Apply, whatever becomes of it; the main worktree is never touched."""
        before = self._main()
        done = apply(self.session(), options, Execution(RecordingReporter(), lambda _: True, QUICK))
        assert self._main() == before, "the main worktree was touched"
        assert done.report is not None
        return done.report

    def apply(self, options: PlanOptions | None = None) -> Report:
        """Apply, all of it."""
        report = self.try_apply(options)
        assert report.is_complete, describe(report)
        return report

    def plan_destroy(self, *targets: str, removal: Removal | None = None) -> Plan:
        """Plan what `destroy` would do."""
        return plan_destroy(self.session(), DestroyOptions(targets, removal=removal or Removal())).plan

    def destroy(self, *targets: str, removal: Removal | None = None) -> Report:
        """Destroy what may be destroyed."""
        before = self._main()
        options = DestroyOptions(targets, removal=removal or Removal())
        done = destroy(self.session(), options, Execution(RecordingReporter(), lambda _: True, QUICK))
        assert self._main() == before, "the main worktree was touched"
        assert done.report is not None
        return done.report

    def settle(self, *dirty: str) -> None:
        """Apply until done, and require that all is well: nothing left to do, nothing of ours shows anywhere."""
        self.apply()
        self.require_settled(*dirty)

    def require_settled(self, *dirty: str) -> None:
        """Require an empty plan, and clean trees but those that the test itself made dirty."""
        left = self.plan()
        assert left.is_empty, f"left to do:\n{left}"
        for path in self.main.worktrees():
            tree = GitRepo(path)
            if path.name not in dirty and path.is_dir() and (path / ".git").exists():
                assert tree.status() == "", f"{path} is not clean:\n{tree.status()}"

    def _main(self) -> dict[str, str]:
        if (self.project.path / "HEAD").exists():
            return {}  # a bare repository has no main worktree
        state = self.main.try_git("--no-optional-locks", "status", "--porcelain", "--branch").stdout
        return {**snapshot(self.project.path, skip=(".git",)), "status": state}


def describe(report: Report) -> str:
    """Say what did not succeed."""
    failed = (outcome for outcome in report.outcomes if not outcome.status.succeeded)
    return "\n".join(f"{outcome.address} {outcome.status.value}: {outcome.reason}" for outcome in failed)


def snapshot(root: Path, skip: tuple[str, ...] = (), *, times: bool = False) -> dict[str, str]:
    """Describe every file, link and directory below a directory by mode and content; with `times` also by when."""
    return dict(_describe(root, root, skip, times=times))


def _describe(root: Path, directory: Path, skip: tuple[str, ...], *, times: bool) -> Iterator[tuple[str, str]]:
    for path in sorted(directory.iterdir()):
        name = str(path.relative_to(root))
        status = path.lstat()
        when = f" {status.st_mtime_ns} {status.st_ino}" if times else ""
        if name in skip:
            continue
        if stat.S_ISLNK(status.st_mode):
            yield name, f"link {path.readlink()}{when}"
        elif stat.S_ISDIR(status.st_mode):
            yield name, f"directory {status.st_mode:o}{when}"
            yield from _describe(root, path, skip, times=times)
        elif stat.S_ISREG(status.st_mode):
            yield name, f"{status.st_mode:o} {hashlib.sha256(path.read_bytes()).hexdigest()}{when}"
        else:
            yield name, f"special {status.st_mode:o}{when}"


@contextmanager
def somebody_in(directory: Path) -> Iterator[None]:
    """Let a process stand in a directory."""
    with subprocess.Popen(["sleep", "600"], cwd=directory) as process:
        try:
            yield
        finally:
            process.kill()
