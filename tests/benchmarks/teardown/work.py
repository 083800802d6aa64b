"""What is in a tree and in no commit of a branch: looked at before it is torn down, and after it was brought back."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.repository import GitRepo

_BEGUN = ("MERGE_HEAD", "rebase-merge", "rebase-apply", "CHERRY_PICK_HEAD", "BISECT_LOG")
_SUBMODULE = "160000"


@dataclass(frozen=True, slots=True)
class File:
    """A file or link as git would record it, and its size."""

    mode: str
    object: str
    size: int


@dataclass(frozen=True, slots=True)
class Work:
    """All that somebody would miss.

    Attributes:
        files: what is in no commit, by sort and path; None for a tracked file that was deleted.
        present: every file there is, by path.
        staged: what the index has and HEAD has not.
        commits: reached from a ref or a log, and on no remote.
        begun: a merge, rebase, cherry-pick or bisect that is half done.
    """

    files: Mapping[str, Mapping[str, File | None]] = field(default_factory=dict)
    present: Mapping[str, File] = field(default_factory=dict)
    staged: frozenset[str] = frozenset()
    commits: frozenset[str] = frozenset()
    begun: frozenset[str] = frozenset()


def look(main: GitRepo, tree: GitRepo) -> Work:
    """Look at a tree, at the repositories in it, and at the commits that it and its repository reach."""
    if not (tree.path / ".git").exists():
        return Work(commits=frozenset(_commits(main)))
    present = dict(_present(tree))
    repositories = [tree, *(GitRepo(found) for found in _nested(tree.path))]
    files: dict[str, dict[str, File | None]] = {"uncommitted": {}, "untracked": {}, "ignored": {}}
    for repository in repositories:
        prefix = "" if repository == tree else f"{repository.path.relative_to(tree.path)}/"
        for sort, path, file in _of_a_repository(repository):
            files[sort][prefix + path] = file
    commits = (commit for repository in (main, *repositories) for commit in _commits(repository))
    staged = (f"{each.path} {line}" for each in repositories for line in _staged(each))
    begun = (name for name in _BEGUN if (_git_dir(tree) / name).exists())
    return Work(files, present, frozenset(staged), frozenset(commits), frozenset(begun))


def lost(before: Work, after: Work) -> Counter[str]:
    """Count, by sort, what was there before and is not there afterwards; `bytes` sums up what was in such files."""
    found: Counter[str] = Counter()
    for sort, files in before.files.items():
        for path, file in files.items():
            if not after.present or after.present.get(path) != file:
                found[sort] += 1
                found["bytes"] += file.size if file else 0
    found["staged"] = len(before.staged - after.staged)
    found["commits"] = len(before.commits - after.commits)
    found["half done"] = len(before.begun - after.begun)
    return +found


def _of_a_repository(repository: GitRepo) -> Iterator[tuple[str, str, File | None]]:
    present = dict(_present(repository))
    committed = _committed(repository)
    submodules = {path for path, (mode, _) in committed.items() if mode == _SUBMODULE}
    for path in {*committed, *_listed(repository, "ls-files")}:
        file = present.get(path)
        if path not in submodules and committed.get(path) != (file and (file.mode, file.object)):
            yield "uncommitted", path, file
    ignored = _listed(repository, "ls-files", "--others", "--ignored", "--exclude-standard")
    others = _listed(repository, "ls-files", "--others", "--exclude-standard")
    yield from (("ignored", path, present[path]) for path in ignored if path in present)
    yield from (("untracked", path, present[path]) for path in others if path in present)


def _present(repository: GitRepo) -> Iterator[tuple[str, File]]:
    form = repository.git("rev-parse", "--show-object-format")
    for directory, directories, names in os.walk(repository.path):
        links = [name for name in directories if (Path(directory) / name).is_symlink()]
        directories[:] = [name for name in directories if name != ".git"]
        for name in (*names, *links):
            path = Path(directory) / name
            if name != ".git" and (path.is_file() or path.is_symlink()):
                yield str(path.relative_to(repository.path)), _file(path, form)


def _file(path: Path, form: str) -> File:
    if path.is_symlink():
        mode, content = "120000", os.fsencode(path.readlink())
    else:
        mode, content = "100755" if os.access(path, os.X_OK) else "100644", path.read_bytes()
    return File(mode, hashlib.new(form, b"blob %d\0" % len(content) + content).hexdigest(), len(content))


def _nested(tree: Path) -> Iterator[Path]:
    for directory, directories, names in os.walk(tree):
        if Path(directory) != tree and ".git" in (*directories, *names):
            yield Path(directory)


def _committed(repository: GitRepo) -> dict[str, tuple[str, str]]:
    lines = _listed(repository, "ls-tree", "-r", "HEAD")
    fields = ((line.split("\t", 1)[1], line.split("\t", 1)[0].split(" ")) for line in lines)
    return {path: (words[0], words[2]) for path, words in fields}


def _staged(repository: GitRepo) -> list[str]:
    listed = repository.git("diff-index", "--cached", "--raw", "--abbrev=64", "HEAD")
    return listed.splitlines()


def _listed(repository: GitRepo, *words: str) -> list[str]:
    return repository.git(*words, "-z").split("\0")[:-1]


def _commits(repository: GitRepo) -> list[str]:
    """What a remote has is safe there."""
    return repository.git("rev-list", "--all", "--reflog", "--not", "--remotes").split()


def _git_dir(tree: GitRepo) -> Path:
    return Path(tree.git("rev-parse", "--absolute-git-dir"))
