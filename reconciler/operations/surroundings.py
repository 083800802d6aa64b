"""What surrounds a command of `exec`: what holds it, what it sees, and its environment.

The rule: what holds it is chosen and told before anything is made, and never becomes less on the way.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from reconciler.boundaries.pattern import parse
from reconciler.boundaries.permissions.launch import Launch
from reconciler.clients.files import real_path
from reconciler.clients.hooks import directory_of
from reconciler.clients.process import Runner
from reconciler.clients.sandbox import bubblewrap, landlock
from reconciler.clients.sandbox.bubblewrap import Mount
from reconciler.clients.sandbox.foreground import Errand
from reconciler.clients.sandbox.led_git import lead
from reconciler.clients.sandbox.openings import Openings, Wanted
from reconciler.clients.sandbox.private_git import BORROWED, PrivateGit
from reconciler.clients.trees import TreeRecord
from reconciler.errors import PermanentError, UsageError
from reconciler.kinds.guard.rule import RULE
from reconciler.manifest.areas import DeclaredArea
from reconciler.manifest.declaration import Declaration
from reconciler.model.layout import DESKS
from reconciler.model.phrases import some
from reconciler.operations.session import Session

SETTINGS = "settings"
GUARD_RULE = "guard-rule"
TEMPORARY = "tmp"
_KEPT = (
    *("PATH", "SHELL", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TERM", "COLORTERM", "TERM_PROGRAM"),
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "EDITOR", "VISUAL", "PAGER", "CI"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    *("RUSTUP_HOME", "RUSTUP_TOOLCHAIN", "PYENV_ROOT", "PYENV_VERSION", "NVM_DIR", "VOLTA_HOME", "GOROOT", "JAVA_HOME"),
    *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "CLAUDE_CODE_OAUTH_TOKEN"),
    *("OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
)


class Holding(Enum):
    """What holds a command in its area."""

    BUBBLEWRAP = "bubblewrap"
    LANDLOCK = "landlock"
    NONE = "none"


def choose(wanted: str, runner: Runner, told: Callable[[str], None]) -> Holding:
    """Find out what can hold a command here, and tell what that does not.

    Args:
        wanted: `auto`, or the name of one.
        runner: starts programs.
        told: is given, in words, what the user should know.

    Raises:
        PermanentError: what is wanted cannot be had.
    """
    if wanted == Holding.NONE.value:
        told("nothing holds the command: it can write wherever you can, and git works on the repository itself")
        return Holding.NONE
    reasons: list[str] = []
    if wanted != Holding.LANDLOCK.value:
        reasons += filter(None, [bubblewrap.why_not(runner)])
        if not reasons:
            return Holding.BUBBLEWRAP
    if wanted != Holding.BUBBLEWRAP.value:
        reasons += filter(None, [landlock.why_not()])
    if wanted == Holding.BUBBLEWRAP.value or landlock.why_not():
        hint = "install bubblewrap, and where it may not, let users make namespaces; `--sandbox none` runs it unheld"
        raise PermanentError(f"there can be no sandbox: {'; '.join(reasons)}", hint=hint)
    told("".join(f"{reason}; " for reason in reasons) + "Landlock, which is weaker, holds the command")
    told(f"Landlock does not stop: {', '.join(landlock.gaps())}")
    return Holding.LANDLOCK


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be run, and how.

    Attributes:
        name: the workspace.
        command: the command and its arguments.
        cwd: where the user stands.
        home: its home: `private`, `user`, or a directory.
        writable: directories that it may write beside its area.
        environment: variables that it gets beside those that all get: names, or `NAME=value`.
        sandbox: what is to hold it: `auto`, or the name of a `Holding`.
        hook: the program that an agent is to ask before each edit; empty: agents get no settings.
    """

    name: str
    command: tuple[str, ...]
    cwd: Path
    home: str = "private"
    writable: tuple[Path, ...] = ()
    environment: tuple[str, ...] = ()
    sandbox: str = "auto"
    hook: tuple[str, ...] = ()

    @property
    def variables(self) -> tuple[tuple[str, bool, str], ...]:
        """Those variables: name, whether a value is given, and the value."""
        split = (each.partition("=") for each in self.environment)
        return tuple((name, bool(sign), value) for name, sign, value in split)


