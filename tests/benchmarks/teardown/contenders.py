"""Three ways to make a tree, to tear it down, and to have it again the next morning."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.benchmarks.measure import Shell
from tests.benchmarks.world import orchestra
from tests.support.repository import GitRepo

BRANCH = "task"
_REASON = re.compile(r"workspace:task \((.*)\)$", re.MULTILINE)


class Contender(Protocol):
    """A way."""

    @property
    def name(self) -> str:
        """What it is called in the table."""

    def make(self, main: GitRepo, keys: str) -> GitRepo:
        """Make a tree on a new branch `task`, with these keys of a declaration if there is one."""

    def tear_down(self, main: GitRepo, tree: GitRepo) -> str:
        """Tear it down as an unattended run would, and say what it told about that."""

    def bring_back(self, main: GitRepo, tree: GitRepo) -> None:
        """Make it again, with the same command as at first."""


@dataclass(frozen=True, slots=True)
class Orchestra:
    """`orchestra apply` and `orchestra destroy`."""

    shell: Shell
    name: str = "orchestra destroy"

    def make(self, main: GitRepo, keys: str) -> GitRepo:
        """Declare and apply."""
        with (main.path / ".git/info/exclude").open("a", encoding="utf-8") as exclude:
            exclude.write("/orchestra.yaml\n")
        main.write({"orchestra.yaml": f"worktrees: {{{BRANCH}: {{{keys}}}}}\n"})
        self._apply(main)
        return GitRepo(main.path.with_name(f"{main.path.name}.wt") / BRANCH)

    def tear_down(self, main: GitRepo, _tree: GitRepo) -> str:
        """Destroy; that a tree could not be taken down is an answer too."""
        done = self.shell.try_run([*orchestra(), "destroy", "--auto-approve"], main.path)
        found = _REASON.search(done.stdout)
        failed = f"exit {done.returncode}, " if done.returncode else ""
        return f"{failed}{found.group(1)}" if found else f"{failed}{done.stderr}"

    def bring_back(self, main: GitRepo, tree: GitRepo) -> None:
        """Apply."""
        if not tree.path.exists():
            self._apply(main)

    def _apply(self, main: GitRepo) -> None:
        self.shell.run([*orchestra(), "apply", "--auto-approve"], main.path)


@dataclass(frozen=True, slots=True)
class PlainGit:
    """What is typed, and what most scripts do."""

    name: str = "git worktree remove --force"

    def make(self, main: GitRepo, keys: str) -> GitRepo:
        """Add a worktree."""
        tree = main.path.with_name(f"{main.path.name}.wt") / BRANCH
        main.git("worktree", "add", "--quiet", "-b", BRANCH, str(tree), _base(keys))
        return GitRepo(tree)

    def tear_down(self, main: GitRepo, tree: GitRepo) -> str:
        """Remove tree and branch."""
        done = main.try_git("worktree", "remove", "--force", str(tree.path))
        main.try_git("branch", "-D", BRANCH)
        return "refused" if done.returncode else "removed"

    def bring_back(self, main: GitRepo, tree: GitRepo) -> None:
        """Add it again."""
        if not tree.path.exists():
            main.try_git("worktree", "add", "--quiet", "-b", BRANCH, str(tree.path))


@dataclass(frozen=True, slots=True)
class Par:
    """`par start` and `par rm` of par-cli, which needs tmux; its sessions are on a server of their own."""

    shell: Shell
    program: Path
    name: str = "par rm"

    def make(self, main: GitRepo, keys: str) -> GitRepo:
        """Start a session."""
        self.end()
        self.shell.run([self.program, "start", BRANCH, "--base", _base(keys)], main.path)
        (tree,) = self._data.glob(f"worktrees/*/{BRANCH}")
        return GitRepo(tree)

    def tear_down(self, main: GitRepo, tree: GitRepo) -> str:
        """Remove the session."""
        self.shell.run([self.program, "rm", BRANCH], main.path)
        return "refused" if tree.path.exists() else "removed"

    def bring_back(self, main: GitRepo, tree: GitRepo) -> None:
        """Start it again."""
        if not tree.path.exists():
            self.shell.try_run([self.program, "start", BRANCH], main.path)

    def end(self) -> None:
        """End its sessions, and have it forget them."""
        self.shell.try_run(["tmux", "kill-server"], Path("/"))
        shutil.rmtree(self._data, ignore_errors=True)

    @property
    def _data(self) -> Path:
        return Path(self.shell.environment["XDG_DATA_HOME"]) / "par"


def _base(keys: str) -> str:
    return keys.removeprefix("base: ") if keys.startswith("base: ") else "HEAD"
