"""A repository whose workspaces run commands in their sandboxes, as root or as an ordinary user."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import CliRun, file_tree
from tests.support.tools import require
from tests.support.users import ROOT, give_to, words_as

MANIFEST = """\
worktrees:
  auth: {modify: [packages/auth, "docs/*.md"], deny: [packages/auth/vendor], scratch: [node_modules]}
  ui: {modify: packages/ui}
"""
FILES = {
    ".gitignore": "/orchestra.yaml\n",
    "packages/auth/session.py": "x = 1\n",
    "packages/auth/vendor/lib.py": "v = 1\n",
    "packages/ui/page.js": "1;\n",
    "docs/index.md": "# Shop\n",
    "docs/logo.svg": "<svg/>\n",
    "top.txt": "top\n",
}
_GIT_CONFIG = "[user]\n\tname = Alex Example\n\temail = alex@example.org\n[gc]\n\tauto = 0\n"


@dataclass(frozen=True, slots=True)
class Shop:
    """The repository.

    Attributes:
        user: who owns it and runs commands there.
        directory: holds it and its trees, and nothing else.
    """

    user: str
    directory: Path

    @classmethod
    def make(cls, user: str, directory: Path, manifest: str = MANIFEST) -> Shop:
        """Make it and apply."""
        require("bwrap")
        shop = cls(user, directory)
        file_tree(shop.main, FILES)
        (shop.main / "orchestra.yaml").write_text(manifest)
        file_tree(directory, {"home/.gitconfig": _GIT_CONFIG})
        give_to(user, directory)
        shop.git("init", "--quiet", "--initial-branch=main")
        shop.git("add", "--all")
        shop.git("commit", "--quiet", "--message", "first")
        shop.orchestra("apply", "--auto-approve").expect(0)
        return shop

    @property
    def main(self) -> Path:
        """The main worktree."""
        return self.directory / "shop"

    def tree(self, name: str = "auth") -> Path:
        """The tree of a workspace."""
        return self.directory / "shop.wt" / name

    def admin(self, name: str = "auth") -> Path:
        """Its private git directory."""
        return self.main / ".git/worktrees" / name

    def run(self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> CliRun:
        """Run a program as the user."""
        done = subprocess.run(
            words_as(self.user, words),
            cwd=cwd or self.main,
            env=self.environment | (env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
        return CliRun(done.returncode, done.stdout, done.stderr)

    @property
    def environment(self) -> dict[str, str]:
        """The user's."""
        home = self.directory / "home"
        own = {"HOME": str(home), "XDG_STATE_HOME": str(home / ".state"), "XDG_CONFIG_HOME": str(home / ".config")}
        return {**os.environ, **own, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}

    def git(self, *words: str, cwd: Path | None = None) -> str:
        """Run git as the user; it must succeed."""
        return self.run("git", *words, cwd=cwd).expect(0).out.removesuffix("\n")

    def orchestra(self, *words: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> CliRun:
        """Run orchestra as the user."""
        return self.run(*self.program, *words, env=env, cwd=cwd)

    @property
    def program(self) -> tuple[str, ...]:
        """The words that start orchestra."""
        return (sys.executable, "-m", "reconciler")

    def exec(self, script: str, *options: str, name: str = "auth", env: Mapping[str, str] | None = None) -> CliRun:
        """Run a shell script in the sandbox of a workspace."""
        return self.orchestra("exec", *options, name, "--", "sh", "-c", script, env=env)


ROUND_THE_GUARD = tuple(
    word
    for setting in ("COUNT=1", "KEY_0=core.hooksPath", f"VALUE_0={os.devnull}")
    for word in ("--env", f"GIT_CONFIG_{setting}")
)
"""Options with which git in the sandbox runs no hook, as a command in there can have it: only the import is left."""
