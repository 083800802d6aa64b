"""Keep our files out of one tree's `git status`, and out of nobody else's.

`info/exclude` is shared by all worktrees, so each tree gets an exclude file of its own in its private git directory.
`core.excludesFile` replaces the user's global one, whose lines are therefore copied in front.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from fnmatch import fnmatchcase
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git
from reconciler.errors import ClientError, ConflictError

FILE_NAME = "orchestra.exclude"
_HEADER = "# Written by orchestra: the user's global excludes, then the files that orchestra keeps in this tree."
_CONFIG = "config.worktree"
_NAMES_ANOTHER = re.compile(rb"excludesfile|include", re.IGNORECASE)
_TEMPORARY = f".*{files.TEMPORARY}\n"


def exclude_text(global_excludes: str, paths: Collection[str]) -> str:
    """What a tree's exclude file holds."""
    ours = "".join(f"/{_escape(path)}\n" for path in sorted(paths))
    copied = global_excludes if not global_excludes or global_excludes.endswith("\n") else global_excludes + "\n"
    return f"{_HEADER}\n{copied}{_TEMPORARY}{ours}"


def _escape(path: str) -> str:
    # Git drops a carriage return at the end of a line, also an escaped one.
    return "".join(f"\\{c}" if c in "*?[\\ !#" else "[\r]" if c == "\r" else c for c in path)


def is_excluding(git_dir: Path, text: str) -> bool:
    """Whether a tree's exclude file has this text and is in force."""
    entry = files.read(git_dir, FILE_NAME)
    is_there = entry is not None and entry.content == text.encode("utf-8", "surrogateescape")
    return is_there and _is_in_force(git_dir)


def _is_in_force(git_dir: Path) -> bool:
    config = files.read(git_dir, _CONFIG)
    return config is not None and _config_text(git_dir / FILE_NAME) in (config.content or b"")


def _config_text(path: Path) -> bytes:
    """A path as git writes it into a configuration file."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
    return os.fsencode("".join(escapes.get(c, c) for c in str(path)))


def exclude(git: Git, tree: Path, git_dir: Path, text: str) -> None:
    """Put a tree's exclude file in place and in force.

    Raises:
        ConflictError: the tree has an exclude file of somebody else's, whose lines would be lost.
        ClientError: it could not be written.
    """
    if not _is_in_force(git_dir):
        _require_no_other(git, tree, git_dir, text)
    files.write(git_dir, FILE_NAME, text.encode("utf-8", "surrogateescape"))
    if not is_excluding(git_dir, text):
        put_in_force(git, tree, git_dir)


def _require_no_other(git: Git, tree: Path, git_dir: Path, text: str) -> None:
    config = files.read(git_dir, _CONFIG)
    if not _NAMES_ANOTHER.search((config.content or b"") if config else b""):
        return
    asked = git.run("config", "--worktree", "--type=path", "--get", "core.excludesFile", cwd=tree, ok=(0, 1))
    other = Path(asked.text.strip())
    if not asked.text.strip() or (other.name == FILE_NAME and other.parent.parent == git_dir.parent):
        return  # that of another tree is ours as well: `git worktree add` hands it on
    try:
        lines = other.read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return
    if lines not in text:  # `git worktree add` hands on the main worktree's, whose lines we have
        raise ConflictError(
            f"{tree} has an exclude file of its own, {other}",
            hint=f"put its lines elsewhere, then `git -C {tree} config --worktree --unset core.excludesFile`",
        )


def put_in_force(git: Git, tree: Path, git_dir: Path) -> None:
    """Tell git of a tree's exclude file, if there is one: its path changes when the repository is moved.

    Raises:
        ClientError: git failed.
    """
    if (git_dir / FILE_NAME).exists():
        git.run("config", "--worktree", "core.excludesFile", git_dir / FILE_NAME, cwd=tree)


def never_ignored(top: Path) -> tuple[str, ...]:
    """The patterns of a tree's own `.gitignore` that make files seen again: no exclude file of ours beats them."""
    try:
        entry = files.read(top, ".gitignore")  # as git, which follows no link here
    except (ClientError, ConflictError):
        return ()
    text = os.fsdecode(entry.content or b"") if entry else ""
    lines = (line.rstrip() for line in text.split("\n"))
    return tuple(line[1:].removeprefix("/").removeprefix("**/") for line in lines if line.startswith("!"))


def is_never_ignored(name: str, patterns: Collection[str]) -> bool:
    """Whether one of them may match a file at the top of the tree; a later line that ignores it again is not seen."""
    return "/" not in name and any(fnmatchcase(name, pattern) for pattern in patterns)


def global_excludes_file(config_value: str | None, home: Path, config_home: Path) -> Path:
    """Where the user's own excludes are, by git's rule."""
    if not config_value:
        return config_home / "git" / "ignore"
    return home / config_value[2:] if config_value.startswith("~/") else Path(config_value)
