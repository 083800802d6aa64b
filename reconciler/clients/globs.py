"""Find files by git's globs, without following links, and without entering what tools keep unless it is named."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase, translate
from pathlib import Path

from reconciler.clients import files
from reconciler.model.layout import DESKS

NOT_ENTERED = frozenset({".git", DESKS, ".venv", "node_modules"})


def matching_files(root: Path, pattern: str) -> tuple[str, ...]:
    """The files below a root that a pattern names; a literal directory stands for all below it.

    Raises:
        ConflictError: a step of a literal path is a symbolic link.
        PermanentError: a directory cannot be read.
    """
    segments = [segment for segment in pattern.split("/") if segment]
    if not any(_is_wild(segment) for segment in segments):
        return _literal(root, "/".join(segments))
    return tuple(sorted(set(_walk(root, "", segments))))


def is_named_by(path: str, pattern: str) -> bool:
    """Whether a pattern names a path by the rules of a shell: no wildcard crosses `/` or begins a hidden name."""
    names, wanted = path.split("/"), pattern.split("/")
    return len(names) == len(wanted) and all(
        fnmatchcase(name, part) and (not name.startswith(".") or part.startswith("."))
        for name, part in zip(names, wanted, strict=True)
    )


def literally(path: str) -> str:
    """The pattern that names this path."""
    return re.sub(r"([\\*?\[\]])", r"\\\1", path)


def matching_directories(root: Path, pattern: str) -> tuple[str, ...]:
    """The directories below a root that a pattern names."""
    segments = [segment for segment in pattern.split("/") if segment not in {"", "."}]
    return tuple(sorted(set(_walk(root, "", segments, directories=True)))) if segments else ()


def _literal(root: Path, path: str) -> tuple[str, ...]:
    entry = files.read(root, path)
    if entry is None:
        return ()
    is_directory = entry.content is None and entry.link is None
    return files.list_files(root, path) if is_directory else (path,)


def _walk(root: Path, directory: str, segments: Sequence[str], *, directories: bool = False) -> Iterator[str]:
    head, rest = segments[0], segments[1:]
    if head == "**":
        if rest:
            yield from _walk(root, directory, rest, directories=directories)
        for name, is_directory in _entries(root, directory):
            if is_directory:
                yield from _walk(root, _join(directory, name), segments, directories=directories)
            if not rest and is_directory == directories:
                yield _join(directory, name)
        return
    fits = re.compile(translate(re.sub(r"\\(.)", r"[\1]", head))).fullmatch
    for name, is_directory in _entries(root, directory, named=head):
        if fits(name) and rest and is_directory:
            yield from _walk(root, _join(directory, name), rest, directories=directories)
        elif fits(name) and not rest and is_directory == directories:
            yield _join(directory, name)


def _entries(root: Path, directory: str, *, named: str = "") -> Iterator[tuple[str, bool]]:
    try:
        with os.scandir(root / directory) as found:
            entries = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
    except OSError:
        return
    yield from (entry for entry in sorted(entries) if entry[0] not in NOT_ENTERED or entry[0] == named)


def _join(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory else name


def _is_wild(segment: str) -> bool:
    return any(character in segment for character in "*?[\\")
