"""Remove what is left of workspaces: records, branches and desks that provably hold no work."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git, Repository
from reconciler.clients.integration import Way
from reconciler.clients.marks import MarkBook, change_book, load_book
from reconciler.clients.merged import Question, Target, how_merged, where_it_began
from reconciler.clients.takedown import discard, is_set_aside
from reconciler.clients.trees import Standing, TreeRecord, aside_of, half_done, linked_git_dir
from reconciler.errors import ClientError, ConflictError, PermanentError
from reconciler.kinds.digest import digest, is_only_copy, salt_of
from reconciler.kinds.workspace.observe import desk_address
from reconciler.model.phrases import plural, some


def missing_reasons(git: Git, record: TreeRecord) -> Iterator[str]:
    """Say what a record whose tree is gone, or was never filled, still holds.

    Raises:
        ClientError: git failed.
    """
    if record.has_index:
        words = ("diff-index", "--cached", "--name-only", "--no-renames", "-z", "HEAD")
        staged = git.run(*words, git_dir=record.git_dir).text.split("\0")[:-1]
        if staged:
            yield f"{plural(len(staged), 'file')} staged and not committed ({some(staged)})"
    if record.branch is None:
        yield "its HEAD is detached"
    if begun := half_done(record.git_dir):
        yield f"a {begun} is half done"
    yield from _commit_reasons(git, record.git_dir)


def is_hidden(tree: Path, tag: str, name: str) -> bool:
    """Whether git was told not to look at a file that is there; `tag` is the letter of `ls-files -v`."""
    return tag.islower() or (tag == "S" and os.path.lexists(tree / name))


def is_ours(tree: Path, path: str, book: MarkBook | None) -> bool:
    """Whether a file is one we wrote and nobody edited since, or what a killed write of ours left."""
    if files.is_temporary(path):
        return True
    entry = files.read(tree, path)
    if entry is None:
        return True
    ours = [mark for mark in (book.marks if book else {}).values() if mark.declared.get("path") == path]
    is_unedited = any(mark.declared.get("sha256") == digest(entry, salt_of(mark)) for mark in ours)
    return is_unedited and not any(is_only_copy(tree, mark) for mark in ours)


def _commit_reasons(git: Git, git_dir: Path) -> Iterator[str]:
    """Commits that only this tree's reflog or private refs reach."""
    if any((git_dir / "refs").rglob("*")) and list(files.list_files(git_dir, "refs")):
        yield "it has private refs"
    seen = commits_in_log(git_dir / "logs" / "HEAD")
    listed = _unreachable(git, seen, "--branches", "--remotes", "--tags", git_dir=git_dir)
    if listed:
        yield f"{plural(len(listed), 'commit')} that no branch has ({some([commit[:9] for commit in listed])})"


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


def as_it_lies(record: TreeRecord) -> TreeRecord:
    """The record of a tree that lies aside, since its removal is under way or was killed, with that place."""
    if record.standing is Standing.MISSING and is_set_aside(record.path, record.git_dir):
        return replace(record, path=aside_of(record.path), standing=Standing.PRESENT)
    return record


def remove_missing(repository: Repository, record: TreeRecord) -> None:
    """Remove git's record of a tree that is gone.

    Raises:
        ClientError: the operating system refused.
    """
    discard(repository.common_dir, record.git_dir, record.path)


def remove_archived_branch(git: Git, repository: Repository, branch: str, tip: str) -> None:
    """Remove a branch whose tip an archive holds.

    Raises:
        ClientError: git failed, or somebody committed since.
    """
    where = repository.common_dir
    git.run("update-ref", "-d", f"refs/heads/{branch}", tip, git_dir=where)
    git.run("config", "--remove-section", f"branch.{branch}", git_dir=where, ok=(0, 128))


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
    """Whether a branch, or its log, has commits that would be lost with it, or ones that its base took back.

    Raises:
        ClientError: git failed.
    """
    where = repository.common_dir
    if git.run("merge-base", "--is-ancestor", tip, base, git_dir=where, ok=(0, 1)).code:
        return True
    logged = commits_in_log(where / "logs" / "refs" / "heads" / branch)
    others = (f"--exclude={branch}", "--branches", "--remotes", "--tags")
    if _unreachable(git, logged, *others, git_dir=where):
        return True
    return _was_taken_back(git, repository, branch, tip, base)


def _was_taken_back(git: Git, repository: Repository, branch: str, tip: str, base: str) -> bool:
    start = where_it_began(repository, branch)
    if start in {None, tip}:
        return False
    question = Question(tip, (Target(branch, base),), start)
    return how_merged(git, repository, [question])[question].way is Way.REVERTED


def desk_reasons_to_keep(host: Path, desk: str, book: MarkBook | None) -> tuple[str, ...]:
    """Say why a desk may not be removed: files in it that are not ours, or were edited."""
    try:
        foreign = [path for path in files.list_files(host, desk) if not is_ours(host, path, book)]
    except (PermanentError, ConflictError) as error:
        return (f"it cannot be examined: {error.message}",)
    return (f"{plural(len(foreign), 'file')} that somebody else wrote ({some(foreign)})",) if foreign else ()


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
