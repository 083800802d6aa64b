"""`archive`: what was saved of trees that were taken down; look at it, put it back, let old ones go."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.clients.clone import prepare_clone
from reconciler.clients.files import real_path
from reconciler.clients.marks import MarkBook, change_book
from reconciler.clients.merged import Question, Target, how_merged
from reconciler.clients.survey import BRANCH_KEY, Survey, branch_mark_value, take_survey
from reconciler.clients.trees import linked_git_dir
from reconciler.errors import ConflictError, OrchestraError, PermanentError, UsageError
from reconciler.kinds.workspace.fill import fill
from reconciler.kinds.workspace.parking import bring_back, bring_back_settings
from reconciler.kinds.workspace.spec import KIND as WORKSPACE
from reconciler.model.address import Address
from reconciler.operations.locking import locked
from reconciler.operations.session import Session
from reconciler.vault.archive import Archive
from reconciler.vault.shelf import list_archives, recover, remove
from reconciler.vault.stored import Stored, read_metadata, read_stored
from reconciler.vault.tar import read_tar
from reconciler.vault.vault import Vault, unpark
from reconciler.vault.verify import check


@dataclass(frozen=True, slots=True)
class Contents:
    """One archive, looked into.

    Attributes:
        waits: the next apply brings it back.
        problems: why it is not whole; empty when it is.
        files: those that are not as in the commit; a leading `-` tells one that is gone.
        ignored: those that git ignores.
    """

    archive: Archive
    waits: bool
    problems: tuple[str, ...]
    path: str
    files: tuple[str, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Restored:
    """Where an archive was put back, and on which branch; None when HEAD is detached."""

    archive: Archive
    path: Path
    branch: str | None


def archives(session: Session, name: str | None = None) -> tuple[Archive, ...]:
    """List the archives of this clone, of one workspace if it is named, the oldest first.

    Raises:
        ClientError: git failed.
    """
    if not (session.survey.clone or session.survey.origins):
        return ()
    return tuple(each for each in list_archives(_vault(session)) if name in {None, each.name})


def show(session: Session, name: str, time: str | None = None) -> Contents:
    """Look into an archive: the newest of a workspace, or that of a time.

    Raises:
        UsageError: there is none.
        ClientError: it cannot be read.
    """
    vault, archive = _vault(session), _choose(session, name, time)
    problems = check(vault, archive)
    waits = session.survey.parked.get(archive.name) == archive.commit
    if not archive.has_ref:
        return Contents(archive, waits, problems, "", (), ())
    metadata = read_metadata(session.git, session.repository.common_dir, _stored(session, archive))
    changed = (path for path, file in metadata.files.items() if file.object)
    gone = (f"-{path}" for path in metadata.deleted)
    return Contents(archive, waits, problems, metadata.path, (*changed, *gone), tuple(_ignored(vault, archive)))


def restore(
    session: Session,
    name: str,
    *,
    time: str | None = None,
    to: Path | None = None,
    lock_timeout: float = 0.0,
    on_wait: Callable[[str], None] = lambda _: None,
) -> Restored:
    """Put an archive back: into the directory that it was in, or another one, and onto its branch if that can be.

    Where the branch has commits by now that the archive has not, it goes to `<branch>--restored-<date>`.

    Raises:
        UsageError: there is none, or the directory is not empty.
        ConflictError: the archive is not whole.
        LockHeldError: another apply is at work.
        ClientError: git or the operating system refused.
    """
    with locked(session, "orchestra archive restore", lock_timeout=lock_timeout, on_wait=on_wait):
        clone = prepare_clone(session.git, session.repository)
        vault, archive = _vault(session, clone), _choose(session, name, time)
        if not archive.has_ref:  # somebody deleted it; its copy is left
            recover(vault, archive)
            archive = next(each for each in list_archives(vault) if each.ref == archive.ref)
        if problems := check(vault, archive):
            message = f"the archive of {archive.time} is not whole: {'; '.join(problems)}"
            raise ConflictError(message, hint=f"`orchestra archive list {name}` shows them all, `--at TIME` takes one")
        metadata = read_metadata(session.git, session.repository.common_dir, _stored(session, archive))
        wanted = to or Path(metadata.path)
        place = real_path(wanted.parent) / wanted.name
        _require_empty(place)
        with _all_or_nothing(session, archive) as restoring:
            branch, words = _onto(session, archive)
            restoring.branch = branch
            session.git.run("worktree", "add", "--no-checkout", *words(place), git_dir=session.repository.common_dir)
            restoring.tree, git_dir = place, linked_git_dir(place)
            if git_dir is None:
                raise PermanentError(f"git made no worktree at {place}")
            fill(session.git, place, git_dir)
            book = bring_back(vault, archive, place, git_dir, clone)
        is_on_its_branch = branch == (archive.summary and archive.summary.branch)
        if is_on_its_branch and branch:
            bring_back_settings(vault, archive, branch)
        has_other_tree = Address(WORKSPACE, archive.name) in session.survey.marks
        if book and is_on_its_branch and not has_other_tree and str(place) == metadata.path:
            _take_care(session, book, git_dir, branch, archive.name)
            unpark(vault, archive)
    return Restored(archive, place, branch)


def prune(
    session: Session,
    chosen: Iterable[Archive],
    *,
    lock_timeout: float = 0.0,
    on_wait: Callable[[str], None] = lambda _: None,
) -> tuple[Archive, ...]:
    """Remove archives; what the next apply brings back is left.

    Raises:
        LockHeldError: another apply is at work.
        ClientError: git or the operating system refused.
    """
    with locked(session, "orchestra archive prune", lock_timeout=lock_timeout, on_wait=on_wait):
        waiting = take_survey(session.git, session.repository).parked  # somebody may have destroyed meanwhile
        going = [each for each in chosen if waiting.get(each.name) != each.commit]
        clone = prepare_clone(session.git, session.repository) if going else None
        for each in going:
            remove(_vault(session, clone), each)
    return tuple(going)


def prunable(
    session: Session,
    name: str | None = None,
    *,
    older_than: timedelta | None,
    merged_older_than: timedelta | None,
    now: datetime | None = None,
) -> tuple[Archive, ...]:
    """Choose the archives that are older than an age; than another age those that hold nothing but what is merged.

    Args:
        session: where.
        name: only those of this workspace.
        older_than: whatever they hold.
        merged_older_than: if every commit is merged, and there is no other file in it.
        now: when it is.

    Raises:
        ClientError: git failed.
    """
    now = now or datetime.now(UTC)
    waiting = session.survey.parked
    spare = [each for each in archives(session, name) if waiting.get(each.name) != each.commit]
    old = {each.ref for each in spare if older_than is not None and now - each.when > older_than}
    if merged_older_than is not None:
        aged = [each for each in spare if now - each.when > merged_older_than]
        old |= {each.ref for each in _merged(session, aged)}
    return tuple(each for each in spare if each.ref in old)


_NOBODY = "none"  # no identity, which is a UUID


# --- choosing --------------------------------------------------------------------------------------------------------


def _vault(session: Session, clone: str | None = None) -> Vault:
    """The vault; that of a copy which has no identity of its own yet is for reading."""
    clone, origins = clone or session.survey.clone, session.survey.origins
    if not (clone or origins):
        raise UsageError("nothing was archived here yet", hint="`orchestra destroy` archives what it takes down")
    return Vault.of(session.git, session.repository, session.state, clone or _NOBODY, origins)


def _choose(session: Session, name: str, time: str | None) -> Archive:
    found = archives(session, name)
    chosen = [each for each in found if time in {None, each.time}]
    if chosen:
        return chosen[-1]
    names = sorted({each.name for each in archives(session)})
    what = f"no archive of `{name}`" + (f" of {time}" if time and found else "")
    known = ", ".join(each.time for each in found) or ", ".join(names) or "none"
    raise UsageError(f"there is {what}", hint=f"there are: {known}")


def _merged(session: Session, aged: Iterable[Archive]) -> list[Archive]:
    survey = session.survey
    base = survey.default_branch or ""
    target = Target(base, survey.commit_of(base))
    heads = {each.ref: Question(head, (target,)) for each in aged if (head := _clean_head(session, each))}
    verdicts = how_merged(session.git, session.repository, heads.values())
    return [each for each in aged if (question := heads.get(each.ref)) and verdicts[question].is_merged]


def _clean_head(session: Session, archive: Archive) -> str | None:
    """The commit that all of an archive is, if it holds neither files nor commits beside."""
    said = archive.summary
    if said is None or said.uncommitted or said.ignored or not archive.has_ref:
        return None
    return said.head if set(_stored(session, archive).parents) <= {said.head} else None


def _stored(session: Session, archive: Archive) -> Stored:
    return read_stored(session.git, session.repository.common_dir, archive.commit)


def _ignored(vault: Vault, archive: Archive) -> list[str]:
    if archive.tar_bytes is None:
        return []
    members = read_tar(vault.find(archive.name, archive.time, "tar"))
    return [member.path for member, _ in members if not member.is_directory]


# --- putting back ----------------------------------------------------------------------------------------------------


def _require_empty(place: Path) -> None:
    if place.is_symlink() or (place.exists() and (not place.is_dir() or any(place.iterdir()))):
        raise UsageError(f"{place} is not empty", hint="move it away, or give --to DIR")


def _onto(session: Session, archive: Archive) -> tuple[str | None, Callable[[Path], list[str | Path]]]:
    """On which branch it goes, and the words that make the worktree."""
    said, survey = archive.summary, session.survey
    if said is None or said.head is None:
        raise ConflictError("it was saved before its branch had a commit", hint="`orchestra archive show` names it")
    head = said.head
    if said.branch is None:
        return None, lambda place: ["--detach", place, head]
    tip = survey.commit_of(said.branch) if said.branch in survey.branches else None
    if tip is None:
        return said.branch, lambda place: ["--no-track", "-b", str(said.branch), place, head]
    if said.branch not in survey.checked_out and _is_behind(session, tip, head):
        if tip != head:
            words = ("update-ref", "-m", "orchestra archive restore", f"refs/heads/{said.branch}", head, tip)
            session.git.run(*words, git_dir=session.repository.common_dir)
        return said.branch, lambda place: [place, str(said.branch)]
    other = _free_branch(survey, f"{said.branch}--restored-{archive.when:%Y-%m-%d}")
    return other, lambda place: ["--no-track", "-b", other, place, head]


def _is_behind(session: Session, tip: str, head: str) -> bool:
    words = ("merge-base", "--is-ancestor", tip, head)
    return not session.git.run(*words, git_dir=session.repository.common_dir, ok=(0, 1)).code


def _free_branch(survey: Survey, wanted: str) -> str:
    names = (wanted, *(f"{wanted}-{number}" for number in range(2, 1000)))
    return next(name for name in names if name not in survey.branches)


@dataclass(slots=True)
class _Restoring:
    """What a restore made so far: the branch that it goes onto, and the tree."""

    branch: str | None = None
    tree: Path | None = None


@contextlib.contextmanager
def _all_or_nothing(session: Session, archive: Archive) -> Iterator[_Restoring]:
    """Take away what was made if not all could be made: nobody could tell it from a tree that is whole."""
    restoring = _Restoring()
    try:
        yield restoring
    except BaseException:
        with contextlib.suppress(OrchestraError):  # what went wrong first is what is told
            if restoring.tree:
                words = ("worktree", "remove", "--force", "--force", restoring.tree)
                session.git.run(*words, git_dir=session.repository.common_dir)
            _set_back(session, archive, restoring.branch)
        raise


def _set_back(session: Session, archive: Archive, branch: str | None) -> None:
    """Have a branch be where it was before, unless somebody used it since."""
    head, before = archive.summary.head if archive.summary else None, session.survey.branches.get(branch or "")
    if branch is None or head is None or (before and before.commit == head):
        return
    ref = f"refs/heads/{branch}"
    words = (ref, before.commit) if before else ("-d", ref)
    session.git.run("update-ref", *words, head, git_dir=session.repository.common_dir)


def _take_care(session: Session, book: MarkBook, git_dir: Path, branch: str | None, name: str) -> None:
    """It is where it was and as it was: it bears the marks that it had, and its branch is whose it was."""
    change_book(git_dir, book.clone, lambda _: book, durable=True)
    if branch:
        before = session.survey.branches.get(branch)
        value = branch_mark_value(book.clone, Address(WORKSPACE, name), made=before is None or before.made)
        key = f"branch.{branch}.{BRANCH_KEY}"
        session.git.run("config", key, value, git_dir=session.repository.common_dir)
