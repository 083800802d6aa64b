"""`plan`: the difference between what is declared and what exists. Changes nothing; takes no lock."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler import __version__
from reconciler.clients import files
from reconciler.clients.lock import generation, holder_at_work
from reconciler.clients.takedown import rubbish
from reconciler.engine.graph import Graph
from reconciler.engine.observer import Kinds, Snapshot, observe
from reconciler.engine.planner import make_plan
from reconciler.engine.selection import Selection
from reconciler.errors import UsageError
from reconciler.kinds.given import CONTAINERS, may_have_containers
from reconciler.kinds.registry import build_kinds
from reconciler.kinds.scope import Scope
from reconciler.kinds.workspace.removal import Removal
from reconciler.manifest.declaration import Manifest
from reconciler.model.address import Address
from reconciler.model.plan import Plan
from reconciler.model.redaction import Redactor
from reconciler.model.serial import Origin, plan_document
from reconciler.operations.desired import Desired, desired
from reconciler.operations.options import PlanOptions
from reconciler.operations.outgrown import with_cautions
from reconciler.operations.session import Session, renewed
from reconciler.operations.top import top_of

_LOOKS = 4  # a guess: looks at a world that another apply is changing, until nothing seems to be in the way


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and what it was made from.

    Attributes:
        document: the plan as `--json` prints it, secrets taken out.
        manifest: what was declared; None for a plan that is made from the marks alone.
        removal: how what it removes is treated.
    """

    plan: Plan
    graph: Graph
    snapshot: Snapshot
    origin: Origin
    manifest: Manifest | None = None
    removal: Removal | None = None

    @property
    def addresses(self) -> frozenset[Address]:
        """All that it is about."""
        return frozenset((*self.graph.resources, *(change.address for change in self.plan.changes)))

    @property
    def document(self) -> dict[str, Any]:
        """The plan as a value that JSON can hold."""
        return plan_document(self.plan, self.origin, self.redact)

    def redact(self, text: str) -> str:
        """Take secrets out of a text."""
        return Redactor(self.manifest.secrets)(text) if self.manifest else text


def plan(session: Session, options: PlanOptions | None = None) -> Planned:
    """Make a plan.

    Raises:
        ManifestError: the manifest is not valid.
        UsageError: a selector matches nothing, or a commit does not exist.
        ClientError: git failed.
    """
    made = _plan(session, options or PlanOptions())
    for _ in range(_LOOKS):
        who = holder_at_work(session.lock_file)
        if generation(session.lock_file) == session.generation and not (who and made.plan.conflicts):
            break
        session = renewed(session)  # half of what was seen may be from before, and half from after
        made = _plan(session, options or PlanOptions())
    who = holder_at_work(session.lock_file)
    if who is None:
        return made
    note = f"another apply is at work, so that things may look half made or in the way: {who}"
    return replace(made, plan=replace(made.plan, notes=(note, *made.plan.notes)))


def _plan(session: Session, options: PlanOptions) -> Planned:
    manifest = session.load_manifest()
    mine = None if options.all_owners else session.user
    sources = None if options.against else session.untracked  # no commit tells what git does not track
    wanted = desired(
        manifest,
        session.read,
        sources=sources,
        mine=mine,
        replaced=options.replace,
        fresh=options.fresh,
        top=top_of(session),
    )
    _require_mine(options, wanted)
    clone = session.survey.clone
    kinds = kinds_of(session, clone, None if options.against else wanted.graph.resources, is_looking=True)
    if options.against:
        snapshot, notes = _assumed(session, options.against, kinds, mine)
        notes += _warnings(manifest)
        options = replace(options, prune=True)
    else:
        snapshot, notes = _observed(session, wanted, kinds, mine, examine=options.prune), _notes(session, wanted)
    selection = Selection(options.targets, options.excludes)
    made = make_plan(wanted.graph, kinds, snapshot, selection=selection, prune=options.prune, notes=notes)
    made = made if options.against else with_cautions(session, manifest, made)
    origin = Origin("apply", manifest.digest, clone or "", __version__, datetime.now(UTC).isoformat(timespec="seconds"))
    return Planned(made, wanted.graph, snapshot, origin, manifest)


def save(planned: Planned, file: Path) -> None:
    """Save a plan for `apply FILE`, readable by its owner alone.

    Raises:
        UsageError: there is no such directory, or it is one itself.
        ClientError: it could not be written.
    """
    from reconciler.engine.saved_plan import dump_plan  # noqa: PLC0415 - start-up: few plans are saved

    if not file.parent.is_dir():
        raise UsageError(f"{file.parent} is no directory to save a plan in", hint="make it, or name another file")
    if file.is_dir():
        raise UsageError(f"{file} is a directory, and a plan is a file", hint="name a file in it")
    text = dump_plan(planned.plan, planned.origin, planned.redact)
    files.write(files.real_path(file.parent), file.name, text.encode(), mode=0o600, durable=True)


