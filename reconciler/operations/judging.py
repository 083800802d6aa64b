"""Judge branches: each commit of its own is held to the area of its branch.

The rule: outside of its area, a commit must be as the one before it is, and a merge as its base is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reconciler.boundaries.paths import fault, shown
from reconciler.clients.borrowed import Borrowed
from reconciler.clients.history import History, Pair, PathChange, changes_between
from reconciler.errors import Location
from reconciler.manifest.areas import DeclaredArea, Rule, areas_of
from reconciler.operations.check import allows, deciding
from reconciler.operations.governed import Branches
from reconciler.operations.lineage import Lineage

Reason = Literal["outside", "deny", "undeclared", "unrelated"]


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that a branch must not have.

    Attributes:
        commit: the commit that did it; the tip where no single one did.
        path: None where it is about the whole branch.
        what: what was done to the path: `added`, `changed`, `deleted`, `mode`, `link`, `submodule`.
        because: why it must not be.
        rules: what it is held against: the pattern that denies it, those that allow what it may change, or the pattern
            that governs the branch, with the place of each.
        owners: who may change the path.
        is_merge: the commit is a merge, which must be as the base is outside of the area.
    """

    commit: str
    path: bytes | None
    what: str
    because: Reason
    rules: tuple[Rule, ...] = ()
    governed: tuple[str, Location] | None = None
    owners: tuple[str, ...] = ()
    is_merge: bool = False

    @property
    def shown_path(self) -> str:
        """The path as git shows it; empty where there is none."""
        return shown(self.path) if self.path else ""


@dataclass(frozen=True, slots=True)
class CheckedBranch:
    """One branch and what was found.

    Attributes:
        name: the branch.
        tip: its commit.
        workspace: whose area it was held to; None: nobody's.
        bases: the newest commits of its base that it has.
        commits: how many commits of its own it has.
        is_governed: it is declared, or its name is governed; otherwise it was not judged.
    """

    name: str
    tip: str
    workspace: str | None
    bases: tuple[str, ...] = ()
    commits: int = 0
    is_governed: bool = True
    violations: tuple[Violation, ...] = ()


@dataclass
class Judge:
    """Judges branches by what their commits changed."""

    store: Borrowed
    branches: Branches
    history: History
    _lineages: dict[frozenset[str], Lineage] = field(default_factory=dict)
    _areas: dict[str, DeclaredArea] = field(init=False)
    _changes: Mapping[Pair, tuple[PathChange, ...]] = field(init=False)

    def judge(self, chosen: Sequence[str]) -> tuple[CheckedBranch, ...]:
        """Judge all together: what they changed is read at once."""
        self._areas = areas_of(self.branches.manifest.declarations)
        own = {name: self._lineage(name).own(self.branches.tip(name)) for name in chosen if self._area(name)}
        bounded = [(name, commit) for name, commits in own.items() if self._is_bounded(name) for commit in commits]
        self._changes = changes_between(
            self.store, (pair for name, commit in bounded for pair in self._lineage(name).pairs(commit))
        )
        return tuple(self._checked(name, own.get(name, ())) for name in chosen)

    def _area(self, branch: str) -> DeclaredArea | None:
        holder = self.branches.holder(branch)
        return self._areas[holder.full_name] if holder else None

    def _is_bounded(self, branch: str) -> bool:
        area = self._area(branch)
        return area is not None and area.is_bounded

    def _lineage(self, branch: str) -> Lineage:
        trusted = self.branches.trusted(branch)
        if trusted not in self._lineages:
            self._lineages[trusted] = Lineage(self.history, trusted, self.store.empty_tree)
        return self._lineages[trusted]

    def _checked(self, branch: str, own: Sequence[str]) -> CheckedBranch:
        tip, holder = self.branches.tip(branch), self.branches.holder(branch)
        if holder is None:
            return self._unheld(branch, tip)
        bases = tuple(sorted(self._lineage(branch).bases(tip)))
        unrelated = () if bases else (Violation(tip, None, "history", "unrelated"),)
        found = self._violations(branch, self._areas[holder.full_name], own) if self._is_bounded(branch) else ()
        return CheckedBranch(branch, tip, holder.full_name, bases, len(own), violations=(*unrelated, *found))

    def _unheld(self, branch: str, tip: str) -> CheckedBranch:
        governed = self.branches.governing(branch)
        if governed is None:
            return CheckedBranch(branch, tip, None, is_governed=False)
        return CheckedBranch(
            branch, tip, None, violations=(Violation(tip, None, "branch", "undeclared", governed=governed),)
        )

    def _violations(self, branch: str, area: DeclaredArea, own: Sequence[str]) -> Iterator[Violation]:
        """Judge each commit; what one of them did is not told again of a merge that still has it."""
        lineage = self._lineage(branch)
        told: set[bytes] = set()
        for commit in own:
            is_merge = lineage.is_merge(commit)
            for change in self._common(lineage.pairs(commit)):
                rule = None if fault(change.path) else deciding(area, change.path)
                if not allows(rule) and not (is_merge and change.path in told):
                    told.add(change.path)
                    yield self._violation(commit, change, area, rule, is_merge=is_merge)

    def _common(self, pairs: Sequence[Pair]) -> Iterator[PathChange]:
        """What is unlike all that a commit is compared with."""
        first, *others = (self._changes[pair] for pair in pairs)
        everywhere = [{change.path for change in each} for each in others]
        return (change for change in first if all(change.path in each for each in everywhere))

    def _violation(
        self, commit: str, change: PathChange, area: DeclaredArea, rule: Rule | None, *, is_merge: bool
    ) -> Violation:
        because: Reason = "outside" if rule is None else "deny"
        rules = (rule,) if rule else tuple(each for each in area.rules if each.key != "deny")
        owners = self._owners(change.path)
        return Violation(commit, change.path, change.what, because, rules, owners=owners, is_merge=is_merge)

    def _owners(self, path: bytes) -> tuple[str, ...]:
        """Who has a path in an area that is said, and is not everything."""
        own = ((name, area) for name, area in self._areas.items() if area.is_own and not area.is_everything)
        return tuple(name for name, area in own if (rule := deciding(area, path)) and rule.key == "modify")
