"""What identifies a file's content in its mark."""

from __future__ import annotations

import hashlib

from reconciler.clients.files import Entry

NOT_A_FILE = "not a file"


def digest(entry: Entry) -> str:
    """Hash a regular file's bytes or a link's target; other things have a digest that equals nothing we wrote."""
    if entry.link is not None:
        return "link:" + hashlib.sha256(entry.link.encode("utf-8", "surrogateescape")).hexdigest()
    return hashlib.sha256(entry.content).hexdigest() if entry.content is not None else NOT_A_FILE