@dataclass(frozen=True)
class Workspace:
    """A workspace that has a tree.

    Attributes:
        area: what it may change.
    """

    declaration: Declaration
    area: DeclaredArea
    record: TreeRecord

    @property
    def wanted(self) -> Wanted:
        """What is to be open for writing."""
        scratch = tuple(parse(text) for text in self.declaration.scratch)
        area = self.area
        return Wanted(area.patterns("modify"), area.patterns("shared"), scratch, area.patterns("deny"), (DESKS,))


@dataclass(frozen=True)
class Unheld:
    """Everything that surrounds one command that nothing holds; and what all others have in common with it."""

    session: Session
    asked: Asked
    workspace: Workspace
    private: PrivateGit
    openings: Openings
    settings: Launch

    def errand(self) -> Errand:
        """The command, and what it sees."""
        return Errand(self._command, self.cwd, self._environment(self.private.home))

    @property
    def _command(self) -> tuple[str, ...]:
        program, *arguments = self.asked.command
        return (program, *self.settings.words, *arguments)

    @property
    def cwd(self) -> Path:
        """Where the command begins: at the top, or where the user stands in the tree."""
        tree = self.workspace.record.path
        return self.asked.cwd if self.asked.cwd.is_relative_to(tree) else tree

    @property
    def opened(self) -> list[Path]:
        """What the user opens beside the tree: a home, and what is named."""
        home = [] if self.asked.home == "private" else [self.home]
        return [real_path(path) for path in (*home, *self.asked.writable)]

    def closed(self) -> Iterator[tuple[Path, Path]]:
        """What lies in there and stays closed, with what it lies in: the repository, the archives, what starts this."""
        there = (path for path in (*(path for path, _ in self.session.kept), *_starters()) if path.exists())
        kept = {real_path(path) for path in (self.session.state, *there)}  # archives come later
        for place in self.opened:
            inside = {path for path in kept if path.is_relative_to(place) and path != place}
            yield from ((path, place) for path in sorted(inside) if inside.isdisjoint(path.parents))

    @property
    def home(self) -> Path:
        """The home that was asked for, where it is one that there is."""
        return self._user_home if self.asked.home == "user" else Path(self.asked.home)

    @property
    def _user_home(self) -> Path:
        return Path(self.session.environment.get("HOME", "/"))

    def _environment(self, private_home: Path) -> dict[str, str]:
        """A list, and not what happens to be there."""
        given = self.session.environment
        kept = {name: given[name] for name in given if name in _KEPT or name.startswith("LC_")}
        asked = {name: value if is_set else given.get(name) for name, is_set, value in self.asked.variables}
        home = private_home if self.asked.home == "private" else self.home
        ours = {"HOME": str(home), "ORCHESTRA_WORKSPACE": self.asked.name}
        return {
            **kept,
            **ours,
            **self.settings.variables,
            **{name: value for name, value in asked.items() if value is not None},
        }


