"""`check` over real histories: what it refuses and names, what it lets pass, and that no branch says what it may."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.repository import GitRepo, Project, project

MANIFEST = """\
check: {governed: ["agent/**"]}
worktrees:
  auth:
    branch: agent/auth
    modify: packages/auth
    shared: CHANGES
    deny: packages/auth/vendor
    helpers:
      test: {modify: packages/auth/tests, shared: CHANGES}
  ui: {branch: agent/ui, modify: packages/ui}
"""
FILES = {
    "orchestra.yaml": MANIFEST,
    "CHANGES": "0\n",
    "packages/auth/a.py": "a\n",
    "packages/auth/vendor/v.py": "v\n",
    "packages/auth/tests/t.py": "t\n",
    "packages/ui/u.js": "u\n",
    "tool": "#!/bin/sh\n",
}
Refused = list[tuple[str, str]]


@pytest.fixture
def team(tmp_path: Path) -> Project:
    made = project(tmp_path, FILES)
    made.repository.git("checkout", "-q", "-b", "agent/auth")
    return made


def refused(team: Project, *words: str) -> Refused:
    """What is refused of all branches, or of what words name: what was done to which path."""
    answer = team.run("check", "--json", *words)
    document = json.loads(answer.out)
    found = [(each["what"], each["path"] or each["because"]) for b in document["branches"] for each in b["violations"]]
    assert answer.code == (7 if found else 0), answer
    return found


# --- each kind of change ---------------------------------------------------------------------------------------------


def _files(files: dict[str, str | Path | bytes | None]) -> Callable[[GitRepo], object]:
    return lambda repo: repo.commit(files)


def _commands(*commands: str) -> Callable[[GitRepo], object]:
    def run(repo: GitRepo) -> None:
        for command in commands:
            repo.git(*command.split(" "))
        repo.commit()

    return run


def _executable(path: str) -> Callable[[GitRepo], object]:
    def run(repo: GitRepo) -> None:
        (repo.path / path).chmod(0o755)
        repo.commit()

    return run


def _submodule(path: str) -> Callable[[GitRepo], object]:
    def run(repo: GitRepo) -> None:
        repo.write({".gitmodules": f'[submodule "s"]\n\tpath = {path}\n\turl = /x\n\tignore = all\n'})
        repo.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},{path}")
        repo.git("commit", "-q", "-m", "a submodule that its settings hide")

    return run


def _directory_becomes_link(repo: GitRepo) -> None:
    repo.git("rm", "-q", "-r", "packages/ui")
    repo.commit({"packages/ui": Path("auth")})


def _net_zero(repo: GitRepo) -> None:
    repo.commit({"tool": "bad\n"})
    repo.git("revert", "--no-edit", "HEAD")


CHANGES: list[tuple[str, Callable[[GitRepo], object], Refused]] = [
    ("inside", _files({"packages/auth/new.py": "n", "packages/auth/a.py": None}), []),
    ("shared", _files({"CHANGES": "1\n"}), []),
    ("empty commit", _files({}), []),
    ("added", _files({"packages/ui/n.js": "n"}), [("added", "packages/ui/n.js")]),
    ("changed", _files({"packages/ui/u.js": "n"}), [("changed", "packages/ui/u.js")]),
    ("deleted", _files({"tool": None}), [("deleted", "tool")]),
    ("denied", _files({"packages/auth/vendor/v.py": "n"}), [("changed", "packages/auth/vendor/v.py")]),
    ("mode", _executable("tool"), [("mode", "tool")]),
    ("mode inside", _executable("packages/auth/a.py"), []),
    ("renamed out", _commands("mv packages/auth/a.py a.py"), [("added", "a.py")]),
    ("renamed in", _commands("mv packages/ui/u.js packages/auth/u.js"), [("deleted", "packages/ui/u.js")]),
    ("copied in", _files({"packages/auth/u.js": "u\n"}), []),
    ("link", _files({"packages/ui/l": Path("u.js")}), [("link", "packages/ui/l")]),
    ("link inside", _files({"packages/auth/l": Path("../ui")}), []),
    (
        "directory becomes a link",
        _directory_becomes_link,
        [("link", "packages/ui"), ("deleted", "packages/ui/u.js")],
    ),
    ("submodule", _submodule("lib"), [("submodule", "lib")]),
    ("submodule inside", _submodule("packages/auth/lib"), []),
    ("case", _files({"Packages/auth/a.py": "n"}), [("added", "Packages/auth/a.py")]),
    ("sibling by name", _files({"packages/auth2": "n"}), [("added", "packages/auth2")]),
    ("line end in a name", _files({"a\nb": "n"}), [("added", '"a\\nb"')]),
    ("quote in a name", _files({'a"b': "n"}), [("added", 'a"b')]),
    ("bytes in a name", _files({"a\udcff": "n"}), [("added", '"a\\377"')]),
    ("bytes inside", _files({"packages/auth/a\udcff\n": "n"}), []),
    ("pattern in a name", _files({":(top)x": "n", "packages/auth/*": "n"}), [("added", ":(top)x")]),
    ("unicode forms", _files({"é": "n", "e\u0301": "n"}), [("added", "e\u0301"), ("added", "é")]),
    ("attributes", _files({".gitattributes": "* diff=x\n"}), [("added", ".gitattributes")]),
    ("taken back", _net_zero, [("changed", "tool"), ("changed", "tool")]),
    ("manifest", _files({"orchestra.yaml": "worktrees: {}\n"}), [("changed", "orchestra.yaml")]),
]


@pytest.mark.parametrize(("change", "expected"), [pytest.param(*row[1:], id=row[0]) for row in CHANGES])
def test_each_kind_of_change(team: Project, change: Callable[[GitRepo], object], expected: Refused) -> None:
    """It is refused just where it leaves the area, and named by what it is."""
    change(team.repository)
    assert refused(team) == expected


# --- shapes of history -----------------------------------------------------------------------------------------------


def _on(repo: GitRepo, branch: str, files: dict[str, str | None], start: str = "") -> None:
    """Commit on another branch, and come back."""
    repo.git("checkout", "-q", *(["-b", branch, start] if start else [branch]))
    repo.commit(files)
    repo.git("checkout", "-q", "agent/auth")


def _merge_base_moved(repo: GitRepo) -> None:
    repo.commit({"packages/auth/b.py": "b"})
    _on(repo, "main", {"tool": "newer\n", "packages/ui/u.js": "newer\n"})
    repo.git("merge", "-q", "--no-edit", "main")


def _merge_base_conflict(repo: GitRepo) -> None:
    repo.commit({"packages/auth/a.py": "ours\n"})
    _on(repo, "main", {"packages/auth/a.py": "theirs\n", "tool": "newer\n"})
    repo.try_git("merge", "-q", "main")
    repo.commit({"packages/auth/a.py": "both\n"}, "merged")


def _merge_of(files: dict[str, str | None], *, strategy: str = "") -> Callable[[GitRepo], object]:
    """Merge a base that moved on, and put more into the merge."""

    def run(repo: GitRepo) -> None:
        repo.commit({"packages/auth/b.py": "b"})
        _on(repo, "main", {"tool": "newer\n"})
        repo.git("merge", "-q", "--no-commit", "--no-ff", *(["-s", strategy] if strategy else []), "main")
        repo.commit(files, "merged")

    return run


def _merge_smuggled_and_mended(repo: GitRepo) -> None:
    _merge_of({}, strategy="ours")(repo)
    repo.commit({"tool": "newer\n"})


def _merge_smuggled_and_merged_again(repo: GitRepo) -> None:
    """The later merge takes what the earlier one left out, and more of the base comes in by a third."""
    _merge_of({}, strategy="ours")(repo)
    _on(repo, "main", {"tool": "newest\n"})
    repo.try_git("merge", "-q", "main")
    repo.commit({"tool": "newest\n"}, "merged")
    _on(repo, "main", {"packages/ui/u.js": "newest\n"})
    repo.git("merge", "-q", "--no-edit", "main")


def _fast_forward(repo: GitRepo) -> None:
    _on(repo, "main", {"tool": "newer\n"})
    repo.git("merge", "-q", "--ff-only", "main")


def _rebase(repo: GitRepo) -> None:
    repo.commit({"packages/auth/b.py": "b"})
    _on(repo, "main", {"tool": "newer\n"})
    repo.git("rebase", "-q", "main")


def _foreign_merge(repo: GitRepo) -> None:
    _on(repo, "else", {"tool": "foreign\n"}, "main")
    repo.commit({"packages/auth/b.py": "b"})
    repo.git("merge", "-q", "--no-edit", "else")


def _octopus(repo: GitRepo) -> None:
    for number in (1, 2):
        _on(repo, f"side{number}", {f"packages/auth/s{number}": "s"}, "agent/auth")
    _on(repo, "main", {"tool": "newer\n"})
    repo.commit({"packages/auth/b.py": "b"})
    repo.git("merge", "-q", "--no-edit", "side1", "side2", "main")


def _octopus_with_a_foreigner(repo: GitRepo) -> None:
    _on(repo, "side", {"packages/ui/n.js": "n"}, "agent/auth")
    _on(repo, "main", {"tool": "newer\n"})
    repo.commit({"packages/auth/b.py": "b"})
    repo.git("merge", "-q", "--no-edit", "side", "main")


def _cherry_pick(repo: GitRepo) -> None:
    _on(repo, "else", {"tool": "foreign\n"}, "main")
    repo.git("cherry-pick", "else")


def _revert_of_base(repo: GitRepo) -> None:
    _merge_base_moved(repo)
    repo.git("revert", "--no-edit", "-m", "1", "HEAD")


def _revert_of_own(repo: GitRepo) -> None:
    repo.commit({"packages/auth/b.py": "b"})
    repo.git("revert", "--no-edit", "HEAD")


def _unrelated_root(repo: GitRepo) -> None:
    repo.git("checkout", "-q", "--orphan", "agent/new")
    repo.git("rm", "-q", "-r", "-f", ".")
    repo.commit({"packages/auth/a.py": "orphan"})
    repo.git("branch", "-f", "agent/auth", "agent/new")
    repo.git("checkout", "-q", "agent/auth")
    repo.git("branch", "-D", "agent/new")


def _merge_of_a_root(content: dict[str, str | None]) -> Callable[[GitRepo], object]:
    def run(repo: GitRepo) -> None:
        repo.git("checkout", "-q", "--orphan", "root")
        repo.git("rm", "-q", "-r", "-f", ".")
        repo.commit(content)
        repo.git("checkout", "-q", "agent/auth")
        repo.git("merge", "-q", "--no-edit", "--allow-unrelated-histories", "root")
        repo.git("branch", "-D", "root")

    return run


def _criss_cross(repo: GitRepo) -> None:
    """The base has two lines of its own, and merged them another way round than the branch."""
    _on(repo, "one", {"tool": "one\n"}, "main")
    _on(repo, "two", {"packages/ui/u.js": "two\n"}, "main")
    repo.commit({"packages/auth/b.py": "b"})
    repo.git("merge", "-q", "--no-edit", "one")
    repo.git("merge", "-q", "--no-edit", "two")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-edit", "two")
    repo.git("merge", "-q", "--no-edit", "one")
    repo.git("checkout", "-q", "agent/auth")


def _criss_cross_and_on(repo: GitRepo) -> None:
    _criss_cross(repo)
    repo.git("merge", "-q", "--no-edit", "main")
    repo.commit({"packages/auth/c.py": "c"})


def _older_base(repo: GitRepo) -> None:
    """A side line that began at an older base comes back."""
    _on(repo, "side", {"packages/auth/s": "s"}, "main")
    _on(repo, "main", {"tool": "newer\n"})
    repo.git("merge", "-q", "--ff-only", "main")
    repo.git("merge", "-q", "--no-edit", "side")


SHAPES: list[tuple[str, Callable[[GitRepo], object], Refused]] = [
    ("merge from the base", _merge_base_moved, []),
    ("conflict with the base", _merge_base_conflict, []),
    ("fast-forward", _fast_forward, []),
    ("rebase", _rebase, []),
    ("merge with more inside", _merge_of({"packages/auth/m": "m"}), []),
    ("merge that smuggles", _merge_of({"packages/ui/n.js": "n"}), [("added", "packages/ui/n.js")]),
    ("merge that changes what came", _merge_of({"tool": "third\n"}), [("changed", "tool")]),
    ("merge that takes out", _merge_of({"packages/ui/u.js": None}), [("deleted", "packages/ui/u.js")]),
    ("merge -s ours", _merge_of({}, strategy="ours"), [("changed", "tool")]),
    ("merge -s ours, mended", _merge_smuggled_and_mended, [("changed", "tool"), ("changed", "tool")]),
    ("merge -s ours, then merged", _merge_smuggled_and_merged_again, [("changed", "tool")]),
    ("foreign merge", _foreign_merge, [("changed", "tool")]),
    ("octopus", _octopus, []),
    ("octopus with a foreigner", _octopus_with_a_foreigner, [("added", "packages/ui/n.js")]),
    ("cherry-pick", _cherry_pick, [("changed", "tool")]),
    ("revert of the base", _revert_of_base, [("changed", "packages/ui/u.js"), ("changed", "tool")]),
    ("revert of its own", _revert_of_own, []),
    ("root", _merge_of_a_root({"other": "o"}), [("added", "other")]),
    ("root inside", _merge_of_a_root({"packages/auth/o": "o"}), []),
    ("nothing in common", _unrelated_root, [("history", "unrelated")]),
    ("criss-cross", _criss_cross, []),
    ("criss-cross, and on", _criss_cross_and_on, []),
    ("older base", _older_base, []),
]


@pytest.mark.parametrize(("shape", "expected"), [pytest.param(*row[1:], id=row[0]) for row in SHAPES])
def test_each_shape_of_history(team: Project, shape: Callable[[GitRepo], object], expected: Refused) -> None:
    """What comes from the base is the base's; what a branch or a merge adds is its own."""
    shape(team.repository)
    assert refused(team, "auth") == expected


