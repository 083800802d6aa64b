"""A close look at one branch and one place where it may have been merged: is what the branch brought there?

The rule: a commit that is there does not prove that what it brought is still there. What the branch changed is followed
through the commits that came since: applied there, taken back, applied again.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from reconciler.clients.borrowed import Borrowed
from reconciler.clients.patches import Patch, find_same, read_patches
from reconciler.errors import PermanentError

_MOST_LIMITS = 100  # git compares every name in a tree with every limit
_MOST_PARTS = 10
_SAYS_SO = re.compile(r"\bthis reverts commit ([0-9a-f]{7,64})\b", re.IGNORECASE)


class Way(Enum):
    """How it is known that work is merged, in the order in which the ways are tried; and the answers beside."""

    NOTHING = "nothing of its own"  # it is where it began, and the target has that
    ANCESTOR = "ancestor"
    SAME_TREE = "same tree"
    NO_CHANGE = "no change"  # the three-dot diff is empty
    PATCHES = "patch ids"  # every commit is there as a patch
    SQUASH = "squash"  # one commit there is all of it as one patch
    MERGE_TREE = "merge-tree"  # to merge it would change nothing
    REVERTED = "reverted"  # it was merged and taken back, all of it or a part
    UNMERGED = "unmerged"
    UNKNOWN = "unknown"

    @property
    def is_merged(self) -> bool:
        """Whether what the branch brought is safe elsewhere."""
        return self not in {Way.REVERTED, Way.UNMERGED, Way.UNKNOWN}


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit and its tree."""

    name: str
    tree: str


@dataclass(frozen=True, slots=True)
class _Work:
    """What a branch brings.

    Attributes:
        beginning: the last commit of its own line, by first parents, that the target has as well; empty when none.
        base_tree: what it last had in common with the target: newer, where it was brought up to date by a merge.
        commits: those that the target has not.
        has_merges: some of them are merges, which no patch stands for.
        patches: what the others change, where they change something.
        whole: all of it as one change, from the base on.
        stretches: what a squash may have been: the whole, and the same of the times before it was brought up to date.
    """

    tip: Commit
    beginning: str
    beginning_tree: str
    base_tree: str
    commits: frozenset[str]
    has_merges: bool
    patches: tuple[Patch, ...]
    whole: Patch
    stretches: tuple[Patch, ...]

    @property
    def paths(self) -> frozenset[bytes]:
        """All that it touches."""
        return frozenset(path for patch in (*self.patches, *self.stretches) for path in patch.paths)


@dataclass(frozen=True, slots=True)
class _Since:
    """What was committed meanwhile where the branch made changes: names and messages, the newest first."""

    messages: dict[str, str]
    patches: tuple[Patch, ...]


def way_into(store: Borrowed, tip: Commit, target: Commit, start: str | None) -> Way:
    """How a branch that is no ancestor of the target is merged into it, if it is.

    Args:
        store: where the objects are.
        tip: the branch.
        target: the place.
        start: where the branch began, if that is known.

    Raises:
        ClientError: git failed, or history is cut off.
    """
    if tip.tree == target.tree:
        return Way.SAME_TREE
    bases = store.merge_bases(target.name, tip.name)
    if not bases:
        return _unrelated(store)
    work = _read_work(store, tip, bases)
    fate = _Fate(store, work, _read_since(store, work, target, [work.beginning or bases[0]]))
    way = _way_by_content(store, work, fate, target, is_criss_cross=len(bases) > 1)
    return Way.REVERTED if way.is_merged and _was_reverted(store, work, fate, target, start) else way


def _was_reverted(store: Borrowed, work: _Work, fate: _Fate, target: Commit, start: str | None) -> bool:
    is_there = _is_there(store, work, work.tip, target)
    if not is_there and (fate.is_taken_back or _is_gone(store, work, target)):
        return True
    older = Commit(work.beginning, work.beginning_tree)
    return older.name not in {"", start} and _is_any_part_taken_back(store, older, work.tip, target, start)


def _unrelated(store: Borrowed) -> Way:
    if store.is_shallow:
        raise PermanentError("the history of this clone is cut off before the two meet", hint="git fetch --unshallow")
    return Way.UNMERGED


