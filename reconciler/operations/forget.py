"""`forget`: take our marks off a workspace and leave everything in place."""

from __future__ import annotations

from reconciler.clients.hooks import guarded_by, take_off
from reconciler.clients.marks import MarkBook, change_book
from reconciler.clients.survey import BRANCH_KEY, Survey, take_survey
from reconciler.clients.trees import TreeRecord
from reconciler.errors import UsageError
from reconciler.kinds.given import may_have_containers
from reconciler.kinds.guard.rule import OURS, PROGRAM
from reconciler.kinds.guard.spec import KIND as GUARD
from reconciler.model.address import Address
from reconciler.model.phrases import plural
from reconciler.operations.locking import locked
from reconciler.operations.session import Session


def forget(session: Session, name: str) -> str:
    """Forget a workspace, its files and its helpers.

    Returns:
        What was done, as a sentence.

    Raises:
        UsageError: nothing bears that mark.
        LockHeldError: another apply is at work.
    """
    with locked(session, "orchestra forget"):
        survey = take_survey(session.git, session.repository)
        marks = {address: record for address, (record, _) in survey.marks.items() if _belongs(address, name)}
        guarded = _guarded(survey, name)
        for record, before in guarded:
            take_off(session.git, record.git_dir, before, OURS, PROGRAM)
        if not (marks or guarded) or survey.clone is None:
            hint = "`orchestra status` shows the workspaces"
            raise UsageError(f"nothing here bears the mark of a workspace `{name}`", hint=hint)
        for record in {record.git_dir: record for record in marks.values()}.values():
            change_book(record.git_dir, survey.clone, lambda book: _without(book, name), durable=True)
            _unmark_branch(session, record, name)
        if may_have_containers(session.repository.common_dir):
            from reconciler.kinds.containers import record as containers  # noqa: PLC0415 - most clones have none

            containers.forget(session.repository.common_dir, {address.name.partition("/")[0] for address in marks})
    gone, has_tree = plural(len(marks), "mark"), Address("workspace", name) in marks
    back = "adopt" if has_tree else "apply"  # a desk alone cannot be adopted
    return f"Forgot {name}: {gone} taken off, everything is left in place. `orchestra {back}` takes it back."


def _guarded(survey: Survey, name: str) -> list[tuple[TreeRecord, str | None]]:
    """The trees of a workspace that have a guard, also one that bears no mark any more, and their hooks before it."""
    found = []
    for record in survey.records:
        guards = {a: mark for a, mark in (record.book.marks if record.book else {}).items() if a.kind == GUARD}
        before = next((mark.declared.get("before") for a, mark in guards.items() if _belongs(a, name)), None)
        if any(_belongs(address, name) for address in guards) or (not guards and guarded_by(record.git_dir) == name):
            found.append((record, before if isinstance(before, str) else None))
    return found


def _belongs(address: Address, name: str) -> bool:
    workspace = address.name.partition("/")[0]
    desk = f"/{'/'.join(f'.sub-agents/{part}' for part in name.split('--')[1:])}/"
    in_desk = "--" in name and address.name.startswith(name.partition("--")[0] + desk)
    return workspace == name or workspace.startswith(f"{name}--") or in_desk


def _without(book: MarkBook, name: str) -> MarkBook:
    return MarkBook(book.clone, {address: mark for address, mark in book.marks.items() if not _belongs(address, name)})


def _unmark_branch(session: Session, record: TreeRecord, name: str) -> None:
    marked = session.survey.branches.get(record.branch or "")
    if marked and marked.mark and _belongs(marked.mark, name):
        key = f"branch.{record.branch}.{BRANCH_KEY}"
        session.git.run("config", "--unset", key, git_dir=session.repository.common_dir, ok=(0, 5))
