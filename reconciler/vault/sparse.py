"""A tree's sparse checkout: its patterns and the settings that go with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git

_PATTERNS = "info/sparse-checkout"
_KEYS = ("core.sparsecheckout", "core.sparsecheckoutcone", "index.sparse")


def read_sparse(git: Git, git_dir: Path) -> tuple[str | None, dict[str, str]]:
    """Patterns and settings; None and nothing when all is checked out.

    Raises:
        ClientError: git or the operating system refused.
    """
    entry = files.read(git_dir, _PATTERNS)
    if entry is None or entry.content is None:
        return None, {}
    words = ("config", "--worktree", "-z", "--get-regexp", r"^(core\.sparsecheckout|index\.sparse)")
    listed = git.run(*words, git_dir=git_dir, ok=(0, 1, 128)).text.split("\0")
    found = dict(line.split("\n", 1) for line in listed if "\n" in line)
    return entry.content.decode("utf-8", "surrogateescape"), {key: found[key] for key in _KEYS if key in found}


def write_sparse(git: Git, git_dir: Path, patterns: str | None, settings: Mapping[str, str]) -> None:
    """Put them back; a tree that had none is left as it is.

    Raises:
        ClientError: git or the operating system refused.
    """
    if patterns is None or read_sparse(git, git_dir) == (patterns, dict(settings)):
        return
    files.write(git_dir, _PATTERNS, patterns.encode("utf-8", "surrogateescape"))
    for key in _KEYS:
        if key in settings:
            git.run("config", "--worktree", key, settings[key], git_dir=git_dir)