# --- which branches, whose area --------------------------------------------------------------------------------------


def test_a_helper_is_held_to_its_own_area_and_its_parent_is_judged_too(team: Project) -> None:
    """What the parent did is the parent's, also when the helper alone is asked for; nothing is told twice."""
    repo = team.repository
    repo.commit({"tool": "bad\n", "packages/auth/b.py": "b"})
    repo.git("checkout", "-q", "-b", "agent/auth--test")
    repo.commit({"packages/auth/tests/n.py": "n", "packages/auth/c.py": "c"})

    assert refused(team, "auth--test") == [("changed", "tool"), ("added", "packages/auth/c.py")]
    assert refused(team) == refused(team, "auth--test")


def test_a_branch_that_stands_for_another_is_judged_as_that(team: Project) -> None:
    """A symbolic ref in its place, also one over a second, hides nothing, whether it is asked for or not."""
    repo = team.repository
    _on(repo, "mine", {"tool": "bad\n"}, "agent/auth")
    repo.git("checkout", "-q", "main")
    repo.git("symbolic-ref", "refs/heads/between", "refs/heads/mine")
    repo.git("symbolic-ref", "refs/heads/agent/auth", "refs/heads/between")
    assert refused(team) == refused(team, "auth") == [("changed", "tool")]
    repo.git("update-ref", "refs/elsewhere/x", "mine")
    repo.git("symbolic-ref", "refs/heads/agent/auth", "refs/elsewhere/x")
    assert refused(team) == [("changed", "tool")]


