"""`exec`: run a command in the tree of a workspace, where the kernel lets it write in the workspace's area alone."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from reconciler.boundaries.permissions.launch import Grounds, Launch
from reconciler.boundaries.places import place_of
from reconciler.clients import files
from reconciler.clients.files import real_path
from reconciler.clients.hooks import read_hook_data
from reconciler.clients.sandbox import bubblewrap
from reconciler.clients.sandbox.foreground import alone, run_in_foreground
from reconciler.clients.sandbox.openings import Openings, find_openings, made_beside, remove_made
from reconciler.clients.sandbox.private_git import PrivateGit, require_files_backend
from reconciler.clients.sandbox.private_home import fill_home
from reconciler.clients.trees import Standing
from reconciler.errors import ClientError, ConflictError, UsageError
from reconciler.kinds.guard.rule import RULE
from reconciler.manifest.areas import areas_of
from reconciler.manifest.declaration import Manifest
from reconciler.model.address import Address
from reconciler.model.phrases import some
from reconciler.operations.agent_settings import settings_for
from reconciler.operations.guards import out_of_force
from reconciler.operations.importing import Importer, Result
from reconciler.operations.path import require_declared
from reconciler.operations.session import Session
from reconciler.operations.surroundings import (
    GUARD_RULE,
    SETTINGS,
    TEMPORARY,
    Asked,
    Bubblewrapped,
    Holding,
    Landlocked,
    Unheld,
    Workspace,
    choose,
)
from reconciler.vault.copy import make_place

TURN_SECONDS = 3.0
"""How often commits are looked for: a guess, between what a person waits for and what git costs."""

_OF_THE_SYSTEM = ("/boot", "/dev", "/etc", "/opt", "/proc", "/run", "/sys", "/tmp", "/usr", "/var")  # noqa: S108 - kept closed


@dataclass(frozen=True, slots=True)
class Executed:
    """What became of a command.

    Attributes:
        code: its exit status.
        imports: what became of its commits.
    """

    code: int
    imports: tuple[Result, ...]


def execute(session: Session, asked: Asked, told: Callable[[str], None], render: Callable[[Result], str]) -> Executed:
    """Run a command in the sandbox of a workspace, and import what it commits.

    Args:
        session: the repository and the manifest.
        asked: what is to be run.
        told: is given, in words, what the user should know before it runs.
        render: writes what became of commits in words, for a message to whoever works in the tree.

    Raises:
        UsageError: no such workspace is declared, or it has no tree.
        RefusedError: another command runs in its sandbox.
        ClientError: there can be no sandbox here, or it could not be prepared.
    """
    manifest = session.load_manifest(values=False)
    workspace = find_workspace(session, manifest, asked.name)
    for fault in out_of_force(session, manifest, (asked.name,)):
        told(fault)
    holding = choose(asked.sandbox, session.git.runner, told)
    if holding is not Holding.NONE:
        require_files_backend(session.survey.config)
    asked = _with_home(session, asked)
    _require_apart(session, asked)
    _require_home(session, asked)
    private = PrivateGit(session.repository, workspace.record, workspace.declaration.branch)
    run = Run(session, manifest, asked, workspace, private, told, render)
    return run.unheld() if holding is Holding.NONE else run.held(holding)


@dataclass(frozen=True, slots=True)
class Run:
    """One command, on its way."""

    session: Session
    manifest: Manifest
    asked: Asked
    workspace: Workspace
    private: PrivateGit
    told: Callable[[str], None]
    render: Callable[[Result], str]

    def unheld(self) -> Executed:
        """Run it where nothing holds it, on the repository itself."""
        common_dir = self.session.repository.common_dir
        git_dirs = (self.workspace.record.git_dir, *(common_dir / name for name in ("objects", "refs", "logs")))
        with alone(self.private.directory, self.asked.name) as lock:
            self._fill_home()
            settings = self._write_settings(tuple(map(str, git_dirs)), Holding.NONE)
            errand = Unheld(self.session, self.asked, self.workspace, self.private, Openings(), settings).errand()
            return Executed(run_in_foreground(errand, lock, turn_seconds=TURN_SECONDS, on_turn=lambda: None), ())

    def held(self, holding: Holding) -> Executed:
        """Run it in a sandbox, and import what it commits."""
        private, tree = self.private, self.workspace.record.path
        with alone(private.directory, self.asked.name) as lock:
            wanted = replace(self.workspace.wanted, made=private.load_state().made)
            openings = find_openings(tree, wanted)
            literal = (place_of(pattern).path for pattern in wanted.scratch if pattern.literal)
            scratch = (*literal, *openings.strewn)
            opened = tuple(openings.open)
            importer = Importer(self.session, self.manifest, self.asked.name, private, opened, scratch, self.render)
            importer.converge()
            private.prepare(self.session.git)
            try:
                code = self._run(holding, openings, lock, importer.look)
            finally:
                made = made_beside(tree, wanted, openings)
                private.save_state(replace(private.load_state(), made=made))
                importer.finish()  # also where nothing was started: what is there is known then as it was before
        return Executed(code, tuple(dict.fromkeys(importer.results)))  # each is told once, however often it was tried

    def _run(self, holding: Holding, openings: Openings, lock: IO[bytes], look: Callable[[], None]) -> int:
        self._fill_home()
        for remark in openings.remarks:
            self.told(remark)
        try:
            errand = self._surround(holding, openings).errand()
            return run_in_foreground(errand, lock, turn_seconds=TURN_SECONDS, on_turn=look)
        finally:
            self._remove_temporary()
            remove_made(self.workspace.record.path, openings)

    def _surround(self, holding: Holding, openings: Openings) -> Unheld:
        settings = self._write_settings((), holding)
        parts = (self.session, self.asked, self.workspace, self.private, openings, settings)
        if holding is Holding.BUBBLEWRAP:
            _tell_guard(self.private)
            seen = Bubblewrapped(*parts)
            if any(path == real_path(self.session.state) for path, _ in seen.closed()):
                make_place(self.session.state)  # what is not there cannot be closed
            return seen
        self._remove_temporary()
        files.make_directory(self.private.directory, TEMPORARY)
        surroundings = Landlocked(*parts)
        for remark in surroundings.remarks():
            self.told(remark)
        return surroundings

    def _remove_temporary(self) -> None:
        with contextlib.suppress(ClientError):
            files.remove_tree(self.private.directory / TEMPORARY)

    def _fill_home(self) -> None:
        if self.asked.home == "private":
            fill_home(self.private.home, Path(self.session.environment.get("HOME", "/")))

    def _write_settings(self, git_dirs: tuple[str, ...], holding: Holding) -> Launch:
        if not self.asked.hook:
            return Launch()
        is_held = holding is not Holding.NONE
        place = bubblewrap.SETTINGS if holding is Holding.BUBBLEWRAP else self.private.directory / SETTINGS
        tree, area = str(self.workspace.record.path), self.workspace.area.area
        grounds = Grounds(tree, area, str(place), self.asked.hook, git_dirs, is_sandboxed=is_held)
        launch = settings_for(self.asked.command, grounds, self.told)
        for name, text in launch.files.items():
            files.write(self.private.directory, f"{SETTINGS}/{name}", os.fsencode(text))
        return launch


def _tell_guard(private: PrivateGit) -> None:
    """Let the guard know that it stands in a copy, where only the branch of the tree is of any consequence."""
    rule = read_hook_data(private.record.git_dir, RULE)
    if rule is None:
        files.remove(private.directory, GUARD_RULE)
    else:
        files.write(private.directory, GUARD_RULE, rule + b"sandboxed=yes\n")


def _with_home(session: Session, asked: Asked) -> Asked:
    """Take the user's own home for that, however it is named."""
    own = Path(session.environment.get("HOME", ""))
    is_own = asked.home not in {"private", "user"} and own.is_absolute()
    return replace(asked, home="user") if is_own and real_path(Path(asked.home)) == real_path(own) else asked


