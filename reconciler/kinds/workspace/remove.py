"""Remove workspaces that provably hold no work, and say of the others why they are kept."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git, Repository
from reconciler.clients.marks import MarkBook, change_book, load_book
from reconciler.clients.process import processes_using
from reconciler.clients.survey import Survey
from reconciler.clients.takedown import discard, is_set_aside, put_back, set_aside
from reconciler.clients.trees import Standing, TreeRecord, aside_of, half_done, linked_git_dir
from reconciler.errors import ClientError, ConflictError, PermanentError, RefusedError
from reconciler.kinds.digest import digest
from reconciler.kinds.workspace.observe import desk_address


def reasons_to_keep(git: Git, survey: Survey, record: TreeRecord) -> tuple[str, ...]:
    """Say why a tree may not be removed; empty when it provably holds no work.

    Raises:
        TransientError: another git was in the way for the moment.
    """
    try:
        return tuple(_plain_reasons(survey, record)) or tuple(_reasons(git, as_it_lies(record)))
    except (PermanentError, ConflictError) as error:
        return (f"it cannot be examined: {error.message}",)


def _plain_reasons(survey: Survey, record: TreeRecord) -> Iterator[str]:
    """What can be told without starting a program."""
    if record.standing is Standing.MISSING and os.path.lexists(record.path):
        yield "something else stands in its place; `git worktree prune` drops git's record of it"
    if record.locked is not None:
        yield f"it is locked ({record.locked or 'no reason given'})"
    if not record.has_index and _has_files(record.path):
        yield "it is half made, so that its files cannot be told from work"
    if record.branch is None:
        yield "its HEAD is detached"
    if (record.git_dir / "modules").is_dir():
        yield "it has submodules"
    if begun := half_done(record.git_dir):
        yield f"a {begun} is half done"
    if record.path.is_symlink():
        yield "its path is a symbolic link"
    below = f"{record.path}/"
    yield from (
        f"worktree {other.path} lies inside it" for other in survey.records if str(other.path).startswith(below)
    )
    yield from (f"{name} ({pid}) is at work there" for pid, name in processes_using(record.path))


def _has_files(tree: Path) -> bool:
    return tree.is_dir() and any(entry.name != ".git" for entry in tree.iterdir())


def _reasons(git: Git, record: TreeRecord) -> Iterator[str]:
    if record.has_index and record.standing is Standing.MISSING:
        yield from _staged_reasons(git, record)
    elif record.has_index:
        yield from _file_reasons(git, record)
        yield from _index_reasons(git, record)
    yield from _commit_reasons(git, record.git_dir)


def _staged_reasons(git: Git, record: TreeRecord) -> Iterator[str]:
    words = ("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD")
    staged = git.run(*words, git_dir=record.git_dir).text.split("\0")[:-1]
    if staged:
        yield f"{_count(len(staged), 'file')} staged and not committed ({_some(staged)})"


def _file_reasons(git: Git, record: TreeRecord) -> Iterator[str]:
    """Files that only this tree has."""
    status = _ask(
        git,
        record,
        *("-c", "core.fsmonitor=false", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all"),
        *("--ignored=traditional", "--ignore-submodules=all"),
    )
    changed = [line[3:] for line in status if line[:2] != "!!" and not _is_seen_but_ours(record, line)]
    if changed:
        yield f"{_count(len(changed), 'file')} not committed ({_some(changed)})"
    ignored = [path for line in status if line[:2] == "!!" for path in _expand(record.path, line[3:])]
    foreign = [path for path in ignored if not is_ours(record.path, path, record.book)]
    if foreign:
        yield f"{_count(len(foreign), 'ignored file')} ({_some(foreign)})"


def _is_seen_but_ours(record: TreeRecord, line: str) -> bool:
    """A file of ours that git does not ignore, since the repository was moved away from what tells it to."""
    return line[:2] == "??" and not line.endswith("/") and is_ours(record.path, line[3:], record.book)


def _index_reasons(git: Git, record: TreeRecord) -> Iterator[str]:
    """What the index keeps from being seen: flagged files, and repositories in place of submodules."""
    listed = [line.partition("\t") for line in _ask(git, record, "ls-files", "-z", "-v", "--stage")]
    hidden = [name for tag, _, name in listed if is_hidden(record.path, tag[0], name)]
    if hidden:
        yield f"{_count(len(hidden), 'file')} hidden from git status ({_some(hidden)})"
    filled = [name for tag, _, name in listed if tag[2:8] == "160000" and (record.path / name / ".git").exists()]
    if filled:
        yield f"it has submodules ({_some(filled)})"


def _ask(git: Git, record: TreeRecord, *words: str) -> list[str]:
    """The answer of git about a tree, also of one whose link to its record is broken."""
    where = f"--work-tree={record.path}"
    return git.run(where, *words, cwd=record.path, git_dir=record.git_dir).text.split("\0")[:-1]


def is_hidden(tree: Path, tag: str, name: str) -> bool:
    """Whether git was told not to look at a file that is there; `tag` is the letter of `ls-files -v`."""
    return tag.islower() or (tag == "S" and os.path.lexists(tree / name))


def _expand(tree: Path, path: str) -> tuple[str, ...]:
    return files.list_files(tree, path.rstrip("/")) if path.endswith("/") else (path,)


def is_ours(tree: Path, path: str, book: MarkBook | None) -> bool:
    """Whether a file is one we wrote and nobody edited since, or what a killed write of ours left."""
    if files.is_temporary(path):
        return True
    entry = files.read(tree, path)
    ours = {mark.declared.get("path"): mark.declared.get("sha256") for mark in (book.marks if book else {}).values()}
    return entry is None or ours.get(path) == digest(entry)


def _commit_reasons(git: Git, git_dir: Path) -> Iterator[str]:
    """Commits that only this tree's reflog or private refs reach."""
    if any((git_dir / "refs").rglob("*")) and list(files.list_files(git_dir, "refs")):
        yield "it has private refs"
    seen = commits_in_log(git_dir / "logs" / "HEAD")
    listed = _unreachable(git, seen, "--branches", "--remotes", "--tags", git_dir=git_dir)
    if listed:
        yield f"{_count(len(listed), 'commit')} that no branch has ({_some([commit[:9] for commit in listed])})"


