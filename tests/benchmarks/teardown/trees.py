"""The trees: each with another sort of work, or in another state, in a repository of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.support.repository import Content, GitRepo

FILES: dict[str, Content] = {"app/a.py": "a = 1\n", "lib/b.py": "b = 1\n", ".gitignore": ".env\nbuild/\n"}


@dataclass(frozen=True, slots=True)
class Scene:
    """A repository and the tree in it.

    Attributes:
        branch: the tree's.
        night: what is to end when the tree was torn down.
    """

    main: GitRepo
    tree: GitRepo
    branch: str
    night: ExitStack

    def commit(self, number: int = 1) -> None:
        """Commit on the tree's branch."""
        for count in range(number):
            self.tree.commit({"app/a.py": f"a = {count + 2}\n"})

    def on_main(self, *commands: str) -> None:
        """Run git in the main worktree."""
        for command in commands:
            self.main.git(*command.split())


@dataclass(frozen=True, slots=True)
class Case:
    """A tree.

    Attributes:
        work: what is done in it before it is torn down.
        repository: makes the repository that it belongs to.
        keys: more of its declaration.
        is_merged: what its commits bring is on main as well.
    """

    name: str
    work: Callable[[Scene], object]
    repository: Callable[[Path], GitRepo]
    keys: str = ""
    is_merged: bool = False


# --- repositories ----------------------------------------------------------------------------------------------------


def _usual(path: Path) -> GitRepo:
    return GitRepo.init(path, FILES)


def _sha256(path: Path) -> GitRepo:
    path.mkdir(parents=True)
    repository = GitRepo(path)
    repository.git("init", "--quiet", "--initial-branch=main", "--object-format=sha256")
    repository.commit(FILES)
    return repository


def _clone(path: Path, *words: str) -> GitRepo:
    source = GitRepo.init(path.with_name(f"{path.name}-source"), FILES)
    source.commit({"app/a.py": "a = 0\n"})
    source.git("config", "uploadpack.allowFilter", "true")
    path.parent.mkdir(exist_ok=True)
    source.git("clone", "--quiet", *words, f"file://{source.path}", str(path))
    return GitRepo(path)


def _shallow(path: Path) -> GitRepo:
    return _clone(path, "--depth=1")


def _partial(path: Path) -> GitRepo:
    return _clone(path, "--filter=blob:none")


def _with_submodule(path: Path) -> GitRepo:
    part = GitRepo.init(path.with_name(f"{path.name}-part"), {"part.txt": "part\n"})
    repository = GitRepo.init(path, FILES)
    repository.git("submodule", "--quiet", "add", str(part.path), "part")
    repository.commit()
    return repository


def _with_release(path: Path) -> GitRepo:
    repository = _usual(path)
    repository.branch("release")
    return repository


# --- merged ----------------------------------------------------------------------------------------------------------


def _merged(scene: Scene) -> None:
    scene.commit(2)
    scene.on_main(f"merge --quiet --no-ff --no-edit {scene.branch}")


def _same_tree(scene: Scene) -> None:
    scene.commit(2)
    scene.main.commit({"app/a.py": scene.tree.read("app/a.py")})


def _no_change(scene: Scene) -> None:
    scene.tree.commit({"app/a.py": "a = 2\n"})
    scene.tree.commit({"app/a.py": "a = 1\n"})
    scene.main.commit({"lib/b.py": "b = 2\n"})


def _picked(scene: Scene) -> None:
    scene.commit(2)
    scene.main.commit({"lib/b.py": "b = 2\n"})
    scene.on_main(f"cherry-pick main..{scene.branch}")


def _squashed(scene: Scene) -> None:
    scene.commit(2)
    scene.main.commit({"lib/b.py": "b = 2\n"})
    scene.on_main(f"merge --quiet --squash {scene.branch}", "commit --quiet --message squashed")
    scene.main.commit({"lib/b.py": "b = 3\n"})


def _merge_changes_nothing(scene: Scene) -> None:
    scene.commit(2)
    scene.main.commit({"app/a.py": scene.tree.read("app/a.py"), "lib/b.py": "b = 2\n"})


def _reverted(scene: Scene) -> None:
    _merged(scene)
    scene.on_main("revert --no-edit -m 1 HEAD")


# --- not merged ------------------------------------------------------------------------------------------------------


def _nothing(scene: Scene) -> None:
    del scene


def _unmerged(scene: Scene) -> None:
    scene.commit(2)


def _only_in_the_log(scene: Scene) -> None:
    scene.commit(2)
    scene.tree.git("reset", "--quiet", "--hard", "main")


def _detached(scene: Scene) -> None:
    scene.tree.git("switch", "--quiet", "--detach")
    scene.commit()
    _changed(scene)


