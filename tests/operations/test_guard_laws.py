"""Guard and check say the same of every history, and neither refuses what the tightest area covers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import event, given, settings

from reconciler.boundaries.area import Area
from reconciler.boundaries.pattern import parse
from reconciler.kinds.guard.rule import bases_text, program_text, rule_text
from reconciler.kinds.guard.spec import GuardSpec
from tests.operations.test_check_laws import Histories, check_base, histories, patterns_of, write_histories
from tests.support.repository import GitRepo


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    """Give an empty repository for all examples, with a guard that no git calls."""
    repo = GitRepo.init(tmp_path_factory.mktemp("guard laws"))
    hooks = repo.path / ".git/orchestra-guard"
    hooks.mkdir()
    (hooks / "guard").write_bytes(program_text())
    (hooks / "guard").chmod(0o755)
    (hooks / "reference-transaction").symlink_to("guard")
    return repo


def guard(repo: GitRepo, tip: str, base: str, area: frozenset[str]) -> str:
    """What the guard says of a branch that is to have a tip; empty when it lets it pass."""
    hooks = repo.path / ".git/orchestra-guard"
    spec = GuardSpec("agent", repo.path, "agent", Area(tuple(map(parse, patterns_of(area)))))
    (hooks / "rule").write_bytes(rule_text(spec, repo.path / ".git", ""))
    (hooks / "bases").write_bytes(bases_text([base], []))
    done = subprocess.run(
        [hooks / "reference-transaction", "prepared"],
        cwd=repo.path,
        input=f"{'0' * len(tip)} {tip} refs/heads/agent\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) is (done.stderr == ""), done.stderr
    return done.stderr


def quoted(path: bytes) -> str:
    """A path as git writes it by itself: in quotes where it is not plain ASCII."""
    letters = [f"\\{byte:03o}" if byte > 126 else f"\\{chr(byte)}" if byte in b'"\\' else chr(byte) for byte in path]
    text = "".join(letters)
    return text if text.encode() == path else f'"{text}"'


@given(histories())
@settings(max_examples=40)
def test_guard_and_check_say_the_same(repo: GitRepo, made: Histories) -> None:
    """Merges of older and newer bases, octopus, rebases, reverts, deletions: enough is enough, and less is refused."""
    touched = made.commits[made.lines[-1]].touched
    areas = [touched, *(touched - {path} for path in sorted(touched))]
    write_histories(repo, made, areas)
    tip = repo.commit_of("refs/heads/agent")
    event(f"{sum(len(commit.parents) > 1 for commit in made.commits)} merges")

    for number, area in enumerate(areas):
        said = guard(repo, tip, repo.commit_of(f"refs/remotes/base/{number}"), area)
        (checked,) = check_base(repo, number).branches
        assert bool(said) is bool(checked.violations) is (number > 0), said
        for violation in checked.violations:
            assert violation.path is None or f"  {quoted(violation.path)}\n" in said


@pytest.mark.parametrize("is_evil", [False, True])
def test_two_lines_of_the_base_may_be_merged(tmp_path: Path, repo: GitRepo, *, is_evil: bool) -> None:
    """The base has both, and none of them the other: each path is as one of them has it."""
    made = Histories()
    first = made.add({"a": "0", "b": "0"}, ())
    sides = (made.add({"a": "1", "b": "0"}, (first,)), made.add({"a": "0", "b": "1"}, (first,)))
    made.main = made.add({"a": "1", "b": "1"}, sides)
    made.lines = [made.add({"a": "1", "b": "2" if is_evil else "1"}, sides)]
    write_histories(repo, made, [frozenset({"d"})])
    said = guard(repo, repo.commit_of("refs/heads/agent"), repo.commit_of("refs/remotes/base/0"), frozenset({"d"}))
    (checked,) = check_base(repo, 0).branches
    assert bool(said) is bool(checked.violations) is is_evil, said
    assert ("  b\n" in said) is is_evil


def test_a_history_of_its_own_is_refused(tmp_path: Path, repo: GitRepo) -> None:
    """It shares nothing with the base, also where it would keep to the area."""
    made = Histories()
    made.main = made.add({"a": "0"}, ())
    made.lines = [made.add({"d/a": "0"}, (), frozenset({"d/a"}))]
    write_histories(repo, made, [frozenset({"d/a"})])
    said = guard(repo, repo.commit_of("refs/heads/agent"), repo.commit_of("refs/remotes/base/0"), frozenset({"d/a"}))
    assert "shares no commit with its base" in said
