"""The words that the shell reads: what a tree may change, and what its base has. Pure.

The rule: areas are written as `check` reads them, by `boundaries.pathspec`; every value stands in quotes.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path

from reconciler.boundaries import pathspec
from reconciler.kinds.guard.spec import GuardSpec

PROGRAM, RULE, BASES = "guard", "rule", "bases"
OURS = frozenset({PROGRAM, RULE, BASES})
"""Files in the directory of hooks; all else of ours there is a link to the program."""

HOOKS = ("pre-commit", "pre-push", "reference-transaction")
_PREVIOUS = re.compile(rb"^previous=.*$", re.MULTILINE)
_PINNED = re.compile(rb"^pinned='?([0-9a-f ]*)'?$", re.MULTILINE)


@cache
def program_text() -> bytes:
    """The hook itself."""
    return (files("reconciler") / "specs" / "guard" / "guard.sh").read_bytes()


def rule_text(spec: GuardSpec, common_dir: Path, previous: str) -> bytes:
    """What a tree may change, and where the hooks are that were in force before.

    Args:
        spec: what is declared.
        common_dir: the git directory that all trees share.
        previous: the directory of those hooks, as git would be told; one that is not absolute begins at the tree.
    """
    lines = [
        "# Written by `orchestra apply`.",
        f"name={shlex.quote(spec.workspace)}",
        f"branch={shlex.quote(f'refs/heads/{spec.branch}')}",
        f"common={shlex.quote(str(common_dir))}",
        f"previous={_quoted(previous)}",
        *_function("outside", (":(top)", *map(pathspec.excluding, spec.area.allowed))),
        *_function("denied", tuple(map(pathspec.of, spec.area.deny))),
        "whole=yes",
    ]
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


def without_previous(text: bytes) -> bytes:
    """A rule without where the hooks are that were in force before."""
    return _PREVIOUS.sub(b"", text)


def _quoted(text: str) -> str:
    """In quotes also where the shell needs none: `clients.hooks.around` reads it too."""
    return "'" + text.replace("'", "'\\''") + "'"


def _function(name: str, specs: Iterable[str]) -> Iterator[str]:
    """A function that hands a command on with pathspecs; with none there is nothing that they could find."""
    words = [shlex.quote(each) for each in specs]
    if not words:
        yield f"{name}() {{ :; }}"
        return
    yield f"{name}() {{"
    yield '\t"$@" -- \\'
    yield from (f"\t\t{word} \\" for word in words[:-1])
    yield f"\t\t{words[-1]}"
    yield "}"


def bases_text(commits: Iterable[str], branches: Iterable[str]) -> bytes:
    """The commits of the base, and its branches here, which nobody may move from within the tree."""
    refs = " ".join(f"refs/heads/{branch}" for branch in dict.fromkeys(branches))
    pinned = " ".join(dict.fromkeys(commits))
    text = f"# Written by `orchestra apply` and `orchestra sync`.\npinned='{pinned}'\nprotected={shlex.quote(refs)}\n"
    return text.encode("utf-8", "surrogateescape")


def pinned_in(text: bytes) -> tuple[str, ...]:
    """The commits that a text of bases names."""
    found = _PINNED.search(text)
    return tuple(found[1].decode().split()) if found else ()
