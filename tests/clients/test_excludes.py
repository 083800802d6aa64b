"""What a tree's exclude file hides, asked of git itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.clients import excludes
from reconciler.clients.clone import prepare_clone
from reconciler.clients.git import Git
from tests.support.repository import GitRepo

SPECIAL = st.sampled_from("*?[]!#\\ \t\r-{}()$'\"`~a.é")
STEPS = st.text(SPECIAL, min_size=1, max_size=8).filter(lambda step: step not in {".", ".."})
PATHS = st.lists(STEPS, min_size=1, max_size=3).map("/".join)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> GitRepo:
    repository = GitRepo.init(tmp_path_factory.mktemp("git") / "shop", {"a.txt": "a"})
    repository.git("config", "core.excludesFile", str(repository.path / ".git/x"))
    return repository


def ignored(repository: GitRepo, paths: list[str]) -> set[str]:
    """Ask git, in bytes: a carriage return is one."""
    command = ["git", "check-ignore", "--no-index", "-z", "--stdin"]
    stdin = "".join(f"{path}\0" for path in paths).encode()
    answer = subprocess.run(command, cwd=repository.path, input=stdin, capture_output=True, check=False).stdout
    return set(answer.decode().split("\0")) - {""}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(PATHS, min_size=1, max_size=4), st.sets(PATHS, max_size=4))
def test_exactly_the_named_paths_are_hidden(shared: GitRepo, named: set[str], others: set[str]) -> None:
    text = excludes.exclude_text("", named)
    (shared.path / ".git/x").write_bytes(text.encode())
    below = {path for path in others if any(path.startswith(f"{name}/") for name in named)}
    asked = sorted(named | others)
    assert ignored(shared, asked) == named | below


@pytest.mark.parametrize("before", ["*.swp", "*.swp\n", "!a.txt\n", "# comment", "trail\\ ", ""])
def test_the_users_own_lines_come_first_and_count(shared: GitRepo, before: str) -> None:
    (shared.path / ".git/x").write_text(excludes.exclude_text(before, {"a.txt"}))
    assert ignored(shared, ["a.txt"]) == {"a.txt"}
    assert ignored(shared, ["x.swp"]) == ({"x.swp"} if "swp" in before else set())


def test_what_a_killed_write_leaves_is_hidden_at_any_depth(shared: GitRepo) -> None:
    (shared.path / ".git/x").write_text(excludes.exclude_text("", ()))
    assert ignored(shared, [".a.orchestra.tmp", "d/.b c.orchestra.tmp", "a.tmp"]) == {
        ".a.orchestra.tmp", "d/.b c.orchestra.tmp",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["plain", "with space", 'quo"te', "back\\slash", "new\nline", "hash#;semi", "é☃"])
def test_it_is_in_force_in_one_tree_only_wherever_the_repository_is(tmp_path: Path, name: str) -> None:
    repository = GitRepo.init(tmp_path / name / "shop", {"a.txt": "a"})
    git = Git(os.environ)
    prepare_clone(git, git.discover(repository.path))
    tree, other = (repository.worktree(tmp_path / each, each) for each in ("auth", "other"))
    git_dir = Path(tree.git("rev-parse", "--absolute-git-dir"))
    text = excludes.exclude_text("", {"SESSION.md"})
    assert not excludes.is_excluding(git_dir, text)
    excludes.exclude(git, tree.path, git_dir, text)
    assert excludes.is_excluding(git_dir, text)
    assert not excludes.is_excluding(git_dir, text + "\n")
    for each in (tree, other, repository):
        each.write({"SESSION.md": "x"})
    assert tree.status() == ""
    assert other.status() == repository.status() == "?? SESSION.md"


def test_it_is_no_longer_in_force_when_the_repository_was_moved(tmp_path: Path) -> None:
    repository = GitRepo.init(tmp_path / "shop", {"a.txt": "a"})
    git = Git(os.environ)
    prepare_clone(git, git.discover(repository.path))
    tree = repository.worktree(tmp_path / "auth", "auth")
    text = excludes.exclude_text("", {"SESSION.md"})
    excludes.exclude(git, tree.path, repository.path / ".git/worktrees/auth", text)
    repository.path.rename(tmp_path / "moved")
    git_dir = tmp_path / "moved/.git/worktrees/auth"
    assert not excludes.is_excluding(git_dir, text)
    GitRepo(tmp_path / "moved").git("worktree", "repair")
    excludes.put_in_force(git, tree.path, git_dir)
    assert excludes.is_excluding(git_dir, text)


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        (None, "/config/git/ignore"),
        ("", "/config/git/ignore"),
        ("~/mine", "/somewhere/mine"),
        ("/etc/mine", "/etc/mine"),
    ],
)
def test_the_users_own_are_where_git_has_them(configured: str | None, expected: str) -> None:
    assert excludes.global_excludes_file(configured, Path("/somewhere"), Path("/config")) == Path(expected)


@pytest.mark.parametrize(
    ("line", "is_seen"),
    [("!*.md", True), ("!/SESSION.md", True), ("!**/S*", True), ("*.md", False), ("!docs/*.md", False),
     ("# !*.md", False)],
)  # fmt: skip
def test_patterns_that_make_files_seen_again(tmp_path: Path, line: str, is_seen: bool) -> None:
    (tmp_path / ".gitignore").write_text(f"*.log\n{line}\n")
    patterns = excludes.never_ignored(tmp_path)
    assert excludes.is_never_ignored("SESSION.md", patterns) is is_seen
    assert excludes.never_ignored(tmp_path / "nowhere") == ()