def _require_apart(session: Session, asked: Asked) -> None:
    """Refuse to open what the sandbox is there to close.

    Raises:
        UsageError: it is no directory, or holds or is part of the repository, a tree or the archive.
    """
    for place in [*asked.writable, *([] if asked.home in {"private", "user"} else [Path(asked.home)])]:
        real = real_path(place)
        if not real.is_dir():
            raise UsageError(f"{place} is no directory", hint="make it first")
        for kept, what in session.kept:
            if real.is_relative_to(real_path(kept)) or real_path(kept).is_relative_to(real):
                message = f"{place} holds {what} or is part of it, and is not made writable"
                hint = "widen `modify` of the workspace for what lies in its tree; else name a directory beside it"
                raise UsageError(message, hint=hint)


def _require_home(session: Session, asked: Asked) -> None:
    """Refuse a home that is more than a home, or none.

    Raises:
        UsageError: it is not said where it is, is no directory, or holds what belongs to the system.
    """
    if asked.home == "private":
        return
    hint = "give the command another home: `--home DIR`"
    home = Path(session.environment.get("HOME", "")) if asked.home == "user" else Path(asked.home)
    if not home.is_absolute():
        raise UsageError("you have no home that could be opened: HOME names none", hint=hint)
    real = real_path(home)
    if not real.is_dir():
        raise UsageError(f"the home {home} is no directory", hint=hint)
    held = [place for place in _OF_THE_SYSTEM if Path(place).is_relative_to(real)]
    if held:
        raise UsageError(f"the home {home} holds {some(held)}, and is not made writable", hint=hint)
    for kept, what in session.kept:
        if real.is_relative_to(real_path(kept)):
            raise UsageError(f"the home {home} is part of {what}, and is not made writable", hint=hint)


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