def test_a_parent_may_merge_its_helper(team: Project) -> None:
    """A helper's area lies inside its parent's."""
    repo = team.repository
    _on(repo, "agent/auth--test", {"packages/auth/tests/n.py": "n"}, "agent/auth")
    repo.commit({"packages/auth/b.py": "b"})
    repo.git("merge", "-q", "--no-edit", "agent/auth--test")
    assert refused(team) == []


@pytest.mark.parametrize("gone", [False, True], ids=["parent is there", "parent is gone"])
def test_a_branch_spawned_below_a_declared_one_is_held_to_that(team: Project, gone: bool) -> None:
    """Nobody declared it; its parent's area is all it can have."""
    repo = team.repository
    _on(repo, "agent/auth--new", {"packages/auth/n.py": "n", "tool": "n"}, "agent/auth")
    if gone:
        repo.git("checkout", "-q", "main")
        repo.git("branch", "-D", "agent/auth")
    assert refused(team, "--branch", "agent/auth--new") == [("changed", "tool")]


def test_a_branch_under_a_governed_name_must_be_declared(team: Project) -> None:
    """Any other is nobody's business, and said to be."""
    team.repository.branch("agent/rogue")
    team.repository.branch("feature/x")
    assert refused(team) == [("branch", "undeclared")]
    assert refused(team, "--branch", "refs/heads/agent/rogue") == [("branch", "undeclared")]
    answer = team.run("check", "--branch", "feature/x").expect(0)
    assert answer.out.startswith("feature/x: not judged, it is neither declared nor under a governed name\n")
    told = team.run("check").expect(7).out
    assert "by `check: governed: agent/**` (orchestra.yaml:1:20)" in told