def kinds_of(
    session: Session,
    clone: str | None,
    addresses: Iterable[Address] | None,
    removal: Removal | None = None,
    on_output: Callable[[Address, str], None] | None = None,
    *,
    is_looking: bool = False,
) -> Kinds:
    """Build the kinds of the session's repository: of these addresses, and of all that is marked; None is all."""
    marked = session.survey.marks
    needed = None if addresses is None else {address.kind for address in (*addresses, *marked)}
    if needed is not None and may_have_containers(session.repository.common_dir):
        needed.add(CONTAINERS)  # some may be left of trees that are gone
    return build_kinds(
        session.git,
        session.repository,
        clone=clone,
        origins=session.survey.origins,
        state=session.state,
        global_excludes=session.global_excludes,
        memory=session.memory,
        removal=removal,
        environment=session.environment,
        on_output=on_output,
        needed=needed,
        is_looking=is_looking,
    )


def _observed(session: Session, wanted: Desired, kinds: Kinds, mine: str | None, *, examine: bool) -> Snapshot:
    resources = wanted.graph.resources.values()
    return observe(kinds, resources, lambda: Scope(session.survey, examine, wanted.set_aside, mine, wanted.workspaces))


def _assumed(session: Session, revision: str, kinds: Kinds, mine: str | None) -> tuple[Snapshot, tuple[str, ...]]:
    """The world as if the manifest of a commit had just been applied, on a machine that need not be this one."""
    from reconciler.clients.objects import CommitFiles  # noqa: PLC0415 - GitPython is slow to import
    from reconciler.manifest.loader import load  # noqa: PLC0415 - pydantic is slow to import

    commit = CommitFiles(session.repository.common_dir, revision)
    inside = session.file.is_relative_to(session.root)
    name = session.file.relative_to(session.root).as_posix() if inside else session.file.name
    notes = (f"planned from the manifest at {revision} ({commit.name}), not from what exists here",)
    if commit.read(name) is None:
        return Snapshot({}), (*notes, f"there was no {name} yet")
    before = load(Path(name), root=session.root, environment=session.environment, reader=commit)
    graph = desired(before, commit.read, mine=mine).graph
    actuals = {address: kinds[address.kind].assume(resource) for address, resource in graph.resources.items()}
    return Snapshot(actuals), notes


def _notes(session: Session, wanted: Desired) -> tuple[str, ...]:
    return (
        *_identity_note(session),
        *_source_note(session),
        *_owner_note(wanted),
        *_rubbish_note(session),
        *_warnings(wanted.manifest),
    )


def _warnings(manifest: Manifest) -> tuple[str, ...]:
    return tuple(f"{problem}; {problem.hint}" for problem in manifest.warnings)


def _rubbish_note(session: Session) -> tuple[str, ...]:
    left = rubbish(session.repository.common_dir)
    return (f"what was removed could not all be deleted; delete it: {', '.join(map(str, left))}",) if left else ()


def _identity_note(session: Session) -> tuple[str, ...]:
    if not session.survey.is_copy:
        return ()
    return ("this clone is a copy of another: it gets an identity of its own, and the other's things stay untouched",)


def _source_note(session: Session) -> tuple[str, ...]:
    """A manifest from elsewhere than last time is said first: it may not be the one that was meant."""
    last = next((r for r in reversed(list(session.journal.records())) if r.get("type") == "start"), None)
    now = source_of(session)
    if last is None or last.get("manifest") in {None, now}:
        return ()
    return (f"the manifest comes from {now}; last time it came from {last['manifest']}",)


def source_of(session: Session) -> str:
    """Where the manifest comes from: its path, and the branch that is checked out there."""
    branch = session.survey.main_branch
    return f"{session.file} on branch {branch}" if branch else str(session.file)


def _require_mine(options: PlanOptions, wanted: Desired) -> None:
    """Refuse to choose from what is declared and left alone: "nothing of that name" would not be true of it."""
    chosen = [*(("--target", name) for name in options.targets), *(("--exclude", name) for name in options.excludes)]
    for option, selector in chosen:
        if selector.rpartition(":")[2].partition("/")[0] in wanted.set_aside:
            raise UsageError(f"{option} {selector}: another owns it", hint="`--all-owners` takes in what others own")


def _owner_note(wanted: Desired) -> tuple[str, ...]:
    others = sorted({d.full_name for d in wanted.manifest.declarations if d.level == 1} & wanted.set_aside)
    return (f"left alone, since others own them: {', '.join(others)}",) if others else ()
