"""What is not saved with a tree: scratch, our own files, and what proves that it can be made again."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from reconciler.clients import files
from reconciler.errors import ClientError, ConflictError

_TAG = b"Signature: 8a477f597d28d172789f06886806bc55"
_PROOFS = frozenset({"pyvenv.cfg", ".modules.yaml", ".package-lock.json", "CACHEDIR.TAG"})


def _nothing(_path: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Omissions:
    """What the caller leaves out; all paths are relative to the tree.

    Attributes:
        scratch: untracked files and directories (with all below) that were declared to be of no worth.
        ours: untracked files that orchestra wrote and nobody edited since, when it was last looked.
        ignored: nothing that git ignores is saved.
    """

    scratch: Callable[[str], bool] = _nothing
    ours: Collection[str] = frozenset()
    ignored: bool = False


def can_be_made_again(tree: Path, directory: str, names: Collection[str]) -> bool:
    """Whether an ignored directory says of itself that a tool made it and makes it again.

    Args:
        tree: where the files are.
        directory: below it.
        names: what is in the directory.
    """
    if not _PROOFS & set(names):
        return False
    if directory.rpartition("/")[2] == "node_modules" and {".modules.yaml", ".package-lock.json"} & set(names):
        return True
    return "pyvenv.cfg" in names or ("CACHEDIR.TAG" in names and _is_tagged(tree, f"{directory}/CACHEDIR.TAG"))


def _is_tagged(tree: Path, path: str) -> bool:
    try:
        entry = files.read(tree, path)
    except (ClientError, ConflictError):
        return False
    return entry is not None and (entry.content or b"").startswith(_TAG)


def matcher(patterns: Iterable[str]) -> Callable[[str], bool]:
    """Say of a path whether patterns of the manifest cover it: a literal one all below it, another what it matches."""
    translated = [_translate(pattern) for pattern in patterns]
    if not translated:
        return _nothing
    covers = re.compile("|".join(translated), re.DOTALL).fullmatch
    return lambda path: covers(path) is not None


def _translate(pattern: str) -> str:
    """A pattern as a regular expression; `:(top,glob)` of git, where a directory that is matched counts as well."""
    literal = not re.search(r"[*?\[\\]", pattern)
    *directories, last = pattern.rstrip("/").split("/")
    text = "".join("(?:[^/]+/)*" if each == "**" else f"{_segment(each)}/" for each in directories)
    text += ".+" if last == "**" else _segment(last)
    return f"(?:{text}{'(?:/.*)?' if literal else ''})"


def _segment(segment: str) -> str:
    pieces = re.findall(r"\\.|\[!?\]?[^\]]*\]|.", segment, re.DOTALL)
    return "".join(map(_piece, pieces))


def _piece(piece: str) -> str:
    if piece == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if piece.startswith("[") and len(piece) > 1:
        inner = piece[1:-1].replace("\\", "\\\\")
        return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
    return re.escape(piece.removeprefix("\\") or piece)
