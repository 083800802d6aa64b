"""What branches have already that their areas, as they are about to be, refuse: a plan says it before a guard does.

The rule: it is judged as `check` judges, and only ever a caution; what cannot be judged here is left to `check`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from reconciler.clients.borrowed import borrow
from reconciler.errors import OrchestraError
from reconciler.kinds.guard.spec import IN_FORCE, KIND
from reconciler.manifest.declaration import Manifest
from reconciler.model.change import Action, Change
from reconciler.model.phrases import plural
from reconciler.model.plan import Plan
from reconciler.operations.check_commits import judged
from reconciler.operations.governed import Branches, Heads
from reconciler.operations.judging import CheckedBranch
from reconciler.operations.session import Session


def with_cautions(session: Session, manifest: Manifest, plan: Plan) -> Plan:
    """Name, at each guard that is to hold a branch otherwise, the commits of it that do not fit any more."""
    branches = {each.full_name: each.branch for each in manifest.declarations}
    changed = [branches[change.address.name] for change in plan.pending if _is_other_area(change)]
    there = [branch for branch in changed if session.survey.commit_of(branch)]
    found: dict[str, CheckedBranch] = {}
    with suppress(OrchestraError):
        found = _judged(session, manifest, there) if there else {}
    cautions = {each.workspace: each for each in found.values() if each.violations}
    return replace(
        plan, changes=tuple(_with_caution(change, cautions.get(change.address.name)) for change in plan.changes)
    )


def _is_other_area(change: Change) -> bool:
    is_kept = change.action in {Action.CREATE, Action.UPDATE} and change.address.kind == KIND
    return is_kept and any(field.path != IN_FORCE for field in change.fields)


def _judged(session: Session, manifest: Manifest, names: list[str]) -> dict[str, CheckedBranch]:
    heads = Heads(session.git, session.root, session.survey, {})
    branches = Branches(manifest, heads, None)
    chosen = [name for name in names if branches.tip(name) not in branches.trusted(name)]
    if not chosen:
        return {}
    base = branches.tip(chosen[0])
    with borrow(session.git, session.repository, base) as store:
        done = judged(store, branches, chosen, base)
    return {each.name: each for each in done}


def _with_caution(change: Change, found: CheckedBranch | None) -> Change:
    if found is None or not _is_other_area(change):
        return change
    commits = list(dict.fromkeys(each.commit for each in found.violations))
    first = found.violations[0]
    where = f"{commits[0][:9]} changes {first.shown_path}" if first.path else f"{found.name} shares none with its base"
    caution = f"{plural(len(commits), 'commit')} that {found.name} has by now would not fit ({where}), "
    caution += f"and until {'it is' if len(commits) == 1 else 'they are'} gone every new one is refused"
    hint = f"rebase, or widen `modify`; `orchestra check {change.address.name}` names them, by the manifest of the base"
    return replace(change, touches_work=caution, hint=hint)
