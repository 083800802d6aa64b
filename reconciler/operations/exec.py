"""`exec`: run a command in the tree of a workspace, where the kernel lets it write in the workspace's area alone."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.boundaries.pattern import parse
from reconciler.boundaries.permissions.launch import DESK, Grounds, Launch
from reconciler.boundaries.places import place_of
from reconciler.clients import bubblewrap, files
from reconciler.clients.bubblewrap import Mount
from reconciler.clients.files import real_path
from reconciler.clients.foreground import Errand, alone, run_in_foreground
from reconciler.clients.hooks import directory_of, read_hook_data
from reconciler.clients.openings import Openings, Wanted, find_openings, made_beside, remove_made
from reconciler.clients.private_git import BORROWED, PrivateGit, require_files_backend
from reconciler.clients.private_home import fill_home
from reconciler.clients.trees import Standing, TreeRecord
from reconciler.errors import ConflictError, UsageError
from reconciler.kinds.guard.rule import RULE
from reconciler.manifest.areas import DeclaredArea, areas_of
from reconciler.manifest.declaration import Declaration, Manifest
from reconciler.model.address import Address
from reconciler.operations.agent_settings import settings_for
from reconciler.operations.importing import Importer, Result
from reconciler.operations.path import require_declared
from reconciler.operations.session import Session

TURN_SECONDS = 3.0
"""How often commits are looked for: a guess, between what a person waits for and what git costs."""

_SETTINGS = "settings"
_RULE = "guard-rule"
_KEPT = (
    *("PATH", "SHELL", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TERM", "COLORTERM", "TERM_PROGRAM"),
    *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "EDITOR", "VISUAL", "PAGER", "CI"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"),
    *("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_BASE_URL", "CLAUDE_CODE_OAUTH_TOKEN"),
    *("OPENAI_API_KEY", "OPENAI_BASE_URL", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
)


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
        hook: the program that an agent is to ask before each edit; empty: agents get no settings.
    """

    name: str
    command: tuple[str, ...]
    cwd: Path
    home: str = "private"
    writable: tuple[Path, ...] = ()
    environment: tuple[str, ...] = ()
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
        return Wanted(area.patterns("modify"), area.patterns("shared"), scratch, area.patterns("deny"), (DESK,))


@dataclass(frozen=True)
class Sandbox:
    """Everything that surrounds one command."""

    session: Session
    asked: Asked
    workspace: Workspace
    private: PrivateGit
    openings: Openings
    settings: Launch

    def errand(self) -> Errand:
        """The command, and what it sees."""
        around = bubblewrap.arguments(tuple(self._mounts()), self.cwd)
        program, *arguments = self.asked.command
        command = (program, *self.settings.words, *arguments)
        return Errand(command, self.cwd, self._environment(bubblewrap.HOME), around, bubblewrap.PASSING)

    @property
    def cwd(self) -> Path:
        """Where the command begins: at the top, or where the user stands in the tree."""
        tree = self.workspace.record.path
        return self.asked.cwd if self.asked.cwd.is_relative_to(tree) else tree

    def _mounts(self) -> Iterator[Mount]:
        """In order: what comes later lies upon what came before."""
        tree, common_dir = self.workspace.record.path, self.private.repository.common_dir
        shown = (tree, common_dir, self._user_home, *_python(), *self.asked.writable)
        yield from bubblewrap.hiding(self.session.environment, shown, [name for name, *_ in self.asked.variables])
        yield from self._home()
        if self.settings.files:
            yield Mount(bubblewrap.SETTINGS, self.private.directory / _SETTINGS)
        yield from (Mount(path, path, writable=True) for path in self.asked.writable)
        if self.asked.home == "user":
            yield from (Mount(path, path) for path in self._closed_at_home())
        for path, is_open in self.openings.ordered:
            yield Mount(tree / path, tree / path, writable=is_open)
        yield Mount(common_dir, self.private.common_dir, writable=True)
        yield Mount(common_dir / BORROWED, common_dir / "objects")
        yield from (Mount(path, path) for path in self.private.shown_as_it_is())
        if (self.private.directory / _RULE).exists():
            yield Mount(directory_of(self.workspace.record.git_dir) / RULE, self.private.directory / _RULE)

    def _home(self) -> Iterator[Mount]:
        if self.asked.home == "private":
            yield Mount(bubblewrap.HOME, self.private.directory / "home", writable=True)
        else:
            yield Mount(self.home, self.home, writable=True)

    def _closed_at_home(self) -> Iterator[Path]:
        """What lies in the user's home and stays closed: all trees, and the archives."""
        trees = (record.path for record in self.session.survey.records)
        home = real_path(self._user_home)
        for path in sorted({self.session.root, self.workspace.record.path, *trees, self.session.state}):
            if real_path(path).is_relative_to(home) and path.is_dir():
                yield path

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


