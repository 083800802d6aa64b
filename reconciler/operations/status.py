"""`status`: what is known of every workspace, with the source and age of each value. Who needs a person comes first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.clients.git import Git
from reconciler.clients.sandbox.private_git import find_unimported
from reconciler.clients.survey import Survey
from reconciler.clients.trees import Standing, TreeRecord, half_done
from reconciler.errors import OrchestraError
from reconciler.kinds.given import CONTAINERS, numbers_of
from reconciler.kinds.guard.spec import IN_FORCE
from reconciler.manifest.declaration import Declaration, Manifest
from reconciler.model.address import Address
from reconciler.model.change import Action, Change, Mode
from reconciler.model.phrases import plural
from reconciler.operations.options import PlanOptions
from reconciler.operations.path import locate
from reconciler.operations.plan import plan
from reconciler.operations.session import Session

if TYPE_CHECKING:
    from reconciler.kinds.containers.spec import ContainersActual

_PARALLEL = 8


@dataclass(frozen=True, slots=True)
class Value:
    """One fact.

    Attributes:
        source: what was asked.
        age_seconds: how old the fact is; None when that cannot be known.
    """

    label: str
    text: str
    source: str
    age_seconds: float | None


@dataclass(frozen=True, slots=True)
class WorkspaceStatus:
    """What is known of one workspace.

    Attributes:
        state: `ready`, `filling`, `missing`, `moved`, `cut off`, `foreign`, `desk` (a helper without a tree), `absent`
            or `orphan`.
        needs_you: what a person is asked to do, in words.
    """

    name: str
    level: int
    state: str
    path: Path | None
    needs_you: tuple[str, ...]
    values: tuple[Value, ...]


def status(session: Session, *, clock: Callable[[], float] = time.time) -> tuple[WorkspaceStatus, ...]:
    """Look at every declared workspace, and at what is ours beside them.

    Raises:
        ManifestError: the manifest is not valid.
        ClientError: git failed.
    """
    planned = plan(session, PlanOptions(all_owners=True))
    manifest = planned.manifest or session.load_manifest()
    changes = {change.address: change for change in planned.plan.changes}
    services = {a.name: found for a, found in planned.snapshot.items() if a.kind == CONTAINERS}
    with ThreadPoolExecutor(_PARALLEL) as pool:
        look = partial(_declared, session, manifest=manifest, changes=changes, services=services, clock=clock)
        declared = pool.map(look, manifest.declarations)
        left_over = pool.map(lambda change: _orphan(session, change, clock), _orphans(changes))
    return tuple(sorted([*declared, *left_over], key=lambda each: (not each.needs_you, each.name)))


def _declared(
    session: Session,
    declaration: Declaration,
    *,
    manifest: Manifest,
    changes: Mapping[Address, Change],
    services: Mapping[str, ContainersActual],
    clock: Callable[[], float],
) -> WorkspaceStatus:
    address = Address("workspace", declaration.full_name)
    hit = session.survey.marks.get(address)
    change = changes[address]
    if hit is None:
        state = "absent" if change.is_pending or change.action is Action.CONFLICT else "desk"
        where = locate(session, manifest, declaration) if state == "desk" else None
        return WorkspaceStatus(declaration.full_name, declaration.level, state, where, _needs(declaration, changes), ())
    record, mark = hit
    state = "filling" if mark.state != "ready" else _STATES[record.standing]
    values, needs = _look(session, record, declaration.base, clock) if state == "ready" else ((), ())
    waiting = _unimported(session, record, declaration)
    values = (
        *values,
        *(value for value, _ in waiting),
        *_ports(record, declaration.full_name),
        *_services(services.get(declaration.full_name)),
    )
    return WorkspaceStatus(
        declaration.full_name,
        declaration.level,
        state,
        record.path,
        (*_needs(declaration, changes), *needs, *(need for _, need in waiting if need)),
        values,
    )


def _unimported(session: Session, record: TreeRecord, declaration: Declaration) -> tuple[tuple[Value, str], ...]:
    """Say what of a sandbox has not reached the repository, and what is to be done where nobody does it already."""
    name = declaration.full_name
    try:
        found = find_unimported(session.repository, record, declaration.branch)
    except OrchestraError as error:
        return ((Value("sandbox", "cannot be read", "sandbox", 0.0), error.message),)
    if found is None:
        return ()
    count = plural(found.commits, "commit") if found.commits else "commits"
    text = f"{count} refused" if found.is_refused else f"{count} not imported yet"
    need = f"{text} in its sandbox: `orchestra exec {name} -- true` says why, and tries again"
    is_quiet = found.is_busy and not found.is_refused
    return ((Value("sandbox", text, "sandbox", 0.0), "" if is_quiet else need),)


def _ports(record: TreeRecord, name: str) -> Iterator[Value]:
    mark = record.book.marks.get(Address("ports", name)) if record.book else None
    if numbers := numbers_of(mark):
        yield Value("ports", ", ".join(f"{port} {number}" for port, number in numbers.items()), "mark", 0.0)


def _services(found: ContainersActual | None) -> Iterator[Value]:
    """Each service: how it is, and where it can be reached."""
    if found and found.place.is_swarm:
        for service in found.found.services:
            text = ", ".join((service.replicas, *service.addresses(found.found.machine)))
            yield Value(f"service {service.service}", text, "docker service ls", 0.0)
        return
    for each in sorted(found.found.containers if found else (), key=lambda each: each.name):
        state = f"exited with {each.code}" if each.code is not None else each.state
        text = ", ".join(filter(None, (state, each.health, *each.addresses)))
        yield Value(f"service {each.service}", text, "docker ps", 0.0)


_STATES = {
    Standing.PRESENT: "ready",
    Standing.MISSING: "missing",
    Standing.MOVED: "moved",
    Standing.CUT_OFF: "cut off",
    Standing.FOREIGN: "foreign",
}


def _orphans(changes: Mapping[Address, Change]) -> list[Change]:
    return [change for change in changes.values() if change.orphan and change.address.kind == "workspace"]


def _orphan(session: Session, change: Change, clock: Callable[[], float]) -> WorkspaceStatus:
    hit = session.survey.marks.get(change.address)
    level = change.address.name.count("--") + 1
    values = _look(session, hit[0], None, clock)[0] if hit and hit[0].standing is Standing.PRESENT else ()
    where = hit[0].path if hit else None
    return WorkspaceStatus(change.address.name, level, "orphan", where, change.notes[-1:], values)


def _needs(declaration: Declaration, changes: Mapping[Address, Change]) -> tuple[str, ...]:
    """What the plan asks a person to look at: of the workspace, and of the files in its tree."""
    name = declaration.full_name
    change = changes[Address("workspace", name)]
    asked = change.action is Action.CONFLICT or change.mode is Mode.PERSON
    ways_out = filter(None, (change.hint, *(change.notes if change.mode is Mode.PERSON else ())))
    said = ("; ".join((change.reason, *ways_out)),) if asked else ()
    files = [
        each
        for address, each in changes.items()
        if address.kind != "workspace" and address.name.partition("/")[0] == name
    ]
    edited = [f"{each.address}: drift: {drift}" for each in files for drift in each.drift]
    guard = changes.get(Address("guard", name))
    unguarded = (f"{guard.address}: {guard.reason}: `orchestra apply`",) if guard and _is_open(guard) else ()
    containers = changes.get(Address(CONTAINERS, name))
    unlike = tuple(_unlike(containers)) if containers else ()
    return (*said, *unlike, *(f"drift: {drift}" for drift in change.drift), *edited, *unguarded)


def _unlike(containers: Change) -> Iterator[str]:
    """What of containers is not as it was left, or in their way."""
    if containers.action is Action.UPDATE:
        yield f"{containers.address}: {containers.reason}: `orchestra apply`"
    elif containers.action is Action.CONFLICT:
        yield f"{containers.address}: {'; '.join(filter(None, (containers.reason, containers.hint)))}"


def _is_open(guard: Change) -> bool:
    """Whether nothing guards a tree that was guarded."""
    return any(field.path == IN_FORCE for field in guard.fields)


def _look(
    session: Session, record: TreeRecord, base: str | None, clock: Callable[[], float]
) -> tuple[tuple[Value, ...], tuple[str, ...]]:
    """Ask git about one tree; what it cannot say is said."""
    try:
        values = tuple(_values(session.git, session.survey, record, base, clock))
    except OrchestraError as error:
        return (), (f"git cannot read {record.path}: {error.message}",)
    begun = half_done(record.git_dir)
    return values, (f"a {begun} is half done in {record.path}",) if begun else ()


def _values(
    git: Git, survey: Survey, record: TreeRecord, base: str | None, clock: Callable[[], float]
) -> Iterator[Value]:
    yield Value("branch", record.branch or "(detached)", "git worktree list", 0.0)
    yield from _commit(git, record, clock)
    yield from _changes(git, record)
    name = base or survey.default_branch
    commit = survey.commit_of(name or "")
    if name and commit and record.head:
        counts = git.run(
            "rev-list", "--left-right", "--count", f"{record.head}...{commit}", cwd=record.path
        ).text.split()
        yield Value("base", f"{name}: {counts[0]} ahead, {counts[1]} behind", "git rev-list", 0.0)
    if record.locked is not None:
        yield Value("lock", record.locked or "locked, no reason given", "git worktree list", 0.0)


def _commit(git: Git, record: TreeRecord, clock: Callable[[], float]) -> Iterator[Value]:
    if record.head:
        line = git.run("log", "-1", "--format=%ct %h %s", record.head, cwd=record.path).text.strip()
        when, _, text = line.partition(" ")
        yield Value("commit", text, "git log", max(0.0, clock() - int(when)))


def _changes(git: Git, record: TreeRecord) -> Iterator[Value]:
    words = ("-c", "core.fsmonitor=false", "status", "--porcelain=v1", "-z", "--no-renames", "--ignore-submodules=all")
    lines = [line for line in git.run(*words, cwd=record.path).text.split("\0") if line]
    untracked = sum(line.startswith("??") for line in lines)
    staged = sum(line[0] not in " ?" for line in lines)
    changed = sum(line[1] not in " ?" for line in lines)
    counts = [(staged, "staged"), (changed, "changed"), (untracked, "untracked")]
    text = ", ".join(f"{count} {what}" for count, what in counts if count) or "clean"
    yield Value("files", text, "git status", 0.0)
