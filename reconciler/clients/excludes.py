"""Keep our files out of one tree's `git status`, and out of nobody else's.

`info/exclude` is shared by all worktrees, so each tree gets an exclude file of its own in its private git directory.
`core.excludesFile` replaces the user's global one, whose lines are therefore copied in front.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git

FILE_NAME = "orchestra.exclude"
_HEADER = "# Written by orchestra: the user's global excludes, then the files that orchestra keeps in this tree."
_TEMPORARY = f".*{files.TEMPORARY}\n"


def exclude_text(global_excludes: str, paths: Collection[str]) -> str:
    """What a tree's exclude file holds."""
    ours = "".join(f"/{_escape(path)}\n" for path in sorted(paths))
    copied = global_excludes if not global_excludes or global_excludes.endswith("\n") else global_excludes + "\n"
    return f"{_HEADER}\n{copied}{_TEMPORARY}{ours}"


def _escape(path: str) -> str:
    return "".join(f"\\{c}" if c in "*?[\\ !#" else c for c in path)


def is_excluding(git_dir: Path, text: str) -> bool:
    """Whether a tree's exclude file has this text and is in force."""
    entry = files.read(git_dir, FILE_NAME)
    config = files.read(git_dir, "config.worktree")
    in_force = config is not None and FILE_NAME.encode() in (config.content or b"")
    return in_force and entry is not None and entry.content == text.encode("utf-8", "surrogateescape")


def exclude(git: Git, tree: Path, git_dir: Path, text: str) -> None:
    """Put a tree's exclude file in place and in force.

    Raises:
        ClientError: it could not be written.
    """
    files.write(git_dir, FILE_NAME, text.encode("utf-8", "surrogateescape"))
    if not is_excluding(git_dir, text):
        git.run("config", "--worktree", "core.excludesFile", git_dir / FILE_NAME, cwd=tree)


def global_excludes_file(config_value: str | None, home: Path, config_home: Path) -> Path:
    """Where the user's own excludes are, by git's rule."""
    if not config_value:
        return config_home / "git" / "ignore"
    return home / config_value[2:] if config_value.startswith("~/") else Path(config_value)