def _python() -> Sequence[Path]:
    """Where the Python is that starts the command, and what it runs."""
    ours = Path(__file__).parents[2]
    return tuple(dict.fromkeys((*map(Path, (sys.prefix, sys.base_prefix)), ours)))


@dataclass(frozen=True, slots=True)
class Executed:
    """What became of a command.

    Attributes:
        code: its exit status.
        imports: what became of its commits.
    """

    code: int
    imports: tuple[Result, ...]


def execute(session: Session, asked: Asked, told: Callable[[str], None]) -> Executed:
    """Run a command in the sandbox of a workspace, and import what it commits.

    Args:
        session: the repository and the manifest.
        asked: what is to be run.
        told: is given, in words, what the user should know before it runs.

    Raises:
        UsageError: no such workspace is declared, or it has no tree.
        RefusedError: another command runs in its sandbox.
        ClientError: there can be no sandbox here, or it could not be prepared.
    """
    manifest = session.load_manifest(values=False)
    workspace = find_workspace(session, manifest, asked.name)
    require_files_backend(session.survey.config)
    bubblewrap.require_bubblewrap(session.git.runner)
    _require_apart(session, asked, workspace)
    private = PrivateGit(session.repository, workspace.record, workspace.declaration.branch)
    with alone(private.directory, asked.name) as lock:
        wanted = replace(workspace.wanted, made=private.load_state().made)
        openings = find_openings(workspace.record.path, wanted)
        scratch = tuple(place_of(pattern).path for pattern in wanted.scratch if pattern.literal)
        importer = Importer(session, manifest, asked.name, private, tuple(openings.open), scratch)
        importer.converge()
        private.prepare(session.git)
        if asked.home == "private":
            fill_home(private.directory / "home", Path(session.environment.get("HOME", "/")))
        for remark in openings.remarks:
            told(remark)
        _tell_guard(private)
        settings = _write_settings(asked, workspace, private, told)
        errand = Sandbox(session, asked, workspace, private, openings, settings).errand()
        try:
            code = run_in_foreground(errand, lock, turn_seconds=TURN_SECONDS, on_turn=importer.look)
        finally:
            remove_made(workspace.record.path, openings)
            made = made_beside(workspace.record.path, wanted, openings)
            private.save_state(replace(private.load_state(), made=made))
        importer.finish()
    return Executed(code, tuple(importer.results))


def _tell_guard(private: PrivateGit) -> None:
    """Let the guard know that it stands in a copy, where only the branch of the tree is of any consequence."""
    rule = read_hook_data(private.record.git_dir, RULE)
    if rule is None:
        files.remove(private.directory, _RULE)
    else:
        files.write(private.directory, _RULE, rule + b"sandboxed=yes\n")


def _write_settings(asked: Asked, workspace: Workspace, private: PrivateGit, told: Callable[[str], None]) -> Launch:
    if not asked.hook:
        return Launch()
    tree, place = str(workspace.record.path), str(bubblewrap.SETTINGS)
    grounds = Grounds(tree, workspace.area.area, place, asked.hook, is_sandboxed=True)
    launch = settings_for(asked.command, grounds, told)
    for name, text in launch.files.items():
        files.write(private.directory, f"{_SETTINGS}/{name}", text.encode())
    return launch


def _require_apart(session: Session, asked: Asked, workspace: Workspace) -> None:
    """Refuse to open what the sandbox is there to close.

    Raises:
        UsageError: it is no directory, or holds or is part of the repository or the tree.
    """
    closed = (session.repository.common_dir, session.root, workspace.record.path)
    places = [*asked.writable, *([] if asked.home in {"private", "user"} else [Path(asked.home)])]
    for place in places:
        real = real_path(place)
        if not real.is_dir():
            raise UsageError(f"{place} is no directory", hint="make it first")
        if any(real.is_relative_to(each) or each.is_relative_to(real) for each in closed):
            message = f"{place} holds the repository or is part of it, and is not made writable"
            raise UsageError(message, hint="widen `modify` of the workspace for what lies in its tree")


def find_workspace(session: Session, manifest: Manifest, name: str) -> Workspace:
    """Find a workspace and its tree.

    Raises:
        UsageError: it is not declared, or has no tree.
        ConflictError: its tree is not ready.
    """
    declaration = require_declared(manifest, name)
    hit = session.survey.marks.get(Address("workspace", name))
    if hit is None or hit[0].standing is not Standing.PRESENT:
        above = name.rpartition("--")[0]
        is_made = declaration.eager and declaration.tree
        hint = (
            "run `orchestra apply`" if is_made else f"it works in the tree of {above}: `orchestra exec {above} -- ...`"
        )
        raise UsageError(f"{name} has no tree in which a command could run", hint=hint)
    if hit[1].state != "ready":
        raise ConflictError(f"the tree of {name} is not complete", hint="run `orchestra apply`")
    return Workspace(declaration, areas_of(manifest.declarations)[name], hit[0])
