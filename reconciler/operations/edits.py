"""Edit the manifest's text: an edit that would make it invalid is not written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.lock import hold
from reconciler.clients.manifest_files import ManifestFiles
from reconciler.errors import UsageError
from reconciler.manifest.declaration import Manifest
from reconciler.manifest.loader import load
from reconciler.operations.session import AnyEnvironment, Session

_EDIT_SECONDS = 10.0  # an edit takes far less; who holds it longer is stuck


@dataclass(frozen=True, slots=True)
class Edited:
    """A file, before and after.

    Attributes:
        manifest: what it says by now, with all that belongs to it.
    """

    file: Path
    text_before: str
    text_after: str
    manifest: Manifest


def write_edit(session: Session, edit: Callable[[str], str]) -> Edited:
    """Change the manifest's text and write it, once what it would become was found valid.

    Raises:
        UsageError: there is no manifest.
        ManifestError: it is, or would become, invalid.
        ClientError: it could not be written.
    """
    if not session.file.is_file():
        raise UsageError(f"there is no manifest {session.file}", hint="`orchestra init` writes one")
    holder = session.holder("orchestra add or remove", "")
    with hold(session.lock_file.with_name("edit.lock"), holder, timeout_seconds=_EDIT_SECONDS):
        session.load_manifest(values=False)  # what is wrong already is said first
        before = session.file.read_bytes().decode("utf-8")
        after = edit(before)
        manifest = _require_valid(session, after)
        mode = session.file.stat().st_mode & 0o777
        real = files.real_path(session.file)
        files.write(real.parent, real.name, after.encode("utf-8"), mode=mode, durable=True)
    return Edited(session.file, before, after, manifest)


@dataclass(frozen=True, slots=True)
class _WithText:
    """The files of the repository, one of them with another text."""

    files: ManifestFiles
    file: Path
    text: str

    def read(self, path: str, limit: int) -> bytes | None:
        is_edited = self.files.root / path == self.file
        return self.text.encode("utf-8")[:limit] if is_edited else self.files.read(path, limit)

    def glob(self, pattern: str) -> Sequence[str]:
        return self.files.glob(pattern)


def _require_valid(session: Session, text: str) -> Manifest:
    reader = _WithText(ManifestFiles(session.root), session.root / session.file, text)
    return load(session.file, root=session.root, environment=AnyEnvironment(session.environment), reader=reader)
