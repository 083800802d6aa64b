"""Repositories and manifests to measure on."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import Shell
from tests.support.environment import hermetic_environment
from tests.support.repository import GitRepo

ROOT = Path(__file__).parent.parent.parent
AREAS = 40
FILES_PER_AREA = 150


def shell(scratch: Path, **extra: str) -> Shell:
    """Give the environment of all measurements: no configuration of the user's, this checkout's package."""
    home = scratch / "home"
    home.mkdir(exist_ok=True)
    environment: Mapping[str, str] = hermetic_environment(home, os.environ)
    return Shell({**environment, "PYTHONPATH": str(ROOT), **extra})


def orchestra() -> list[str]:
    """Give the command as users have it: the installed script, else the module."""
    script = Path(sys.executable).with_name("orchestra")
    return [str(script)] if script.exists() else [sys.executable, "-m", "reconciler"]


def small_repository(path: Path) -> GitRepo:
    """Make a repository in which filling a tree costs next to nothing."""
    return GitRepo.init(path, {f"area{number:03}/file.txt": f"{number}\n" for number in range(3)})


def large_repository(path: Path) -> GitRepo:
    """Make a repository of several thousand files of a usual size, in as many areas as `AREAS` says."""
    body = "".join(f"line {number} of something that a person might have written\n" for number in range(60))
    names = ((area, number) for area in range(AREAS) for number in range(FILES_PER_AREA))
    return GitRepo.init(
        path, {f"area{area:03}/file{number:03}.txt": f"{area} {number}\n{body}" for area, number in names}
    )


def manifest(worktrees: int, *, helpers: int = 0, body: str = "") -> str:
    """Declare worktrees `w000`, `w001`, ... with as many helpers each."""
    lines = ["worktrees:"]
    for number in range(worktrees):
        lines += [f"  w{number:03}:", f"    modify: [area{number:03}]", f"    task: Task number {number}"]
        lines += [f"    {body}"] if body else []
        lines += ["    helpers:"] if helpers else []
        lines += [f"      h{helper}: {{modify: [area{number:03}/part{helper}]}}" for helper in range(helpers)]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class World:
    """A repository with a manifest, in a directory of its own."""

    path: Path
    shell: Shell

    @classmethod
    def of(cls, source: GitRepo, directory: Path, shell: Shell, text: str) -> World:
        """Clone a repository afresh and give the clone an uncommitted manifest."""
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        path = directory / "shop"
        shell.run(["git", "clone", "--quiet", source.path, path], directory)
        (path / "orchestra.yaml").write_text(text, encoding="utf-8")
        return cls(path, shell)

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run orchestra here."""
        return self.shell.run([*orchestra(), *arguments], self.path, code)

    def seconds(self, *arguments: str, code: int = 0) -> float:
        """Time orchestra here."""
        return self.shell.seconds([*orchestra(), *arguments], self.path, code)

    def trees(self) -> list[Path]:
        """Give the linked worktrees there are."""
        return GitRepo(self.path).worktrees()[1:]