def test_no_branch_widens_its_own_area(team: Project) -> None:
    """The manifest on the branch, in its tree, and one that replaces an object of the base are not read."""
    repo = team.repository
    wide = MANIFEST.replace("modify: packages/auth\n", 'modify: "**"\n')
    repo.commit({"orchestra.yaml": wide, "tool": "bad"})
    assert refused(team) == [("changed", "orchestra.yaml"), ("changed", "tool")]

    repo.git("replace", repo.git("rev-parse", "main:orchestra.yaml"), repo.git("rev-parse", "HEAD:orchestra.yaml"))
    repo.git("replace", "main", "HEAD")
    assert refused(team) == [("changed", "orchestra.yaml"), ("changed", "tool")]


def test_the_area_is_the_one_that_the_base_declares_by_now(team: Project) -> None:
    """Widened on the base, it is wider at once; an older base cannot be chosen by beginning there."""
    repo = team.repository
    repo.commit({"tool": "mine\n"})
    before = repo.commit_of("main")
    _on(
        repo,
        "main",
        {"orchestra.yaml": MANIFEST.replace("shared: CHANGES\n    deny", "shared: [CHANGES, tool]\n    deny")},
    )
    assert refused(team) == []
    assert refused(team, "--base", before) == [("changed", "tool")]
    assert refused(team, "--base", "main^") == [("changed", "tool")]


