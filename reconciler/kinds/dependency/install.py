"""Install: mark it as begun, hide what will be there, run the commands, see what they made, mark it as done.

The rule: a mark says `ready` only after that, so that what was killed at any moment is not taken for done.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO

from reconciler.clients import files, globs
from reconciler.clients.command import (
    Command,
    Log,
    Ran,
    at_work,
    count_names,
    find_program,
    is_there,
    logging,
    remove_directory,
    run_in_tree,
)
from reconciler.clients.git import Git
from reconciler.clients.marks import Mark, MarkBook, change_book
from reconciler.errors import ClientError, OrchestraError, PermanentError, TransientError
from reconciler.kinds.dependency.decide import differences
from reconciler.kinds.dependency.find import FAILED, INSTALLING, REPLACED, Finder, Tree
from reconciler.kinds.dependency.providers.provider import Place, flattened
from reconciler.kinds.dependency.spec import KIND, TREE, DependencySpec
from reconciler.kinds.installed import identities, installed_in
from reconciler.model.phrases import some
from reconciler.model.redaction import forms
from reconciler.model.resource import Resource
from reconciler.model.variables import ENVIRONMENT

_MOST_LINES = 200  # of a program's output in a message; the log has all
_LONGEST_LINE = 1000
_SHORTEST_LINE = 4  # of a value of several lines; a brace alone tells nothing
_MOST_RUNS = 2  # what rewrites what it reads, as a formatter does, changes nothing the second time
_NO_SPACE = re.compile(r"ENOSPC|[Nn]o space left on device|[Dd]isk quota exceeded")


@dataclass(frozen=True, slots=True)
class Installer:
    """Installs dependencies of one clone."""

    git: Git
    clone: str
    environment: Mapping[str, str]
    finder: Finder

    def install(self, resource: Resource[DependencySpec], tree: Tree, on_output: Callable[[str], None]) -> None:
        """Install one.

        Raises:
            TransientError: another attempt may help.
            OrchestraError: it may not.
        """
        spec, name = resource.spec, _file_name(resource)
        makes = list(spec.by.makes(spec.place(tree.path)))
        conceal = _concealing(spec)
        with at_work(tree.git_dir, name, tree.path) as lock, logging(tree.git_dir, name, on_output, conceal) as log:
            _remove_what_is_bound_elsewhere(resource, tree)
            self._remove_what_stays_linked(resource, tree)
            _remove_what_is_half_made(resource, tree)
            self._mark(resource, tree, INSTALLING, makes, {})
            locks, salt = _contents(spec, tree.path), secrets.token_hex(8)
            facts = self._run_until_settled(resource, tree, salt, partial(self._run, log=log, lock=lock))
            _require_unchanged(resource, tree.path, locks)
            made = _require_made(resource, tree.path)
            done = {"facts": facts, "made": made, "salt": salt, "identities": identities(tree.path, makes)}
            self._mark(resource, tree, "ready", makes, done)

    def _remove_what_stays_linked(self, resource: Resource[DependencySpec], tree: Tree) -> None:
        """Package managers leave what they find installed as it is: linked, where copies are wanted by now."""
        spec, mark = resource.spec, tree.book.find(resource.address, resource.spec.was)
        before = mark.declared.get("facts") if mark else None
        if isinstance(before, dict) and before.get("link") != spec.declared.get("link"):
            for path in installed_in(tree.book, tree.path) & {*spec.by.makes(spec.place(tree.path))}:
                remove_directory(tree.path, path)

    def _mark(
        self, resource: Resource[DependencySpec], tree: Tree, state: str, makes: list[str], more: Mapping[str, object]
    ) -> None:
        spec = resource.spec
        declared = {"provider": spec.provider, "project": spec.project, "makes": makes, **more}
        mark = Mark(declared, state)
        change_book(
            tree.git_dir, self.clone, lambda book: _replacing_others(book, resource, makes).put(resource.address, mark)
        )
        self.finder.trees.hide(tree.path, tree.git_dir)

    def _run_until_settled(
        self, resource: Resource[DependencySpec], tree: Tree, salt: str, run: Callable[..., None]
    ) -> Mapping[str, str]:
        """Run the commands, and once more where they, or somebody, changed meanwhile what they read.

        Returns:
            What decided what was installed.

        Raises:
            PermanentError: they change it each time.
        """
        spec = resource.spec
        facts = self._facts(spec, tree, salt)
        for _ in range(_MOST_RUNS):
            before = facts
            for argv in spec.by.commands(spec.place(tree.path), spec.options):
                run(resource, tree, argv)
            facts = self._facts(spec, tree, salt)
            if facts == before:
                return facts
        said = spec.options.command or spec.provider
        message = f"`{said}` changes what it reads: {some([field.path for field in differences(before, facts)])}"
        hint = "take that out of `inputs`, or name it in `outputs`" if spec.provider == "run" else "apply again"
        raise PermanentError(message, where=resource.where, hint=hint)

    def _facts(self, spec: DependencySpec, tree: Tree, salt: str) -> Mapping[str, str]:
        return {**spec.declared, **self.finder.facts(spec, tree.path, salt, tree.path, spec.reads(tree.path))}

    def _run(
        self, resource: Resource[DependencySpec], tree: Tree, argv: tuple[str, ...], log: Log, lock: IO[bytes]
    ) -> None:
        spec = resource.spec
        directory = spec.place(tree.path).directory
        environment = self._environment(spec, tree.path)
        command = Command(_found(argv, environment), directory, environment, spec.time_limit_seconds)
        makes = list(spec.by.makes(spec.place(tree.path)))
        absent = [path for path in makes if not os.path.lexists(tree.path / path)]
        ran = run_in_tree(self.git.runner, command, log, lock)
        again = spec.by.asking_again(argv)
        if ran.code and again != argv and spec.by.is_garbled(ran.output):  # it may lie in the cache since long ago
            argv, command = again, replace(command, argv=_found(again, environment))
            ran = run_in_tree(self.git.runner, command, log, lock)
        is_unfinished = ran.code == 0 and spec.by.is_unfinished(ran.output)
        if is_unfinished or (ran.code is not None and ran.code > 0):  # what is made there from now on may be somebody's
            before = installed_in(tree.book, tree.path) & {*makes}
            with contextlib.suppress(ClientError):  # what it said matters more; without the mark it was interrupted
                self._mark(resource, tree, FAILED, makes, {"identities": identities(tree.path, before)})
        if ran.code != 0 or is_unfinished:
            _remove_what_is_not_usable(resource, tree, absent)
            raise _failure(resource, argv, ran, spec.place(tree.path))

    def _environment(self, spec: DependencySpec, tree: Path) -> dict[str, str]:
        """The user's own, without what would lead the command into another repository or installation."""
        own = {name: value for name, value in self.environment.items() if not name.startswith("GIT_")}
        own.pop("VIRTUAL_ENV", None)
        place = spec.place(tree)
        if "CARGO_TARGET_DIR" in own:  # shared, it would run what was built from another tree
            own["CARGO_TARGET_DIR"] = str(place.directory / "target")
        return {
            **own,
            "PWD": str(place.directory),
            **spec.by.environment(place, spec.options),
            **dict(spec.environment),
        }


