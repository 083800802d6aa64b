"""What is wrong with areas: one leads out of its parent's, two at work at once overlap, nothing is left of one.

The rule: decided as languages, before anything is made; each message has a path that proves it. What cannot be
decided within bounds is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.boundaries.area import Escape, escapes, is_swallowed
from reconciler.boundaries.effort import Effort, TooCostlyError
from reconciler.boundaries.paths import shown
from reconciler.boundaries.pattern import Pattern, alone
from reconciler.boundaries.siblings import Meeting, meetings
from reconciler.errors import Location
from reconciler.manifest.areas import DeclaredArea, Rule, areas_of
from reconciler.manifest.declaration import Declaration
from reconciler.manifest.problems import MOST_PROBLEMS, Problems, quote

_APART = "let one of them need the other, put the path under `shared:` of both, or narrow one area"


@dataclass(slots=True)
class AreaChecks:
    """The checks of one manifest.

    Attributes:
        declarations: those whose areas are known for sure, by full name; parents first.
        comes_after: the full names that a workspace waits for.
        unordered: those of whom it is not known for sure what they wait for.
    """

    declarations: Mapping[str, Declaration]
    comes_after: Callable[[Declaration], Collection[str]]
    unordered: Collection[str]
    problems: Problems
    effort: Effort = field(default_factory=Effort)
    _areas: dict[str, DeclaredArea] = field(init=False)
    _before: dict[str, set[str]] = field(default_factory=dict)
    _told: int = 0

    def __post_init__(self) -> None:
        self._areas = areas_of(self.declarations.values())

    def run(self) -> None:
        """Check all, until there is more to tell than is shown, or it takes too much."""
        checks: list[tuple[Callable[..., None], tuple[str, ...]]] = [
            (self._check_one, (name,)) for name in self.declarations
        ]
        checks += [(self._check_siblings, group) for group in self._siblings()]
        for check, names in checks:
            if self._told >= MOST_PROBLEMS or self.effort.is_spent:
                break
            try:
                check(*names)
            except TooCostlyError as error:
                self._refuse_costly(error.pattern, names)

    def _refuse_costly(self, pattern: Pattern, names: Collection[str]) -> None:
        rules = (rule for name in (*names, *self._parents(names)) for rule in self._areas[name].rules)
        where = next(rule.where for rule in rules if rule.pattern == pattern)
        self._tell(
            f"{quote(pattern)} is too costly to compare", where, "write it with fewer wildcards, or more exactly"
        )

    def _parents(self, names: Collection[str]) -> Iterator[str]:
        return (parent for name in names if (parent := self.declarations[name].parent))

    def _tell(self, message: str, where: Location, hint: str) -> None:
        self._told += 1
        self.problems.add(message, where, hint)

    # --- one area ----------------------------------------------------------------------------------------------------

    def _check_one(self, name: str) -> None:
        declared, parent = self._areas[name], self.declarations[name].parent
        where = next((rule.where for rule in reversed(declared.rules) if rule.key == "deny"), None)
        if where and is_swallowed(declared.area, self.effort):
            self._tell(f"`deny` takes out all that {quote(name)} may modify", where, "narrow `deny`")
            return
        if where and is_swallowed(declared.area.below, self.effort):
            left = "only files that are called just so are left of it"
            self._doubt(
                f"`deny` takes out all that is below what {quote(name)} may modify: {left}", where, "narrow `deny`"
            )
        if parent:
            # What is shared is often said for all: there the parent's `deny` holds without being said again.
            for part in (declared.part("modify", name), declared.part("shared", name)):
                for escape in escapes(part, self._areas[parent].area, self.effort):
                    self._report_escape(escape, name, parent)

    def _report_escape(self, escape: Escape, name: str, parent: str) -> None:
        rule = self._areas[name].rule(escape.pattern, "modify", "shared")
        above = self._areas[parent]
        if escape.denied_by is not None:
            denied = above.rule(escape.denied_by, "deny")
            message = (
                f"{quote(rule.pattern)} allows `{shown(escape.path)}`, which {quote(escape.denied_by)} denies "
                f"{quote(parent)} ({denied.where})"
            )
            hint = f"put {quote(escape.denied_by)} under `deny:` of {quote(name)} too, or narrow the pattern"
        else:
            allowed = f"{quote(rule.pattern)} allows `{shown(escape.path)}`, which"
            itself = quote(rule.pattern) == f"`{shown(escape.path)}`"
            message = f"{quote(rule.pattern) if itself else allowed} is not in the area of {quote(parent)}"
            hint = _inside_hint(rule, escape, above, parent)
        self._tell(message, rule.where, hint)

    # --- areas side by side ------------------------------------------------------------------------------------------

    def _siblings(self) -> Iterator[tuple[str, ...]]:
        """Those under one parent that have areas of their own: one that has none works alone."""
        groups: dict[str | None, list[str]] = {}
        for name, declaration in self.declarations.items():
            if self._areas[name].is_own and name not in self.unordered:
                groups.setdefault(declaration.parent, []).append(name)
        return (tuple(group) for group in groups.values() if len(group) > 1)

    def _check_siblings(self, *names: str) -> None:
        own = {name: self._areas[name].area for name in names}
        for meeting in meetings(own, self._are_together, self.effort):
            self._report_meeting(meeting)
            if self._told >= MOST_PROBLEMS:
                break

    def _are_together(self, first: str, second: str) -> bool:
        return first not in self._all_before(second) and second not in self._all_before(first)

    def _all_before(self, name: str) -> set[str]:
        """All that a workspace waits for, if only through others."""
        if name not in self._before:
            found: set[str] = set()
            waiting = [name]
            while waiting:
                declaration = self.declarations.get(waiting.pop())
                new = set(self.comes_after(declaration)) - found if declaration else set()
                found |= new
                waiting += new
            self._before[name] = found
        return self._before[name]

    def _report_meeting(self, meeting: Meeting) -> None:
        """Say it at the later of the two; worktrees are people's, who may know what they do."""
        path, mine, theirs = meeting.overlap
        pair = [(meeting.first, mine), (meeting.second, theirs)]
        there, here = sorted(pair, key=lambda each: list(self.declarations).index(each[0]))
        other = self._areas[there[0]].rule(there[1], "modify", "shared")
        message = (
            f"the areas of {quote(here[0])} and {quote(there[0])} overlap: "
            f"`{shown(path)}` is in {quote(here[1])} and in {quote(there[1])} ({other.where})"
        )
        where = self._areas[here[0]].rule(here[1], "modify", "shared").where
        tell = self._tell if self.declarations[here[0]].parent else self._doubt
        tell(message, where, _below_hint(path, here[1], there[1]) or _APART)

    def _doubt(self, message: str, where: Location, hint: str) -> None:
        self._told += 1
        self.problems.doubt(message, where, hint)


def _inside_hint(rule: Rule, escape: Escape, above: DeclaredArea, parent: str) -> str:
    from reconciler.boundaries.reading import covering  # noqa: PLC0415 - start-up

    text = rule.pattern.text.rstrip("/")
    top, below = text.encode(), f"{text}/x".encode()
    if rule.pattern.literal and escape.path == top and covering(above.patterns("modify"), below):
        return f"for what is below it write `{text}/**`"
    if rule.pattern.literal and escape.path != top and covering(above.patterns("modify"), top) and alone(text):
        return f"a path covers all below it too; for the file alone write `{alone(text)}`"
    if rule.key == "shared":
        return f"put it under `shared:` of {quote(parent)} too, or say here what is shared"
    return f"narrow it, or widen `modify` of {quote(parent)}"


def _below_hint(path: bytes, *patterns: Pattern) -> str:
    """Two that meet in a path itself, and not in what would be below it."""
    from reconciler.boundaries.reading import matches  # noqa: PLC0415 - start-up

    tops = [each for each in patterns if each.literal and each.text.rstrip("/").encode() == path]
    if len(tops) != 1 or all(matches(each, path + b"/x") for each in patterns):
        return ""
    return f"for what is below it write `{tops[0].text.rstrip('/')}/**`"
