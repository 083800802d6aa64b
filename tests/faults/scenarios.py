"""What is being done when the fault strikes: a repository with a user's work in it, and a command."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.faults.world import World
from tests.support.repository import GitRepo, file_tree

FILES = {
    ".gitattributes": "*.bat text eol=crlf\n",
    ".gitignore": "*.log\n",
    "README.md": "# Shop\n",
    "docs/index.md": "# Docs\n",
    "docs/build.bat": "echo one\necho two\n",
    "docs/latest": Path("index.md"),
    "packages/auth/session.py": "x = 1\n" * 200,
    "packages/auth/roles.py": "y = 1\n",
    "packages/ui/page.js": "1;\n",
    "CLAUDE.local.md": "the repository's own\n",
}
# Four worktrees: one with an eager helper that has a helper and with one that is a desk, a sparse one, one on a branch
# that has a user's commits, one with a file of its own, a copy and a port.
MANIFEST = """\
worktrees:
  auth:
    modify: packages/auth
    task: Harden session handling
    helpers:
      test: {eager: true, modify: packages/auth/tests, helpers: {fixtures: {modify: packages/auth/tests/fixtures}}}
      docs: {task: Describe it}
  ui: {checkout: sparse, modify: packages/ui}
  billing: {branch: feature/billing}
  docs: {files: {notes/today.md: {content: "first\\n"}}, copy: [secret.txt], ports: [web]}
port_range: 20500-20500
"""
APPLY = ("apply", "--auto-approve")
DESTROY = ("destroy", "--auto-approve")
SYNC = ("sync",)


def build(world: World) -> None:
    """Make a repository with everything a user may have: staged, changed, untracked, ignored, stashed, other trees."""
    repository = GitRepo.init(world.root / "shop", {**FILES, "orchestra.yaml": MANIFEST})
    repository.git("config", "user.email", "alex@example.org")
    repository.git("config", "user.name", "Alex Example")
    repository.git("checkout", "--quiet", "-b", "feature/billing")
    repository.commit({"services/billing.py": "b = 1\n"}, "billing")
    repository.git("config", "branch.feature/billing.description", "the user's own words")
    repository.git("checkout", "--quiet", "-b", "topic", "main")
    repository.commit({"topic.txt": "t\n"}, "topic")
    repository.git("checkout", "--quiet", "main")
    repository.git("tag", "v1")
    repository.write({"README.md": "stashed\n"})
    repository.git("stash", "push", "--quiet")
    repository.git("update-ref", "refs/private/kept", "topic")
    mine = repository.worktree(world.root / "mine", "mine")
    mine.write({"README.md": "changed in a tree of the user's own\n", "new.txt": "untracked\n"})
    repository.write(
        {"README.md": "# Shop, changed\n", "staged.txt": "staged\n", "new.txt": "n\n", "x.log": "ignored\n"}
    )
    repository.git("add", "staged.txt")
    file_tree(world.root, {"shop/.git/info/exclude": "/secret.txt\n", "shop/secret.txt": "s\n"})


@dataclass(frozen=True, slots=True)
class Scenario:
    """A command in a situation.

    Attributes:
        prepare: changes the world, in which all was applied if `is_applied`, into the one that the command finds.
        before: what is run then, and succeeds.
        words: the command.
        again: what is run after a kill, until it succeeds.
    """

    name: str
    words: tuple[str, ...]
    prepare: Callable[[World], None] = lambda _: None
    is_applied: bool = True
    before: tuple[tuple[str, ...], ...] = ()
    again: tuple[str, ...] = ()

    @property
    def recovery(self) -> tuple[str, ...]:
        """The command that is to put everything in order."""
        return self.again or self.words


def _rename(world: World) -> None:
    text = MANIFEST.replace("  auth:\n", "  login:\n    was: auth\n    branch: feature/login\n")
    text = text.replace("ui: {", "ui: {path: ../elsewhere/ui, ").replace("branch: feature/billing", "branch: billing")
    text = text.replace("  docs: {files", "  docs: {branch: handbook, path: ../shop.wt/handbook, files")
    world.repository.write({"orchestra.yaml": text})
    world.tree("ui").write({"packages/ui/page.js": "2;\n", "packages/ui/new.js": "3;\n"})
    world.tree("billing").commit({"services/billing.py": "b = 2\n"}, "a user's commit")


def _edit(world: World) -> None:
    text = MANIFEST.replace("Harden session handling", "Do it otherwise").replace("first", "second")
    text = text.replace("modify: packages/ui}", "modify: packages/ui, read: [docs]}").replace(
        "      docs: {task: Describe it}\n", ""
    )
    world.repository.write({"orchestra.yaml": text})


def _break(world: World) -> None:
    """A tree deleted with something staged in it, one deleted whole, one moved, files of ours deleted."""
    auth = world.tree("auth")
    auth.write({"packages/auth/roles.py": "y = 2\n"})
    auth.git("add", "--all")
    _remove(auth.path)
    _remove(world.tree("ui").path)
    world.tree("docs").path.rename(world.root / "shop.wt" / "moved")
    (world.tree("billing").path / "SESSION.md").unlink()


def _remove(path: Path) -> None:
    import shutil  # noqa: PLC0415

    shutil.rmtree(path)


def _work(world: World) -> None:
    """Everything a user may have: commits, also such as only the log names, staged, changed, gone, new and ignored."""
    world.tree("auth").commit({"packages/auth/session.py": "x = 2\n"}, "work")
    billing = world.tree("billing")
    billing.write({"unfinished.py": "z\n", "debug.log": "ignored\n", "README.md": "staged\n"})
    billing.git("add", "README.md")
    billing.write({"README.md": "changed after that\n", "SESSION.md": "noted by hand\n"})
    (billing.path / "packages/auth/roles.py").unlink()
    docs = world.tree("docs")
    docs.commit({"docs/index.md": "# Other\n"}, "only in the log")
    docs.git("reset", "--quiet", "--hard", "HEAD~1")


def _advance(world: World) -> None:
    """The base gets commits: for one tree a fast-forward, for one a merge, for one a conflict, for one dirt."""
    world.tree("auth").commit({"packages/auth/session.py": "x = 2\n"}, "work")
    world.tree("docs").commit({"docs/index.md": "# Other\n"}, "conflicts")
    world.tree("billing").write({"README.md": "dirty\n"})
    base = world.repository
    base.git("stash", "push", "--quiet", "--include-untracked")
    base.commit({"docs/index.md": "# Docs, more\n", "packages/ui/more.js": "4;\n"}, "base moves on")
    base.git("stash", "pop", "--quiet", "--index")


SCENARIOS = (
    Scenario("apply", APPLY, is_applied=False),
    Scenario("rename", APPLY, _rename),
    Scenario("edit", (*APPLY, "--prune"), _edit),
    Scenario("repair", APPLY, _break),
    Scenario("destroy", DESTROY, _work),
    Scenario("destroy-then-apply", DESTROY, _work, again=APPLY),
    Scenario("destroy-branches", (*DESTROY, "--delete-branches"), _work),
    Scenario("restore", APPLY, _work, before=(DESTROY,)),
    Scenario("restore-branches", APPLY, _work, before=((*DESTROY, "--delete-branches"),)),
    Scenario("sync", SYNC, _advance),
    Scenario("sync-rebase", (*SYNC, "--rebase"), _advance),
)