def _base_gone(scene: Scene) -> None:
    scene.commit()
    scene.on_main("branch --quiet -D release")


# --- not committed ---------------------------------------------------------------------------------------------------


def _changed(scene: Scene) -> None:
    scene.tree.write({"app/a.py": "mine\n"})


def _staged(scene: Scene) -> None:
    _changed(scene)
    scene.tree.git("add", "app/a.py")
    scene.tree.write({"app/a.py": "mine, later\n"})


def _untracked(scene: Scene) -> None:
    scene.tree.write({"new/idea.txt": "mine\n", "link": Path("new/idea.txt")})


def _ignored(scene: Scene) -> None:
    scene.tree.write({".env": "TOKEN=1\n", "build/report.html": "mine\n"})


def _renamed(scene: Scene) -> None:
    scene.tree.git("mv", "app/a.py", "app/c.py")
    scene.tree.write({"lib/b.py": None, "later.txt": "mine\n"})
    scene.tree.git("add", "--intent-to-add", "later.txt")
    (scene.tree.path / "app/c.py").chmod(0o755)


def _everything(scene: Scene) -> None:
    scene.commit(2)
    for work in (_staged, _untracked, _ignored):
        work(scene)


# --- in a state of its own -------------------------------------------------------------------------------------------


def _conflict(scene: Scene, verb: str) -> None:
    scene.main.commit({"app/a.py": "main\n"})
    scene.tree.commit({"app/a.py": "tree\n"})
    scene.tree.try_git(verb, "main")


def _rebasing(scene: Scene) -> None:
    _conflict(scene, "rebase")


def _merging(scene: Scene) -> None:
    _conflict(scene, "merge")


def _bisecting(scene: Scene) -> None:
    scene.tree.git("bisect", "start")
    _changed(scene)


def _locked(scene: Scene) -> None:
    _changed(scene)
    scene.main.git("worktree", "lock", str(scene.tree.path))


def _index_locked(scene: Scene) -> None:
    _staged(scene)
    Path(scene.tree.git("rev-parse", "--absolute-git-dir"), "index.lock").touch()


def _process(scene: Scene) -> None:
    """Let a program stand in the tree that has written a file."""
    _untracked(scene)
    process = subprocess.Popen(["sleep", "600"], cwd=scene.tree.path)
    scene.night.callback(process.wait)
    scene.night.callback(process.kill)


def _submodule(scene: Scene) -> None:
    scene.tree.git("submodule", "--quiet", "update", "--init")


def _submodule_changed(scene: Scene) -> None:
    _submodule(scene)
    part = GitRepo(scene.tree.path / "part")
    part.commit({"part.txt": "mine\n"})
    part.write({"part.txt": "mine, later\n"})


def _nested(scene: Scene) -> None:
    GitRepo.init(scene.tree.path / "build/inner", {"x.txt": "mine\n"})


CASES = (
    Case("merged: ancestor", _merged, _usual, is_merged=True),
    Case("merged: same tree", _same_tree, _usual, is_merged=True),
    Case("merged: changes nothing", _no_change, _usual, is_merged=True),
    Case("merged: as patches", _picked, _usual, is_merged=True),
    Case("merged: squashed", _squashed, _usual, is_merged=True),
    Case("merged: nothing left to merge", _merge_changes_nothing, _usual, is_merged=True),
    Case("merged, then reverted", _reverted, _usual),
    Case("brand-new", _nothing, _usual),
    Case("unmerged", _unmerged, _usual),
    Case("commits only in a log", _only_in_the_log, _usual),
    Case("detached", _detached, _usual),
    Case("its base is gone", _base_gone, _with_release, "base: release"),
    Case("changed", _changed, _usual),
    Case("staged, then changed", _staged, _usual),
    Case("untracked", _untracked, _usual),
    Case("ignored", _ignored, _usual),
    Case("renamed, deleted, intent to add", _renamed, _usual),
    Case("all of these at once", _everything, _usual),
    Case("a rebase half done", _rebasing, _usual),
    Case("a merge half done", _merging, _usual),
    Case("a bisect half done", _bisecting, _usual),
    Case("locked", _locked, _usual),
    Case("index.lock left behind", _index_locked, _usual),
    Case("a program at work there", _process, _usual),
    Case("a submodule", _submodule, _with_submodule, "submodules: true"),
    Case("a submodule with work", _submodule_changed, _with_submodule, "submodules: true"),
    Case("a repository inside", _nested, _usual),
    Case("a shallow clone", _everything, _shallow),
    Case("a partial clone", _everything, _partial),
    Case("SHA-256", _everything, _sha256),
)
