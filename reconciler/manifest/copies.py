"""Which files of the main worktree are copied into each tree.

The rule: what is named and cannot be copied is refused at its place; of what a glob or `.worktreeinclude` finds, what
is no plain file, or belongs to orchestra, is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from reconciler.boundaries.pattern import parse
from reconciler.clients.files import Entry, is_temporary
from reconciler.clients.untracked import INCLUDE_FILE, Named, Untracked
from reconciler.errors import Location, ManifestError, OrchestraError, Problem
from reconciler.manifest import grammar
from reconciler.manifest.declaration import CopyDeclaration, Declaration
from reconciler.manifest.problems import quote

MOST_FILES = 500  # a guess: far more than any project keeps beside git, far less than what a package manager installs
MOST_BYTES = 64 << 20
_INCLUDE = CopyDeclaration(INCLUDE_FILE, Location(INCLUDE_FILE, 1, 1))

AnswerT = TypeVar("AnswerT")


@dataclass(frozen=True, slots=True)
class CopiedFile:
    """A file to copy.

    Attributes:
        content: None when there is no such file (any more), or nobody looked.
        where: the place that asks for it.
    """

    path: str
    content: bytes | None
    mode: int
    where: Location


@dataclass(slots=True)
class Copies:
    """Finds what the declarations of one manifest copy; each file is read once, whoever wants it.

    Attributes:
        sources: None when nobody looks: then what is named is taken to be there, and nothing else is found.
    """

    declarations: Sequence[Declaration]
    sources: Untracked | None
    _names: Mapping[str, Named] | None = None
    _matched: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _entries: dict[str, Entry | None] = field(default_factory=dict)
    _found: dict[CopyDeclaration, tuple[CopiedFile, ...] | ManifestError] = field(default_factory=dict)

    def of(self, declaration: Declaration) -> tuple[CopiedFile, ...]:
        """What is copied into the tree of one workspace; a file that is declared by its text is not.

        Raises:
            ManifestError: something that it names cannot be copied.
        """
        if declaration.copy is None:
            return ()
        written = {file.path for file in declaration.files} | ({declaration.env_file} if declaration.ports else set())
        found = [file for asked in (*declaration.copy, _INCLUDE) for file in self._find_once(asked)]
        return tuple({file.path: file for file in reversed(found) if file.path not in written}.values())[::-1]

    def faults(self, declaration: Declaration) -> list[Problem]:
        """List all that is wrong with what one workspace copies."""
        found: list[Problem] = []
        for asked in (*declaration.copy, _INCLUDE) if declaration.copy is not None else ():
            try:
                self._find_once(asked)
            except ManifestError as error:
                found += error.problems
        return found

    def _find_once(self, asked: CopyDeclaration) -> tuple[CopiedFile, ...]:
        if asked not in self._found:
            try:
                self._found[asked] = tuple(self._find(asked))
            except ManifestError as error:
                self._found[asked] = error
        found = self._found[asked]
        if isinstance(found, ManifestError):
            raise found
        return found

    def _find(self, asked: CopyDeclaration) -> Iterator[CopiedFile]:
        if asked is _INCLUDE:
            self._require_plain_lines(asked)
            yield from self._read_plain(asked, _ask(asked, self._included))
        elif parse(asked.text).literal:
            yield from self._find_named(asked, asked.text.rstrip("/"))
        else:
            yield from self._read_plain(asked, _ask(asked, partial(self._matching, asked.text)))

    def _require_plain_lines(self, asked: CopyDeclaration) -> None:
        """What git passes over without a word is refused: somebody counts on it."""
        sources = self.sources
        entry = _ask(asked, lambda: sources.include_file) if sources else None
        if entry is not None and entry.content is None:
            hint = "put a regular file in its place, or write `copy: []`"
            raise ManifestError((Problem("it is a symbolic link or no file, and says nothing", asked.where, hint),))
        lines = (entry.content or b"").decode("utf-8", "surrogateescape").split("\n") if entry else ()
        found = ((number, grammar.ignore_line_fault(line.removesuffix("\r"))) for number, line in enumerate(lines, 1))
        problems = tuple(
            Problem(fault.message, Location(INCLUDE_FILE, number, fault.offset + 1), fault.hint)
            for number, fault in found
            if fault
        )
        if problems:
            raise ManifestError(problems)

    # --- what a pattern finds ----------------------------------------------------------------------------------------

    def _read_plain(self, asked: CopyDeclaration, paths: Sequence[str]) -> Iterator[CopiedFile]:
        chosen = [path for path in paths if not (path.endswith("/") or _is_ours_or_odd(path))]
        for path in self._bounded(asked, chosen):
            entry = _ask(asked, partial(self._read, path))
            if entry and entry.content is not None:
                yield CopiedFile(path, entry.content, entry.mode, asked.where)

    # --- what is written out -----------------------------------------------------------------------------------------

    def _find_named(self, asked: CopyDeclaration, path: str) -> Iterator[CopiedFile]:
        if fault := grammar.own_file_fault(path):
            raise _refusal(asked, f"{quote(path)} cannot be copied: {fault.message}", "leave it out")
        if self.sources is None:
            yield CopiedFile(path, None, 0, asked.where)
            return
        named = self._ask_names(asked)[path]
        for file in self._bounded(asked, [each for each in named.untracked if not is_temporary(each)]):
            yield self._read_named(asked, file)
        if not named.untracked:
            self._require_missing(asked, path, named)
            yield CopiedFile(path, None, 0, asked.where)

    def _ask_names(self, asked: CopyDeclaration) -> Mapping[str, Named]:
        """Ask for all names of the manifest together."""
        if self._names is None and self.sources:
            texts = [each.text for declaration in self.declarations for each in declaration.copy or ()]
            names = tuple(dict.fromkeys(text.rstrip("/") for text in texts if parse(text).literal))
            named = self.sources.named
            self._names = _ask(asked, lambda: named(names))
        return self._names or {}

    def _read_named(self, asked: CopyDeclaration, path: str) -> CopiedFile:
        if path.endswith("/"):
            raise _refusal(asked, f"{quote(path)} is a git repository of its own", "name files that belong to this one")
        if fault := grammar.own_file_fault(path):
            raise _refusal(asked, f"{quote(path)} cannot be copied: {fault.message}", "name the files that are needed")
        entry = _ask(asked, lambda: self._read(path))
        if entry is None:
            return CopiedFile(path, None, 0, asked.where)
        if entry.content is not None:
            return CopiedFile(path, entry.content, entry.mode, asked.where)
        what = "a symbolic link" if entry.link is not None else "no regular file"
        raise _refusal(asked, f"{quote(path)} is {what}", "name regular files; nothing is copied through links")

    def _require_missing(self, asked: CopyDeclaration, path: str, named: Named) -> None:
        """What is there and cannot be copied is refused; what is missing is for the plan to say."""
        if named.tracked:
            raise _refusal(asked, f"{quote(path)} is tracked by git", "leave it out: every tree has it anyway")
        entry = _ask(asked, partial(self._read, path))
        if entry is not None and entry.content is not None:
            raise _refusal(asked, f"{quote(path)} belongs to another repository", "name files that belong to this one")
        if entry is not None:
            message = f"{quote(path)} is no regular file, and no directory that holds one"
            raise _refusal(asked, message, "put one there, or leave it out")

    # --- both --------------------------------------------------------------------------------------------------------

    def _included(self) -> tuple[str, ...]:
        return self.sources.included if self.sources else ()

    def _matching(self, text: str) -> tuple[str, ...]:
        if text not in self._matched:
            self._matched[text] = self.sources.matching(text) if self.sources else ()
        return self._matched[text]

    def _read(self, path: str) -> Entry | None:
        if path not in self._entries:
            self._entries[path] = self.sources.read(path) if self.sources else None
        return self._entries[path]

    def _bounded(self, asked: CopyDeclaration, paths: Sequence[str]) -> Sequence[str]:
        hint = "name the files that are needed; what can be installed is better installed"
        if len(paths) > MOST_FILES:
            message = f"{quote(asked.text)} stands for {len(paths)} files, {MOST_FILES} may be"
            raise _refusal(asked, message, hint)
        size = sum(map(self.sources.size, paths)) if self.sources else 0
        if size > MOST_BYTES:
            message = f"{quote(asked.text)} stands for {size >> 20} MiB, {MOST_BYTES >> 20} may be"
            raise _refusal(asked, message, hint)
        return paths


def _ask(asked: CopyDeclaration, look: Callable[[], AnswerT]) -> AnswerT:
    """Look at the main worktree; what it refuses is refused at the place that asked."""
    try:
        return look()
    except OrchestraError as error:
        hint = error.hint or "see what is there, or leave it out"
        raise _refusal(asked, f"{quote(asked.text)} cannot be copied: {error.message}", hint) from error


def _refusal(asked: CopyDeclaration, message: str, hint: str) -> ManifestError:
    return ManifestError((Problem(message, asked.where, hint),))


def _is_ours_or_odd(path: str) -> bool:
    return is_temporary(path) or bool(grammar.own_file_fault(path) or grammar.file_path_fault(path))