def _replacing_others(book: MarkBook, resource: Resource[DependencySpec], makes: list[str]) -> MarkBook:
    """The marks of a tree, where those who own the same directory have nothing there any more.

    They are not declared now, or it would be an error. They may be again, when a branch is switched back.
    """
    for address, mark in book.marks.items():
        is_other = address.kind == KIND and address not in {resource.address, resource.spec.was}
        made = mark.declared.get("makes")
        if is_other and mark.state == "ready" and makes and isinstance(made, list) and made[:1] == makes[:1]:
            book = book.put(address, replace(mark, state=REPLACED))
    return book


def _remove_what_is_bound_elsewhere(resource: Resource[DependencySpec], tree: Tree) -> None:
    """Virtual environments hold their own path, and their tools do not mend it when their tree was moved."""
    spec = resource.spec
    mark = tree.book.find(resource.address, spec.was)
    facts = mark.declared.get("facts") if mark else None
    was_at = facts.get(TREE) if isinstance(facts, dict) else None
    if spec.by.must_make and was_at not in {None, str(tree.path)}:
        for path in spec.by.makes(spec.place(tree.path)):
            remove_directory(tree.path, path)


def _remove_what_is_half_made(resource: Resource[DependencySpec], tree: Tree) -> None:
    """Begin anew what is ours and its tool was killed at, and a virtual environment without an interpreter.

    The tools take a package that was half written for whole, and refuse an environment that lost its interpreter.
    """
    spec = resource.spec
    place, mark = spec.place(tree.path), tree.book.find(resource.address, spec.was)
    was_killed = mark is not None and mark.state == INSTALLING and spec.by.owns and not spec.by.is_built_later
    if was_killed or not _is_usable(spec, tree):
        for path in tree.ours(mark) & {*spec.by.makes(place)}:
            remove_directory(tree.path, path)


def _remove_what_is_not_usable(resource: Resource[DependencySpec], tree: Tree, absent: Iterable[str]) -> None:
    """What a command that failed made without an interpreter: nobody else can have, and its tool would refuse it."""
    if not _is_usable(resource.spec, tree):
        for path in absent:
            with contextlib.suppress(ClientError):  # what it said matters more
                remove_directory(tree.path, path)


def _is_usable(spec: DependencySpec, tree: Tree) -> bool:
    """Whether what must be there for anything to run on it is: the interpreter of a virtual environment."""
    return all(is_there(tree.path, spec.place(tree.path).path(name)) for name in spec.by.must_make)


def _concealing(spec: DependencySpec) -> Callable[[str], str]:
    """Take what must not be shown out of what a command wrote, all at once: no value hides a part of another one.

    What it was given itself is taken out however short it is.
    """
    written = {form: f"{{env:{name}}}" for name, value in spec.secrets.items() for form in forms(value)}
    for value, shown in _values(spec).items():
        lines = (line.strip() for line in value.splitlines())
        written |= dict.fromkeys((value, *(line for line in lines if len(line) >= _SHORTEST_LINE)), shown)
    if not written:
        return lambda text: text
    found = re.compile("|".join(map(re.escape, sorted(written, key=len, reverse=True))))
    return lambda text: found.sub(lambda match: written[match[0]], text)


