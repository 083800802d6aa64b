"""What git's index says of a tree, asked of git itself: every version of it, split and sparse too, none rewritten.

One line for each entry is kept as git prints it. There may be very many, and of most nobody asks more.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from reconciler.clients.batch import STAY_LOCAL, object_sizes
from reconciler.clients.git import Git
from reconciler.errors import PermanentError

# A program that the configuration names is not run, every file is looked at, and so is the time that nobody can set.
STRICT = ("-c", "core.fsmonitor=false", "-c", "core.trustctime=true", "-c", "core.checkStat=default")
GITLINK = "160000"
LINK = "120000"
REGULAR = frozenset({"100644", "100755"})
_CONVERTED = ":(top,exclude,attr:!filter !working-tree-encoding)"
OCTAL = slice(2, 8)
_NAME_AT = 9
_LIST = ("ls-files", "--stage", "-v", "--debug", "-z")
_LISTED = re.compile(
    r"(. \d+ [0-9a-f]+ \d\t[^\0]+)\0  ctime: \d+:\d+\n  mtime: (\d+:\d+)\n  dev: \d+\tino: \d+\n"
    r"  uid: \d+\tgid: \d+\n  size: \d+\tflags: [0-9a-f]+\n"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in the index that is in no conflict.

    Attributes:
        tag: `H`; `S` for what is not to be in the tree (sparse); lower case for what git is told to assume unchanged.
        octal: git's mode.
    """

    tag: str
    octal: str
    object: str

    @property
    def is_skipped(self) -> bool:
        """Whether it is not to be in the tree, be it there or not."""
        return self.tag in "Ss"


@dataclass(frozen=True)
class Index:
    """The index of one tree.

    Attributes:
        lines: by path, `<tag> <mode> <object> 0<tab><path>`.
        name_end: where the object's name ends in a line.
        unmerged: the objects of each path that is in conflict.
        content: the file itself; None when there is none.
        mtime_ns: when it was written.
        shared: the name and the bytes of the file that a split index leans on.
        noted: by path, the time of change of the file, as `noted_time` has it.
    """

    lines: dict[str, str]
    name_end: int
    unmerged: dict[str, list[str]]
    content: bytes | None
    mtime_ns: int
    shared: tuple[str, bytes] | None
    noted: dict[str, str]

    def entry(self, path: str) -> Entry | None:
        """The entry of a path; None when it has none, or is in conflict."""
        line = self.lines.get(path)
        return Entry(line[0], line[OCTAL], line[_NAME_AT : self.name_end]) if line else None

    def object_of(self, path: str) -> str:
        """The object of a path that has an entry."""
        return self.lines[path][_NAME_AT : self.name_end]

    @cached_property
    def directories(self) -> frozenset[str]:
        """Every directory that holds something tracked, however deep."""
        return directories_of((*self.lines, *self.unmerged))


@dataclass(frozen=True)
class Asked:
    """What else git says of a tree.

    Attributes:
        staged: paths whose entry is not what HEAD has, with the object; empty for one that is staged as deleted.
        others: files that are neither tracked nor ignored; a directory that is a repository ends in `/`.
        written: tracked files that are not, or may not be, as they were when the index noted them.
        converted: tracked files that a filter or another encoding stands between.
        sizes: of the blob of each entry; -1 for one that a partial clone has not fetched.
        behind: objects that the index names beside its entries: trees of a sparse one, sides of resolved conflicts.
    """

    staged: dict[str, str]
    others: frozenset[str]
    written: frozenset[str]
    converted: frozenset[str]
    sizes: dict[str, int]
    behind: tuple[str, ...]


def noted_time(mtime_ns: int) -> str:
    """How git would list a time if its index had noted just that."""
    seconds, rest = divmod(mtime_ns, 1_000_000_000)
    return f"{seconds}:{rest}"


def _listed(text: str) -> list[tuple[str, str]]:
    """A line for each entry that git listed, and the time of change that the index noted of its file.

    Raises:
        PermanentError: git lists them in another form than the one we know: it reserves the right to.
    """
    found: list[tuple[str, str]] = _LISTED.findall(text)
    if len(found) != text.count("\0") or (text and not found):
        raise PermanentError("this git lists its index in a form that orchestra does not know")
    return found


def directories_of(paths: Iterable[str]) -> frozenset[str]:
    """The directories that paths lie in, however deep."""
    found: set[str] = set()
    for path in {path.rpartition("/")[0] for path in paths}:
        directory = path
        while directory and directory not in found:
            found.add(directory)
            directory = directory.rpartition("/")[0]
    return frozenset(found)


