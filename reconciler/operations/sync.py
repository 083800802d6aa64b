"""`sync`: bring what the base gained into a workspace's branch, never into a tree with uncommitted changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from reconciler.clients.clone import prepare_clone
from reconciler.clients.files import real_path
from reconciler.clients.git import Git
from reconciler.clients.hooks import around, read_hook_data
from reconciler.clients.marks import Mark, MarkBook, change_book
from reconciler.clients.survey import Survey, take_survey
from reconciler.clients.trees import Standing, TreeRecord, half_done
from reconciler.errors import ConflictError, OrchestraError, UsageError
from reconciler.kinds.guard.rule import BASES, pinned_in
from reconciler.kinds.workspace.advance import Move, advance
from reconciler.kinds.workspace.incoming import endangered
from reconciler.kinds.workspace.merging import former_commits, merged_commit, rebased_commit
from reconciler.manifest.declaration import Declaration
from reconciler.manifest.expand import guards_of
from reconciler.model.address import Address
from reconciler.model.phrases import some
from reconciler.operations.guards import out_of_force, settle
from reconciler.operations.locking import locked
from reconciler.operations.path import require_declared
from reconciler.operations.session import Session, renewed


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
    on_fault: Callable[[str], None] = lambda _: None,
) -> tuple[Synced, ...]:
    """Merge, or rebase onto, the base of each; all that are declared when no name is given.

    Args:
        session: where the manifest is.
        names: the full names of those that are meant.
        rebase: rebase instead of merging.
        lock_timeout: how long another apply is waited for, in seconds.
        on_wait: told once who holds the lock.
        on_fault: told of each guard that is not in force.

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
        done = tuple(_sync_one(session, survey, clone, each, rebase=rebase) for each in wanted)
        if guards := guards_of(manifest, real_path):
            settle(renewed(session), guards)
            for fault in out_of_force(session, manifest, names):
                on_fault(fault)
        return done


@dataclass(frozen=True, slots=True)
class _Base:
    """What a branch starts from.

    Attributes:
        name: as it is declared.
        ref: its full name, where it is a branch.
        commit: where it is.
        former: what the branch has of it as it was before it was rewritten.
    """

    name: str
    ref: str
    commit: str
    former: tuple[str, ...] = ()


def _sync_one(session: Session, survey: Survey, clone: str, declaration: Declaration, *, rebase: bool) -> Synced:
    try:
        record, base = _require_ready(session.git, survey, declaration)
        if base.former and not rebase:
            message = f"{base.name} was rewritten and has lost {base.former[0][:9]}, which came from there"
            raise ConflictError(message, hint=f"`orchestra sync --rebase {declaration.full_name}` leaves it behind")
        commits = int(session.git.run("rev-list", "--count", f"HEAD..{base.commit}", cwd=record.path).text)
        is_behind = bool(commits or base.former)
        done = _bring_in(session, survey, record, base, rebase=rebase) if is_behind else ""
        _remember(record, clone, declaration)
    except OrchestraError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Synced(declaration.full_name, f"left as it was: {error.message}{hint}", ok=False)
    if not is_behind:
        return Synced(declaration.full_name, f"has all of {base.name}")
    return Synced(declaration.full_name, f"{done} {base.name} at {base.commit[:9]}", commits)


def _require_ready(git: Git, survey: Survey, declaration: Declaration) -> tuple[TreeRecord, _Base]:
    hit = survey.marks.get(Address("workspace", declaration.full_name))
    if hit is None or hit[0].standing is not Standing.PRESENT or hit[1].state != "ready":
        raise ConflictError("it has no tree that is ready", hint="run `orchestra apply`")
    record = hit[0]
    _require_nothing_half_done(record)
    if record.branch != declaration.branch:
        message = f"its tree is on {record.branch or 'no branch'}, declared is {declaration.branch}"
        raise ConflictError(message, hint=f"`git switch {declaration.branch}` in {record.path}")
    base = _find_base(git, survey, declaration.base or survey.default_branch or "")
    _require_clean(git, record)
    pinned = pinned_in(read_hook_data(record.git_dir, BASES) or b"")
    former = former_commits(git, record, base.ref, base.commit, pinned) if base.ref.startswith("refs/") else ()
    return record, replace(base, former=former)


def _find_base(git: Git, survey: Survey, name: str) -> _Base:
    """The base as it is by now: an earlier step may have brought something into the branch of a parent."""
    prefix = "refs/heads/" if name in survey.branches else "refs/remotes/" if name in survey.remotes else ""
    words = ("rev-parse", "--verify", "--quiet", f"{prefix}{name}^{{commit}}")
    commit = git.run(*words, git_dir=survey.repository.common_dir, ok=(0, 1)).text.strip()
    if not commit:
        raise UsageError(f"its base {name or 'the default branch'} does not exist", hint="fetch it, or name another")
    return _Base(name, f"{prefix}{name}", commit)


def _require_nothing_half_done(record: TreeRecord) -> None:
    if begun := half_done(record.git_dir):
        raise ConflictError(f"a {begun} is half done in {record.path}", hint=f"finish it, or `git {begun} --abort`")


def _require_clean(git: Git, record: TreeRecord) -> None:
    words = ("-c", "core.fsmonitor=false", "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
    if git.run(*words, cwd=record.path).stdout:
        raise ConflictError(f"{record.path} has uncommitted changes", hint="commit them first")


def _require_nothing_lost(git: Git, record: TreeRecord, commit: str) -> None:
    if names := endangered(git, record, commit):
        message = f"git would overwrite {some(names)} in {record.path}"
        raise ConflictError(message, hint="move what is yours away first")


def _bring_in(session: Session, survey: Survey, record: TreeRecord, base: _Base, *, rebase: bool) -> str:
    """Find the new commit apart from the tree, then bring the tree to it; say what that was to the branch."""
    git = session.git
    head = git.run("rev-parse", "HEAD", cwd=record.path).text.strip()
    if rebase:
        target = rebased_commit(git, session.repository, record, base.commit, base.former)
    else:
        sign = survey.config.get("commit.gpgsign", "").lower() in {"true", "yes", "on", "1"}
        target = merged_commit(git, record, base.name, base.commit, sign=sign)
    _require_nothing_lost(git, record, target)
    done = "fast-forwarded to" if target == base.commit else "rebased onto" if rebase else "merged with"
    advance(git, record.path, record.git_dir, Move(head, target, f"orchestra sync: {done} {base.name}"))
    git.run(*around(record.git_dir), "update-ref", "ORIG_HEAD", head, cwd=record.path)
    hook = ("post-checkout", "--", head, target, "1") if rebase else ("post-merge", "--", "0")
    git.run("hook", "run", "--ignore-missing", *hook, cwd=record.path, ok=range(256))  # as in git, it decides nothing
    return "rebased onto" if rebase else done


def _remember(record: TreeRecord, clone: str, declaration: Declaration) -> None:
    """The tree has what its declared base has: a changed `base:` is no longer news."""
    address = Address("workspace", declaration.full_name)

    def change(book: MarkBook) -> MarkBook:
        mark = book.marks[address]
        declared: dict[str, Any] = {**mark.declared, "base": declaration.base}
        return book.put(address, Mark(declared, mark.state))

    change_book(record.git_dir, clone, change)