def test_a_base_that_is_pinned_is_not_moved(team: Project) -> None:
    """An agent that can write refs moves `main` first; a hash of the base that a person names is not moved."""
    repo = team.repository
    pinned = repo.commit_of("main")
    repo.commit({"tool": "bad\n"})
    repo.git("update-ref", "refs/heads/main", "HEAD")
    assert refused(team, "auth") == []
    assert refused(team, "auth", "--base", pinned) == [("changed", "tool")]


def test_what_the_remote_has_of_the_base_is_the_bases(team: Project, tmp_path: Path) -> None:
    """A local base that lags behind makes nothing of it the branch's own."""
    clone = team.repository.clone(tmp_path / "clone")
    team.repository.git("checkout", "-q", "main")
    team.repository.commit({"tool": "newer\n"})
    clone.git("checkout", "-q", "-b", "main", "origin/main")
    clone.git("checkout", "-q", "agent/auth")
    clone.git("fetch", "-q")
    clone.git("merge", "-q", "--no-edit", "origin/main")
    assert refused(Project(clone)) == []


def test_a_clone_without_local_branches_is_judged_by_the_remotes(team: Project, tmp_path: Path) -> None:
    """As CI has it: the head is detached, and everything else is the remote's."""
    team.repository.commit({"tool": "bad\n"})
    clone = Project(team.repository.clone(tmp_path / "clone"))
    clone.repository.git("checkout", "-q", "--detach")
    clone.repository.git("branch", "-D", "agent/auth")
    assert refused(clone, "--base", "origin/main") == [("changed", "tool")]
    assert refused(clone, "--base", "origin/main", "--branch", "agent/auth") == [("changed", "tool")]


def test_a_bare_repository_will_do(team: Project, tmp_path: Path) -> None:
    """No work tree is needed, nor looked at."""
    team.repository.commit({"tool": "bad\n"})
    bare = Project(team.repository.clone(tmp_path / "bare.git", "--bare"))
    bare.repository.git("symbolic-ref", "HEAD", "refs/heads/main")
    assert refused(bare) == [("changed", "tool")]


def test_other_settings_and_variables_change_nothing(team: Project, tmp_path: Path) -> None:
    """Neither runs code of the repository's, nor hides a path, whatever git is told."""
    repo = team.repository
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o755)
    settings = {
        "diff.external": program,
        "core.fsmonitor": program,
        "diff.x.textconv": program,
        "diff.renames": "copies",
    }
    settings |= {"diff.ignoreSubmodules": "all", "core.quotePath": "false", "diff.relative": "true"}
    repo.commit({".gitattributes": "* diff=x\n", "packages/auth/u.js": "u\n"})
    _commands("mv packages/ui/u.js packages/auth/moved.js")(repo)
    for key, value in settings.items():
        repo.git("config", key, str(value))
    variables = {"GIT_ICASE_PATHSPECS": "1", "GIT_LITERAL_PATHSPECS": "1", "GIT_EXTERNAL_DIFF": str(program)}
    variables |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "diff.noprefix", "GIT_CONFIG_VALUE_0": "true"}
    variables |= {"GIT_DIR": "/nowhere", "GIT_OBJECT_DIRECTORY": "/nowhere"}

    answer = team.run("check", "--json", cwd=team.path / "packages" / "auth", env=variables).expect(7)

    found = [(each["what"], each["path"]) for each in json.loads(answer.out)["branches"][0]["violations"]]
    assert found == [("added", ".gitattributes"), ("deleted", "packages/ui/u.js")]
    assert not ran.exists()


