"""What a branch did itself, and what it has from its base. Pure.

The rule: only what its base has is not its own. So a merge of the base is judged by the base, and one of any other
branch by its commits; and outside of its area a merge must be what the base is there, whatever its parents are.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property

from reconciler.clients.history import History, Pair


class Lineage:
    """Branches with one base.

    Args:
        history: holds all of them.
        trusted: the tips of the base: what these have was judged elsewhere.
        empty_tree: stands for what was there before the first commit.
    """

    def __init__(self, history: History, trusted: Collection[str], empty_tree: str) -> None:
        self._history = history
        self._tips = trusted
        self._empty_tree = empty_tree
        self._bases: dict[str, frozenset[str]] = {}
        self._order = {name: number for number, name in enumerate(history.commits)}
        self._known: dict[Pair, bool] = {}

    @cached_property
    def _trusted(self) -> set[str]:
        return self._reached(self._tips, ())

    def own(self, tip: str) -> tuple[str, ...]:
        """The commits of a branch that its base has not, parents before children."""
        found = self._reached((tip,), self._trusted) & self._history.commits.keys()
        own = tuple(sorted(found, key=self._order.__getitem__, reverse=True))
        for commit in own:
            if commit not in self._bases:
                self._bases[commit] = self._bases_of(commit)
        return own

    def bases(self, commit: str) -> frozenset[str]:
        """The newest commits of the base that a commit has, once `own` has told of it; none for a foreign history."""
        return self._bases.get(commit, frozenset((commit,)))

    def before(self, commit: str) -> tuple[str, ...]:
        """The trees to compare an own commit with: outside of the area, it must be as one of them is."""
        parents = tuple(dict.fromkeys(self._history.commits[commit].parents))
        compared = parents if len(parents) == 1 else sorted(self.bases(commit)) or parents
        return tuple(self._history.tree(each) for each in compared) or (self._empty_tree,)

    def is_merge(self, commit: str) -> bool:
        """Whether it has several parents."""
        return len(set(self._history.commits[commit].parents)) > 1

    def pairs(self, commit: str) -> tuple[Pair, ...]:
        """The comparisons that judge an own commit."""
        tree = self._history.tree(commit)
        return tuple((before, tree) for before in self.before(commit))

    def _bases_of(self, commit: str) -> frozenset[str]:
        found = frozenset(base for parent in self._history.commits[commit].parents for base in self.bases(parent))
        if len(found) < 2:  # noqa: PLR2004 - one alone is the newest
            return found
        return frozenset(one for one in found if not any(self._is_before(one, other) for other in found - {one}))

    def _is_before(self, old: str, new: str) -> bool:
        """Whether one commit of the base has another."""
        if (old, new) not in self._known:
            self._known[old, new] = old in self._reached((new,), (), until=self._order.get(old))
        return self._known[old, new]

    def _reached(self, tips: Iterable[str], stops: Collection[str], *, until: int | None = None) -> set[str]:
        """What can be reached from tips, without what stops it; no further than to a place in the order."""
        seen: set[str] = set()
        waiting = list(tips)
        while waiting:
            name = waiting.pop()
            if name in seen or name in stops:
                continue
            seen.add(name)
            commit = self._history.commits.get(name)
            if commit and (until is None or self._order[name] < until):
                waiting.extend(commit.parents)
        return seen
