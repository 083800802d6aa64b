"""`init`: a first manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.clients import files
from reconciler.errors import UsageError
from reconciler.manifest.editor import minimal
from reconciler.operations.session import open_session


def init(cwd: Path, environment: Mapping[str, str], *, file: Path | None = None) -> Path:
    """Write a minimal manifest where it will be in force.

    Raises:
        UsageError: there is one already, or no repository.
        ClientError: it could not be written.
    """
    session = open_session(cwd, environment, file=file)
    if session.file.exists() or session.file.is_symlink():
        raise UsageError(f"{session.file} exists already", hint="`orchestra add NAME` declares a worktree in it")
    files.write(session.file.parent, session.file.name, minimal(session.root.name).encode("utf-8"))
    return session.file