def _way_by_content(store: Borrowed, work: _Work, fate: _Fate, target: Commit, *, is_criss_cross: bool) -> Way:
    if not work.whole.entries and not is_criss_cross:
        return Way.NO_CHANGE
    if fate.has_every_patch:
        return Way.PATCHES
    if fate.times(work.whole) and not is_criss_cross:  # from one of two bases on it is not all of the branch
        return Way.SQUASH
    return Way.MERGE_TREE if store.merge(target.name, work.tip.name) == target.tree else Way.UNMERGED


def is_taken_back(store: Borrowed, tip: Commit, target: Commit, start: str | None) -> bool:
    """Whether a branch that the target has was taken back there since, all of it or a part.

    Args:
        store: where the objects are.
        tip: the branch; an ancestor of the target.
        target: the place.
        start: where the branch began, if that is known: needed where it was not merged but fast-forwarded.

    Raises:
        ClientError: git failed.
    """
    return _is_any_part_taken_back(store, tip, tip, target, start)


def _is_any_part_taken_back(store: Borrowed, part: Commit, tip: Commit, target: Commit, start: str | None) -> bool:
    """Follow a branch back, from each time that it was merged to the time before.

    What was merged and taken back stays away when the branch is merged again: git has it for merged.
    """
    for _ in range(_MOST_PARTS):
        merge, before = _merge_of(store, part.name, target.name) or (None, start)
        bases = store.merge_bases(before, part.name) if before else [part.name]
        if part.name in bases:
            return False
        work = _read_work(store, part, bases)
        if _is_part_taken_back(store, work, tip, target, merge):
            return True
        if work.beginning in {"", start}:
            return False
        part = Commit(work.beginning, work.beginning_tree)
    raise PermanentError("it was merged too often to be followed")


def _is_part_taken_back(store: Borrowed, work: _Work, tip: Commit, target: Commit, merge: str | None) -> bool:
    if _is_there(store, work, tip, target):
        return False
    names = {*work.commits, *([merge] if merge else [])}
    fate = _Fate(store, work, _read_since(store, work, target, [work.tip.name]), names)
    return fate.is_taken_back or _is_gone(store, work, target)


def _merge_of(store: Borrowed, tip: str, target: str) -> tuple[str, str] | None:
    """The merge that brought a commit to a target, and what the target was before.

    None where there was no merge: the target itself once was that commit.
    """
    words = ("rev-list", "--ancestry-path", "--parents", target, f"^{tip}")
    parents = {name: rest for name, *rest in map(str.split, store.run(*words).lines)}
    line = [target]
    while line[-1] in parents:
        line.append(parents[line[-1]][0])
    return None if line[-1] == tip else (line[-2], line[-1])


def _read_work(store: Borrowed, tip: Commit, bases: Sequence[str]) -> _Work:
    words = ("rev-list", "--boundary", "--no-commit-header", "--format=%m %H %T %P", "--stdin")
    listed = [line.split() for line in store.run(*words, stdin=_range(tip.name, bases)).lines]
    trees = {name: tree for _, name, tree, *_ in listed}
    own = {name: parents for side, name, _, *parents in listed if side != "-"}
    beginning = _first_outside(tip.name, own)
    base_tree = trees[bases[0]] if bases else store.empty_tree
    whole = f"{base_tree} {tip.tree}"
    changes = [
        f"{trees[parents[0]] if parents else store.empty_tree} {trees[name]}"
        for name, parents in own.items()
        if len(parents) <= 1
    ]
    stretches = {whole, *(f"{trees.get(old, store.empty_tree)} {trees[new]}" for old, new in _stretches(tip.name, own))}
    patches = read_patches(store, {*changes, *stretches})
    return _Work(
        tip,
        beginning,
        trees.get(beginning, store.empty_tree),
        base_tree,
        frozenset(own),
        has_merges=len(changes) < len(own),
        patches=tuple(patches[change] for change in changes if patches[change].entries),
        whole=patches[whole],
        stretches=tuple(patches[stretch] for stretch in stretches),
    )


def _stretches(tip: str, parents: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str]]:
    """Where each stretch of a branch's own line begins and ends: a merge of something else begins a new one."""
    end = current = tip
    while current in parents:
        first, *others = parents[current] or [""]
        if others:
            yield others[0], end
            end = first
        current = first
    if end in parents:
        yield current, end


def _first_outside(tip: str, parents: Mapping[str, Sequence[str]]) -> str:
    """Where the line of first parents leaves the commits whose parents are given; empty where it ends among them."""
    while tip in parents:
        tip = parents[tip][0] if parents[tip] else ""
    return tip


