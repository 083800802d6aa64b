"""All that a person can see of a workspace's tree, to be compared over a night. Never a test."""

from __future__ import annotations

from dataclasses import dataclass

from tests.support.world import World
from tests.vault.world import Seen, see


@dataclass(frozen=True, slots=True)
class Look:
    """A tree at one moment.

    Attributes:
        seen: files with bytes, modes and times, `git status` and the index.
        head: where HEAD is, and on which branch.
        refs: of this tree alone (`refs/worktree`, `refs/bisect`).
    """

    seen: Seen
    head: tuple[str, str]
    refs: str


def look(world: World, name: str = "auth") -> Look:
    """Look at a tree; of what orchestra or git writes anew (submodule `part`) the times do not count."""
    tree = world.tree(name)
    seen = see(tree.path)
    files = {p: _without_time(entry) if is_ours(p) else entry for p, entry in seen.files.items()}
    head = tree.try_git("rev-parse", "--verify", "--quiet", "HEAD").stdout, tree.git("branch", "--show-current")
    private = tree.git("for-each-ref", "refs/worktree", "refs/bisect")
    return Look(Seen(files, seen.status, seen.index), head, private)


def is_ours(path: str) -> bool:
    """Whether orchestra writes it, or writes into it."""
    return path in _OURS or path.startswith((".sub-agents", "part"))


_OURS = {".", ".allowed-paths", "AGENTS.override.md", "CLAUDE.local.md", "CONTRACT.md", "SESSION.md", "WORKSPACE"}


def _without_time(entry: tuple[object, ...]) -> tuple[object, ...]:
    return (*entry[:2], *entry[3:])
