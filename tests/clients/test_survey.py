"""The snapshot of a repository: every worktree, ref and mark, whatever it is called and whatever became of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reconciler.clients.clone import prepare_clone
from reconciler.clients.git import Git, Repository
from reconciler.clients.marks import Mark, MarkBook, save_book
from reconciler.clients.survey import Survey, branch_mark_value, identity_value, take_survey
from reconciler.clients.trees import Standing, TreeRecord
from reconciler.model.address import Address
from tests.support.repository import GitRepo

NAMES = [
    "plain",
    "with space",
    "new\nline",
    "two\n\nlines",
    "line\u2028separator",
    "n\udce9",
    "tab\tquote\"'",
    "é",
    " x ",
]


def record(survey: Survey, path: Path) -> TreeRecord:
    """Find the record of a tree."""
    found = survey.record_at(path)
    assert found is not None, [str(one.path) for one in survey.records]
    return found


def mark(git_dir: Path, clone: str, name: str = "auth") -> None:
    """Mark a tree as ours."""
    save_book(git_dir, MarkBook(clone, {Address("workspace", name): Mark()}))


@pytest.mark.parametrize("name", NAMES)
def test_a_tree_is_found_whatever_its_path(tmp_path: Path, repo: GitRepo, git: Git, name: str) -> None:
    """Path, branch, commit and private directory are as git has them."""
    tree = repo.worktree(tmp_path / name, "b")
    survey = take_survey(git, git.discover(tree.path))
    found = record(survey, tmp_path / name)
    assert found.git_dir == Path(tree.git("rev-parse", "--absolute-git-dir"))
    assert (found.branch, found.head) == ("b", repo.commit_of("main"))
    assert (found.standing, found.locked, found.has_index, found.book) == (Standing.PRESENT, None, True, None)
    assert survey.checked_out == {"main": repo.path, "b": tmp_path / name}
    assert survey.main == repo.path


@pytest.mark.parametrize("name", NAMES)
def test_a_repository_is_read_whatever_its_path(tmp_path: Path, git: Git, name: str) -> None:
    """The same for the path of the repository itself."""
    repo = GitRepo.init(tmp_path / name, {"a": "a"})
    repo.worktree(tmp_path / "tree", "b")
    survey = take_survey(git, git.discover(repo.path))
    assert survey.main == repo.path
    assert record(survey, tmp_path / "tree").standing is Standing.PRESENT


@pytest.mark.parametrize(
    "reason",
    ["", "why", "two\nlines", "an\n\nempty one", "worktree /x\nbranch refs/heads/y", "line\u2028separator", "é"],
)
def test_a_lock_is_read_with_its_reason(
    tmp_path: Path, repo: GitRepo, repository: Repository, git: Git, reason: str
) -> None:
    """No reason is still a lock, and a reason never passes for another field."""
    repo.worktree(tmp_path / "t", "b")
    repo.worktree(tmp_path / "u", "c")
    repo.git("worktree", "lock", *([f"--reason={reason}"] if reason else []), str(tmp_path / "t"))
    survey = take_survey(git, repository)
    assert (record(survey, tmp_path / "t").locked, record(survey, tmp_path / "t").branch) == (reason, "b")
    assert record(survey, tmp_path / "u").locked is None


def test_a_detached_head_has_a_commit_and_no_branch(
    tmp_path: Path, repo: GitRepo, repository: Repository, git: Git
) -> None:
    """Such a tree holds no branch."""
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "t"))
    found = record(take_survey(git, repository), tmp_path / "t")
    assert (found.branch, found.head) == (None, repo.commit_of("main"))


def test_an_unborn_branch_has_no_commit(tmp_path: Path, git: Git) -> None:
    """A repository without commits is read, and has no default branch."""
    repo = GitRepo.init(tmp_path / "new")
    survey = take_survey(git, git.discover(repo.path))
    assert (survey.main, survey.main_branch) == (repo.path, "main")
    assert (survey.branches, survey.records, survey.default_branch) == ({}, (), None)


@pytest.mark.parametrize("branch", ["main", "n\udce9", "line\u2028"])
def test_a_bare_repository_has_no_main_worktree(tmp_path: Path, repo: GitRepo, git: Git, branch: str) -> None:
    """Its branch is known all the same, and nothing is checked out but in linked trees."""
    repo.git("branch", "--move", branch)
    bare = repo.clone(tmp_path / "bare.git", "--bare")
    bare.worktree(tmp_path / "t", "b")
    survey = take_survey(git, git.discover(bare.path))
    assert (survey.main, survey.main_branch, survey.default_branch) == (None, branch, branch)
    assert survey.checked_out == {"b": tmp_path / "t"}


def test_branches_are_read_packed_and_loose(repo: GitRepo, repository: Repository, git: Git) -> None:
    """Any name that git takes, wherever the ref is kept, with what it follows; a symbolic one is no branch."""
    names = ["a/b/c", "line\u2028separator", "next\x85line", "n\udce9", "é", "q\"uo'te", "#1", "x.y"]
    for name in names:
        repo.branch(name)
    repo.git("pack-refs", "--all")
    repo.branch("loose")
    repo.git("branch", "--set-upstream-to=main", "loose")
    repo.git("symbolic-ref", "refs/heads/alias", "refs/heads/main")
    survey = take_survey(git, repository)
    assert sorted(survey.branches) == sorted([*names, "loose", "main"])
    assert survey.branches["loose"].upstream == "refs/heads/main"
    assert survey.symbolic == {"refs/heads/alias": "refs/heads/main"}
    assert survey.commit_of("line\u2028separator") == repo.commit_of("main")


def test_a_broken_ref_is_passed_over(repo: GitRepo, repository: Repository, git: Git) -> None:
    """What a crash of the machine left in place of a ref hides no other."""
    (repo.path / ".git/refs/heads/broken").write_bytes(b"")
    (repo.path / ".git/refs/heads/zeros").write_bytes(b"\0" * 41)
    assert sorted(take_survey(git, repository).branches) == ["main"]


def test_remotes_and_the_default_branch(tmp_path: Path, repo: GitRepo, git: Git) -> None:
    """The remote says what work starts from; a branch of several remotes is named by all of them."""
    repo.branch("dev")
    repo.git("symbolic-ref", "HEAD", "refs/heads/dev")
    clone = repo.clone(tmp_path / "clone")
    clone.git("remote", "add", "my/fork", str(repo.path))
    clone.git("fetch", "-q", "my/fork")
    repository = git.discover(clone.path)
    survey = take_survey(git, repository)
    assert survey.default_branch == "dev"
    assert survey.remote_names == ("my/fork", "origin")
    assert survey.remotes_with("main") == ("my/fork/main", "origin/main")
    assert survey.remotes_with("none") == ()
    clone.git("config", "checkout.defaultRemote", "origin")
    clone.git("checkout", "-q", "--detach")
    clone.git("branch", "-D", "dev")
    survey = take_survey(git, repository)
    assert survey.default_branch == "origin/dev"
    assert survey.remotes_with("main") == ("origin/main",)
    assert survey.commit_of("origin/dev") == repo.commit_of("dev")


# --- how a record and its tree stand to each other -------------------------------------------------------------------


def test_a_deleted_tree_is_missing(tmp_path: Path, repo: GitRepo, repository: Repository, git: Git) -> None:
    """Nothing is where the record says, or something that is no tree."""
    for name in ("gone", "emptied", "file"):
        repo.worktree(tmp_path / name, name)
        shutil.rmtree(tmp_path / name)
    (tmp_path / "emptied").mkdir()
    (tmp_path / "file").touch()
    survey = take_survey(git, repository)
    assert {one.path.name: one.standing for one in survey.records} == dict.fromkeys(
        ("gone", "emptied", "file"), Standing.MISSING
    )


@pytest.mark.parametrize(
    "target", ["u", "up/../../v", "t2/deeper", "likely/x"], ids=["beside", "up", "below", "likely"]
)
def test_a_tree_moved_by_hand_is_found(
    tmp_path: Path, repo: GitRepo, repository: Repository, git: Git, target: str
) -> None:
    """Beside other trees, a step up, in a renamed directory or where it was said to look."""
    old, new = tmp_path / "trees/all/t", Path(f"{tmp_path}/trees/all/{target}").resolve()
    repo.worktree(old, "b")
    new.parent.mkdir(parents=True, exist_ok=True)
    old.rename(new)
    likely = () if new.parent.name != "likely" else [new.parent]
    found = take_survey(git, repository, likely=likely).records
    expected = (Standing.MISSING, old) if target == "t2/deeper" else (Standing.MOVED, new)
    assert [(one.standing, one.path) for one in found] == [expected]


def test_a_renamed_directory_of_trees_is_found(tmp_path: Path, repo: GitRepo, repository: Repository, git: Git) -> None:
    """All trees that moved together are found, each for itself."""
    for name in ("a", "b"):
        repo.worktree(tmp_path / "old" / name, name)
    (tmp_path / "old").rename(tmp_path / "new")
    found = {one.path: (one.standing, one.branch) for one in take_survey(git, repository).records}
    assert found == {tmp_path / "new" / name: (Standing.MOVED, name) for name in ("a", "b")}


def test_a_copy_of_a_repository_owns_no_tree_of_the_original(
    tmp_path: Path, repo: GitRepo, repository: Repository, git: Git
) -> None:
    """The copied records name trees of another clone; the copied identity is not taken for its own."""
    clone = prepare_clone(git, repository)
    tree = repo.worktree(tmp_path / "t", "b")
    git_dir = Path(tree.git("rev-parse", "--absolute-git-dir"))
    mark(git_dir, clone)
    shutil.copytree(repo.path, tmp_path / "copy")
    copied = take_survey(git, git.discover(tmp_path / "copy"))
    assert [(one.standing, one.book) for one in copied.records] == [(Standing.FOREIGN, None)]
    assert (copied.clone, copied.is_copy, copied.marks) == (None, True, {})
    original = take_survey(git, repository)
    assert (original.clone, original.is_copy) == (clone, False)
    assert list(original.marks) == [Address("workspace", "auth")]


def test_a_moved_repository_cuts_its_trees_off(tmp_path: Path, repo: GitRepo, git: Git) -> None:
    """The trees stand where they were, and name a directory that is gone."""
    repo.worktree(tmp_path / "t", "b")
    repo.path.rename(tmp_path / "elsewhere")
    survey = take_survey(git, git.discover(tmp_path / "elsewhere"))
    assert [(one.standing, one.path) for one in survey.records] == [(Standing.CUT_OFF, tmp_path / "t")]


def test_a_repository_that_moved_with_its_trees_finds_them(tmp_path: Path, git: Git) -> None:
    """As far from each other as before, marked trees are known again."""
    repo = GitRepo.init(tmp_path / "work/shop", {"a": "a"})
    clone = prepare_clone(git, git.discover(repo.path))
    tree = repo.worktree(tmp_path / "work/trees/t", "b")
    mark(Path(tree.git("rev-parse", "--absolute-git-dir")), clone)
    (tmp_path / "work").rename(tmp_path / "play")
    survey = take_survey(git, git.discover(tmp_path / "play/shop"))
    assert [(one.standing, one.path) for one in survey.records] == [(Standing.MOVED, tmp_path / "play/trees/t")]
    assert survey.clone == clone


def test_a_half_written_record_is_passed_over(tmp_path: Path, repo: GitRepo, repository: Repository, git: Git) -> None:
    """A record without its `gitdir`, as `git worktree add` killed early leaves it, hides no other."""
    repo.worktree(tmp_path / "t", "b")
    (repo.path / ".git/worktrees/half").mkdir()
    (repo.path / ".git/worktrees/half/locked").write_text("initializing")
    assert [one.path for one in take_survey(git, repository).records] == [tmp_path / "t"]


# --- marks of branches -----------------------------------------------------------------------------------------------


def test_branches_bear_marks(repo: GitRepo, repository: Repository, git: Git) -> None:
    """Ours are told from others, and made from used; a branch that is gone keeps its mark."""
    clone = prepare_clone(git, repository)
    repo.branch("made/x.y")
    repo.git("config", "branch.made/x.y.orchestra", branch_mark_value(clone, Address("workspace", "a"), made=True))
    repo.git("config", "branch.main.orchestra", branch_mark_value(clone, Address("workspace", "b"), made=False))
    repo.git("config", "branch.gone.orchestra", branch_mark_value(clone, Address("workspace", "c"), made=True))
    survey = take_survey(git, repository)
    assert survey.marked_branches == {
        "made/x.y": (Address("workspace", "a"), True),
        "main": (Address("workspace", "b"), False),
        "gone": (Address("workspace", "c"), True),
    }
    assert survey.branches["made/x.y"].mark == Address("workspace", "a")
    assert survey.branches["made/x.y"].made
    assert not survey.branches["main"].made


@pytest.mark.parametrize(
    "value", ["", "{}", "{} x", "{} :", "{} workspace: made", "{} :x made", "other workspace:a made"]
)
def test_a_mark_of_a_branch_that_says_nothing_is_none(
    repo: GitRepo, repository: Repository, git: Git, value: str
) -> None:
    """What somebody edited, or another clone wrote, is no mark of ours."""
    clone = prepare_clone(git, repository)
    repo.git("config", "branch.main.orchestra", value.format(clone))
    survey = take_survey(git, repository)
    assert survey.marked_branches == {}
    assert survey.branches["main"].mark is None


def test_a_clone_without_identity_knows_no_marks(
    tmp_path: Path, repo: GitRepo, repository: Repository, git: Git
) -> None:
    """Before the first apply nothing is ours; an identity alone, without the inode, is a copy's."""
    tree = repo.worktree(tmp_path / "t", "b")
    mark(Path(tree.git("rev-parse", "--absolute-git-dir")), "some-clone")
    survey = take_survey(git, repository)
    assert (survey.clone, survey.is_copy, survey.marks) == (None, False, {})
    repo.git("config", "orchestra.clone", "some-clone")
    assert take_survey(git, repository).is_copy
    repo.git("config", "orchestra.clone", identity_value("some-clone", repository))
    assert list(take_survey(git, repository).marks) == [Address("workspace", "auth")]
