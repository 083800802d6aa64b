"""What becomes of a dependency that would stay as it is, when the same plan changes what it reads. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from reconciler.boundaries.decide import witness
from reconciler.boundaries.effort import Effort, TooCostlyError
from reconciler.boundaries.pattern import parse
from reconciler.boundaries.refusal import PatternError
from reconciler.clients import globs
from reconciler.kinds.dependency.decide import decide
from reconciler.kinds.dependency.spec import DependencyActual, DependencySpec
from reconciler.model.change import Action, Change, FieldChange
from reconciler.model.phrases import some
from reconciler.model.resource import Resource

_OF_OURS = frozenset({"record", "ignored", "mode"})
"""What changes of a file without another byte in it."""


def follow(
    spec: DependencySpec,
    actual: DependencyActual | None,
    change: Change,
    before: Sequence[tuple[Resource[object], Change]],
) -> Change:
    """Plan what reads something that is made anew before it.

    Args:
        spec: what is declared.
        actual: what was found.
        change: what is planned without that.
        before: what the plan changes before it.
    """
    if actual and actual.lacks and change.action is Action.CONFLICT:
        return _made_first(spec, actual, change, before)
    if change.action is not Action.NO_OP or actual is None:
        return change
    reads = tuple(_reads(spec, actual))
    anew = [text for each in before for text in _read_of(*each, reads)]
    if not anew:
        return change
    fields = tuple(FieldChange(text, "as it was read", "made anew") for text in dict.fromkeys(anew))
    reason = f"reads what this plan makes anew: {some(tuple(dict.fromkeys(anew)))}"
    return replace(change, action=Action.UPDATE, reason=reason, fields=fields)


def _made_first(
    spec: DependencySpec,
    actual: DependencyActual,
    conflict: Change,
    before: Sequence[tuple[Resource[object], Change]],
) -> Change:
    """What it lacks may be made by the same plan; what that turns out to hold, only the apply can tell."""
    if not all(any(True for each in before for _ in _read_of(*each, (lack,))) for lack in actual.lacks):
        return conflict
    known = {name: value for name, value in actual.applied.items() if name not in spec.declared}
    there = replace(actual, blocked="", hint="", facts=known)
    return follow(spec, there, decide(conflict.address, spec, there), before)


def _reads(spec: DependencySpec, actual: DependencyActual) -> Iterable[str]:
    place = spec.place(actual.tree)
    return (*map(place.path, spec.options.inputs), *actual.lacks, *map(globs.literally, actual.reads))


def _read_of(resource: Resource[object], change: Change, reads: Collection[str]) -> Iterator[str]:
    """What of that which one of the plan's changes makes anew is read."""
    yield from (text for text in _writes(resource, change) if any(_meet(text, read) for read in reads))
    if isinstance(resource.spec, DependencySpec):
        yield from (path for path in _installs(resource.spec) if any(_is_inside(read, path) for read in reads))


def _installs(spec: DependencySpec) -> Iterator[str]:
    return (spec.place(spec.tree).path(name) for name in spec.by.owns if not spec.by.is_built_later)


def _is_inside(pattern: str, path: str) -> bool:
    """Whether a pattern names what is installed at a path, there or in a member of the project: no `**` enters it."""
    *project, name = globs.literally(path).split("/")
    steps = pattern.split("/")
    return steps[: len(project)] == project and name in steps[len(project) :]


def _writes(resource: Resource[object], change: Change) -> Iterator[str]:
    spec = resource.spec
    if isinstance(spec, DependencySpec):
        yield from map(spec.place(spec.tree).path, spec.options.outputs)
    elif {field.path for field in change.fields} - _OF_OURS:
        yield globs.literally(change.observed.get("path", ""))


def _meet(first: str, second: str) -> bool:
    """Whether some file is named by both."""
    try:
        return first == second or witness([parse(first), parse(second)], (), Effort()) is not None
    except PatternError:
        return False
    except TooCostlyError:
        return True