def _unreachable(git: Git, commits: set[str], *refs: str, git_dir: Path) -> list[str]:
    """The commits, with their ancestors, that none of the refs reach."""
    request = "".join(f"{commit}\n" for commit in sorted(commits))
    words = ("rev-list", "--ignore-missing", "--stdin", "--not", *refs)
    return git.run(*words, git_dir=git_dir, stdin=request.encode()).text.split()


def commits_in_log(log: Path) -> set[str]:
    """The commits that a reflog file names."""
    try:
        text = log.read_text(errors="replace")
    except OSError:
        return set()
    found = re.findall(r"^([0-9a-f]{40,64}) ([0-9a-f]{40,64}) ", text, re.MULTILINE)
    return {commit for pair in found for commit in pair if commit.strip("0")}


def remove_tree(git: Git, repository: Repository, record: TreeRecord) -> None:
    """Remove a tree: move it aside, look once more whether somebody wrote into it meanwhile, and delete it.

    Raises:
        RefusedError: somebody did; it is where it was.
        ClientError: git or the operating system refused.
    """
    if record.standing is Standing.MISSING:
        lying = as_it_lies(record)
    else:
        lying = replace(record, path=set_aside(record.path), standing=Standing.PRESENT)
    try:
        _refuse_work(git, record, lying)
    except BaseException:
        if lying.path != record.path:
            put_back(record.path)
        raise
    discard(repository.common_dir, record.git_dir, record.path)


def _refuse_work(git: Git, record: TreeRecord, lying: TreeRecord) -> None:
    reasons = tuple(_reasons(git, lying))
    if reasons:
        raise RefusedError(f"{record.path} is kept: {'; '.join(reasons)}")


def as_it_lies(record: TreeRecord) -> TreeRecord:
    """The record of a tree that lies aside, since its removal is under way or was killed, with that place."""
    if record.standing is Standing.MISSING and is_set_aside(record.path, record.git_dir):
        return replace(record, path=aside_of(record.path), standing=Standing.PRESENT)
    return record


def remove_branch_without_work(git: Git, repository: Repository, branch: str, base: str) -> bool:
    """Remove a branch that we made and that has nothing its base has not; anything else stays.

    Returns:
        Whether it is gone.

    Raises:
        ClientError: git failed.
    """
    where = repository.common_dir
    tip = git.run("rev-parse", "--verify", "--quiet", f"refs/heads/{branch}", git_dir=where, ok=(0, 1)).text.strip()
    if tip and branch_holds_work(git, repository, branch, tip, base):
        return False
    if tip:  # with the old value: a commit made since is refused, not lost
        git.run("update-ref", "-d", f"refs/heads/{branch}", tip, git_dir=where)
    git.run("config", "--remove-section", f"branch.{branch}", git_dir=where, ok=(0, 128))
    return True


def branch_holds_work(git: Git, repository: Repository, branch: str, tip: str, base: str) -> bool:
    """Whether a branch, or its log, has commits that would be lost with it.

    Raises:
        ClientError: git failed.
    """
    where = repository.common_dir
    if git.run("merge-base", "--is-ancestor", tip, base, git_dir=where, ok=(0, 1)).code:
        return True
    logged = commits_in_log(where / "logs" / "refs" / "heads" / branch)
    others = (f"--exclude={branch}", "--branches", "--remotes", "--tags")
    return bool(_unreachable(git, logged, *others, git_dir=where))


def desk_reasons_to_keep(host: Path, desk: str, book: MarkBook | None) -> tuple[str, ...]:
    """Say why a desk may not be removed: files in it that are not ours, or were edited."""
    try:
        foreign = [path for path in files.list_files(host, desk) if not is_ours(host, path, book)]
    except (PermanentError, ConflictError) as error:
        return (f"it cannot be examined: {error.message}",)
    return (f"{_count(len(foreign), 'file')} that somebody else wrote ({_some(foreign)})",) if foreign else ()


def remove_desk(host: Path, desk: str, name: str, clone: str) -> None:
    """Remove a desk of which nothing but empty directories is left, and its mark.

    Raises:
        ClientError: something is in it.
    """
    for path in filter(files.is_temporary, files.list_files(host, desk)):
        files.remove(host, path)
    directories = sorted({str(Path(directory).relative_to(host)) for directory, _, _ in os.walk(host / desk)})
    for directory in reversed(directories):
        if not files.remove_empty_directory(host, directory):
            raise ClientError(f"{host / directory} is not empty", hint="see what is in it; nothing was removed")
    git_dir = linked_git_dir(host)
    if git_dir and load_book(git_dir, clone):
        change_book(git_dir, clone, lambda book: book.drop(desk_address(name)))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown}, ..."  # noqa: PLR2004 - as many as shown
