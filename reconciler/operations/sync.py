"""`sync`: bring what the base gained into a workspace's branch, never into a tree with uncommitted changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.clients.clone import prepare_clone
from reconciler.clients.git import Git
from reconciler.clients.marks import Mark, MarkBook, change_book
from reconciler.clients.survey import Survey, take_survey
from reconciler.clients.trees import Standing, TreeRecord
from reconciler.errors import ClientError, ConflictError, OrchestraError, UsageError
from reconciler.kinds.workspace.incoming import endangered
from reconciler.manifest.declaration import Declaration
from reconciler.model.address import Address
from reconciler.operations.locking import locked
from reconciler.operations.path import require_declared
from reconciler.operations.session import Session


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of one workspace.

    Attributes:
        commits: how many commits of the base came in.
        ok: it has all of its base now.
    """

    name: str
    result: str
    commits: int = 0
    ok: bool = True


def sync(
    session: Session,
    names: tuple[str, ...],
    *,
    rebase: bool = False,
    lock_timeout: float = 0.0,
    on_wait: Callable[[str], None] = lambda _: None,
) -> tuple[Synced, ...]:
    """Merge, or rebase onto, the base of each; all that are declared when no name is given.

    Raises:
        UsageError: a name is not declared.
        LockHeldError: another apply is at work.
    """
    manifest = session.load_manifest(values=False)
    chosen = [require_declared(manifest, name) for name in names] or list(manifest.declarations)
    with locked(session, "orchestra sync", lock_timeout=lock_timeout, on_wait=on_wait):
        clone = prepare_clone(session.git, session.repository)
        survey = take_survey(session.git, session.repository)
        wanted = [each for each in chosen if names or Address("workspace", each.full_name) in survey.marks]
        return tuple(_sync_one(session.git, survey, clone, each, rebase=rebase) for each in wanted)


def _sync_one(git: Git, survey: Survey, clone: str, declaration: Declaration, *, rebase: bool) -> Synced:
    try:
        record, base, commit = _require_ready(git, survey, declaration)
        commits = int(git.run("rev-list", "--count", f"HEAD..{commit}", cwd=record.path).text)
        if commits:
            _bring_in(git, record, base, commit, rebase=rebase)
        _remember(record, clone, declaration)
    except OrchestraError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Synced(declaration.full_name, f"left as it was: {error.message}{hint}", ok=False)
    if not commits:
        return Synced(declaration.full_name, f"has all of {base}")
    done = "rebased onto" if rebase else "merged with"
    return Synced(declaration.full_name, f"{done} {base} at {commit[:9]}", commits)


def _require_ready(git: Git, survey: Survey, declaration: Declaration) -> tuple[TreeRecord, str, str]:
    hit = survey.marks.get(Address("workspace", declaration.full_name))
    if hit is None or hit[0].standing is not Standing.PRESENT or hit[1].state != "ready":
        raise ConflictError("it has no tree that is ready", hint="run `orchestra apply`")
    record = hit[0]
    _require_nothing_half_done(record)
    if record.branch != declaration.branch:
        raise ConflictError(f"its tree is on {record.branch or 'no branch'}, declared is {declaration.branch}")
    base = declaration.base or survey.default_branch or ""
    commit = _tip(git, survey, base)
    if not commit:
        raise UsageError(f"its base {base or 'the default branch'} does not exist", hint="fetch it, or name another")
    _require_clean(git, record)
    _require_nothing_lost(git, record, commit)
    return record, base, commit


def _tip(git: Git, survey: Survey, base: str) -> str:
    """The commit of a base by now: an earlier step may have brought something into the branch of a parent."""
    prefix = "refs/heads/" if base in survey.branches else "refs/remotes/" if base in survey.remotes else ""
    words = ("rev-parse", "--verify", "--quiet", f"{prefix}{base}^{{commit}}")
    return git.run(*words, git_dir=survey.repository.common_dir, ok=(0, 1)).text.strip()


def _require_nothing_half_done(record: TreeRecord) -> None:
    for name, what in (("MERGE_HEAD", "merge"), ("rebase-merge", "rebase"), ("rebase-apply", "rebase")):
        if (record.git_dir / name).exists():
            raise ConflictError(f"a {what} is half done in {record.path}", hint=f"finish it, or `git {what} --abort`")


def _require_clean(git: Git, record: TreeRecord) -> None:
    words = ("-c", "core.fsmonitor=false", "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
    if git.run(*words, cwd=record.path).stdout:
        raise ConflictError(f"{record.path} has uncommitted changes", hint="commit or stash them first")


def _require_nothing_lost(git: Git, record: TreeRecord, commit: str) -> None:
    names = endangered(git, record, commit)
    if names:
        shown = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")  # noqa: PLR2004 - as many as shown
        raise ConflictError(f"git would overwrite {shown} in {record.path}", hint="move what is yours away first")


def _bring_in(git: Git, record: TreeRecord, base: str, commit: str, *, rebase: bool) -> None:
    """Merge or rebase; on a conflict put everything back as it was."""
    verb = "rebase" if rebase else "merge"
    if not rebase:
        _require_mergeable(git, record, commit)
    message = f"Merge {base} into {record.branch}"
    words = ("rebase", "--quiet", commit) if rebase else ("merge", "--quiet", "-m", message, commit)
    try:
        git.run(*words, cwd=record.path)
    except ClientError as error:
        names = git.lines("diff", "--name-only", "--diff-filter=U", cwd=record.path)
        if not any((record.git_dir / name).exists() for name in ("MERGE_HEAD", "rebase-merge", "rebase-apply")):
            raise
        git.run(verb, "--abort", cwd=record.path)
        conflicts = f"conflicts in {', '.join(names)}" if names else error.message
        raise ConflictError(conflicts, hint=_by_hand(verb, record, commit)) from error


def _require_mergeable(git: Git, record: TreeRecord, commit: str) -> None:
    """Merge without the tree first: a merge with conflicts is never begun, so that a kill cannot leave it there."""
    words = ("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", "HEAD", commit)
    merged = git.run(*words, cwd=record.path, ok=(0, 1))
    if merged.code:
        names = [name for name in merged.text.split("\0")[1:] if name]
        raise ConflictError(f"conflicts in {', '.join(names)}", hint=_by_hand("merge", record, commit))


def _by_hand(verb: str, record: TreeRecord, commit: str) -> str:
    return f"run `git {verb} {commit[:9]}` in {record.path} and resolve them"


def _remember(record: TreeRecord, clone: str, declaration: Declaration) -> None:
    """The tree has what its declared base has: a changed `base:` is no longer news."""
    address = Address("workspace", declaration.full_name)

    def change(book: MarkBook) -> MarkBook:
        mark = book.marks[address]
        declared: dict[str, Any] = {**mark.declared, "base": declaration.base}
        return book.put(address, Mark(declared, mark.state))

    change_book(record.git_dir, clone, change)