class Bubblewrapped(Unheld):
    """What surrounds a command that sees another disk than the one that there is."""

    def errand(self) -> Errand:
        """The command, and what it sees."""
        around = bubblewrap.arguments(tuple(self._mounts()), self.cwd)
        return Errand(self._command, self.cwd, self._environment(bubblewrap.HOME), around, bubblewrap.PASSING)

    def _mounts(self) -> Iterator[Mount]:
        """In order: what comes later lies upon what came before."""
        tree, common_dir = self.workspace.record.path, self.private.repository.common_dir
        shown = (tree, common_dir, self._user_home, *_python(), *self.asked.writable)
        asked = [name for name, *_ in self.asked.variables]
        hiding = bubblewrap.hiding(self.session.environment, shown, self.opened, asked)
        yield from bubblewrap.layered((*hiding, *self._opened(), *self._closed()))
        if self.asked.home == "private":
            yield Mount(bubblewrap.HOME, self.private.home, writable=True)
        if self.settings.files:
            yield Mount(bubblewrap.SETTINGS, self.private.directory / SETTINGS)
        for path, is_open in self.openings.ordered:
            yield Mount(tree / path, tree / path, writable=is_open)
        yield Mount(common_dir, self.private.common_dir, writable=True)
        yield Mount(common_dir / BORROWED, common_dir / "objects")
        yield from (Mount(path, path) for path in self.private.shown_as_it_is())
        if (self.private.directory / GUARD_RULE).exists():
            yield Mount(directory_of(self.workspace.record.git_dir) / RULE, self.private.directory / GUARD_RULE)

    def _opened(self) -> Iterator[Mount]:
        yield from (Mount(path, path, writable=True) for path in self.opened)

    def _closed(self) -> Iterator[Mount]:
        """What stays closed; each directory above it is a mount too, or it could be moved away with what is closed."""
        for path, place in self.closed():
            between = path.parents[: len(path.parts) - len(place.parts) - 1]
            yield from (Mount(each, each, writable=True) for each in between)
            yield Mount(path, path)


class Landlocked(Unheld):
    """What surrounds a command that sees the disk as it is, and may write to some of it."""

    def errand(self) -> Errand:
        """The command, and what it may write to.

        Raises:
            UsageError: the home that is asked for cannot be opened without what lies in it.
            ClientError: the operating system refused.
        """
        environment = self._environment(self.private.home)
        search_path = environment.get("PATH", os.defpath)
        led = lead(self.private, RULE, search_path, self.session.survey.config.get("core.hookspath"))
        given = led | {"TMPDIR": str(self.private.directory / TEMPORARY)}
        limits = landlock.limits(self._writable())
        return Errand(self._command, self.cwd, given | environment | {"PATH": led["PATH"]}, limits=limits)

    def _writable(self) -> Iterator[Path]:
        yield from (self.private.common_dir, self.private.directory / TEMPORARY)
        if self.asked.home == "private":
            yield self.private.home
        yield from self._opened()
        for path in self.openings.open:
            yield from self._open_at_top() if not path else (self.workspace.record.path / path,)

    def _opened(self) -> list[Path]:
        closed: dict[Path, list[str]] = {}
        for path, place in self.closed():
            closed.setdefault(place, []).append(str(path))
        for place, paths in closed.items():
            message = f"Landlock cannot open {place} and keep closed what lies in it ({some(paths)})"
            raise UsageError(message, hint="open a directory beside it: `--home DIR`, `--write DIR`")
        return self.opened

    def _open_at_top(self) -> Iterator[Path]:
        """What is there and open: the top itself is not opened, for who can replace `.git` there leads git outside."""
        tree, writable = self.workspace.record.path, self.openings.writable
        for path in sorted(tree.iterdir()):
            if path.name != ".git" and writable.get(path.name, True) and not path.is_symlink():
                yield path

    def remarks(self) -> Iterator[str]:
        """Say what is wider, or narrower, than the area."""
        closed = [path for path, is_open in self.openings.ordered if not is_open and "/" in path]
        if closed:
            yield f"open with the directory in which they lie, and for the import to refuse: {some(closed)}"
        if "" in self.openings.open:
            yield "at the top of the tree, what is there is open, and nothing new can be made"


def _starters() -> Iterator[Path]:
    """What starts the command, and runs outside the next time."""
    yield from _python()
    if bwrap := shutil.which("bwrap"):
        yield Path(bwrap)


def _python() -> Sequence[Path]:
    """Where the Python is that starts the command, and what it runs."""
    ours = Path(__file__).parents[2]
    return tuple(dict.fromkeys((*map(Path, (sys.prefix, sys.base_prefix)), ours)))