# --- as a server's hook ----------------------------------------------------------------------------------------------


@pytest.fixture
def server(team: Project, tmp_path: Path) -> GitRepo:
    """Give a bare repository that `team` pushes to, with the hook."""
    bare = GitRepo.init(tmp_path / "server.git", bare=True)
    hook = bare.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reconciler check --pre-receive\n')
    hook.chmod(0o755)
    team.repository.git("remote", "add", "server", str(bare.path))
    team.repository.git("push", "-q", "server", "main")
    return bare


def test_a_push_is_judged_before_it_is_taken(team: Project, server: GitRepo) -> None:
    """What is inside is taken; what is not is refused with all that was pushed with it, and the pusher reads why."""
    repo = team.repository
    good = repo.commit({"packages/auth/b.py": "b"})
    repo.git("push", "-q", "server", "agent/auth")
    repo.commit({"tool": "bad\n"})
    repo.branch("other", "main")

    told = repo.try_git("push", "server", "agent/auth", "other")

    assert told.returncode == 1
    assert "changed  tool" in told.stderr
    assert "outside of `modify: packages/auth` (orchestra.yaml:5:13)" in told.stderr
    assert server.refs("refs/heads") == {
        "refs/heads/main": repo.commit_of("main"),
        "refs/heads/agent/auth": good,
    }


def test_a_push_cannot_bring_its_own_base_or_manifest(team: Project, server: GitRepo) -> None:
    """A base that is pushed along counts from the next push on."""
    repo = team.repository
    _on(
        repo,
        "main",
        {"orchestra.yaml": MANIFEST.replace("shared: CHANGES\n    deny", "shared: [CHANGES, tool]\n    deny")},
    )
    repo.git("merge", "-q", "main")
    repo.commit({"tool": "mine\n"})

    assert "changed  tool" in repo.try_git("push", "server", "main", "agent/auth").stderr
    repo.git("push", "-q", "server", "main")
    repo.git("push", "-q", "server", "agent/auth")


def test_a_push_of_undeclared_helpers_deletions_and_tags(team: Project, server: GitRepo) -> None:
    """A governed name is refused, a helper of a parent that is pushed along is judged, the rest passes."""
    repo = team.repository
    repo.branch("agent/rogue", "main")
    assert "must be declared" in repo.try_git("push", "server", "agent/rogue").stderr
    repo.commit({"packages/auth/b.py": "b"})
    _on(repo, "agent/auth--test", {"packages/auth/tests/n.py": "n"}, "agent/auth")
    repo.git("tag", "v1")
    repo.git("push", "-q", "server", "agent/auth", "agent/auth--test", "v1")
    _on(repo, "agent/auth--test", {"packages/auth/n.py": "n"})
    assert "held to auth--test" in repo.try_git("push", "server", "agent/auth--test").stderr
    repo.git("push", "-q", "server", ":agent/auth--test")


def test_a_manifest_that_is_broken_can_be_mended_by_a_push(team: Project, server: GitRepo) -> None:
    """Until then nothing else is taken."""
    repo = team.repository
    _on(repo, "main", {"orchestra.yaml": "worktree: {}\n"})
    repo.git("push", "-q", "server", "main")
    repo.commit({"packages/auth/b.py": "b"})
    assert "unknown key `worktree`" in repo.try_git("push", "server", "agent/auth").stderr
    _on(repo, "main", {"orchestra.yaml": MANIFEST})
    repo.git("push", "-q", "server", "main")
    repo.git("push", "-q", "server", "agent/auth")


def test_a_server_is_judged_by_the_branch_of_its_head(team: Project, server: GitRepo) -> None:
    """Who pushes a first `main` does not say by that what all are judged by; nor does a first branch of any name."""
    repo = team.repository
    server.git("branch", "-m", "main", "trunk")
    assert server.git("symbolic-ref", "HEAD") == "refs/heads/trunk"
    wide = repo.commit({"orchestra.yaml": "worktrees: {auth: {branch: agent/auth}}\n"})
    repo.git("push", "-q", "server", f"{wide}:refs/heads/main")
    assert "changed  orchestra.yaml" in repo.try_git("push", "server", "agent/auth").stderr

    server.git("symbolic-ref", "HEAD", "refs/heads/unborn")
    assert "which branch is the base of all others" in repo.try_git("push", "server", "agent/auth").stderr
    repo.git("push", "-q", "server", "main:unborn")


