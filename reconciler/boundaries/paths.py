"""Paths as git records them: bytes, names between `/`. Which are none, and how one is shown."""

from __future__ import annotations

from reconciler.boundaries import names

_LETTERS = {0x07: "\\a", 0x08: "\\b", 0x09: "\\t", 0x0A: "\\n", 0x0B: "\\v", 0x0C: "\\f", 0x0D: "\\r"}


def fault(path: bytes) -> str:
    """Say why git could not record a path; empty when it could."""
    parts = path.split(b"/")
    for is_wrong, message in (
        (not path, "it is empty"),
        (path.startswith(b"/"), "it is absolute"),
        (b"\0" in path, "it holds a zero byte"),
        (b".." in parts, "it leads out with `..`"),
        (b"" in parts or b"." in parts, "it holds an empty part or `.`"),
        (any(part.lower() == b".git" for part in parts), "`.git` is git's own"),
        (any(names.is_never_a_name(part) for part in parts), "a part of it is longer than any file system takes"),
    ):
        if is_wrong:
            return message
    return ""


def shown(path: bytes) -> str:
    r"""Write a path as it is where it can be printed, else as git does: in quotes, bytes as `\303`."""
    try:
        text = path.decode()
    except UnicodeDecodeError:
        return _quoted(path)
    return text if text.isprintable() else _quoted(path)


def _quoted(path: bytes) -> str:
    return '"' + "".join(map(_character, path)) + '"'


def _character(byte: int) -> str:
    if chr(byte) in '"\\':
        return "\\" + chr(byte)
    return chr(byte) if 0x20 <= byte < 0x7F else _LETTERS.get(byte, f"\\{byte:03o}")  # noqa: PLR2004 - what ASCII prints
