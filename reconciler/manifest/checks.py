"""What several declarations together can say wrong: collisions of branches, paths and names, cycles, renames.

The rule: what is one thing on a disk that ignores case, or what git stores as file and directory, is refused.
"""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.errors import Location
from reconciler.manifest import grammar
from reconciler.manifest.declaration import Declaration
from reconciler.manifest.problems import Problems, quote


@dataclass(frozen=True, slots=True)
class Unsure:
    """The worktrees whose branch or path is wrong in itself, so that what stands in for it would mislead."""

    branches: frozenset[str]
    paths: frozenset[str]


def check(declarations: Sequence[Declaration], root: Path, problems: Problems, unsure: Unsure) -> None:
    """Judge all declarations together."""
    same_names = _check_names(declarations, problems)
    with_trees = [
        declaration for declaration in declarations if declaration.tree and declaration.full_name not in same_names
    ]
    _check_renames(declarations, problems)
    _check_branches([tree for tree in with_trees if _worktree(tree) not in unsure.branches], problems)
    _check_paths([tree for tree in with_trees if _worktree(tree) not in unsure.paths], root, problems)
    _check_cycles(declarations, problems)


def _worktree(declaration: Declaration) -> str:
    return declaration.full_name.partition("--")[0]


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _place(declaration: Declaration, key: str) -> Location:
    return declaration.places.get(f"{key}.0", declaration.where)


def _check_names(declarations: Iterable[Declaration], problems: Problems) -> set[str]:
    """Report names that differ in case only, and return the later one of each two with all its helpers."""
    seen: dict[str, Declaration] = {}
    same: set[str] = set()
    for declaration in declarations:
        first = seen.setdefault(_fold(declaration.full_name), declaration)
        if first is declaration:
            continue
        same.add(declaration.full_name)
        if first.parent == declaration.parent:
            message = f"{quote(declaration.name)} and {quote(first.name)} ({first.where}) differ in case only"
            problems.add(message, declaration.where, "some disks do not tell them apart; rename one")
    return same


def _check_renames(declarations: Iterable[Declaration], problems: Problems) -> None:
    declared = {declaration.full_name: declaration for declaration in declarations if declaration.level == 1}
    renamed: dict[str, Declaration] = {}
    for declaration in declared.values():
        old = declaration.was
        if old is None:
            continue
        where = _place(declaration, "was")
        if old == declaration.name:
            problems.add(f"`was: {old}` is its own name", where, "remove the line")
        elif old in declared:
            problems.add(
                f"`was: {old}` names a worktree that is declared ({declared[old].where})",
                where,
                f"remove {quote(old)}, or this line",
            )
        elif old in renamed:
            problems.add(
                f"two worktrees were {quote(old)}: {quote(renamed[old].name)} and this one", where, "keep one `was:`"
            )
        renamed.setdefault(old, declaration)


def _check_branches(declarations: Sequence[Declaration], problems: Problems) -> None:
    seen: dict[str, Declaration] = {}
    for declaration in declarations:
        fault = grammar.own_branch_fault(declaration.branch)
        if fault:
            problems.add(
                f"the branch of {quote(declaration.full_name)}: {fault.message}",
                _place(declaration, "branch"),
                fault.hint,
            )
        first = seen.setdefault(_fold(declaration.branch), declaration)
        if first is not declaration:
            _report_same_branch(declaration, first, problems)
    for key, declaration in seen.items():
        for end in (index for index, character in enumerate(key) if character == "/"):
            if key[:end] in seen:
                _report_nested_branch(declaration, seen[key[:end]], problems)


def _branch_place(declaration: Declaration) -> Location:
    return _place(declaration, "branch") if declaration.level == 1 else declaration.where


def _report_same_branch(second: Declaration, first: Declaration, problems: Problems) -> None:
    whose = f"the one of {quote(first.full_name)} ({_branch_place(first)})"
    if first.branch == second.branch:
        message = f"the branch {quote(second.branch)} is already {whose}"
    else:
        message = f"the branch {quote(second.branch)} differs in case only from {quote(first.branch)}, {whose}"
    hint = "give one of them another `branch:`"
    if first.level == second.level == 1 and first.branch == second.branch:
        hint = _rename_hint(second, first, "branch")
    problems.add(message, _branch_place(second), hint)


def _rename_hint(second: Declaration, first: Declaration, key: str) -> str:
    """The one whose branch is its own name was probably there first."""
    new, old = (first, second) if second.branch == second.name and first.branch != first.name else (second, first)
    renamed = f"if {old.name} was renamed, remove it and write `was: {old.name}` under {new.name}"
    return f"{renamed}; else choose another `{key}:`"


def _report_nested_branch(inner: Declaration, outer: Declaration, problems: Problems) -> None:
    later, earlier = (inner, outer) if inner.where > outer.where else (outer, inner)
    message = (
        f"the branches {quote(later.branch)} and {quote(earlier.branch)} ({_branch_place(earlier)}) cannot both exist: "
        "git stores one as a file and the other needs a directory of that name"
    )
    problems.add(message, _branch_place(later), f"rename one, for example `{outer.branch}-main`")