@pytest.mark.parametrize("lines", ["x\n", f"{'0' * 40} {'1' * 40}\n", f"{'0' * 40} --all refs/heads/x\n", "\n"])
def test_what_git_never_tells_a_hook_is_refused(team: Project, lines: str) -> None:
    """And so is a commit that is not here."""
    answer = team.run("check", "--pre-receive", stdin=lines).expect(3)
    assert "this is not it" in answer.err
    assert "is no commit" in team.run("check", "--pre-receive", stdin=_line("agent/auth", "1" * 40)).expect(1).err
    assert team.run("check", "--pre-receive", stdin="").expect(0).out


def _line(branch: str, commit: str) -> str:
    return f"{'0' * 40} {commit} refs/heads/{branch}\n"


def test_names_that_no_tree_can_be_checked_out_with_are_refused(team: Project) -> None:
    """A tree that git itself would not write leads out of the area by `..`, or into git's own directory."""
    repo = team.repository
    blob = repo.git("hash-object", "-w", "--stdin", stdin="x")
    names = ["..", ".GIT"]
    inner = repo.git("mktree", stdin=f"100644 blob {blob}\tu.js\n")
    listed = repo.git("ls-tree", "main:packages/auth")
    odd = "".join(f"040000 tree {inner}\t{name}\n" for name in names)
    auth = repo.git("mktree", stdin=f"{listed}\n{odd}")
    packages = repo.git(
        "mktree", stdin=repo.git("ls-tree", "main:packages").replace(repo.git("rev-parse", "main:packages/auth"), auth)
    )
    top = repo.git(
        "mktree", stdin=repo.git("ls-tree", "main").replace(repo.git("rev-parse", "main:packages"), packages)
    )
    repo.git("update-ref", "refs/heads/agent/auth", repo.git("commit-tree", top, "-p", "main", "-m", "odd"))

    assert refused(team) == [("added", "packages/auth/../u.js"), ("added", "packages/auth/.GIT/u.js")]


# --- answers ---------------------------------------------------------------------------------------------------------


def test_the_answer_names_commit_path_pattern_place_and_way_out(team: Project) -> None:
    """In text; the same stands in the document."""
    commit = team.repository.commit({"packages/ui/u.js": "mine", "packages/auth/vendor/v.py": "mine"})
    short = commit[:9]

    text = team.run("check").expect(7).out
    document = json.loads(team.run("check", "--json").expect(7).out)

    assert text.splitlines() == [
        "agent/auth (held to auth): refused, 1 commit of its own",
        f"  {short}  changed  packages/auth/vendor/v.py",
        "    denied by `deny: packages/auth/vendor` (orchestra.yaml:7:11)",
        f"    hint: take it out of the commit: `git rebase -i {short}^`",
        f"  {short}  changed  packages/ui/u.js",
        (
            "    outside of `modify: packages/auth` (orchestra.yaml:5:13), `shared: CHANGES` (orchestra.yaml:6:13); "
            "it belongs to ui"
        ),
        f"    hint: take it out of the commit: `git rebase -i {short}^`, or widen `modify` of auth on main",
        "Check: 1 branch, 1 commit; 2 changes refused.",
    ]
    assert document["format"] == "orchestra.check/1"
    assert document["base"]["commit"] == team.repository.commit_of("main")
    assert document["branches"][0]["violations"][1]["owners"] == ["ui"]
    assert document["branches"][0]["violations"][0]["rules"][0]["where"]["line"] == 7
    assert team.run("check", "ui").expect(3).err


