"""Where a tree stands: its HEAD, its index, its log and its own refs, to see whether anything moved."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients.git import Git
from reconciler.clients.refusals import refused
from reconciler.vault.ancestry import private_refs


@dataclass(frozen=True, slots=True)
class Position:
    """A tree's place in history, as digests of the files that say it.

    Attributes:
        branch: the short name of the branch that is checked out; None when HEAD is detached.
        head: the commit; None when the branch is not born.
        files: of HEAD, index and log, by name.
        refs: what only this tree has, with what they name.
    """

    branch: str | None
    head: str | None
    files: tuple[tuple[str, str], ...]
    refs: tuple[tuple[str, str], ...]


def current_head(git: Git, git_dir: Path) -> str | None:
    """The commit that is checked out.

    Raises:
        ClientError: git failed.
    """
    words = ("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return git.run(*words, git_dir=git_dir, ok=(0, 1)).text.strip() or None


def read_position(git: Git, git_dir: Path) -> Position:
    """Read it.

    Raises:
        ClientError: git or the operating system refused.
    """
    found = tuple((name, _digest(git_dir / name)) for name in ("HEAD", "index", "logs/HEAD"))
    return Position(current_branch(git_dir), current_head(git, git_dir), found, tuple(private_refs(git_dir).items()))


def current_branch(git_dir: Path) -> str | None:
    """The short name of the branch that is checked out; None when HEAD is detached."""
    text = (git_dir / "HEAD").read_text("utf-8", "surrogateescape").strip()
    return text.removeprefix("ref: refs/heads/") if text.startswith("ref: refs/heads/") else None


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise refused(str(file), error) from error