def _values(spec: DependencySpec) -> dict[str, str]:
    """The values of the environment that a command gets, and how each is written."""
    values: dict[str, str] = {}
    for (_, written), (_, real) in zip(spec.declared_environment, spec.environment, strict=True):
        names = ENVIRONMENT.findall(written)
        pattern = "(.*)".join(map(re.escape, ENVIRONMENT.sub("\0", written).split("\0")))
        if names and (match := re.fullmatch(pattern, real, re.DOTALL)):
            values.update(
                (value, f"{{env:{name}}}") for value, name in zip(match.groups(), names, strict=True) if value
            )
    return values


def _file_name(resource: Resource[DependencySpec]) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", resource.address.name.partition("/")[2])


def _found(argv: tuple[str, ...], environment: Mapping[str, str]) -> tuple[str, ...]:
    """The command with the program as the shell of its own environment would find it."""
    program = find_program(argv[0], environment.get("PATH", "")) if "/" not in argv[0] else None
    return (str(program.path), *argv[1:]) if program else argv


def _contents(spec: DependencySpec, tree: Path) -> dict[str, object]:
    place = spec.place(tree)
    return {name: files.read(tree, place.path(name)) for name in spec.by.locks}


def _require_unchanged(resource: Resource[DependencySpec], tree: Path, before: Mapping[str, object]) -> None:
    for name, entry in _contents(resource.spec, tree).items():
        if entry != before[name]:
            message = f"{resource.spec.provider} changed {resource.spec.place(tree).path(name)}, and must not"
            raise PermanentError(message, where=resource.where, hint="commit what it should be, then apply again")


def _require_made(resource: Resource[DependencySpec], tree: Path) -> dict[str, int | None]:
    """What is there now of all that it makes, and how many names each directory holds.

    Raises:
        PermanentError: something that has to be there is not.
    """
    spec = resource.spec
    place = spec.place(tree)
    for name in spec.by.must_make:
        if not is_there(tree, place.path(name)):
            raise PermanentError(
                f"{spec.provider} succeeded, but {place.path(name)} is not there", where=resource.where
            )
    for pattern in spec.options.outputs:
        if not globs.matching_files(place.directory, pattern):
            message = f"`{spec.options.command}` succeeded, but made nothing that matches `{pattern}`"
            raise PermanentError(message, where=resource.where, hint="mend the command, or `outputs`")
    owned = () if spec.by.is_built_later else spec.by.makes(place)
    makes = (*owned, *map(place.path, (*spec.by.keeps, *spec.by.must_make)))
    return {path: count_names(tree, path) for path in dict.fromkeys(makes) if is_there(tree, path)}


def _failure(resource: Resource[DependencySpec], argv: tuple[str, ...], ran: Ran, place: Place) -> OrchestraError:
    """Say what a program said, and whether another attempt may help."""
    spec = resource.spec
    said = spec.options.command or " ".join(argv)
    lines = ran.output.strip().splitlines()
    before = ran.lines_before + max(0, len(lines) - _MOST_LINES)
    more = [f"... ({before} lines before these)"] if before else []
    message = "\n".join(
        (f"`{said}` {_became(ran, spec)}", *more, *(line[:_LONGEST_LINE] for line in lines[-_MOST_LINES:]))
    )
    if ran.code is None and spec.by.is_retried:
        return TransientError(message, where=resource.where, hint=f"the log is {ran.log}")
    if ran.code is not None and spec.by.is_transient(ran.output) and not _NO_SPACE.search(flattened(ran.output)):
        return TransientError(message, where=resource.where, hint="see that the registry can be reached")
    return PermanentError(message, where=resource.where, hint=_hint(spec, ran, place))


def _became(ran: Ran, spec: DependencySpec) -> str:
    if ran.code == 0:
        return "did not write all that it should, though it succeeded"
    if ran.code is None:
        return f"was ended: it took longer than {spec.time_limit_seconds:g} s"
    return f"failed with exit status {ran.code}" if ran.code > 0 else f"was ended by signal {-ran.code}"


def _hint(spec: DependencySpec, ran: Ran, place: Place) -> str:
    if ran.code is None:
        return "give it more time with `timeout:`"
    if _NO_SPACE.search(flattened(ran.output)):
        return "free some space, then apply again"
    if spec.by.is_garbled(ran.output):
        return f"what the registry sent is not what it should be: see what it answers; the log is {ran.log}"
    if spec.by.is_unreadable(ran.output) or (spec.by.is_stale(ran.output) and spec.by.is_lost(place)):
        anew = spec.by.how_to_begin_anew
        return f"the lock file cannot be read: take it back from git, or `{anew}`; commit it, then apply again"
    if spec.by.is_stale(ran.output):
        return f"the lock file does not fit: `{spec.by.how_to_lock}`, commit it, then apply again"
    how = spec.by.how_to_get_it(ran.code, ran.output)
    return f"{how}; the log is {ran.log}" if how else f"the log is {ran.log}"
