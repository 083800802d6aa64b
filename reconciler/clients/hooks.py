"""The hooks of one tree: where git looks for them, and the directory of our own.

The rule: ours lie in the tree's private git directory and vanish with it. git is led there by the configuration of that
tree alone; whoever wants to get past them on purpose says so to git (`around`), there is no secret word.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Collection, Iterable, Mapping
from itertools import chain, count
from pathlib import Path

from reconciler.clients import files
from reconciler.clients.git import Git
from reconciler.clients.refusals import refused

DIRECTORY = "orchestra-guard"
"""Below a tree's private git directory; what leads git there is the tree's own `core.hooksPath`."""

KEPT = "orchestra-guard.kept"
"""Beside it: what others had put there."""

KEY = "core.hooksPath"
FILLING = "orchestra.filling"
"""Stands in a tree's private git directory while its files are written: our hooks let nothing be committed then."""

_CONFIG = "config.worktree"
_SAID = re.compile(r"^(name|previous)=(.*)$", re.MULTILINE)
_HOOKS = (  # githooks(5) without those of `git p4`; whatever else lies in a directory of hooks, git never runs
    *("applypatch-msg", "commit-msg", "fsmonitor-watchman"),
    *("post-applypatch", "post-checkout", "post-commit", "post-index-change", "post-merge"),
    *("post-receive", "post-rewrite", "post-update", "pre-applypatch", "pre-auto-gc", "pre-commit", "pre-merge-commit"),
    *("pre-push", "pre-rebase", "pre-receive", "prepare-commit-msg", "proc-receive", "push-to-checkout"),
    *("reference-transaction", "sendemail-validate", "update"),
)
_SECTION = re.compile(r'\s*\[\s*([^\s"\]]+)\s*("[^\n]*")?\s*\]')
_SETTING = re.compile(r"\s*([A-Za-z][\w-]*)\s*(?:=\s*(.*))?")
_ESCAPED = {"n": "\n", "t": "\t", "b": "\b"}


def directory_of(git_dir: Path) -> Path:
    """Where the hooks of ours lie."""
    return git_dir / DIRECTORY


def configured(git_dir: Path) -> str | None:
    """What the configuration of a tree alone says of where its hooks are; None when nothing, or nothing certain.

    What leads to the hooks of ours in another tree says nothing: `git worktree add` hands on what the tree has in which
    it runs.

    Raises:
        ClientError: it cannot be read.
    """
    entry = files.read(git_dir, _CONFIG)
    text = (entry.content or b"").decode("utf-8", "surrogateescape") if entry else ""
    section, found = "", None
    for line in text.split("\n"):
        if begun := _SECTION.match(line):
            section = "" if begun[2] else begun[1].lower()
        if section.startswith("include"):
            return None  # what another file says is for git to find out, at the next apply
        setting = _SETTING.match(line, begun.end() if begun else 0)
        if section == "core" and setting and setting[1].lower() == KEY.partition(".")[2].lower():
            found = _plain(setting[2] or "")
    return None if found and _is_of_another_tree(Path(found), git_dir) else found


def _is_of_another_tree(place: Path, git_dir: Path) -> bool:
    return place.name == DIRECTORY and place.parent != git_dir and place.parent.parent == git_dir.parent


def _plain(value: str) -> str:
    """A value as git writes it: in quotes where it must be, with a backslash before what would mean something else."""
    return re.sub(r'\\(.)|"', lambda match: _ESCAPED.get(match[1], match[1] or ""), value.strip(" \t\r"))


def configure(git: Git, git_dir: Path, value: str | None) -> None:
    """Lead git to the hooks of a tree; None lets it look where it would without us.

    Raises:
        ClientError: git failed.
    """
    where = ("config", "--file", git_dir / _CONFIG)
    if value is None:
        git.run(*where, "--unset-all", KEY, git_dir=git_dir, ok=(0, 1, 5))
    else:
        git.run(*where, "--replace-all", KEY, value, git_dir=git_dir)


def hooks_in(directory: Path) -> tuple[str, ...]:
    """The names of the hooks that git would run there: programs, and no samples."""
    return tuple(name for name in _HOOKS if _is_program(directory / name))


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def read_hooks(git_dir: Path) -> dict[str, files.Entry]:
    """All that lies in the directory of ours, by name.

    Raises:
        ClientError: it cannot be read.
    """
    start = f"{DIRECTORY}/"
    listed = files.list_files(git_dir, DIRECTORY)
    found = ((name.removeprefix(start), files.read(git_dir, name)) for name in listed)
    return {name: entry for name, entry in found if entry}


