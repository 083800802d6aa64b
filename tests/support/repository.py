"""Real git repositories, and projects in which the command line runs."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

Content = str | bytes | Path | None


def file_tree(root: Path, files: Mapping[str, Content]) -> None:
    """Write files below `root`: text, bytes, a `Path` for a symbolic link to it, None to delete."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        elif isinstance(content, Path):
            path.symlink_to(content)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())


@dataclass(frozen=True, slots=True)
class GitRepo:
    """A work tree (or a bare repository) of a real git repository."""

    path: Path

    @classmethod
    def init(
        cls, path: Path, files: Mapping[str, Content] | None = None, *, branch: str = "main", bare: bool = False
    ) -> GitRepo:
        """Make a repository; with `files`, also its first commit."""
        path.mkdir(parents=True, exist_ok=True)
        repository = cls(path)
        repository.git("init", "--quiet", f"--initial-branch={branch}", *(["--bare"] if bare else []))
        if files is not None:
            repository.commit(files, "first")
        return repository

    def git(self, *arguments: str, check: bool = True, stdin: str = "") -> str:
        """Run git here and give its stdout without the last line end; with `check`, fail with its stderr."""
        done = self.try_git(*arguments, stdin=stdin)
        if check and done.returncode:
            raise AssertionError(f"git {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.removesuffix("\n")

    def try_git(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run git here, whatever becomes of it."""
        return subprocess.run(
            ["git", *arguments],
            cwd=self.path,
            input=stdin,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )

    def write(self, files: Mapping[str, Content]) -> None:
        """Write files into the work tree, see `file_tree`."""
        file_tree(self.path, files)

    def commit(self, files: Mapping[str, Content] | None = None, message: str = "change") -> str:
        """Write and commit all that is in the work tree; gives the commit's name."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.commit_of("HEAD")

    def branch(self, name: str, start: str = "HEAD") -> None:
        """Make a branch without checking it out."""
        self.git("branch", name, start)

    def worktree(self, path: Path, branch: str) -> GitRepo:
        """Add a linked worktree by hand, on a new branch or on one that exists."""
        known = self.try_git("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}").returncode == 0
        self.git("worktree", "add", "--quiet", *([str(path), branch] if known else ["-b", branch, str(path)]))
        return GitRepo(path)

    def clone(self, path: Path, *arguments: str) -> GitRepo:
        """Clone this repository to `path`."""
        self.git("clone", "--quiet", *arguments, str(self.path), str(path))
        return GitRepo(path)

    def commit_of(self, revision: str) -> str:
        """Give the full name of a commit."""
        return self.git("rev-parse", "--verify", f"{revision}^{{commit}}")

    def refs(self, pattern: str = "refs") -> dict[str, str]:
        """Give every ref and what it points at."""
        lines = self.git("for-each-ref", "--format=%(objectname) %(refname)", pattern).splitlines()
        return {name: value for value, name in (line.split(" ", 1) for line in lines)}

    def status(self) -> str:
        """Give `git status` in short form, untracked files one by one; empty when clean."""
        return self.git("--no-optional-locks", "status", "--porcelain", "--untracked-files=all")

    def worktrees(self) -> list[Path]:
        """Give the paths of all worktrees that git knows, the main one first."""
        lines = self.git("worktree", "list", "--porcelain").splitlines()
        return [Path(line.removeprefix("worktree ")) for line in lines if line.startswith("worktree ")]

    def read(self, name: str) -> str:
        """Read a file of the work tree."""
        return (self.path / name).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class CliRun:
    """What a run of the command line gave."""

    code: int
    out: str
    err: str

    def expect(self, code: int = 0) -> CliRun:
        """Fail with all that was printed unless the exit code is this one."""
        if self.code != code:
            raise AssertionError(f"exit {self.code}, expected {code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}")
        return self


@dataclass(frozen=True, slots=True)
class Project:
    """A repository that orchestra is run in."""

    repository: GitRepo

    @property
    def path(self) -> Path:
        """Where the main worktree is."""
        return self.repository.path

    def tree(self, name: str) -> GitRepo:
        """Give the tree of a workspace, at the default path `../<directory>.wt/<name>`."""
        return GitRepo(self.path.parent / f"{self.path.name}.wt" / name)

    def run(
        self, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = ""
    ) -> CliRun:
        """Run `orchestra ARGUMENTS` inside this process (fast; not for threads)."""
        return run_cli(arguments, cwd or self.path, env or {}, stdin)

    def run_program(
        self, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None, stdin: str = ""
    ) -> CliRun:
        """Run `orchestra ARGUMENTS` as a program of its own."""
        with self.start(*arguments, cwd=cwd, env=env) as process:
            out, err = process.communicate(stdin)
        return CliRun(process.returncode, out, err)

    def start(
        self, *arguments: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start `orchestra ARGUMENTS` in a process group of its own and do not wait for it."""
        return subprocess.Popen(
            [sys.executable, "-m", "reconciler", *arguments],
            cwd=cwd or self.path,
            env=os.environ | (env or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def apply(self, *arguments: str) -> CliRun:
        """Apply without a question; fails unless all of it succeeded."""
        return self.run("apply", "--auto-approve", *arguments).expect(0)


def project(directory: Path, files: Mapping[str, Content], *, name: str = "shop") -> Project:
    """Make a repository `directory/name` with these files in its first commit."""
    return Project(GitRepo.init(directory / name, files))


def run_cli(arguments: Sequence[str], cwd: Path, env: Mapping[str, str], stdin: str) -> CliRun:
    """Run the command line in this process with streams of its own."""
    from reconciler.cli.main import main  # noqa: PLC0415  (the room above all: a test of a lower one need not import it)

    out, err = _stream(), _stream()
    with contextlib.chdir(cwd), mock.patch.dict(os.environ, env), _streams(stdin, out, err):
        try:
            code = main(list(arguments))
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return CliRun(code, _text(out), _text(err))


@contextlib.contextmanager
def _streams(stdin: str, out: io.TextIOWrapper, err: io.TextIOWrapper) -> Iterator[None]:
    with mock.patch.multiple(sys, stdin=io.StringIO(stdin), stdout=out, stderr=err):
        yield


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