def _check_paths(declarations: Sequence[Declaration], root: Path, problems: Problems) -> None:
    seen: dict[str, Declaration] = {}
    home = _fold(posixpath.normpath(root.as_posix()))
    for declaration in declarations:
        place = _fold(posixpath.normpath(posixpath.join(root.as_posix(), declaration.path)))
        if declaration.level == 1 and _report_near_root(declaration, place, home, problems):
            continue
        first = seen.setdefault(place, declaration)
        if first is not declaration and not (first.level > 1 and declaration.level > 1):
            _report_same_path(declaration, first, problems)
    for place, declaration in seen.items():
        for end in (index for index, character in enumerate(place) if character == "/"):
            if place[:end] in seen:
                _report_nested_path(declaration, seen[place[:end]], problems)


def _is_inside(inner: str, outer: str) -> bool:
    return inner == outer or inner.startswith(outer.rstrip("/") + "/")


def _report_near_root(declaration: Declaration, place: str, home: str, problems: Problems) -> bool:
    hint = "write a path beside it, for example `../{project}.wt/{name}`"
    if _is_inside(place, home):
        where = "lies inside the repository's own tree, where git deletes it without a word"
        message = f"the path {quote(declaration.path)} {where}"
    elif _is_inside(home, place):
        message = f"the path {quote(declaration.path)} holds the repository itself"
    else:
        return False
    problems.add(message, _place(declaration, "path"), hint)
    return True


def _report_same_path(second: Declaration, first: Declaration, problems: Problems) -> None:
    whose = f"the one of {quote(first.full_name)} ({_place(first, 'path')})"
    hint = "put `{name}` into the path"
    if first.path == second.path:
        message = f"the path {quote(second.path)} is already {whose}"
        if first.level == second.level == 1 and "path" in second.places:
            hint = _rename_hint(second, first, "path")
    else:
        message = f"the path {quote(second.path)} is one place with {quote(first.path)} on some disks, {whose}"
    problems.add(message, _place(second, "path"), hint)


def _report_nested_path(inner: Declaration, outer: Declaration, problems: Problems) -> None:
    message = (
        f"the path {quote(inner.path)} lies inside that of {quote(outer.full_name)} ({_place(outer, 'path')}), "
        "where git deletes it without a word"
    )
    problems.add(message, _place(inner, "path"), "put them side by side")


def _check_cycles(declarations: Iterable[Declaration], problems: Problems) -> None:
    groups: dict[str | None, dict[str, Declaration]] = {}
    for declaration in declarations:
        groups.setdefault(declaration.parent, {})[declaration.full_name] = declaration
    for group in groups.values():
        _check_bases(group.values(), problems)
        remaining = {name: comes_after(declaration) & group.keys() for name, declaration in group.items()}
        while cycle := _find_cycle(remaining):
            _report_cycle([group[name] for name in cycle], problems)
            for name in cycle:
                del remaining[name]


def _check_bases(declarations: Iterable[Declaration], problems: Problems) -> None:
    for declaration in declarations:
        if declaration.starts_from and _base_worktree(declaration) == declaration.full_name:
            is_own = declaration.starts_from == declaration.full_name
            why = "is its own branch" if is_own else "starts from this worktree itself"
            hint = "name a branch that is there before it, or leave `base` out"
            problems.add(f"`base: {declaration.base}` {why}", _place(declaration, "base"), hint)


def _base_worktree(declaration: Declaration) -> str:
    return (declaration.starts_from or "").partition("--")[0]


def comes_after(declaration: Declaration) -> set[str]:
    """The full names of the siblings that come first."""
    return {*declaration.needs, _base_worktree(declaration)} - {declaration.full_name}


def _find_cycle(remaining: dict[str, set[str]]) -> list[str]:
    """Take off what can be ordered; what stays has a cycle, or is empty."""
    while True:
        ready = [name for name, needs in remaining.items() if not needs & remaining.keys()]
        if not ready:
            break
        for name in ready:
            del remaining[name]
    if not remaining:
        return []
    walked: list[str] = []
    current = next(iter(remaining))
    while current not in walked:
        walked.append(current)
        current = min(remaining[current] & remaining.keys())
    return walked[walked.index(current) :]


def _report_cycle(cycle: Sequence[Declaration], problems: Problems) -> None:
    pairs = list(zip(cycle, [*cycle[1:], cycle[0]], strict=True))
    keys = " and ".join(f"`{key}`" for key in ("needs", "base") if any(_edge(*pair)[0] == key for pair in pairs))
    edges = [f"{quote(first.name)} {_edge(first, second)[1]} ({_edge(first, second)[2]})" for first, second in pairs]
    problems.add(f"a circle of {keys}: {', '.join(edges)}", _edge(*pairs[0])[2], "remove one of them")


def _edge(first: Declaration, second: Declaration) -> tuple[str, str, Location]:
    """Why the first comes after the second: the key that says so, in words, and where."""
    if second.full_name in first.needs:
        return "needs", f"needs {quote(second.name)}", first.places.get(f"needs.{second.name}", first.where)
    return "base", f"starts from {quote(first.starts_from)}", _place(first, "base")
