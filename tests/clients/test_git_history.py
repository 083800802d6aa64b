"""Questions that are answered for many commits at once: the answers are git's own, one by one."""

from __future__ import annotations

import hashlib
import subprocess
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.clients.git import Git, Repository, count_ahead_behind, paths_in_commits, resolve_commits
from reconciler.errors import PermanentError
from tests.support.repository import GitRepo

_WHO = "A <a@example.org>"


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[int, list[int]]]:
    """Draw commits: when each was made, and its parents, which come before it."""
    size = draw(st.integers(1, 12))
    parents = [draw(st.lists(st.integers(0, n - 1), unique=True, max_size=3)) if n else [] for n in range(size)]
    return [(draw(st.integers(1, 10**6)) if n % 5 == 0 else n * 1000, found) for n, found in enumerate(parents)]


def build(repo: GitRepo, history: list[tuple[int, list[int]]]) -> list[str]:
    """Write a history in one program, and give its commits."""
    stream = []
    for number, (when, parents) in enumerate(history):
        stream.append(f"reset refs/x/{number}\ncommit refs/x/{number}\nmark :{number + 1}\n")
        stream.append(f"committer {_WHO} {when} +0000\ndata {len(str(number))}\n{number}\n")
        stream += [f"{'merge' if at else 'from'} :{parent + 1}\n" for at, parent in enumerate(parents)]
    marks = repo.path / "marks"
    repo.git("fast-import", "--quiet", "--force", f"--export-marks={marks}", stdin="".join(stream))
    named = dict(line.split() for line in marks.read_text().splitlines())
    return [named[f":{number + 1}"] for number in range(len(history))]


@pytest.fixture(scope="module")
def history_repo(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """Give an empty repository for all examples."""
    return GitRepo.init(tmp_path_factory.mktemp("history"))


@given(histories(), st.data())
@settings(max_examples=40)
def test_ahead_and_behind_are_what_git_counts(
    history_repo: GitRepo, git: Git, history: list[tuple[int, list[int]]], data: st.DataObject
) -> None:
    """For any history, also with several roots, merges and clocks that disagree, each pair counts as git does."""
    commits = build(history_repo, history)
    pairs = data.draw(st.lists(st.tuples(*[st.sampled_from(commits)] * 2), min_size=1, max_size=4))
    counted = count_ahead_behind(git, history_repo.path / ".git", iter(pairs))
    assert counted == {pair: _counted_by_git(history_repo, *pair) for pair in pairs}


def _counted_by_git(repo: GitRepo, left: str, right: str) -> tuple[int, int]:
    ahead, behind = repo.git("rev-list", "--left-right", "--count", f"{left}...{right}").split()
    return int(ahead), int(behind)


def test_nothing_to_count_starts_no_program(tmp_path: Path, git: Git) -> None:
    """Without pairs, or with equal ones, git is not asked."""
    assert count_ahead_behind(git, tmp_path / "none", []) == {}
    assert count_ahead_behind(git, tmp_path / "none", [("a", "a")]) == {("a", "a"): (0, 0)}
    assert paths_in_commits(git, tmp_path / "none", []) == {}
    assert resolve_commits(git, tmp_path / "none", []) == {}


def test_a_commit_that_is_not_there_is_an_error(repo: GitRepo, repository: Repository, git: Git) -> None:
    """A hash of nothing is said by git, not counted as nought."""
    with pytest.raises(PermanentError):
        count_ahead_behind(git, repository.common_dir, [(repo.commit_of("HEAD"), "1" * 40)])


@pytest.mark.parametrize("hash_name", ["sha1", "sha256"])
def test_a_path_is_there_or_not(tmp_path: Path, git: Git, hash_name: str) -> None:
    """Files, links, directories and submodules are there; what is below a file, or nowhere, is not."""
    root = tmp_path / "r"
    root.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main", f"--object-format={hash_name}", root], check=True)
    repo = GitRepo(root)
    names = ["top", "a/b/c", "with space/and more", "ü/ñ", "n\udce9/x", "line\u2028/y", "q\"uo'te", "missing"]
    files = dict.fromkeys(names, "x")
    first = repo.commit({**files, "link": Path("top")})
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{first},sub/module")
    repo.git("rm", "-q", "--cached", "top")
    repo.git("commit", "-q", "-m", "second")
    second = repo.commit_of("HEAD")
    there = [*names, "link", "a", "a/b"]
    wanted = {(first, name): True for name in there} | {(second, name): name != "top" for name in there}
    wanted |= {(second, "sub/module"): True, (first, "sub/module"): False, (first, "sub"): False}
    wanted |= {(first, name): False for name in ("top/x", "a/b/c/d", "a/x", "x/y/z", "link/x", "A", "sub/module/x")}
    assert paths_in_commits(git, root / ".git", list(wanted)) == wanted


def test_names_are_resolved_to_commits(repo: GitRepo, repository: Repository, git: Git) -> None:
    """Tags of any depth, branches and hashes give their commit; trees, files and nothing give none."""
    head = repo.commit_of("HEAD")
    repo.git("tag", "light")
    repo.git("tag", "-m", "x", "deep")
    repo.git("tag", "-m", "x", "deeper", "deep")
    repo.git("tag", "-m", "x", "of-tree", "HEAD^{tree}")
    repo.branch("line\u2028separator")
    there = ["light", "deep", "deeper", "main", head, head[:9], "HEAD", "line\u2028separator", "refs/heads/main"]
    nowhere = ["of-tree", "no\u2028where", "n\x85l", "1" * 40, "", "a b", "a commit", "x commit y", "n\udce9"]
    answer = resolve_commits(git, repository.common_dir, [*there, *nowhere])
    assert answer == {**dict.fromkeys(there, head), **dict.fromkeys(nowhere)}


def test_an_ambiguous_hash_is_no_commit(tmp_path: Path, git: Git) -> None:
    """A hash cut so short that several things have it stands for none of them."""
    repo = GitRepo.init(tmp_path / "r")
    texts: dict[str, list[str]] = {}
    for text in map(str, range(10**4, 10**4 + 2000)):
        texts.setdefault(hashlib.sha1(f"blob 5\0{text}".encode()).hexdigest()[:4], []).append(text)  # noqa: S324
    short, alike = next(found for found in texts.items() if len(found[1]) > 1)
    assert {repo.git("hash-object", "-w", "--stdin", stdin=text)[:4] for text in alike} == {short}
    assert resolve_commits(git, repo.path / ".git", [short]) == {short: None}


def test_every_pair_of_a_known_history(history_repo: GitRepo, git: Git) -> None:
    """A fork with a merge, every pair of it at once."""
    commits = build(history_repo, [(1, []), (2, [0]), (3, [0]), (4, [1, 2]), (5, [2]), (6, [])])
    pairs = list(product(commits, commits))
    counted = count_ahead_behind(git, history_repo.path / ".git", pairs)
    assert counted[commits[3], commits[4]] == (2, 1)
    assert counted[commits[5], commits[3]] == (1, 4)
    assert counted == {pair: _counted_by_git(history_repo, *pair) for pair in pairs}
