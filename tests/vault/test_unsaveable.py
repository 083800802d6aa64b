"""What a save cannot hold is named, and then nothing is saved."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import RefusedError
from reconciler.vault.unsaveable import appraise
from tests.support.repository import GitRepo
from tests.vault.world import VaultWorld


def _clash(world: VaultWorld) -> None:
    world.repo.commit({"a.txt": "theirs\n"})
    world.tree.commit({"a.txt": "ours\n"})


def _merge(world: VaultWorld) -> None:
    _clash(world)
    world.tree.try_git("merge", "main")


def _rebase(world: VaultWorld) -> None:
    _clash(world)
    world.tree.try_git("rebase", "main")


def _cherry_pick(world: VaultWorld) -> None:
    _clash(world)
    world.tree.try_git("cherry-pick", "main")


def _revert(world: VaultWorld) -> None:
    first = world.tree.commit({"a.txt": "one\n"})
    world.tree.commit({"a.txt": "two\n"})
    world.tree.try_git("revert", "--no-edit", first)


def _skip_between_picks(world: VaultWorld) -> None:
    """A sequence of picks in which the conflict was committed by hand: nothing but its todo list is left."""
    _clash(world)
    world.repo.commit({"app/b.txt": "theirs\n"})
    world.tree.try_git("cherry-pick", "main~1", "main")
    world.tree.write({"a.txt": "both\n"})
    world.tree.git("commit", "-qam", "by hand")


def _socket(world: VaultWorld) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(world.tree.path)  # the path of a socket may not be long
        server.bind("s")
        os.chdir(here)


def _gitlink(world: VaultWorld) -> None:
    """A repository that was added as if it were a submodule."""
    GitRepo.init(world.tree.path / "inner", {"f": "f"})
    world.tree.git("-c", "advice.addEmbeddedRepo=false", "add", "inner")


def _refer(world: VaultWorld, name: str) -> None:
    world.tree.git("update-ref", "refs/worktree/mine", world.tree.git("rev-parse", name))


def _refer_to_tag(world: VaultWorld) -> None:
    world.tree.git("tag", "-a", "-m", "words", "mine")
    _refer(world, "mine")
    world.tree.git("tag", "-d", "mine")


CASES: dict[str, tuple[Callable[[VaultWorld], object], str]] = {
    "merge": (_merge, "a merge is half done"),
    "rebase": (_rebase, "a rebase is half done"),
    "cherry-pick": (_cherry_pick, "a cherry-pick is half done"),
    "revert": (_revert, "a revert is half done"),
    "sequence": (_skip_between_picks, "a cherry-pick or revert is half done"),
    "bisect": (lambda world: world.tree.git("bisect", "start"), "a bisect is half done"),
    "nested repository": (lambda world: GitRepo.init(world.tree.path / "app/inner"), "repositories lie in it"),
    "nested, ignored": (lambda world: GitRepo.init(world.tree.path / "x.log"), "repositories lie in it"),
    "nested worktree": (
        lambda world: world.repo.git("worktree", "add", "-q", str(world.tree.path / "x.log"), "-b", "other"),
        "repositories lie in it",
    ),
    "nested, as a gitlink": (_gitlink, "inner is a repository of its own, no submodule of this tree"),
    "pipe": (lambda world: os.mkfifo(world.tree.path / "pipe"), "sockets, pipes or devices lie in it (pipe)"),
    "ignored pipe": (lambda world: os.mkfifo(world.tree.path / "x.log"), "sockets, pipes or devices lie in it (x.log)"),
    "pipe for a file": (
        lambda world: ((world.tree.path / "a.txt").unlink(), os.mkfifo(world.tree.path / "a.txt")),
        "sockets, pipes or devices lie in it (a.txt)",
    ),
    "socket": (_socket, "sockets, pipes or devices lie in it (s)"),
    "index.lock": (lambda world: (world.git_dir / "index.lock").touch(), "git is at work there, or was killed at it"),
    "reftable": (lambda world: (world.git_dir / "reftable").mkdir(), "reftable"),
    "ref of its own to a file": (lambda world: _refer(world, "HEAD:a.txt"), "name no commit (refs/worktree/mine)"),
    "ref of its own to a tree": (lambda world: _refer(world, "HEAD^{tree}"), "name no commit (refs/worktree/mine)"),
    "ref of its own to a tag": (_refer_to_tag, "name no commit (refs/worktree/mine)"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_saved_is_named_and_kept(world: VaultWorld, case: str) -> None:
    """The reason says what it is; a save refuses with it and makes nothing."""
    act, expected = CASES[case]
    act(world)

    assert any(expected in reason for reason in appraise(world.git, world.record()).reasons)
    with pytest.raises(RefusedError) as refused:
        world.save()
    assert expected in refused.value.message
    assert world.repo.refs("refs/orchestra") == {}
    assert not world.vault.shelf.exists()


def test_a_repository_in_what_can_be_made_again_is_seen(world: VaultWorld) -> None:
    """Somebody may work in it."""
    world.tree.write({"x.log/pyvenv.cfg": ""})
    GitRepo.init(world.tree.path / "x.log/src/package")

    assert appraise(world.git, world.record()).reasons == (
        "repositories lie in it that are no submodules (x.log/src/package)",
    )


_ASK = """
import os, sys
from pathlib import Path
from reconciler.clients.git import Git
from reconciler.clients.survey import take_survey
from reconciler.vault.unsaveable import appraise
git = Git(os.environ)
print(*appraise(git, take_survey(git, git.discover(Path.cwd())).records[0]).reasons, sep="\\n")
"""


def test_what_cannot_be_read_is_named(world: VaultWorld) -> None:
    """Files and directories."""
    world.tree.write({"closed": "", "x.log": "", "shut/in": ""})
    for name in ("closed", "x.log", "shut"):
        (world.tree.path / name).chmod(0)
    mortal = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    command = [*mortal, sys.executable, "-c", _ASK]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}

    done = subprocess.run(command, cwd=world.tree.path, env=environment, capture_output=True, text=True, check=False)

    assert done.stdout == "some of it cannot be read (shut, closed, x.log)\n", done.stderr


def test_an_ordinary_tree_can_be_saved(world: VaultWorld) -> None:
    """Whatever is changed in it."""
    world.tree.write({"a.txt": "changed\n", "new": "", "x.log": ""})

    assert appraise(world.git, world.record()).reasons == ()


# --- submodules ------------------------------------------------------------------------------------------------------


@pytest.fixture
def submodule(world: VaultWorld, tmp_path: Path) -> GitRepo:
    """Give the tree a submodule, clean and known to its remote, that has one itself."""
    inner = GitRepo.init(tmp_path / "inner", {"i": "i"})
    library = GitRepo.init(tmp_path / "library", {"f": "f", ".gitignore": "*.log\n"})
    library.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.path), "in")
    library.commit()
    words = ("-c", "protocol.file.allow=always", "submodule", "--quiet")
    world.tree.git(*words, "add", str(library.path), "lib")
    world.tree.git(*words, "update", "--init", "--recursive")
    world.tree.git("add", "--all")
    world.tree.git("commit", "-qm", "submodule")
    return GitRepo(world.tree.path / "lib")


def test_a_clean_submodule_is_no_reason(world: VaultWorld, submodule: GitRepo) -> None:
    """It comes back by `git submodule update --init`."""
    assert appraise(world.git, world.record()).reasons == ()

    before = world.see()
    world.night_and_morning()
    world.tree.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "update", "--init", "--recursive")

    after = world.see()
    assert (after.status, after.index) == (before.status, before.index)
    assert (submodule.path / "in/i").read_text() == "i"


def _commit_in(submodule: GitRepo) -> None:
    submodule.commit({"f": "mine"})


def _commit_beside(submodule: GitRepo) -> None:
    before = submodule.commit_of("HEAD")
    submodule.commit({"f": "mine"})
    submodule.git("reset", "-q", "--hard", before)


def _stash(submodule: GitRepo) -> None:
    submodule.write({"f": "mine"})
    submodule.git("stash", "-q")


LIB_FILES = "submodule lib has files that are not committed, or ignored"
SUBMODULES: dict[str, tuple[Callable[[GitRepo], object], str]] = {
    "file changed": (
        lambda sub: sub.write({"f": "mine"}),
        LIB_FILES,
    ),
    "file untracked": (
        lambda sub: sub.write({"new": ""}),
        LIB_FILES,
    ),
    "file ignored": (
        lambda sub: sub.write({"x.log": ""}),
        LIB_FILES,
    ),
    "file hidden": (
        lambda sub: sub.git("update-index", "--assume-unchanged", "f"),
        "submodule lib has files that git was told not to look at",
    ),
    "commit": (_commit_in, "submodule lib has commits that none of its remotes has"),
    "commit in its reflog": (_commit_beside, "submodule lib has commits that none of its remotes has"),
    "stash": (_stash, "submodule lib has a stash"),
    "moved": (lambda sub: sub.git("checkout", "-q", "HEAD~1"), "submodule lib is at another commit"),
    "inner file ignored": (
        lambda sub: GitRepo(sub.path / "in").write({"y": ""}),
        "submodule lib/in has files that are not committed, or ignored",
    ),
}


@pytest.mark.parametrize("case", SUBMODULES)
def test_a_submodule_with_work_is_a_reason(world: VaultWorld, submodule: GitRepo, case: str) -> None:
    """Each kind of it is named."""
    act, expected = SUBMODULES[case]
    act(submodule)

    assert any(expected in reason for reason in appraise(world.git, world.record()).reasons)


def test_a_submodule_that_is_not_in_the_index_any_more_is_looked_at(world: VaultWorld, submodule: GitRepo) -> None:
    """Its commits still lie in the tree's git directory."""
    _commit_in(submodule)
    world.tree.git("submodule", "--quiet", "deinit", "--force", "lib")
    world.tree.git("rm", "-q", "lib")

    assert appraise(world.git, world.record()).reasons == ("submodule lib has commits that none of its remotes has",)
