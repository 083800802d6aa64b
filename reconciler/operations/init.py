"""`init`: a first manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.clients import files
from reconciler.errors import UsageError
from reconciler.manifest.dependencies import is_auto_clear
from reconciler.manifest.editor import minimal
from reconciler.operations.session import Session, open_session
from reconciler.operations.top import top_of_commit


def init(cwd: Path, environment: Mapping[str, str], *, file: Path | None = None) -> Path:
    """Write a minimal manifest where it will be in force.

    Raises:
        UsageError: there is one already, or no repository.
        ClientError: it could not be written.
    """
    session = open_session(cwd, environment, file=file)
    if session.file.exists() or session.file.is_symlink():
        raise UsageError(f"{session.file} exists already", hint="`orchestra add NAME` declares a worktree in it")
    text = minimal(session.root.name, is_installing=_is_installing(session))
    files.write(session.file.parent, session.file.name, text.encode("utf-8"))
    return session.file


def _is_installing(session: Session) -> bool:
    """Whether the lock files that a new tree will have say who installs."""
    start = session.survey.commit_of(session.survey.default_branch or "")
    return start is not None and is_auto_clear(top_of_commit(session, start))
