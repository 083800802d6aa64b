"""A generated history is never refused with the tightest area that covers it, and is with any path of that left out."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from reconciler.operations.check_commits import Asked, Checked, check_commits
from tests.support.repository import GitRepo

PATHS = ("a", "d/a", "d/b", "d/e/f", "d-a", "ü ", 'q"\\', "d/*")
_WHO = "A <a@example.org> 1 +0000"
Tree = dict[str, str]


@dataclass(frozen=True)
class Drawn:
    """A commit.

    Attributes:
        base: the number of the newest commit of the base that it has.
        touched: what the branch changed by itself up to here.
    """

    tree: Tree
    parents: tuple[int, ...]
    base: int
    touched: frozenset[str]


@dataclass
class Histories:
    """A base that goes on, and a branch with lines of its own that merge it and each other."""

    commits: list[Drawn] = field(default_factory=list)
    main: int = 0
    lines: list[int] = field(default_factory=list)

    def add(self, tree: Tree, parents: tuple[int, ...], touched: frozenset[str] = frozenset(), base: int = -1) -> int:
        number = len(self.commits)
        self.commits.append(Drawn(tree, parents, number if base < 0 else base, touched))
        return number


def _changed(draw: st.DrawFn, tree: Tree) -> tuple[Tree, frozenset[str]]:
    """Change some paths, or none: what is written may be there already."""
    wanted = draw(st.dictionaries(st.sampled_from(PATHS), st.sampled_from(["1", "2", "3", ""]), min_size=1, max_size=3))
    after = {path: content for path, content in {**tree, **wanted}.items() if content}
    return after, frozenset(path for path in PATHS if tree.get(path) != after.get(path))


@st.composite
def histories(draw: st.DrawFn) -> Histories:
    made = Histories()
    made.main = made.add(draw(st.dictionaries(st.sampled_from(PATHS), st.just("0"))), ())
    made.lines = [made.add({**made.commits[0].tree}, (0,), base=0)]
    for step in draw(
        st.lists(st.sampled_from(["base", "own", "own", "fork", "rebase", "merge", "octopus"]), min_size=2, max_size=14)
    ):
        _STEPS[step](draw, made)
    if len(made.lines) > 1:
        _merge(draw, made, made.lines)
        made.lines = made.lines[-1:]
    return made


def _base(draw: st.DrawFn, made: Histories) -> None:
    tree, _ = _changed(draw, made.commits[made.main].tree)
    made.main = made.add(tree, (made.main,))


def _own(draw: st.DrawFn, made: Histories) -> None:
    at = draw(st.integers(0, len(made.lines) - 1))
    tip = made.lines[at]
    before = made.commits[tip]
    tree, touched = _changed(draw, before.tree)
    made.lines[at] = made.add(tree, (tip,), before.touched | touched, before.base)


def _fork(draw: st.DrawFn, made: Histories) -> None:
    """Begin another line: at one that there is, or at any commit of the base."""
    bases = [number for number, commit in enumerate(made.commits) if commit.base == number]
    start = draw(st.sampled_from([*made.lines, *bases]))
    before = made.commits[start]
    tree, touched = _changed(draw, before.tree)
    made.lines.append(made.add(tree, (start,), before.touched | touched, before.base))


def _rebase(draw: st.DrawFn, made: Histories) -> None:
    """Put what a line changed onto the newest base, as one commit."""
    at = draw(st.integers(0, len(made.lines) - 1))
    old, base = made.commits[made.lines[at]], made.commits[made.main]
    tree = {path: content for path in PATHS if (content := (old if path in old.touched else base).tree.get(path))}
    touched = frozenset(path for path in PATHS if tree.get(path) != base.tree.get(path))
    made.lines[at] = made.add(tree, (made.main,), touched, made.main)


def _merge_base(draw: st.DrawFn, made: Histories) -> None:
    at = draw(st.integers(0, len(made.lines) - 1))
    made.lines[at] = _merged(draw, made, [made.lines[at], made.main])


def _octopus(draw: st.DrawFn, made: Histories) -> None:
    _merge(draw, made, draw(st.permutations([*made.lines, made.main])))


def _merge(draw: st.DrawFn, made: Histories, parents: list[int]) -> None:
    made.lines = [_merged(draw, made, parents)]


def _merged(draw: st.DrawFn, made: Histories, parents: list[int]) -> int:
    """Outside of what the lines touched it is as the newest base; inside it is as one of them, or mended by hand."""
    commits = [made.commits[number] for number in parents]
    base = max(commit.base for commit in commits)
    touched = frozenset().union(*(commit.touched for commit in commits))
    tree = dict(made.commits[base].tree)
    for path in sorted(touched):
        tree[path] = draw(st.sampled_from([*(commit.tree.get(path, "") for commit in commits), "by hand"]))
    return made.add({path: content for path, content in tree.items() if content}, tuple(parents), touched, base)


_STEPS = {"base": _base, "own": _own, "fork": _fork, "rebase": _rebase, "merge": _merge_base, "octopus": _octopus}


# --- as git has it ---------------------------------------------------------------------------------------------------


def _files(tree: Tree) -> str:
    quoted = {path: '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"' for path in tree}
    return "deleteall\n" + "".join(
        f"M 100644 inline {quoted[path]}\ndata {len(content.encode())}\n{content}\n" for path, content in tree.items()
    )


def _commit(ref: str, number: int, tree: Tree, parents: tuple[int, ...]) -> str:
    above = "".join(f"{'merge' if at else 'from'} :{parent + 1}\n" for at, parent in enumerate(parents))
    head = f"reset {ref}\ncommit {ref}\nmark :{number + 1}\ncommitter {_WHO}\n"
    return f"{head}data {len(str(number))}\n{number}\n{above}{_files(tree)}"


def patterns_of(area: frozenset[str]) -> list[str]:
    """Patterns that match these paths."""
    escaped = ("".join("\\" + letter if letter in "\\*" else letter for letter in path) for path in sorted(area))
    return list(escaped) or ["nothing"]


def _manifest(area: frozenset[str]) -> str:
    return "worktrees: " + json.dumps({"agent": {"modify": patterns_of(area)}}, ensure_ascii=False) + "\n"


def write_histories(repo: GitRepo, made: Histories, areas: list[frozenset[str]]) -> None:
    """The whole history, and above the base one more commit for each area: it has the manifest that says so."""
    stream = [_commit(f"refs/x/{n}", n, commit.tree, commit.parents) for n, commit in enumerate(made.commits)]
    for number, area in enumerate(areas):
        tree = {**made.commits[made.main].tree, "orchestra.yaml": _manifest(area)}
        stream.append(_commit(f"refs/remotes/base/{number}", len(made.commits) + number, tree, (made.main,)))
    stream.append(f"reset refs/heads/agent\nfrom :{made.lines[-1] + 1}\n")
    repo.git("fast-import", "--quiet", "--force", stdin="\n".join(stream))


def check_base(repo: GitRepo, number: int) -> Checked:
    """Check the branch by one of the areas."""
    return check_commits(repo.path, os.environ, Asked(branches=("agent",), base=f"base/{number}"))


@pytest.fixture(scope="module")
def law_repo(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """Give an empty repository for all examples."""
    return GitRepo.init(tmp_path_factory.mktemp("laws"))


@given(histories())
@settings(max_examples=40)
def test_the_tightest_area_that_covers_a_history_is_enough_and_all_of_it_is_needed(
    law_repo: GitRepo, made: Histories
) -> None:
    """Merges of older and newer bases, of lines of its own, octopus, rebases, reverts, deletions, empty commits."""
    touched = made.commits[made.lines[-1]].touched
    areas = [touched, *(touched - {path} for path in sorted(touched))]
    write_histories(law_repo, made, areas)
    event(f"{min(len(touched), 1)} or more paths touched")
    event(f"{sum(len(commit.parents) > 1 for commit in made.commits)} merges")

    assert [each.violations for each in check_base(law_repo, 0).branches] == [()]
    for number, path in enumerate(sorted(touched), 1):
        (branch,) = check_base(law_repo, number).branches
        assert {each.path for each in branch.violations} == {path.encode()}, path


def test_the_laws_are_tried_on_merges(tmp_path: Path) -> None:
    """The generator makes what its name says: here a merge that leaves out what the base has is refused."""
    made = Histories()
    made.main = made.add({"a": "0"}, ())
    made.lines = [made.add({"a": "0", "d/a": "1"}, (0,), frozenset({"d/a"}), 0)]
    made.main = made.add({"a": "2"}, (0,))
    made.lines = [made.add({"a": "0", "d/a": "1"}, (1, 2), frozenset({"d/a"}), 2)]
    repo = GitRepo.init(tmp_path / "repo")
    write_histories(repo, made, [frozenset({"d/a"})])
    (branch,) = check_base(repo, 0).branches
    assert [(each.path, each.is_merge) for each in branch.violations] == [(b"a", True)]
