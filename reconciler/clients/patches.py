"""What commits change, as patches that can be told to be the same wherever they were applied.

The rule: two patches are the same when they change the same paths and modes, and the same lines between the same lines.
White space counts (`git cherry` overlooks it: it would take an indentation for nothing), line numbers do not.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from reconciler.clients.borrowed import Borrowed

# Whose changes follow: a line in the case of two trees, a string in that of a commit.
_HEADER = re.compile(rb"([0-9a-f]+(?: [0-9a-f]+)?)[\n\0]")


class Entry(NamedTuple):
    """What becomes of one path: mode and hash of its file, before and after."""

    path: bytes
    old_mode: bytes
    new_mode: bytes
    old: bytes
    new: bytes


@dataclass(frozen=True, slots=True)
class Patch:
    """A change.

    Attributes:
        request: how `git diff-tree --stdin` is asked for it: the name of a commit, or of two trees.
    """

    request: str
    entries: frozenset[Entry]

    @property
    def paths(self) -> frozenset[bytes]:
        """What it touches."""
        return frozenset(entry.path for entry in self.entries)

    @property
    def backwards(self) -> Patch:
        """What takes it back. Only of a patch between two trees."""
        old, new = self.request.split(" ")
        swapped = (Entry(path, mode_b, mode_a, b, a) for path, mode_a, mode_b, a, b in self.entries)
        return Patch(f"{new} {old}", frozenset(swapped))

    @property
    def shape(self) -> frozenset[tuple[bytes, ...]]:
        """Paths and modes: what must agree before it is worth while to compare lines."""
        return frozenset(entry[:3] for entry in self.entries)


def read_patches(store: Borrowed, requests: Collection[str]) -> dict[str, Patch]:
    """Read what is changed, in one program; no file's content is needed for it.

    Raises:
        ClientError: git failed.
    """
    if not requests:
        return {}
    words = ("diff-tree", "--stdin", "-r", "--root", "--raw", "-z", "--no-renames", "--no-abbrev")
    found: dict[str, set[Entry]] = {request: set() for request in requests}
    current: set[Entry] = set()
    answer, at = store.run(*words, stdin=_lines(requests)).stdout, 0
    while at < len(answer):
        if header := _HEADER.match(answer, at):
            current, at = found[header[1].decode()], header.end()
            continue
        middle = answer.index(b"\0", at)
        end = answer.index(b"\0", middle + 1)
        old_mode, new_mode, old, new, _ = answer[at + 1 : middle].split(b" ")
        current.add(Entry(answer[middle + 1 : end], old_mode, new_mode, old, new))
        at = end + 1
    return {request: Patch(request, frozenset(entries)) for request, entries in found.items()}


def find_same(store: Borrowed, wanted: Iterable[Patch], among: Iterable[Patch]) -> dict[Patch, list[str]]:
    """Find for each patch those that are the same, by their requests; a patch that changes nothing has none.

    Lines are compared only where paths and modes agree and contents do not: in at most one program.

    Raises:
        ClientError: git failed.
    """
    shapes = defaultdict(list)
    for patch in among:
        shapes[patch.shape].append(patch)
    rivals = {patch: shapes.get(patch.shape, []) if patch.entries else [] for patch in wanted}
    unlike = {
        request
        for patch, others in rivals.items()
        for other in others
        if other.entries != patch.entries
        for request in (patch.request, other.request)
    }
    texts = _digests(store, unlike)
    return {
        patch: [
            other.request
            for other in others
            if other.entries == patch.entries or texts[other.request] == texts[patch.request]
        ]
        for patch, others in rivals.items()
    }


def _digests(store: Borrowed, requests: Collection[str]) -> dict[str, bytes]:
    """The lines of each patch, as a hash."""
    if not requests:
        return {}
    words = ("diff-tree", "--stdin", "-r", "--root", "-p", "--full-index", "--no-renames")
    digests = {request.encode(): hashlib.sha256() for request in requests}
    current, blobs = hashlib.sha256(), b""
    for line in store.run(*words, stdin=_lines(requests)).stdout.removesuffix(b"\n").split(b"\n"):
        if line in digests:  # no line of a patch looks like that
            current = digests[line]
        elif line.startswith(b"index "):
            blobs = line
        elif line.startswith(b"Binary files "):
            current.update(blobs + b"\n")
        else:
            current.update(b"@@\n" if line.startswith(b"@@ ") else line + b"\n")
    return {request.decode(): digest.digest() for request, digest in digests.items()}


def _lines(requests: Iterable[str]) -> str:
    return "".join(f"{request}\n" for request in requests)