def test_annotations_hold_nothing_that_steers_the_runner(team: Project) -> None:
    """Each is one line; what a name holds is escaped, and stands nowhere else."""
    name = "a\n::warning::b,c:d%0A"
    team.repository.commit({name: "n", "x,y:z%": "n", "##[error]x": "n"})

    lines = team.run("check", "--github").expect(7).out.splitlines()

    assert [line.partition(" ")[0] for line in lines] == ["::error", "::error", "::error", "Check:"]
    assert lines[0].startswith("::error file=##[error]x,title=agent/auth%3A refused::")
    assert lines[1].startswith('::error file="a\\n%3A%3Awarning%3A%3Ab%2Cc%3Ad%250A",title=agent/auth%3A refused::')
    assert lines[2].startswith("::error file=x%2Cy%3Az%25,title=agent/auth%3A refused::")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["nobody"], "no workspace `nobody` is declared", id="name"),
        pytest.param(["ui"], "there is no branch agent/ui", id="no branch yet"),
        pytest.param(["--branch", "none"], "there is no branch none", id="branch"),
        pytest.param(["--branch", "--x"], "expected one argument", id="option for a branch"),
        pytest.param(["--branch=--x"], "there is no branch --x", id="branch like an option"),
        pytest.param(["--branch", "a\nb\udcff"], "there is no branch", id="branch that none can be"),
        pytest.param(["--branch", ""], "there is no branch", id="empty branch"),
        pytest.param(["--base", "none"], "none names no commit here", id="base"),
        pytest.param(["--base", ""], "names no commit here", id="empty base"),
        pytest.param(["--base=--all"], "--all names no commit here", id="base like an option"),
        pytest.param(["--base", "main..agent/auth"], "names no commit here", id="range"),
        pytest.param(["--base", "main:tool"], "names no commit here", id="file"),
        pytest.param(["--base", "bare"], "has no orchestra.yaml", id="base without a manifest"),
        pytest.param(["--base", "broken"], "orchestra.yaml:1:1", id="base with a bad manifest"),
        pytest.param(["--json", "--github"], "two forms of one answer", id="two forms"),
        pytest.param(["--path", "a", "--base", "main"], "--path asks of the manifest in force", id="path and base"),
        pytest.param(["auth", "--pre-receive"], "judges what is pushed", id="push and a name"),
        pytest.param(["--path", "a", "--pre-receive"], "--path asks of the manifest in force", id="path and push"),
        pytest.param(["auth", "ui", "--path", "a"], "--path asks for one workspace", id="path and names"),
        pytest.param(["--file", "/etc/passwd"], "is in no tree of this repository", id="foreign file"),
    ],
)
def test_bad_usage_is_told_with_a_way_out(team: Project, words: list[str], told: str) -> None:
    """Exit 3, a reason, a hint, and never a traceback."""
    repo = team.repository
    for branch, files in (("bare", {"orchestra.yaml": None}), ("broken", {"orchestra.yaml": "worktree: {}\n"})):
        _on(repo, branch, files, "main")
    answer = team.run("check", *words).expect(3)
    assert told in answer.err + answer.out
    assert "hint" in answer.err + answer.out


def test_refs_that_lead_nowhere_are_told(team: Project) -> None:
    """A branch whose commit is not here, or that is no commit."""
    refs = team.path / ".git" / "refs" / "heads" / "agent"
    (refs / "auth--lost").write_text("1" * 40 + "\n")
    assert "is no commit that is here" in team.run("check").expect(1).err
    (refs / "auth--lost").write_text(team.repository.git("rev-parse", "main:tool") + "\n")
    assert "is no commit that is here" in team.run("check").expect(1).err


def test_a_history_that_was_cut_off_is_not_judged(team: Project, tmp_path: Path) -> None:
    """Where it is not known who did what, nobody is accused, and nobody is let pass."""
    team.repository.commit({"packages/auth/b.py": "b"})
    team.repository.commit({"packages/auth/c.py": "c"})
    clone = tmp_path / "clone"
    team.repository.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{team.path}", str(clone))
    answer = Project(GitRepo(clone)).run("check", "--base", "origin/main").expect(3)
    assert "history is cut off at" in answer.err
    assert "fetch-depth: 0" in answer.err


def test_the_number_of_programs_does_not_grow(team: Project, tmp_path: Path) -> None:
    """Neither with commits nor with merges nor with branches."""
    count = tmp_path / "count"
    real = shutil.which("git")
    shim = tmp_path / "bin" / "git"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\necho x >>{count}\nexec {real} "$@"\n')
    shim.chmod(0o755)

    def programs() -> int:
        count.write_text("")
        team.run("check", env={"PATH": f"{shim.parent}:{os.environ['PATH']}"}).expect(0)
        return len(count.read_text().splitlines())

    def go_on(number: int) -> None:
        _on(team.repository, "main", {f"tool{number}": "newer\n"})
        team.repository.commit({f"packages/auth/b{number}.py": "b"})
        team.repository.git("merge", "-q", "--no-edit", "main")
        _on(team.repository, f"agent/auth--t{number}", {f"packages/auth/t{number}.py": "b"}, "agent/auth")

    for number in (1, 2):
        go_on(number)
    few = programs()
    for number in range(3, 9):
        go_on(number)
    assert 0 < few == programs() <= 14