def _read_since(store: Borrowed, work: _Work, target: Commit, bases: Sequence[str]) -> _Since:
    limits = _limits(os.fsdecode(path) for path in work.paths)
    request = _range(target.name, bases) + "".join(f"{line}\n" for line in (["--", *limits] if limits else []))
    words = ("rev-list", "--no-merges", "--full-history", "--topo-order", "--no-commit-header")
    listed = store.run(*words, "--format=%H%n%B%x00", "--stdin", stdin=request).text.split("\0\n")[:-1]
    messages = {name: message for name, _, message in (entry.partition("\n") for entry in listed)}
    return _Since(messages, tuple(read_patches(store, messages).values()))


def _range(tip: str, bases: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in (tip, *(f"^{base}" for base in bases)))


def _limits(paths: Iterable[str]) -> set[str]:
    """Few directories or files that hold all of the paths; none where that would be the root."""
    limits = {tuple(path.split("\n")[0].split("/")[: None if "\n" not in path else -1]) for path in paths}
    depth = max(map(len, limits), default=0)
    while len(limits) > _MOST_LIMITS:
        depth -= 1
        limits = {parts[:depth] for parts in limits}
    return set() if () in limits else {"/".join(parts) for parts in limits}


class _Fate:
    """What became of a branch's patches since: how often each was applied, and how often it was taken back.

    Args:
        names: the commits that brought them there; none where the target has none of the branch's own.
    """

    def __init__(self, store: Borrowed, work: _Work, since: _Since, names: Collection[str] = ()) -> None:
        self._work = work
        self._since = since
        self._names = names
        wanted = {*work.patches, *work.stretches}
        wanted |= {patch.backwards for patch in wanted}
        self._same = find_same(store, wanted, since.patches)
        own = find_same(store, wanted, work.patches)
        # What the branch took back itself is nothing that anybody has to have.
        self._lasting = [patch for patch in work.patches if len(own[patch]) > len(own[patch.backwards])]

    def times(self, patch: Patch) -> int:
        """How often it was applied since."""
        return len(self._same[patch])

    @property
    def has_every_patch(self) -> bool:
        """Whether each commit was applied, one by one. A merge among them is more than its patches."""
        return bool(self._lasting) and not self._work.has_merges and all(map(self.times, self._lasting))

    @property
    def is_taken_back(self) -> bool:
        """Whether one of them was taken back at least as often as it was applied, or a message says so."""
        return any(map(self._is_undone, self._lasting or [self._work.whole])) or self._is_said_to_be()

    def _is_undone(self, patch: Patch) -> bool:
        ways = {patch, *self._work.stretches}  # alone, or together with others
        back = sum(self.times(way.backwards) for way in ways)
        return 0 < back >= bool(self._names) + sum(map(self.times, ways))

    def _is_said_to_be(self) -> bool:
        copies = {name for patch in (*self._lasting, *self._work.stretches) for name in self._same[patch]}
        reverted = _said_to_be_reverted(self._since, {*self._names, *self._since.messages})
        return not reverted.isdisjoint({*self._names, *copies})


def _is_there(store: Borrowed, work: _Work, tip: Commit, target: Commit) -> bool:
    """Whether all that a branch changed since it began is in the target now, whatever came about in between.

    What of the work its tip does not have any more, nobody misses.
    """
    return store.merge_trees(work.beginning_tree, target.tree, tip.tree) == target.tree


def _is_gone(store: Borrowed, work: _Work, target: Commit) -> bool:
    """Whether what a branch changed is as it was before: to take it back would change nothing."""
    before = {work.beginning_tree, work.base_tree} - {work.tip.tree}
    return any(store.merge_trees(work.tip.tree, target.tree, tree) == target.tree for tree in before)


def _said_to_be_reverted(since: _Since, known: Collection[str]) -> set[str]:
    """The commits that messages call reverted, but for those of which the revert itself was reverted."""
    reverted: set[str] = set()
    for name, message in since.messages.items():
        if name not in reverted:
            reverted.update(_named(message, known))
    return reverted


def _named(message: str, known: Collection[str]) -> Iterator[str]:
    for said in _SAYS_SO.findall(message):
        yield from (name for name in known if name.startswith(said.lower()))
