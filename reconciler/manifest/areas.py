"""The area of each workspace: its own patterns, or those it takes over, each with who says it and where.

The rule: this is the one place that says what an area is; checks, contracts, sparse trees and answers all ask here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from reconciler.boundaries.area import Area
from reconciler.boundaries.pattern import EVERYTHING, Pattern, parse
from reconciler.errors import Location
from reconciler.manifest.declaration import Declaration

Key = Literal["modify", "shared", "deny"]
KEYS: tuple[Key, ...] = ("modify", "shared", "deny")


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of an area.

    Attributes:
        said_by: the full name of the workspace that declares it.
    """

    key: Key
    pattern: Pattern
    where: Location
    said_by: str


@dataclass(frozen=True)
class DeclaredArea:
    """What a workspace may change.

    Attributes:
        is_own: it says itself what it may modify; a helper that does not works alone, in its parent's area.
    """

    rules: tuple[Rule, ...]
    is_own: bool

    def patterns(self, key: Key) -> tuple[Pattern, ...]:
        """The patterns of one key."""
        return tuple(dict.fromkeys(rule.pattern for rule in self.rules if rule.key == key))

    @property
    def is_everything(self) -> bool:
        """Whether nothing bounds it but `deny`."""
        return EVERYTHING in self.patterns("modify")

    @property
    def is_bounded(self) -> bool:
        """Whether there is anything that it does not allow."""
        return not self.is_everything or bool(self.patterns("deny"))

    @cached_property
    def area(self) -> Area:
        """The area as a language."""
        return Area(*map(self.patterns, KEYS))

    def part(self, key: Key, said_by: str) -> Area:
        """What one key allows, without what is denied: by everybody, or for `modify` by the same workspace."""
        patterns = tuple(rule.pattern for rule in self.rules if rule.key == key and rule.said_by == said_by)
        denied = (rule for rule in self.rules if rule.key == "deny")
        return Area(patterns, (), tuple(rule.pattern for rule in denied if key == "shared" or rule.said_by == said_by))

    def rule(self, pattern: Pattern, *keys: Key) -> Rule:
        """The rule that brings a pattern in."""
        return next(rule for rule in self.rules if rule.pattern == pattern and rule.key in keys)


def areas_of(declarations: Iterable[Declaration]) -> dict[str, DeclaredArea]:
    """The area of each workspace by its full name; parents come before their helpers."""
    areas: dict[str, DeclaredArea] = {}
    for declaration in declarations:
        taken_over = _taken_over(declaration, areas[declaration.parent].rules if declaration.parent else ())
        areas[declaration.full_name] = DeclaredArea((*taken_over, *_own(declaration)), bool(declaration.modify))
    return areas


def _taken_over(declaration: Declaration, above: Iterable[Rule]) -> Iterable[Rule]:
    """What is denied above is denied below; who says nothing of what it may modify has all that its parent has."""
    if declaration.modify:
        return (rule for rule in above if rule.key == "deny")
    return above if declaration.parent else (_everything(declaration),)


def _everything(declaration: Declaration) -> Rule:
    return Rule("modify", EVERYTHING, declaration.where, declaration.full_name)


def _own(declaration: Declaration) -> Iterator[Rule]:
    for key in KEYS:
        texts: tuple[str, ...] = getattr(declaration, key)
        for index, text in enumerate(texts):
            where = declaration.places.get(f"{key}.{index}", declaration.where)
            yield Rule(key, parse(text), where, declaration.full_name)
