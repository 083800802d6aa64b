"""The commits of branches, and what changed between trees, in a number of programs that does not grow with them.

The rule: asked of a repository that borrows (`borrowed`): no configuration, no replaced object and no graft of the
repository that lends changes an answer, and nothing that it names is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.clients.borrowed import Borrowed
from reconciler.errors import PermanentError

# A file beside the objects that whoever writes there can forge; git would believe it more than the commits themselves.
_NO_GRAPH = ("-c", "core.commitGraph=false")
_NOTHING, _LINK, _SUBMODULE = "000000", "120000", "160000"
Pair = tuple[str, str]
"""Two trees: before and after."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit.

    Attributes:
        tree: the name of its tree.
    """

    tree: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class History:
    """The commits of some tips, down to where they have all in common.

    Attributes:
        commits: by name, each before its parents; their parents are all here, or in `below`.
        below: those parents that are older than all that is asked about. What comes before those is not known.
        cut: those of whose parents this repository knows nothing, since it is shallow.
    """

    commits: Mapping[str, Commit]
    below: Mapping[str, Commit]
    cut: frozenset[str]

    def tree(self, commit: str) -> str:
        """The tree of a commit that is here."""
        return (self.commits.get(commit) or self.below[commit]).tree


@dataclass(frozen=True, slots=True)
class PathChange:
    """What became of one path.

    Attributes:
        before: mode and name of what was there; the mode is `000000` when nothing was.
        after: the same of what is there now.
    """

    path: bytes
    before: tuple[str, str]
    after: tuple[str, str]

    @property
    def what(self) -> str:
        """A word for it."""
        (old, content), (new, content_now) = self.before, self.after
        for is_so, word in (
            (_SUBMODULE in {old, new}, "submodule"),
            (new == _NOTHING, "deleted"),
            (new == _LINK, "link"),
            (old == _NOTHING, "added"),
            (content == content_now, "mode"),
        ):
            if is_so:
                return word
        return "changed"


def read_history(store: Borrowed, tips: Iterable[str]) -> History:
    """List what the tips do not all have, and so much more that of any two commits of it the order is known.

    Two programs, or four where one of the tips begins before what all of them have.

    Raises:
        ClientError: git failed, for example because a commit is not here.
    """
    names = sorted(set(tips))
    common = _common(store, names)
    history = _listed(store, names, common)
    if history.below.keys() <= set(common):
        return history
    return _listed(store, names, _common(store, sorted(history.below)))


def _common(store: Borrowed, names: Sequence[str]) -> list[str]:
    """The newest commits that all of some have."""
    return store.run(*_NO_GRAPH, "merge-base", "--octopus", *names, ok=(0, 1)).text.split()


def _listed(store: Borrowed, names: Sequence[str], common: Sequence[str]) -> History:
    request = "".join(f"{line}\n" for line in (*names, *(f"^{name}" for name in common)))
    words = ("rev-list", "--topo-order", "--boundary", "--format=%m %H %T %P", "--stdin")
    lines = store.run(*_NO_GRAPH, *words, stdin=request).lines
    found = [line.split() for line in lines if not line.startswith("commit ")]
    above = {words[1]: Commit(words[2], tuple(words[3:])) for words in found if words[0] != "-"}
    below = {words[1]: Commit(words[2], ()) for words in found if words[0] == "-"}
    return History(above, below, frozenset(above) & store.cut)


def changes_between(store: Borrowed, pairs: Iterable[Pair]) -> dict[Pair, tuple[PathChange, ...]]:
    """Compare trees, all in one program; a rename is a deletion and an addition.

    Raises:
        ClientError: git failed, for example because a tree is not here.
    """
    wanted = sorted(set(pairs))
    if not wanted:
        return {}
    words = ("diff-tree", "--stdin", "-r", "-z", "--raw", "--no-abbrev", "--no-renames", "--ignore-submodules=none")
    request = "".join(f"{before} {after}\n" for before, after in wanted)
    answer = store.run(*words, "--no-ext-diff", "--no-textconv", stdin=request).stdout
    return dict(zip(wanted, _blocks(answer, wanted), strict=True))


def _blocks(answer: bytes, wanted: Sequence[Pair]) -> Iterator[tuple[PathChange, ...]]:
    """Take the answer apart: a line that names the two trees, then for each path its modes and names, and itself."""
    at = 0
    for before, after in wanted:
        heading = f"{before} {after}\n".encode()
        if not answer.startswith(heading, at):
            raise PermanentError("git stopped in the middle of comparing commits", hint="run `git fsck`")
        at += len(heading)
        found = []
        while answer.startswith(b":", at):
            end = answer.index(b"\0", at)
            past = answer.index(b"\0", end + 1)
            old_mode, new_mode, old, new, _ = answer[at + 1 : end].decode().split(" ")
            found.append(PathChange(answer[end + 1 : past], (old_mode, old), (new_mode, new)))
            at = past + 1
        yield tuple(found)