def write_hooks(git_dir: Path, contents: Mapping[str, bytes], program: str, names: Iterable[str]) -> None:
    """Write the directory of ours: files, one of which is a program that each hook is a link to. Nothing else stays.

    What somebody else put there is moved aside, to `KEPT`.

    Raises:
        ClientError: it could not be written.
    """
    wanted = set(names)
    _keep_foreign(git_dir, {*wanted, *contents}, program)
    for name, content in contents.items():
        files.write(git_dir, f"{DIRECTORY}/{name}", content, mode=0o555 if name == program else 0o644)
    for name in sorted(wanted):
        files.write_link(git_dir, f"{DIRECTORY}/{name}", program)


def _keep_foreign(git_dir: Path, ours: Collection[str], program: str) -> None:
    """Move aside what a tool put there that asked git for the place of hooks; remove what of ours is too much."""
    for name, entry in read_hooks(git_dir).items():
        if entry.link == program or files.is_temporary(name):
            if name not in ours:
                files.remove(git_dir, f"{DIRECTORY}/{name}")
        elif name not in ours or (name in _HOOKS and name != program):
            files.make_directory(git_dir, KEPT)
            aside = _free_name(git_dir / KEPT, name.replace("/", "-"))
            try:
                (git_dir / DIRECTORY / name).rename(aside)
            except OSError as error:
                raise refused(f"cannot move {git_dir / DIRECTORY / name} aside", error) from error


def _free_name(directory: Path, name: str) -> Path:
    names = chain([name], (f"{name}.{number}" for number in count(2)))
    return next(path for each in names if not os.path.lexists(path := directory / each))


def read_hook_data(git_dir: Path, name: str) -> bytes | None:
    """Read one file of the directory of ours; None when there is none.

    Raises:
        ClientError: it cannot be read.
    """
    entry = files.read(git_dir, f"{DIRECTORY}/{name}")
    return entry.content if entry else None


def write_hook_data(git_dir: Path, name: str, content: bytes) -> None:
    """Write one file of the directory of ours anew.

    Raises:
        ClientError: it could not be written.
    """
    files.write(git_dir, f"{DIRECTORY}/{name}", content)


def take_off(git: Git, git_dir: Path, before: str | None, ours: Collection[str], program: str) -> None:
    """Lead git back to where it looked before, then remove the directory of ours; not there is success.

    What somebody else put there is moved aside, to `KEPT`.

    Raises:
        ClientError: it could not be removed.
    """
    if configured(git_dir) in {str(directory_of(git_dir)), None}:
        configure(git, git_dir, before)
    _keep_foreign(git_dir, ours, program)
    for name in read_hooks(git_dir):
        files.remove(git_dir, f"{DIRECTORY}/{name}")
    files.remove_empty_directory(git_dir, DIRECTORY)


def set_filling(git_dir: Path, *, is_filling: bool) -> None:
    """Say whether the files of a tree are being written.

    Raises:
        ClientError: it could not be written.
    """
    if is_filling:
        files.write(git_dir, FILLING, b"")
    else:
        files.remove(git_dir, FILLING)


def around(git_dir: Path) -> tuple[str, ...]:
    """What git is to be told when orchestra itself changes refs in a tree: the hooks that were there before ours.

    It is an argument, so that no variable in an agent's environment does the same.

    Raises:
        ClientError: what is there cannot be read.
    """
    said = _said_in(git_dir)
    if not said and configured(git_dir) != str(directory_of(git_dir)):
        return ()
    return ("-c", f"{KEY}={said.get('previous') or os.devnull}")


def guarded_by(git_dir: Path) -> str | None:
    """The name of the workspace that the hooks of ours in a tree say they are of; None when there are none.

    Raises:
        ClientError: what is there cannot be read.
    """
    return _said_in(git_dir).get("name")


def _said_in(git_dir: Path) -> dict[str, str]:
    """The values in the file of ours that the shell reads, which anybody may have edited."""
    text = os.fsdecode(read_hook_data(git_dir, "rule") or b"")
    with contextlib.suppress(ValueError):
        return {name: "".join(shlex.split(value)) for name, value in _SAID.findall(text)}
    return {}
