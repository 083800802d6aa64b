"""Which branches a manifest governs, whose area each is held to, and what it may have without having done it.

The rule: what a branch may have is told by its base, and by the branches above it, which are judged as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from reconciler.boundaries import pattern
from reconciler.boundaries.reading import matches
from reconciler.clients.git import Git
from reconciler.clients.survey import Survey
from reconciler.errors import Location, UsageError
from reconciler.manifest.declaration import Declaration, Manifest
from reconciler.operations.path import require_declared

_UNREPLACED = {"GIT_NO_REPLACE_OBJECTS": "1"}


@dataclass(frozen=True)
class Heads:
    """The branches of the repository: its own, and for each name that it has not, the remote's.

    Attributes:
        cwd: where the command stands.
        pushed: what is to be judged as if it were there already; no base.
    """

    git: Git
    cwd: Path
    survey: Survey
    pushed: Mapping[str, str]

    @property
    def root(self) -> Path:
        """What paths in a manifest are relative to; no file is looked for there."""
        return self.survey.main or self.survey.repository.common_dir

    @property
    def default_or_none(self) -> str | None:
        """The branch that others start from, or None.

        In a bare repository it is the branch of its HEAD, which no push moves: who pushes a first `main` to one whose
        HEAD says `trunk` does not say by that what all are judged by.
        """
        is_bare = self.survey.main is None and not self.survey.is_main_hidden
        if not is_bare:
            return self.survey.default_branch
        return self.survey.main_branch if self.survey.main_branch in self.survey.branches else None

    @property
    def default(self) -> str:
        """The branch that others start from.

        Raises:
            UsageError: nothing tells which that is.
        """
        found = self.default_or_none
        if found is None:
            hint = "name it, for example `--base origin/main`"
            raise UsageError("which branch is the base of all others cannot be told here", hint=hint)
        return found

    def of(self, branch: str) -> str | None:
        """The commit of a branch."""
        if branch in self.pushed:
            return self.pushed[branch]
        if branch in self._symbolic:
            return self.only(f"refs/heads/{branch}")
        remote = next(iter(self.survey.remotes_with(branch)), "")
        return self.survey.commit_of(branch) if branch in self.survey.branches else self.survey.remotes.get(remote)

    @cached_property
    def _symbolic(self) -> frozenset[str]:
        """The branches that are symbolic refs: who can write refs could hide a branch behind one."""
        start = "refs/heads/"
        return frozenset(name.removeprefix(start) for name in self.survey.symbolic if name.startswith(start))

    def names(self) -> tuple[str, ...]:
        """All branches."""
        remotes = (
            name.removeprefix(f"{remote}/")
            for remote in self.survey.remote_names
            for name in self.survey.remotes
            if name.startswith(f"{remote}/")
        )
        return tuple(sorted({*self.survey.branches, *self._symbolic, *remotes}))

    def all_of(self, base: str) -> frozenset[str]:
        """What a base is: a branch as it is here and as the remote has it, either of which may be ahead."""
        known = [self.survey.commit_of(base), *map(self.survey.commit_of, self.survey.remotes_with(base))]
        return frozenset(filter(None, known)) or frozenset((self.only(base),))

    def only(self, base: str) -> str:
        """The one commit that a name stands for.

        Raises:
            UsageError: there is none.
        """
        known = self.survey.commit_of(base)
        if known:
            return known
        words = ("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}")
        is_name = bool(base) and not base.startswith(("-", "^")) and "\0" not in base
        found = self.git.run(*words, cwd=self.cwd, ok=(0, 1, 128), environment=_UNREPLACED) if is_name else None
        if found is None or found.code or len(found.lines) != 1:
            raise UsageError(f"{base} names no commit here", hint="fetch it, or name a branch or a hash with --base")
        return found.text.strip()


@dataclass(frozen=True)
class Branches:
    """Branches as a manifest knows them.

    Attributes:
        base: what stands for the base of all.
    """

    manifest: Manifest
    heads: Heads
    base: str | None
    _declared: dict[str, Declaration] = field(default_factory=dict)
    _trusted: dict[str, frozenset[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._declared.update({each.branch: each for each in reversed(self.manifest.declarations)})

    def chosen(self, workspaces: Iterable[str], branches: Iterable[str]) -> tuple[str, ...]:
        """Those that are asked for, and what they start from, that first; all when nothing is asked for.

        Raises:
            UsageError: there is no such workspace or branch.
        """
        named = [require_declared(self.manifest, name).branch for name in workspaces]
        named += [branch.removeprefix("refs/heads/") for branch in branches]
        for branch in named:
            self._require_there(branch)
        wanted = named or [name for name in self.heads.names() if self.holder(name) or self.governing(name)]
        found = dict.fromkeys(each for name in wanted for each in (*reversed(self._above(name)), name))
        order = {branch: number for number, branch in enumerate(each.branch for each in self.manifest.declarations)}
        return tuple(found) if named else tuple(sorted(found, key=lambda name: order.get(name, len(order))))

    def _require_there(self, branch: str) -> None:
        if self.heads.of(branch) is None:
            raise UsageError(f"there is no branch {branch}", hint="`orchestra apply` makes it; or fetch it")

    def commits(self, chosen: Iterable[str]) -> tuple[str, ...]:
        """All that is looked at for some branches."""
        names = list(chosen)
        tips = [self.tip(name) for name in names]
        return tuple(dict.fromkeys([*tips, *(commit for name in names for commit in sorted(self.trusted(name)))]))

    def tip(self, branch: str) -> str:
        """The commit of a branch that exists."""
        return self.heads.of(branch) or ""

    def holder(self, branch: str) -> Declaration | None:
        """Whose area a branch is held to: who declares it; for one that was spawned below such a one, that one."""
        parts = branch.split("--")
        above = ("--".join(parts[:count]) for count in range(len(parts), 0, -1))
        return next((self._declared[name] for name in above if name in self._declared), None)

    def governing(self, branch: str) -> tuple[str, Location] | None:
        """The pattern that says that a branch must be declared; what others start from need not be."""
        if branch in self._bases:
            return None
        name = os.fsencode(branch)
        found = (each for each in self.manifest.governed if matches(pattern.parse(each.text), name))
        return next(((each.text, each.where) for each in found), None)

    @cached_property
    def _bases(self) -> frozenset[str]:
        return frozenset((self._default, *(each.base for each in self.manifest.declarations if each.base)))

    def trusted(self, branch: str) -> frozenset[str]:
        """The tips of all that a branch may have without having done it."""
        if branch not in self._trusted:
            line = self._line(branch)
            tips = (tip for name in line[1:] if (tip := self.heads.of(name)))
            roots = frozenset((self.base,)) if self.base else self.heads.all_of(self._base_of(line[-1]))
            self._trusted[branch] = roots.union(tips)
        return self._trusted[branch]

    def _above(self, branch: str) -> list[str]:
        """The declared branches that there are and that a branch starts from, the nearest first."""
        return [name for name in self._line(branch)[1:] if self.heads.of(name)]

    def _line(self, branch: str) -> list[str]:
        """A branch, and the declared ones that it starts from."""
        line, name = [branch], branch
        while (name := self._base_of(name)) in self._declared and name not in line:
            line.append(name)
        return line

    def _base_of(self, branch: str) -> str:
        declaration = self.holder(branch)
        if declaration is not None and declaration.branch != branch:
            return declaration.branch
        return (declaration.base if declaration else None) or self._default

    @property
    def _default(self) -> str:
        return self.heads.default_or_none or (self.base or self.heads.default)
