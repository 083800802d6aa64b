"""What becomes of a tree that is to be removed: kept and why, or gone, why that may be, and what is saved of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git
from reconciler.clients.integration import Way
from reconciler.clients.merged import Question, Target, Verdict, how_merged, where_it_began
from reconciler.clients.mounts import mounts_in
from reconciler.clients.process import processes_using
from reconciler.clients.sandbox.private_git import home_of, unsaved_reasons
from reconciler.clients.sandbox.private_home import written_in
from reconciler.clients.survey import Survey
from reconciler.clients.trees import Standing, TreeRecord
from reconciler.errors import ConflictError, PermanentError
from reconciler.kinds.installed import installed_in
from reconciler.kinds.workspace.removal import Doomed, Fate, Removal
from reconciler.kinds.workspace.remove import as_it_lies, is_ours, missing_reasons
from reconciler.model.phrases import plural, some
from reconciler.vault.ancestry import Commits, only_logged
from reconciler.vault.omissions import Omissions, matcher
from reconciler.vault.unsaveable import Appraisal, appraise


def judge(
    git: Git, survey: Survey, removal: Removal, doomed: Iterable[Doomed], *, seen_before: Appraisal | None = None
) -> dict[Path, Fate]:
    """Say of each tree, by its git directory, what becomes of it. Changes nothing.

    Args:
        git: starts git.
        survey: the repository.
        removal: how what is removed is to be treated.
        doomed: the trees.
        seen_before: what was seen of the only one of them, instead of a new look.

    Raises:
        TransientError: another git was in the way for the moment.
    """
    trees = tuple(doomed)
    looks = [_look(git, survey, removal, each, seen_before) for each in trees]
    questions = [_question(survey, each, seen) for each, seen in zip(trees, looks, strict=True)]
    verdicts = how_merged(git, survey.repository, filter(None, questions))
    fates = {}
    for each, seen, question in zip(trees, looks, questions, strict=True):
        verdict = verdicts.get(question) if question else None
        try:
            logged = 0 if seen.reasons else len(_logged(git, survey, each.record))
            fates[each.record.git_dir] = _Judging(git, removal, each, seen, verdict, logged).fate()
        except PermanentError as error:  # a damaged tree stays, and no other one with it
            fates[each.record.git_dir] = Fate((_unexamined(error),))
    return fates


def _unexamined(error: PermanentError | ConflictError) -> str:
    return f"it cannot be examined: {error.message}"


def omissions_of(doomed: Doomed, removal: Removal) -> Omissions:
    """What is not saved of a tree: scratch, what is installed, and files of ours that nobody edited."""
    scratch = matcher(map(str, doomed.mark.declared.get("scratch") or ()))
    installed = installed_in(doomed.record.book, doomed.record.path)
    return Omissions(
        scratch=lambda path: path in installed or scratch(path),
        ours=unedited(doomed.record),
        ignored=removal.give_up_ignored,
    )


def unedited(record: TreeRecord) -> frozenset[str]:
    """The files of ours in a tree that are as we wrote them. As a set, so that it holds wherever the tree lies."""
    marks = record.book.marks.values() if record.book else ()
    paths = {str(mark.declared["path"]) for mark in marks if "sha256" in mark.declared and "path" in mark.declared}
    return frozenset(p for p in paths if files.read(record.path, p) and is_ours(record.path, p, record.book))


# --- looking ---------------------------------------------------------------------------------------------------------


def _look(git: Git, survey: Survey, removal: Removal, doomed: Doomed, seen: Appraisal | None) -> Appraisal:
    doomed = replace(doomed, record=as_it_lies(doomed.record))
    record = doomed.record
    if reasons := tuple(_plain_reasons(survey, doomed)):
        return Appraisal(reasons)
    try:
        if record.standing is Standing.MISSING or not record.has_index:
            return Appraisal(tuple(missing_reasons(git, record)))
        if seen is None:
            omissions = omissions_of(doomed, removal)
            seen = appraise(git, record, omissions, limit_bytes=removal.limit_bytes, given_up=removal.given_up)
        return seen if seen.reasons else replace(seen, reasons=tuple(_age_reasons(removal, record, seen)))
    except (PermanentError, ConflictError) as error:
        return Appraisal((_unexamined(error),))


def _logged(git: Git, survey: Survey, record: TreeRecord) -> Commits:
    return only_logged(git, survey.repository, record.git_dir, record.branch, record.head)


def _plain_reasons(survey: Survey, doomed: Doomed) -> Iterator[str]:
    """What can be told without starting a program."""
    record = doomed.record
    if doomed.mark.declared.get("protect"):
        yield "it is protected; apply `protect: false` first"
    if record.standing is Standing.MISSING and os.path.lexists(record.path):
        yield "something else stands in its place; `git worktree prune` drops git's record of it"
    if doomed.mark.state == "filling" and "archive" in doomed.mark.declared:
        yield "what was archived of it is not all back yet; apply first"
    if record.locked is not None:
        yield f"it is locked ({record.locked or 'no reason given'})"
    if not record.has_index and _has_files(record.path):
        yield "it is half made, so that its files cannot be told from work"
    if (record.git_dir / "modules").is_dir() and not doomed.mark.declared.get("submodules"):
        yield "it has submodules, and its declaration does not have them filled again"
    if record.path.is_symlink():
        yield "its path is a symbolic link"
    if record.branch and record.head is None:
        yield f"branch {record.branch} has no commit yet, at which the tree could be made again"
    below = f"{record.path}/"
    yield from (
        f"worktree {other.path} lies inside it" for other in survey.records if str(other.path).startswith(below)
    )
    yield from (f"something is mounted at {place}" for place in mounts_in(record.path))
    yield from (f"{name} ({pid}) is at work there" for pid, name in processes_using(record.path))
    yield from unsaved_reasons(survey.repository, record)


def _has_files(tree: Path) -> bool:
    return tree.is_dir() and any(entry.name != ".git" for entry in tree.iterdir())


def _age_reasons(removal: Removal, record: TreeRecord, seen: Appraisal) -> Iterator[str]:
    if removal.older_than is None:
        return
    last, now = max((_time_of(place) for place in _worked_on(record, seen)), default=0.0), removal.now()
    if last > now.timestamp():
        yield "somebody worked there, at a time that is still to come by this clock"
    elif now.timestamp() - last < removal.older_than.total_seconds():
        yield f"somebody worked there at {datetime.fromtimestamp(last, UTC):%Y-%m-%d %H:%M} UTC"


def _worked_on(record: TreeRecord, seen: Appraisal) -> Iterator[Path]:
    yield record.git_dir / "logs" / "HEAD"
    yield from (record.path / path for path in (*seen.uncommitted, *seen.ignored))


def _time_of(place: Path) -> float:
    """When something was last written; of what was deleted, when its directory was."""
    while not os.path.lexists(place):
        place = place.parent
    return place.lstat().st_mtime


# --- deciding --------------------------------------------------------------------------------------------------------


def _question(survey: Survey, doomed: Doomed, seen: Appraisal) -> Question | None:
    record = doomed.record
    if record.head is None or seen.reasons:
        return None
    targets = [Target(doomed.base.name, doomed.base.commit)]
    base_follows, follows = _upstream(survey, doomed.base.name), _upstream(survey, record.branch or "")
    if commit := survey.remotes.get(base_follows):  # where work is merged elsewhere, and the base was not updated yet
        targets.append(Target(base_follows, commit))
    if follows and follows != base_follows:
        targets.append(Target(follows, survey.commit_of(follows), is_upstream=True))
    start = where_it_began(survey.repository, record.branch) if record.branch else None
    return Question(record.head, tuple(targets), start)


def _upstream(survey: Survey, branch: str) -> str:
    """The short name of what a branch follows; empty when it follows nothing."""
    found = survey.branches.get(branch)
    return found.upstream.removeprefix("refs/remotes/").removeprefix("refs/heads/") if found else ""


@dataclass(frozen=True, slots=True)
class _Judging:
    """The judging of one tree, when everything was found out.

    Attributes:
        logged: how many commits no branch has.
    """

    git: Git
    removal: Removal
    doomed: Doomed
    seen: Appraisal
    verdict: Verdict | None
    logged: int

    def fate(self) -> Fate:
        """Say what becomes of it."""
        if self.seen.reasons:
            return Fate(self.seen.reasons)
        if self.doomed.record.standing is Standing.MISSING:
            return Fate(reason="removed: its tree is gone, and no work with it")
        lost = "".join(f"; lost, {loss}" for loss in (*self.seen.lost, *self._at_home()))
        if self.verdict is not None and self.verdict.is_merged and not self.seen.uncommitted:
            archived = ", ".join(self._archived())
            told = f"; archived: {archived}" if archived else ""
            return Fate(reason=f"removed: {self.verdict.phrase}{told}{lost}", seen=self.seen)
        held = ", ".join((*self._unmerged(), *self._uncommitted(), *self._archived()))
        if self.removal.merged_only:
            return Fate((f"it is not merged ({held})",))
        name = self.doomed.name
        how = "the next apply" if self.removal.is_declared else f"`orchestra archive restore {name}`"
        return Fate(reason=f"parked: {held}; {how} brings it back{lost}", seen=self.seen)

    def _unmerged(self) -> Iterator[str]:
        doomed, verdict = self.doomed, self.verdict
        if verdict is not None and verdict.is_merged:
            yield from () if verdict.way is Way.NOTHING else (verdict.phrase,)
        elif doomed.record.head and doomed.base.commit:
            words = ("rev-list", "--count", doomed.record.head, f"^{doomed.base.commit}")
            number = int(self.git.run(*words, git_dir=doomed.record.git_dir).text)
            told = f"{plural(number, 'commit')} that {doomed.base.name} has not"
            yield verdict.phrase if verdict and not number else told
        else:
            yield "commits of which it cannot be told whether they are merged"

    def _uncommitted(self) -> Iterator[str]:
        if names := sorted(self.seen.uncommitted):
            yield f"{plural(len(names), 'file')} not committed ({some(names)})"

    def _at_home(self) -> Iterator[str]:
        """What goes with the home that commands have in its sandbox."""
        if names := written_in(home_of(self.doomed.record)):
            yield f"since the home of its sandbox goes with it: {some(names)}"

    def _archived(self) -> Iterator[str]:
        """What the archive holds beside the work that is judged."""
        if self.logged:
            yield plural(self.logged, "commit that no branch has", "commits that no branch has")
        if self.seen.ignored:
            yield f"{plural(len(self.seen.ignored), 'ignored file')} ({some(self.seen.ignored)})"