class Asker:
    """Asks git about a tree, in a number of programs that does not grow with it.

    Every method raises ClientError when git fails.
    """

    def __init__(self, git: Git, tree: Path, git_dir: Path) -> None:
        self._git, self._tree, self.git_dir = git, tree, git_dir

    def index(self) -> Index:
        """Read the index."""
        content, mtime_ns = _read(self.git_dir / "index")
        listed = _listed(self._run(*_LIST))
        lines = [line for line, _ in listed]
        name_end = lines[0].index(" ", _NAME_AT) if lines else 0
        start = name_end + 3  # a space, the stage, a tab
        merged = {line[start:]: line for line in lines if line[start - 2] == "0"}
        unmerged: dict[str, list[str]] = {}
        for line in lines if len(merged) < len(lines) else ():
            if line[start - 2] != "0":
                unmerged.setdefault(line[start:], []).append(line[_NAME_AT:name_end])
        noted = {line[start:]: time for line, time in listed}
        return Index(merged, name_end, unmerged, content, mtime_ns, _shared(self.git_dir, content or b""), noted)

    def others(self) -> frozenset[str]:
        """Files that are neither tracked nor ignored."""
        return frozenset(self._paths("ls-files", "--others", "--exclude-standard", "-z"))

    def written(self) -> frozenset[str]:
        """Tracked files that are not as the index noted them; none of those that git is told to assume unchanged."""
        return frozenset(self._paths("diff-files", "--name-only", "--ignore-submodules=all", "-z"))

    def converted(self) -> frozenset[str]:
        """Tracked files that a filter or another encoding stands between."""
        return frozenset(self._paths("ls-files", "-z", "--", _CONVERTED))

    def staged(self, index: Index, head: str | None) -> dict[str, str]:
        """What the index has otherwise than HEAD; that which is only intended to be added counts."""
        if head is None:
            return {path: index.object_of(path) for path in index.lines}
        words = ("diff-index", "--cached", "--raw", "--no-abbrev", "--no-renames", "--ita-visible-in-index", "-z")
        fields = self._paths(*words, "--ignore-submodules=none", head, "--")
        return {path: _after(change) for change, path in zip(fields[::2], fields[1::2], strict=True)}

    def sizes(self, index: Index) -> dict[str, int]:
        """The size of each entry's blob; -1 for one that a partial clone has not fetched."""
        names = [line[_NAME_AT : index.name_end] for line in index.lines.values()]
        return dict(zip(index.lines, object_sizes(self._git, self.git_dir, names), strict=True))

    def behind(self, index: Index) -> tuple[str, ...]:
        """What the index names beside its entries: trees of a sparse one, the sides of conflicts that were resolved."""
        content = index.content or b""
        sparse = self._paths("ls-files", "--sparse", "--stage", "-z") if b"sdir" in content else []
        resolved = self._paths("ls-files", "--resolve-undo", "-z") if b"REUC" in content else []
        trees = (line for line in sparse if line.startswith("040000 "))
        return tuple(line.split(" ")[1] for line in (*trees, *resolved))

    def _paths(self, *words: str) -> list[str]:
        return self._run(*words).split("\0")[:-1]

    def _run(self, *words: str) -> str:
        where = f"--work-tree={self._tree}"
        return self._git.run(where, *STAY_LOCAL, *STRICT, *words, cwd=self._tree, git_dir=self.git_dir).text


def _after(change: str) -> str:
    """The new object of a line of `--raw`: `:<mode> <mode> <object> <object> <letter>`."""
    name = change.split(" ")[3]
    return name if name.strip("0") else ""


def read_noted(git: Git, git_dir: Path, index_file: Path) -> dict[str, tuple[Entry, int]]:
    """The entries of an index that lies elsewhere, and the times of change that it noted, in nanoseconds.

    Raises:
        PermanentError: git lists them in another form than the one we know: it reserves the right to.
        ClientError: git failed.
    """
    environment = {"GIT_INDEX_FILE": str(index_file)}
    noted = {}
    for line, time in _listed(git.run(*STRICT, *_LIST, git_dir=git_dir, environment=environment).text):
        head, _, path = line.partition("\t")
        tag, octal, name, stage = head.split(" ")
        if stage == "0":
            seconds, _, rest = time.partition(":")
            noted[path] = Entry(tag, octal, name), int(seconds) * 1_000_000_000 + int(rest)
    return noted


def _read(file: Path) -> tuple[bytes | None, int]:
    try:
        with file.open("rb") as opened:
            return opened.read(), os.fstat(opened.fileno()).st_mtime_ns
    except FileNotFoundError:
        return None, 0


def _shared(git_dir: Path, content: bytes) -> tuple[str, bytes] | None:
    """The file that a split index names in its extension `link`: it alone says which entries are meant."""
    for name in _shared_names(git_dir):
        if b"link" in content and bytes.fromhex(name.removeprefix("sharedindex.")) in content:
            return name, (git_dir / name).read_bytes()
    return None


def _shared_names(git_dir: Path) -> Iterator[str]:
    yield from sorted(file.name for file in git_dir.glob("sharedindex.*") if _is_hash(file.name.partition(".")[2]))


def _is_hash(text: str) -> bool:
    return re.fullmatch(r"[0-9a-f]{40,64}", text) is not None
