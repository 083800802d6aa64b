"""Find out whether guards are in force. Starts no program for a tree; changes nothing."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.clients import hooks
from reconciler.clients.files import Entry, is_temporary
from reconciler.clients.survey import Survey
from reconciler.kinds.guard.rule import (
    BASES,
    HOOKS,
    OURS,
    PROGRAM,
    RULE,
    pinned_in,
    program_text,
    rule_text,
    without_previous,
)
from reconciler.kinds.guard.spec import KIND, GuardActual, GuardSpec
from reconciler.kinds.memory import Memory
from reconciler.kinds.scope import Scope
from reconciler.kinds.tree import Tree, Trees
from reconciler.model.address import Address
from reconciler.model.resource import Resource

_SHARED = "core.hookspath"
_SEPARATE = "extensions.worktreeconfig"
_YES = frozenset({"true", "yes", "on", "1"})
_WORKSPACE = "workspace"
_OR_OLDER = ", or is another version's"
TRIED = "ready"
BEFORE = "before"
"""In the mark: what the tree itself said of its hooks before ours came."""


@dataclass(frozen=True, slots=True)
class Previous:
    """The hooks that were in force before ours.

    Attributes:
        said: their directory, as git would be told.
        names: those that are there.
    """

    said: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Finder:
    """Looks for the guards of one clone.

    Attributes:
        common_dir: the git directory that all trees share.
        home: the user's home directory.
    """

    trees: Trees
    common_dir: Path
    home: Path
    memory: Memory

    def observe(self, resources: Sequence[Resource[GuardSpec]], scope: Scope) -> dict[Address, GuardActual]:
        """Look for all declared ones, and for those that are left over in trees that stay."""
        for spec in (resource.spec for resource in resources):
            self.trees.located.learn(scope.survey, spec.tree, *spec.workspaces)
            self.memory.bases[spec.tree] = _names_of(spec, scope.survey)
        config = scope.survey.config
        found = {each.address: actual for each in resources if (actual := self.find(each.address, each.spec, config))}
        return {**found, **self._left_over(resources, scope)}

    def find(self, address: Address, spec: GuardSpec, config: Mapping[str, str]) -> GuardActual | None:
        """Find one; None where there is no tree to look into.

        Args:
            address: its address.
            spec: what is declared.
            config: the configuration that all trees share.

        Raises:
            ClientError: something cannot be read.
        """
        tree = self.trees.locate(spec.tree, spec.workspaces)
        if tree.git_dir is None:
            return None
        mark = tree.mark(address, spec.was)
        if mark is None:
            return GuardActual(tree.path, tree.git_dir)
        spec = held(spec, tree)
        is_tried = mark.state == TRIED
        untried = () if is_tried else ("it was not seen to refuse what it must",)
        faults = (*untried, *self._faults(spec, tree.git_dir, self.previous(address, spec, tree, config), config))
        applied = {key: value for key, value in mark.declared.items() if key != BEFORE}
        former = spec.was.name if spec.was and tree.mark(address, None) is None else None
        return GuardActual(tree.path, tree.git_dir, True, applied, faults, is_tried, former)

    def previous(self, address: Address, spec: GuardSpec, tree: Tree, config: Mapping[str, str]) -> Previous:
        """The hooks that git would run in a tree without us, wherever that is configured.

        Raises:
            ClientError: something cannot be read.
        """
        own = self.before(address, spec, tree)
        said = own if own is not None else config.get(_SHARED)
        if said is None:
            said = str(self.common_dir / "hooks")
        if said.startswith("~/"):
            said = str(self.home / said[2:])
        names = hooks.hooks_in(tree.path / said) if said else ()
        return Previous(said, tuple(name for name in names if name not in HOOKS))

    def before(self, address: Address, spec: GuardSpec, tree: Tree) -> str | None:
        """What the tree itself says of its hooks, or said before ours came."""
        now = hooks.configured(tree.git_dir) if tree.git_dir else None
        if tree.git_dir and now not in {None, str(hooks.directory_of(tree.git_dir))}:
            return now
        mark = tree.mark(address, spec.was)
        said = mark.declared.get(BEFORE) if mark else None
        return said if isinstance(said, str) else None

    def _faults(self, spec: GuardSpec, git_dir: Path, previous: Previous, config: Mapping[str, str]) -> Iterator[str]:
        if config.get(_SEPARATE, "").lower() not in _YES:
            yield "extensions.worktreeConfig is off"
        led_to = hooks.configured(git_dir)
        if led_to != str(hooks.directory_of(git_dir)):
            yield f"core.hooksPath of the tree is {led_to}" if led_to else "core.hooksPath of the tree is gone"
        there = hooks.read_hooks(git_dir)
        wanted = {PROGRAM: program_text(), RULE: rule_text(spec, self.common_dir, previous.said)}
        said = (there[RULE].content or b"") if RULE in there else b""
        if said != wanted[RULE] and without_previous(said) == without_previous(wanted[RULE]):
            del wanted[RULE]
            yield "the hooks that were there before it have changed"
        changed = [name for name, text in wanted.items() if not _is_so(there.get(name), text, name)]
        yield from (f"{name} was edited{_OR_OLDER if name == PROGRAM else ''}" for name in changed)
        bases = there.get(BASES)
        if bases is None or not pinned_in(bases.content or b""):
            yield "what its base has is not known"
        names = {*HOOKS, *previous.names}
        linked = {name for name, entry in there.items() if entry.link == PROGRAM}
        if lost := sorted(names - linked):
            yield f"{', '.join(lost)} {'is' if len(lost) == 1 else 'are'} not called"
        more = sorted(there.keys() - names - OURS)
        yield from (f"{name} was left by a write that was killed" for name in more if is_temporary(name))
        if more := [name for name in more if not is_temporary(name)]:
            yield f"{', '.join(more)} {'is' if len(more) == 1 else 'are'} not ours, and will be moved aside"

    def _left_over(self, resources: Sequence[Resource[GuardSpec]], scope: Scope) -> dict[Address, GuardActual]:
        """Guards of ours that nobody declares any more, in trees that stay; others go with their tree."""
        declared = {address for r in resources for address in (r.address, r.spec.was) if address}
        return {
            address: GuardActual(record.path, record.git_dir, True, mark.declared)
            for address, (record, mark) in scope.survey.marks.items()
            if address.kind == KIND and address not in declared and address.name in scope.declared
        }


def held(spec: GuardSpec, tree: Tree) -> GuardSpec:
    """The guard of the branch that a tree has: where a new name of it is left to a person, still the old one."""
    was = Address(_WORKSPACE, spec.was.name) if spec.was else None
    mark = tree.mark(Address(_WORKSPACE, spec.workspace), was)
    branch = mark.declared.get("branch") if mark else None
    return replace(spec, branch=branch) if isinstance(branch, str) else spec


def _is_so(entry: Entry | None, text: bytes, name: str) -> bool:
    return entry is not None and entry.content == text and (name != PROGRAM or bool(entry.mode & stat.S_IXUSR))


def _names_of(spec: GuardSpec, survey: Survey) -> tuple[str, ...]:
    """What names the commits that count as the base, as `check` has it: as it is here, and as the remote has it."""
    *line, root = spec.bases
    above = [_full(name, survey) or f"refs/heads/{name}" for name in line if name]
    base = root or survey.default_branch
    ends = [_full(name, survey) or name for name in (base, *survey.remotes_with(base))] if base else []
    return tuple(dict.fromkeys((*above, *ends)))


def _full(name: str, survey: Survey) -> str:
    """The ref of a branch, here or else of the remote; empty for what is none, as far as one can see."""
    if name in survey.branches:
        return f"refs/heads/{name}"
    remote = name if name in survey.remotes else next(iter(survey.remotes_with(name)), "")
    return f"refs/remotes/{remote}" if remote else ""
