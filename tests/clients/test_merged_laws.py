"""What holds of every verdict, whatever the history.

The laws speak of what lines were where and when, which the test knows from making the history; neither patches nor
merges are looked at. A line of the branch is a slot that it set to a value nobody else uses.

- Nothing is lost: where it says merged, every line that the branch set and still has was there at some commit of the
  target. (Not "is there": that the target changed it further since is what branches are for.)
- What was taken back is not merged: where the target has, wherever the branch differs from where it began, what was
  there before, it never says merged. (`git branch --merged` and `git cherry` do.)
- What is there is merged: where the target has every line that the branch set, it says so.

"Merging it would change nothing" is no law: of an ancestor it is always true, and of what was squashed and then changed
further it need not be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from reconciler.clients.git import Git
from reconciler.clients.integration import Way
from reconciler.clients.merged import Question, Target, Verdict, how_merged
from tests.support.repository import GitRepo

SLOTS = 6  # of two files, three each
State = tuple[int, ...]


@dataclass
class Commit:
    """A commit in the model."""

    number: int
    state: State
    parents: list[Commit]
    own: bool = False
    ancestors: set[int] = field(default_factory=set)

    @property
    def is_merge(self) -> bool:
        """Whether it joins two."""
        return len(self.parents) > 1


class History:
    """Two branches that work, and bring each other's work over in every way there is."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        root = self._make((0,) * SLOTS)
        self.tips = {"main": root, "auth": root}
        self._version = 0

    def change(self, branch: str, number: int) -> None:
        """Set a slot to a value never used before."""
        self._version += 1
        self._commit(branch, {number % SLOTS: self._version})

    def merge(self, other: str, branch: str, *, forward: bool) -> None:
        """Merge, or fast-forward where that can be."""
        ours, theirs = self.tips[branch], self.tips[other]
        if theirs.number in ours.ancestors:
            return
        if forward and ours.number in theirs.ancestors:
            self.tips[branch] = theirs
            return
        self.tips[branch] = self._make(self._joined(branch, other), ours, theirs)

    def squash(self) -> None:
        """Bring all of the branch to main in one commit."""
        self._commit("main", dict(enumerate(self._joined("main", "auth"))))

    def pick(self, index: int) -> None:
        """Bring one of the branch's own commits to main."""
        if own := self.own:
            picked = own[index % len(own)]
            self._commit("main", self._changes(picked))

    def revert(self, index: int) -> None:
        """Take back what one of main's commits did, where that is still there."""
        line = [commit for commit in self._line("main") if commit.parents]
        if line:
            reverted = line[index % len(line)]
            now = self.tips["main"].state
            before = reverted.parents[0].state
            changes = self._changes(reverted)
            self._commit("main", {slot: before[slot] for slot, value in changes.items() if now[slot] == value})

    def undo(self) -> None:
        """Restore on main, by hand, all that the branch changed."""
        self._commit("main", {slot: 0 for slot, value in enumerate(self.tips["auth"].state) if value})

    @property
    def own(self) -> list[Commit]:
        """The branch's own commits, but for merges."""
        return [commit for commit in self.commits if commit.own and not commit.is_merge]

    def _commit(self, branch: str, changes: dict[int, int]) -> None:
        tip = self.tips[branch]
        state = tuple(changes.get(slot, value) for slot, value in enumerate(tip.state))
        self.tips[branch] = self._make(state, tip, own=branch == "auth")

    def _make(self, state: State, *parents: Commit, own: bool = False) -> Commit:
        number = len(self.commits)
        ancestors = {number}.union(*(parent.ancestors for parent in parents))
        self.commits.append(Commit(number, state, list(parents), own, ancestors))
        return self.commits[-1]

    def _joined(self, branch: str, other: str) -> State:
        """A three-way merge slot by slot; in a conflict main's value stands."""
        ours, theirs = self.tips[branch], self.tips[other]
        base = self.commits[max(ours.ancestors & theirs.ancestors)].state
        main = self.tips["main"].state
        each = zip(base, ours.state, theirs.state, main, strict=True)
        return tuple(b if a == old else a if b == old else kept for old, a, b, kept in each)

    def _line(self, branch: str) -> list[Commit]:
        line = [self.tips[branch]]
        while line[-1].parents:
            line.append(line[-1].parents[0])
        return line

    def _changes(self, commit: Commit) -> dict[int, int]:
        before = commit.parents[0].state
        return {slot: value for slot, value in enumerate(commit.state) if value != before[slot]}

    def write(self, repo: GitRepo) -> list[str]:
        """Write it all in one program; gives the names of the commits."""
        stream = "".join(map(_import, self.commits))
        marks = repo.path / "marks"
        repo.git("fast-import", "--quiet", "--force", f"--export-marks={marks}", stdin=stream)
        named = dict(line.split() for line in marks.read_text().splitlines())
        return [named[f":{commit.number + 1}"] for commit in self.commits]


