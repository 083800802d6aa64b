"""What identifies a file's content in its mark, and whether what a mark says still holds."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.files import Entry
from reconciler.clients.marks import Mark
from reconciler.errors import OrchestraError

NOT_A_FILE = "not a file"


def digest(entry: Entry, salt: str = "") -> str:
    """Hash a regular file's bytes or a link's target; other things have a digest that equals nothing we wrote.

    Args:
        entry: what stands there.
        salt: makes the digest of a secret one that nobody can find the secret by, who does not know the salt too.
    """
    if salt and entry.content is not None:
        return hmac.new(salt.encode(), entry.content, "sha256").hexdigest()
    if entry.link is not None:
        return "link:" + hashlib.sha256(entry.link.encode("utf-8", "surrogateescape")).hexdigest()
    return hashlib.sha256(entry.content).hexdigest() if entry.content is not None else NOT_A_FILE


def salt_of(mark: Mark | None) -> str:
    """What the digest in a mark was made with; empty when it holds no secret."""
    return str(mark.declared.get("salt") or "") if mark else ""


def is_only_copy(tree: Path, mark: Mark) -> bool:
    """Whether a file is a copy, and what it was copied from does not hold the same (any more)."""
    root, path = mark.declared.get("from"), str(mark.declared.get("path"))
    if root is None:
        return False
    try:
        source, copy = files.read(Path(root), path), files.read(tree, path)
    except OrchestraError:
        return True
    return source is None or copy is None or (source.content, source.mode & 0o777) != (copy.content, copy.mode & 0o777)
