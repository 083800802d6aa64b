"""What an image is built from: what Docker would be sent of a directory, as one fingerprint. Follows no link.

Bounded: a directory with more than `MOST_NAMES` names has a fingerprint that tells nothing, and of what lies beyond
`MOST_BYTES` only size and time count. What tools keep, and make again, does not count.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import posixpath
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.globs import NOT_ENTERED
from reconciler.errors import ClientError, ConflictError

MOST_NAMES = 20_000
MOST_BYTES = 64 << 20
_IGNORE_FILE = ".dockerignore"
_KEPT_BY_TOOLS = NOT_ENTERED | {"__pycache__"}
_MADE_AGAIN = frozenset({"CACHEDIR.TAG", "pyvenv.cfg"})


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What an image is built from; both paths are below the tree.

    Attributes:
        directory: what is sent.
        dockerfile: the file that says how.
    """

    directory: str
    dockerfile: str


def fingerprint(tree: Path, context: BuildContext, omitted: Collection[str]) -> str:
    """Identify what an image would be built from now; `omitted` are paths below the tree that do not count.

    Raises:
        ConflictError: a link leads there.
        PermanentError: it cannot be read.
    """
    hashed = hashlib.sha256(_text(tree, context.dockerfile).encode("utf-8", "surrogateescape"))
    left, walk = MOST_BYTES, _Walk(_ignored(tree, context), context.directory, omitted)
    try:
        with files.opened(tree, context.directory) as root:
            for path, parent, name in walk.files(root):
                with contextlib.suppress(OSError):  # gone meanwhile, or not ours to read: Docker will say so
                    status = os.stat(name, dir_fd=parent, follow_symlinks=False)
                    left -= status.st_size
                    content = _content(parent, name, status) if left >= 0 else str(status.st_mtime_ns).encode()
                    head = f"{path}\0{status.st_mode:o}\0{status.st_size}\0"
                    hashed.update(head.encode("utf-8", "surrogateescape") + content)
    except FileNotFoundError:
        return "not there"
    except _TooManyError:
        return f"more than {MOST_NAMES} files"
    return hashed.hexdigest()


class _TooManyError(Exception):
    """Nobody waits for a plan that reads so much."""


def _content(parent: int, name: str, status: os.stat_result) -> bytes:
    if stat.S_ISLNK(status.st_mode):
        return os.fsencode(os.readlink(name, dir_fd=parent))
    if not stat.S_ISREG(status.st_mode):
        return b""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, dir_fd=parent), "rb") as file:
        return file.read()


@dataclass(slots=True)
class _Walk:
    """A walk through a context; `names` is how many it came by."""

    ignored: _Ignored
    directory: str
    omitted: Collection[str]
    names: int = 0

    def files(self, root: int) -> Iterator[tuple[str, int, str]]:
        """Each file and link that counts, always in one order: its path in the context, its directory, its name."""
        for base, directories, others, parent in os.fwalk(".", dir_fd=root):
            here = "" if base == "." else f"{base.removeprefix('./')}/"
            self.names += len(directories) + len(others)
            if self.names > MOST_NAMES:
                raise _TooManyError
            links = [name for name in directories if _is_link(parent, name)]
            is_made_again = here and not _MADE_AGAIN.isdisjoint(others)
            directories[:] = () if is_made_again else sorted(n for n in directories if self._is_entered(f"{here}{n}"))
            for name in () if is_made_again else sorted((*others, *links)):
                if name != ".git" and not self._is_left_out(f"{here}{name}"):
                    yield f"{here}{name}", parent, name

    def _is_entered(self, path: str) -> bool:
        return posixpath.basename(path) not in _KEPT_BY_TOOLS and not self.ignored.has_all_of(path)

    def _is_left_out(self, path: str) -> bool:
        return posixpath.normpath(posixpath.join(self.directory, path)) in self.omitted or self.ignored.has(path)


def _is_link(parent: int, name: str) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)
    return False


# --- .dockerignore ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Ignored:
    """What `.dockerignore` says: the last line that matches a path, or matched what it lies in, decides."""

    lines: Sequence[tuple[bool, str, re.Pattern[str]]]
    known: dict[str, tuple[bool, ...]] = field(default_factory=dict)

    def has(self, path: str) -> bool:
        matched = self._matched(path)
        return next((line[0] for line, hit in zip(self.lines[::-1], matched[::-1], strict=True) if hit), False)

    def _matched(self, path: str) -> tuple[bool, ...]:
        """Which lines match; Docker does not ask one that would change nothing, and does not make up for it below."""
        above = posixpath.dirname(path)
        if above and above not in self.known:
            self.known[above] = self._matched(above)
        found, matched = False, list(self.known[above] if above else (False,) * len(self.lines))
        for number, (is_ignored, _, pattern) in enumerate(self.lines):
            if not matched[number] and is_ignored != found:
                matched[number] = bool(pattern.fullmatch(path))
            found = is_ignored if matched[number] else found
        return tuple(matched)

    def has_all_of(self, directory: str) -> bool:
        """Whether a directory goes with all below it: no later line may take anything of it back."""
        first = directory.partition("/")[0]
        back = (text.partition("/")[0] for is_ignored, text, _ in self.lines if not is_ignored)
        return self.has(directory) and not any(part == first or re.search(r"[*?\[\\]", part) for part in back)


def _ignored(tree: Path, context: BuildContext) -> _Ignored:
    text = _text(tree, f"{context.dockerfile}{_IGNORE_FILE}")
    text = text or _text(tree, posixpath.normpath(posixpath.join(context.directory, _IGNORE_FILE)))
    return _Ignored(tuple(_lines(text.removeprefix("\ufeff"))))


def _text(tree: Path, path: str) -> str:
    try:
        entry = files.read(tree, path)
    except (ClientError, ConflictError):
        return ""
    return (entry.content or b"").decode("utf-8", "surrogateescape") if entry else ""


def _lines(text: str) -> Iterator[tuple[bool, str, re.Pattern[str]]]:
    for line in text.split("\n"):
        pattern = line.strip()
        is_taken_back = pattern.startswith("!")
        pattern = posixpath.normpath(pattern.removeprefix("!").strip()).lstrip("/")
        if not line.startswith("#") and pattern not in {"", "."}:
            with contextlib.suppress(re.error):  # Docker refuses the file
                yield not is_taken_back, pattern, re.compile(_translated(pattern), re.DOTALL)


def _translated(pattern: str) -> str:
    """A pattern as Docker reads it."""
    pieces = re.findall(r"\*\*/|\*\*|\*|\?|\[\^?\]?[^\]]*\]|\\.|.", pattern, re.DOTALL)
    said = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(said.get(piece) or _piece(piece) for piece in pieces)


def _piece(piece: str) -> str:
    return piece if piece.startswith("[") and len(piece) > 1 else re.escape(piece[-1])