def _import(commit: Commit) -> str:
    number = commit.number
    lines = [f"reset refs/x/{number}", f"commit refs/x/{number}", f"mark :{number + 1}"]
    lines += [f"committer A <a@example.org> {1000 + number} +0000", f"data {len(str(number))}", str(number)]
    lines += [f"{'merge' if at else 'from'} :{parent.number + 1}" for at, parent in enumerate(commit.parents)]
    for file in (0, 1):
        content = "".join(_place(slot, commit.state[slot]) for slot in range(file * 3, file * 3 + 3))
        lines += [f"M 100644 inline {file}.txt", f"data {len(content)}", content]
    return "\n".join(lines) + "\n"


def _place(slot: int, value: int) -> str:
    """A line with so many around it that no hunk reaches the next."""
    around = "".join(f"{slot}/{number}\n" for number in range(8))
    return f"{around}slot {slot} is {value}\n{around}"


STEPS: list[Callable[[History, int], None]] = [
    lambda history, number: history.change("auth", number),
    lambda history, number: history.change("main", number),
    lambda history, _: history.merge("auth", "main", forward=False),
    lambda history, _: history.merge("auth", "main", forward=True),
    lambda history, _: history.merge("main", "auth", forward=False),
    lambda history, _: history.merge("main", "auth", forward=True),
    lambda history, _: history.squash(),
    lambda history, number: history.pick(number),
    lambda history, number: history.pick(number),
    lambda history, number: history.revert(number),
    lambda history, number: history.revert(number),
    lambda history, _: history.undo(),
]


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Draw one: some work first, so that there is something to bring over."""
    history = History()
    for number in draw(st.lists(st.integers(0, 9), min_size=1, max_size=3)):
        history.change("auth", number)
    for step in draw(st.lists(st.sampled_from(STEPS), max_size=8)):
        step(history, draw(st.integers(0, 9)))
    return history


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """Give a repository to which every history is added."""
    return GitRepo.init(tmp_path_factory.mktemp("laws") / "r")


def judge(git: Git, place: GitRepo, history: History) -> Verdict:
    """Ask for the verdict."""
    names = history.write(place)
    tip, main = history.tips["auth"], history.tips["main"]
    question = Question(names[tip.number], (Target("main", names[main.number]),), names[0])
    for commit in history.commits:
        note(f"{commit.number} {commit.state} {[p.number for p in commit.parents]} {'own' if commit.own else ''}")
    verdict = how_merged(git, git.discover(place.path), [question])[question]
    note(f"auth {tip.number}, main {main.number}: {verdict}")
    return verdict


@settings(max_examples=60)
@given(history=histories())
def test_the_laws(git: Git, place: GitRepo, history: History) -> None:
    """Nothing is lost, what was taken back is not merged, and what is there is."""
    verdict = judge(git, place, history)
    assert verdict.way is not Way.UNKNOWN, verdict.phrase
    tip, main = history.tips["auth"], history.tips["main"]
    set_by_it = {slot for commit in history.own for slot in history._changes(commit)}
    differing = {slot for slot, value in enumerate(tip.state) if value}
    if verdict.is_merged:
        had = [history.commits[number].state for number in main.ancestors]
        assert all(any(state[slot] == tip.state[slot] for state in had) for slot in set_by_it)
    if differing and all(main.state[slot] == 0 for slot in differing):
        assert not verdict.is_merged
    if all(main.state[slot] == tip.state[slot] for slot in set_by_it | differing):
        assert verdict.is_merged
