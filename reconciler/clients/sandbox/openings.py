"""Which directories of a tree a sandbox opens for writing, and what in them it closes again.

The rule: nothing is opened through a symbolic link; what cannot be told to a kernel is told to the user.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.boundaries import names
from reconciler.boundaries.pattern import Pattern
from reconciler.boundaries.places import Place, Reach, place_of
from reconciler.boundaries.reading import covering
from reconciler.clients import files
from reconciler.errors import ConflictError

MOST_CLOSED = 200
"""The cost of binds is quadratic: 100 took 39 ms, 300 took 184."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be open.

    Attributes:
        modify: opened, wider than it is where it must be.
        shared: opened where that needs nothing else to be opened with it.
        scratch: likewise, and what is there of it anywhere in the tree.
        deny: closed again.
        ours: directories that are open where they are there.
        made: what commands in the sandbox made beside the area: they may undo it.
    """

    modify: tuple[Pattern, ...] = ()
    shared: tuple[Pattern, ...] = ()
    scratch: tuple[Pattern, ...] = ()
    deny: tuple[Pattern, ...] = ()
    ours: tuple[str, ...] = ()
    made: frozenset[str] = frozenset()

    def allows(self, path: str) -> bool:
        """Whether a path may be changed."""
        if path in self.made:
            return True
        name = os.fsencode(path)
        is_open = covering((*self.modify, *self.shared, *self.scratch), name) is not None
        return is_open and covering(self.deny, name) is None


@dataclass(slots=True)
class Openings:
    """What to open, as paths from the top of the tree; empty is the top itself.

    Attributes:
        writable: by path, whether it is open, or closed inside one that is.
        made: directories that were made, so that they can be opened.
        rooms: directories of which only some is open, each with what was there before.
        strewn: what was found of scratch that may be anywhere.
        remarks: what is not as it was declared, in words.
    """

    writable: dict[str, bool] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    rooms: dict[str, frozenset[str]] = field(default_factory=dict)
    strewn: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def ordered(self) -> list[tuple[str, bool]]:
        """Each before what lies in it."""
        return sorted(self.writable.items(), key=lambda item: (item[0].count("/") + bool(item[0]), item[0]))

    @property
    def open(self) -> list[str]:
        """What is open."""
        return [path for path, is_open in self.ordered if is_open]


def find_openings(tree: Path, wanted: Wanted) -> Openings:
    """Look at a tree, and make what is missing of its area.

    Raises:
        ClientError: the operating system refused.
    """
    finder = _Finder(tree, wanted)
    finder.find()
    return finder.found


def remove_made(tree: Path, openings: Openings) -> None:
    """Take away what was made and stayed empty."""
    for path in reversed(openings.made):
        files.remove_empty_directory(tree, path)


def made_beside(tree: Path, wanted: Wanted, openings: Openings) -> frozenset[str]:
    """What is beside the area and was made by a command in the sandbox, this one or one before."""
    found = {path for room, before in openings.rooms.items() for path in _inside(tree, room) if path not in before}
    kept = {path for path in wanted.made if os.path.lexists(tree / path)}
    return frozenset({*kept, *(path for path in found if not wanted.allows(path))})


def _inside(tree: Path, room: str) -> list[str]:
    try:
        names_inside = sorted(os.listdir(tree / room))  # noqa: PTH208 - names, not paths
    except OSError:
        return []
    return [f"{room}/{name}" if room else name for name in names_inside]


class _Finder:
    def __init__(self, tree: Path, wanted: Wanted) -> None:
        self.tree = tree
        self.wanted = wanted
        self.found = Openings()
        self._rooms: dict[str, str] = {}  # directories of which only some entries are open, and for which pattern

    def find(self) -> None:
        for pattern in self.wanted.modify:
            self._open(pattern, is_wide=True)
        strewn = [pattern for pattern in self.wanted.scratch if place_of(pattern).reach is Reach.SCATTERED]
        for pattern in (*self.wanted.shared, *self.wanted.scratch):
            if pattern not in strewn:
                self._open(pattern, is_wide=False)
        self._open_strewn(strewn)
        for path in self.wanted.ours:
            if self._is_directory(path):
                self._open_all(path)
        for path in sorted(self._rooms):
            self._close_others(path)
        self._close_denied()
        if "" in self.found.writable:
            self.found.writable[".git"] = False

    def _open(self, pattern: Pattern, *, is_wide: bool) -> None:
        place = place_of(pattern)
        if place.reach is Reach.SCATTERED:
            self._open_scattered(pattern, place, is_wide=is_wide)
        elif place.is_plain and place.reach is Reach.ALL:
            self._open_plain(pattern, place.path)
        else:
            for path in _expanded(self.tree, place.segments):
                self._open_found(path, place.reach, pattern)
            if not place.is_plain:
                self._remark(f"{pattern}: what matches it by now is open, and nothing that is new")

    def _open_scattered(self, pattern: Pattern, place: Place, *, is_wide: bool) -> None:
        if not is_wide:
            self._remark(f"{pattern} opens nothing: write what it means without `**` in the middle")
        elif not place.path or self._is_directory(place.path):
            self._open_all(place.path)
            where = place.path or "all of the tree"
            self._remark(f"{where} is open for {pattern}: the rest of it is for the import to refuse")

    def _open_strewn(self, patterns: Sequence[Pattern]) -> None:
        """Open the directories that match now, wherever they are; none is looked for in what is open."""
        for pattern in patterns:
            self._remark(f"{pattern}: what matches it by now is open, and nothing that is new")
        for path in self._matching(patterns) if patterns else ():
            if len(self.found.strewn) == MOST_CLOSED:
                self._remark(f"more than {MOST_CLOSED} directories match: {path} and others are closed")
                return
            self.found.strewn.append(path)
            self._open_all(path)

    def _matching(self, patterns: Sequence[Pattern]) -> Iterator[str]:
        waiting = [""]
        while waiting:
            above, below = waiting.pop(), []
            for path in _directories(self.tree, above):
                if self._is_in_open(path) is not None:
                    continue
                if covering(patterns, os.fsencode(path)) is not None:
                    yield path
                else:
                    below.append(path)
            waiting += reversed(below)

    def _open_plain(self, pattern: Pattern, path: str) -> None:
        """One path: a directory, made where it is missing, or a file, whose directory is opened."""
        try:
            entry = files.read(self.tree, path) if path else files.Entry()
            if entry is None and self._is_of_a_directory(pattern, path):
                missing = [above for above in _upwards(path) if not os.path.lexists(self.tree / above)]
                files.make_directory(self.tree, path)
                self.found.made.extend(reversed(missing))
                entry = files.Entry()
            is_file = entry is None or entry.content is not None
            if entry is not None and entry.link is not None:
                self._remark(f"{path} is a symbolic link, and closed")
                return
        except ConflictError:
            self._remark(f"{path} lies behind a symbolic link, or a file, and is closed")
            return
        self._open_found(path.rpartition("/")[0] if is_file else path, Reach.ENTRIES if is_file else Reach.ALL, pattern)

    def _is_of_a_directory(self, pattern: Pattern, path: str) -> bool:
        """Whether what is missing would be one, by its name: `.venv` of scratch would, `.gitignore` of an area not."""
        name = path.rpartition("/")[2]
        told = name.removeprefix(".") if pattern in self.wanted.scratch else name
        return pattern.text.endswith(("/", "/**")) or "." not in told

    def _open_found(self, path: str, reach: Reach, pattern: Pattern) -> None:
        if reach is Reach.ALL:
            self._open_all(path)
        elif self._is_directory(path):
            self._rooms.setdefault(path, str(pattern))

    def _open_all(self, path: str) -> None:
        self.found.writable[path] = True

    def _close_others(self, room: str) -> None:
        """Open a directory, and close what is in it but not in the area; more than can be closed stays open."""
        if self._is_in_open(room) is not None:
            return
        inside = _inside(self.tree, room)
        self.found.rooms[room] = frozenset(inside)
        paths = [path for path in inside if not (self.tree / path).is_symlink()]
        others = [path for path in paths if path not in self.found.writable and not self.wanted.allows(path)]
        where = room or "the top of the tree"
        if len(others) + len(self.found.writable) > MOST_CLOSED:
            self._remark(f"{where} is open, all of it, for {self._rooms[room]}: too much lies in it to close the rest")
            others = [path for path in others if path == ".git"]
        else:
            self._remark(
                f"{where} is open for new files, for {self._rooms[room]}; what else is there already is closed"
            )
        self._open_all(room)
        self.found.writable.update(dict.fromkeys(others, False))

    def _close_denied(self) -> None:
        for pattern in self.wanted.deny:
            place = place_of(pattern)
            if place.reach is Reach.ALL:
                for path in _expanded(self.tree, place.segments):
                    self._close(path)
            if place.reach is not Reach.ALL or not place.is_plain or not os.path.lexists(self.tree / place.path):
                self._remark(f"{pattern} is denied, and for the import to refuse where it is not there yet")

    def _close(self, path: str) -> None:
        """Close a path; each directory between is one mount more, or it could be moved away with what is closed."""
        opened = self._is_in_open(path)
        if opened is None:
            return
        self.found.writable[path] = False
        between = path.rpartition("/")[0]
        while between and between != opened and len(between) > len(opened):
            self.found.writable.setdefault(between, True)
            between = between.rpartition("/")[0]

    def _is_in_open(self, path: str) -> str | None:
        """The innermost open directory that a path is, or is in; None when a closed one is nearer, or none is open."""
        for above in _upwards(path):
            if above in self.found.writable:
                return above if self.found.writable[above] else None
        return None

    def _is_directory(self, path: str) -> bool:
        try:
            entry = files.read(self.tree, path) if path else files.Entry()
        except ConflictError:
            return False
        return entry is not None and entry.content is None and entry.link is None

    def _remark(self, text: str) -> None:
        if text not in self.found.remarks:
            self.found.remarks.append(text)


def _directories(tree: Path, above: str) -> Iterator[str]:
    """The directories in one, but for git's own; no link is followed, nor is one found."""
    try:
        found = sorted(entry.name for entry in os.scandir(tree / above) if entry.is_dir(follow_symlinks=False))
    except OSError:  # nobody can read it, or somebody removed it just now
        return
    yield from (f"{above}/{name}" if above else name for name in found if name.lower() != ".git")


def _upwards(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition("/")[0]
    yield ""


def _expanded(tree: Path, segments: Sequence[str]) -> Iterator[str]:
    """The directories and files that are there for names with wildcards; no link is followed, nor is one found."""
    found: Iterable[str] = ("",)
    for segment in segments:
        found = [path for above in found for path in _entries(tree, above, segment)]
    yield from found


def _entries(tree: Path, above: str, segment: str) -> Iterator[str]:
    directory, step = tree / above, names.read(segment)
    if directory.is_symlink() or not directory.is_dir():
        return
    for entry in sorted(os.scandir(directory), key=lambda each: each.name):
        name = os.fsencode(entry.name)
        is_match = step == name if isinstance(step, bytes) else step.matches(name)
        if is_match and not entry.is_symlink() and name.lower() != b".git":
            yield f"{above}/{entry.name}" if above else entry.name
