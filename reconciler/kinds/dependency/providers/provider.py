"""What a provider knows, as a value. Each provider is one in a file of its own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.clients import files, globs

# What registries and networks say when another attempt may help; the tools quote the system's own names.
NETWORK = (
    r"ECONNREFUSED|ECONNRESET|ECONNABORTED|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EPIPE|ERR_SOCKET_TIMEOUT|EIDLETIMEOUT"
    r"|ERR_STREAM_PREMATURE_CLOSE|end of file before message length reached|socket hang up|network timeout"
    r"|[Cc]onnection (?:refused|reset|aborted|closed|timed out)"
    r"|Connection(?:Refused|Reset|Closed)|[Tt]imed out|[Tt]imeout|[Tt]emporary failure in name resolution"
    r"|error sending request|[Cc]ould not connect|Failed to connect|[Cc]ould ?n[o']t resolve host"
    r"|Max retries exceeded|NewConnectionError|(?<![-/.0-9A-Za-z])E?(?:429|50[0234])(?![-/_0-9A-Za-z]|\.\w)"
)

# What tools say of an answer that they cannot read, or that is not what the lock file tells it to be.
GARBLED = (
    r"EINTEGRITY|[Ii]ntegrity ?[Cc]heck ?[Ff]ailed|TARBALL_INTEGRITY|(?:seems|appears) to be corrupt"
    r"|[Ii]nvalid zip|Failed to extract archive|Unable to find installation candidates|got Content-Type"
    r"|[Ii]nvalid json response body|failed to query replaced source|DECODE_ERROR|checksum mismatch"
    r"|DO NOT MATCH THE HASHES|from versions: none|YN0018"
)

# What tools say of a command or an option that they do not know.
UNKNOWN = (
    r"unexpected argument '-|[Uu]nknown (?:option|argument|command)\b|[Uu]nknown [Ss]yntax"
    r"|[Uu]nrecogni[sz]ed (?:option|argument)|no such (?:option|command)|command \"?\w+\"? does not exist"
    r"|flag provided but not defined"
)
_NOT_STARTED = frozenset({126, 127})
"""How shells, and what stands in for a tool and chooses its version, say that there is none to start."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the manifest says to a provider beside its name.

    Attributes:
        command: for `run`: what a shell is given, what it reads, and what it has to make.
    """

    groups: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    link: str | None = None
    requirements: tuple[str, ...] = ()
    command: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """The directory of a project, as it is now.

    Attributes:
        tree: the tree that it lies in.
        project: the way there; empty for the top.
    """

    tree: Path
    project: str = ""

    def path(self, name: str) -> str:
        """A path of the project, as seen from the top of the tree."""
        return posixpath.normpath(f"{self.project}/{name}") if self.project else name

    @property
    def directory(self) -> Path:
        """Where commands stand."""
        return self.tree / self.project

    def read(self, name: str) -> str:
        """The text of a file, its lines ended as everywhere, however git wrote them; empty when there is none.

        Raises:
            OrchestraError: it cannot be read, or a link is on the way.
        """
        entry = files.read(self.tree, self.path(name))
        text = (entry.content or b"").decode("utf-8", "replace") if entry else ""
        return text.replace("\r\n", "\n")

    def has(self, name: str) -> bool:
        """Whether there is such a file.

        Raises:
            OrchestraError: it cannot be read, or a link is on the way.
        """
        entry = files.read(self.tree, self.path(name))
        return entry is not None and entry.content is not None

    def directories(self, patterns: Iterable[str]) -> tuple[str, ...]:
        """The directories that globs name, as seen from the project."""
        found = (path for pattern in patterns for path in globs.matching_directories(self.directory, pattern))
        return tuple(dict.fromkeys(found))


def _nothing(_place: Place) -> Iterable[str]:
    return ()


def _no_environment(_place: Place, _options: Options) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Provider:
    """A package manager.

    Attributes:
        name: what the manifest calls it.
        program: what is started.
        how_to_get: a way to get that program.
        locks: its lock files; the first that is there counts, and one has to be.
        commands: the frozen, offline-first commands, one after the other; they never change a lock file.
        runtime: the program that what it installs runs on.
        owns: what it makes in the project's directory, and nobody else may.
        keeps: hidden directories in there that all else leads to; what else is hidden comes and goes.
        members: further directories of the project in which it makes the same.
        manifests: files that decide what is installed, in the project and in each member; those that are not there
            count as well.
        settings: such files in the project alone.
        must_make: what has to be there when it succeeded.
        environment: what its commands get beside the environment of all.
        stale: what it says when the lock file does not fit the manifests.
        how_to_lock: the command that mends that.
        unreadable: what it says when it cannot read the lock file, and that command could not either.
        how_to_begin_anew: the commands that mend that.
        is_lost_when_empty: an empty lock file is to it one that does not fit, and the command that mends that cannot
            read it.
        transient: what it says, beside what networks say, when another attempt may help.
        unfinished: what it says when it could not write all of it, and succeeds all the same.
        past_cache: words of its commands that prefer what it was sent before, and the words that ask again.
        is_built_later: what it owns is made by others, from what it fetched: that it is gone is no loss.
        is_alone: its cache is not made for two at once.
        is_retried: to fail like a network does is a reason to try it again.
    """

    name: str
    program: str
    how_to_get: str
    locks: tuple[str, ...]
    commands: Callable[[Place, Options], tuple[tuple[str, ...], ...]]
    how_to_lock: str
    stale: str
    runtime: str = ""
    owns: tuple[str, ...] = ()
    keeps: tuple[str, ...] = ()
    members: Callable[[Place], Iterable[str]] = _nothing
    manifests: tuple[str, ...] = ()
    settings: Callable[[Place, Options], Iterable[str]] = field(default=lambda _place, _options: ())
    must_make: tuple[str, ...] = ()
    environment: Callable[[Place, Options], Mapping[str, str]] = _no_environment
    unreadable: str = r"(?!)"
    how_to_begin_anew: str = ""
    is_lost_when_empty: bool = False
    transient: str = r"(?!)"
    unfinished: str = r"(?!)"
    past_cache: Mapping[str, str] = field(default_factory=dict)
    is_built_later: bool = False
    is_alone: bool = False
    is_retried: bool = True

    def inputs(self, place: Place, options: Options) -> Iterator[str]:
        """Every file that decides what is installed, as seen from the top of the tree."""
        for name in (*self.locks, *self.manifests, *self.settings(place, options)):
            yield place.path(name)
        for member in self.members(place):
            yield from (place.path(f"{member}/{name}") for name in self.manifests)

    def makes(self, place: Place) -> Iterator[str]:
        """Everything that it may make in the tree, as seen from its top."""
        for directory in ("", *(f"{member}/" for member in self.members(place))):
            yield from (place.path(directory + name) for name in self.owns)

    def lock(self, place: Place) -> str | None:
        """The lock file that is there."""
        return next((name for name in self.locks if place.has(name)), None)

    def is_lost(self, place: Place) -> bool:
        """Whether its lock file has nothing in it that it could go on from."""
        return self.is_lost_when_empty and not any(place.read(name).strip() for name in self.locks)

    def is_stale(self, output: str) -> bool:
        """Whether it says that the lock file does not fit."""
        return _says(self.stale, output)

    def is_unreadable(self, output: str) -> bool:
        """Whether it says that it cannot read the lock file."""
        return _says(self.unreadable, output)

    def is_unfinished(self, output: str) -> bool:
        """Whether it says that it could not write all of it."""
        return _says(self.unfinished, output)

    def how_to_get_it(self, code: int | None, output: str) -> str:
        """The way to a tool that can do it; empty where nothing tells that this one cannot."""
        if self.locks and code in _NOT_STARTED:
            return f"where `{self.program}` itself is not to be had: {self.how_to_get}"
        is_too_old = self.locks and _says(UNKNOWN, output)
        return f"this `{self.program}` may be too old: {self.how_to_get}" if is_too_old else ""

    def is_garbled(self, output: str) -> bool:
        """Whether it says that a registry sent something else than it should."""
        return bool(self.locks) and _says(GARBLED, output)

    def asking_again(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """A command that takes nothing from the cache that the registry was not asked for again."""
        return tuple(self.past_cache.get(word, word) for word in argv)

    def is_transient(self, output: str) -> bool:
        """Whether it says something that may pass by itself."""
        if not self.is_retried or self.is_stale(output) or self.is_unreadable(output):
            return False
        return _says(f"{NETWORK}|{self.transient}", output)


def repeated(flag: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """`--filter a --filter b`."""
    return tuple(word for value in values for word in (flag, value))


def flattened(output: str) -> str:
    """What a program said, on one line: some break their lines wherever a narrow terminal would end."""
    return " ".join(output.split())


def _says(pattern: str, output: str) -> bool:
    """Whether it is in what a tool said, wherever that broke its lines."""
    return re.search(pattern, flattened(output)) is not None
