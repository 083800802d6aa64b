"""Whether a branch's work is merged, and how that is known.

The rule: what cannot be told is not merged. A failure of git, an object that is not here and a history that was cut off
never make a branch look merged; and where one way says yes while what the branch brought was taken back since, the
answer is "reverted". For a tree that makes no difference (its branch stays, and it is archived): it is about what is
removed *because* it is merged, such as the branch itself.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.clients.borrowed import Borrowed, borrow
from reconciler.clients.git import Git, Repository, reachable
from reconciler.clients.integration import Commit, Way, is_taken_back, way_into
from reconciler.clients.patches import read_patches
from reconciler.errors import ClientError

_PHRASES = {
    Way.NOTHING: "nothing of its own",
    Way.ANCESTOR: "ancestor of {}",
    Way.SAME_TREE: "same tree as {}",
    Way.NO_CHANGE: "changes nothing since it left {}",
    Way.PATCHES: "every commit is on {} as a patch",
    Way.SQUASH: "squashed into {}",
    Way.MERGE_TREE: "to merge it would change nothing on {}",
    Way.REVERTED: "merged, then reverted on {}",
}


@dataclass(frozen=True, slots=True)
class Target:
    """Where work may have been merged to.

    Attributes:
        name: as a person knows it: `main`, `origin/auth`.
        commit: None when there is no such ref.
        is_upstream: the branch follows it: that all of it is there means that it was pushed.
    """

    name: str
    commit: str | None
    is_upstream: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Is this merged?

    Attributes:
        tip: the commit in question.
        targets: the first that has the work decides: the base before the upstream.
        start: where the branch began, as far as that is known (`where_it_began`). Without it a branch that was
            fast-forwarded looks like one that has nothing of its own: then it is an ancestor, and a revert of it is
            not found.
    """

    tip: str
    targets: tuple[Target, ...]
    start: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer.

    Attributes:
        phrase: for people.
    """

    way: Way
    phrase: str

    @property
    def is_merged(self) -> bool:
        """Whether what the branch brought is safe elsewhere."""
        return self.way.is_merged


def how_merged(git: Git, repository: Repository, asked: Iterable[Question]) -> dict[Question, Verdict]:
    """Answer many questions. Changes nothing, and takes nothing from the network.

    For branches that a target has and whose files nobody touched since: a number of programs that does not grow.
    For any other, up to about fifteen more; they look only at commits since the merge base.
    """
    questions = tuple(dict.fromkeys(asked))
    if not questions:
        return {}
    try:
        with borrow(git, repository, questions[0].tip) as store:
            return _answer(store, questions)
    except ClientError as error:
        return dict.fromkeys(questions, _unknown(error.message))


def where_it_began(repository: Repository, branch: str) -> str | None:
    """The commit that a branch was made from, by its log; None when that is not kept, or was cut off."""
    log = repository.common_dir / "logs" / "refs" / "heads" / branch
    try:
        with log.open("rb") as file:
            old, new, *_ = os.fsdecode(file.readline()).split(" ")
    except (OSError, ValueError):
        return None
    return new if not old.strip("0") else None


def _answer(store: Borrowed, questions: Sequence[Question]) -> dict[Question, Verdict]:
    """Answer all together; where that fails each for itself, so that one broken branch does not hide the others."""
    try:
        return _answer_together(store, questions)
    except ClientError as error:
        if len(questions) == 1:
            return {questions[0]: _unknown(error.message)}
        return {question: verdict for each in questions for question, verdict in _answer(store, [each]).items()}


def _answer_together(store: Borrowed, questions: Sequence[Question]) -> dict[Question, Verdict]:
    named = {name for each in questions for name in (each.tip, each.start, *(goal.commit for goal in each.targets))}
    trees = store.trees(name for name in named if name)
    here = [each for each in questions if each.tip in trees]
    holders = _first_holders(store, {each: [goal for goal in each.targets if goal.commit in trees] for each in here})
    quiet = _left_alone(store, trees, holders)
    return {
        each: _Look(store, trees, each).verdict(holders.get(each), is_quiet=each in quiet)
        if each.tip in trees
        else _unknown("its tip is not here")
        for each in questions
    }


# --- what can be told of all at once ---------------------------------------------------------------------------------


def _first_holders(store: Borrowed, asked: Mapping[Question, Sequence[Target]]) -> dict[Question, Target]:
    """The first target of each question that has its tip, where one has.

    One program for each target that is the base of some; others are seen to in passing.
    """
    has: dict[tuple[str, str], bool] = {}
    while open_pairs := set(_undecided(asked, has)):
        pivot = Counter(target for _, target in open_pairs).most_common(1)[0][0]
        has.update(_compare(store, open_pairs, pivot))
    found = ((each, goal) for each, goals in asked.items() for goal in reversed(goals) if has.get(_pair(each, goal)))
    return dict(found)


def _pair(question: Question, target: Target) -> tuple[str, str]:
    return question.tip, target.commit or ""


def _undecided(
    asked: Mapping[Question, Sequence[Target]], has: Mapping[tuple[str, str], bool]
) -> Iterator[tuple[str, str]]:
    for question, targets in asked.items():
        for target in targets:
            known = has.get(_pair(question, target))
            if known:
                break
            if known is None:
                yield _pair(question, target)


def _compare(store: Borrowed, pairs: set[tuple[str, str]], pivot: str) -> Iterator[tuple[tuple[str, str], bool]]:
    """Say of pairs whether the second commit has the first, as far as the commits tell that the pivot has not.

    Those are few. Of a tip among them everything is told; one that the pivot has tells about the pivot alone.
    """
    request = "".join(f"{name}\n" for name in (*sorted({name for pair in pairs for name in pair}), f"^{pivot}"))
    listed = store.run("rev-list", "--parents", "--stdin", stdin=request).lines
    parents = {name: rest for name, *rest in map(str.split, listed)}
    reach = {target: reachable(target, parents) for target in {target for tip, target in pairs if tip in parents}}
    for tip, target in pairs:
        if tip in parents:
            yield (tip, target), tip in reach[target]
        elif target == pivot:
            yield (tip, target), True


def _left_alone(store: Borrowed, trees: Mapping[str, str], holders: Mapping[Question, Target]) -> set[Question]:
    """The questions of which no file that the branch changed was touched since; one program for all."""
    spans = {
        each: (f"{trees[each.start]} {trees[each.tip]}", f"{trees[each.tip]} {trees[goal.commit or '']}")
        for each, goal in holders.items()
        if each.start in trees and each.start is not None
    }
    changes = read_patches(store, {request for span in spans.values() for request in span})
    return {each for each, (own, later) in spans.items() if not changes[own].paths & changes[later].paths}


# --- what is told of each --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Look:
    """A question, with what is known of all."""

    store: Borrowed
    trees: Mapping[str, str]
    question: Question

    def verdict(self, holder: Target | None, *, is_quiet: bool) -> Verdict:
        """Answer it.

        Args:
            holder: the target that has the tip.
            is_quiet: nobody touched since what the branch changed.
        """
        try:
            return self._held(holder, is_quiet=is_quiet) if holder else self._sought()
        except ClientError as error:
            return _unknown(error.message)

    def _held(self, holder: Target, *, is_quiet: bool) -> Verdict:
        if self.question.tip == self.question.start:
            return _verdict(Way.NOTHING, holder)
        if not is_quiet and is_taken_back(self.store, self._tip, self._commit(holder.commit), self._start):
            return _verdict(Way.REVERTED, holder)
        return _verdict(Way.ANCESTOR, holder)

    def _sought(self) -> Verdict:
        """Look for its content, since no target has its commits."""
        targets = [goal for goal in self.question.targets if goal.commit or not goal.is_upstream]  # it may be gone
        unseen = [f"{goal.name} is not here" for goal in targets if goal.commit not in self.trees]
        for target in targets:
            if target.commit not in self.trees:
                continue
            try:
                way = way_into(self.store, self._tip, self._commit(target.commit), self._start)
            except ClientError as error:
                unseen.append(error.message)
                continue
            if way is not Way.UNMERGED:
                return _verdict(way, target)
        names = " or ".join(goal.name for goal in targets) or "anything"
        return _unknown(unseen[0]) if unseen else Verdict(Way.UNMERGED, f"not merged into {names}")

    @property
    def _tip(self) -> Commit:
        return self._commit(self.question.tip)

    @property
    def _start(self) -> str | None:
        return self.question.start if self.question.start in self.trees else None

    def _commit(self, name: str | None) -> Commit:
        return Commit(name or "", self.trees[name or ""])


# --- words -----------------------------------------------------------------------------------------------------------


def _verdict(way: Way, target: Target) -> Verdict:
    if target.is_upstream and way is Way.ANCESTOR:
        return Verdict(way, f"all of it is on {target.name}")
    return Verdict(way, _PHRASES[way].format(target.name))


def _unknown(why: str) -> Verdict:
    return Verdict(Way.UNKNOWN, f"cannot tell whether it is merged: {why}")
