"""What ports are wanted, and what was found of them. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from reconciler.clients.files import Entry
from reconciler.kinds.digest import digest
from reconciler.kinds.given import PORTS, project_name
from reconciler.kinds.ports.dotenv import dotenv, variable
from reconciler.model.address import Address

KIND = PORTS


@dataclass(frozen=True, slots=True)
class PortsSpec:
    """The ports of one workspace.

    Attributes:
        workspace: its full name.
        tree: its tree.
        names: what they are called there.
        env_file: the file in the tree that tells their numbers, `/`-separated.
        span: the first and the last number that may be given.
        starts: branch and base of the workspace and of those above it, as of files.
        was: its address before the workspace was renamed.
        project: the name of the project, where the workspace has containers too: the file tells theirs.
        host: where the engine of those listens, if that is said; `context` the client's context.
        published: the names that are of those.
        replace: an edit by hand of the file is to be replaced, as requested.
    """

    workspace: str
    tree: Path
    names: tuple[str, ...]
    env_file: str
    span: tuple[int, int]
    starts: tuple[tuple[str, str | None], ...] = ()
    was: Address | None = None
    replace: bool = False
    project: str | None = None
    host: str = ""
    context: str = ""
    published: tuple[str, ...] = ()

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The names by which its tree may be marked."""
        return (self.workspace, self.was.name) if self.was else (self.workspace,)

    def content(self, numbers: Mapping[str, int], clone: str | None, machine: str = "") -> bytes:
        """What the file holds; `machine` is where containers are, if that is not this host."""
        head = f"Ports of {self.workspace}, given by orchestra."
        told = {variable(name): str(numbers[name]) for name in self.names}
        if machine:
            told |= {variable(name, "HOST"): machine for name in self.published}
        if self.project is not None:
            told = {"COMPOSE_PROJECT_NAME": project_name(self.project, self.workspace, clone or ""), **told}
        return dotenv(head, told)


@dataclass(frozen=True, slots=True)
class PortsActual:
    """What was found of the ports of a workspace.

    Attributes:
        tree: where the tree is.
        exists: it is there.
        numbers: what the mark says.
        lost: of these, the ones that somebody else has by now, and who.
        listed: the host's list says of every one that it is ours.
        proposed: numbers that could be given for what has none; nothing is taken by that.
        left: numbers that could be given when `left_by` is removed, where there are no others.
        left_by: what has them until then, and is no longer declared.
        path: where the mark says that the file is; None when it bears none.
        applied: the digest of what was written there.
        entry: what stands where it is declared.
        blocked: why that cannot be written, and `hint` the way out.
        hidden: git does not show it as untracked.
        brought_back: the tree came back from its archive just now.
        clone: whose tree it is.
        machine: where its containers are, if that is not this host.
    """

    tree: Path
    exists: bool = False
    numbers: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, str] = field(default_factory=dict)
    listed: bool = True
    proposed: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    left_by: tuple[Address, ...] = ()
    path: str | None = None
    applied: str | None = None
    entry: Entry | None = None
    blocked: str = ""
    hint: str = ""
    hidden: bool = True
    brought_back: bool = False
    clone: str | None = None
    machine: str = ""

    def inheriting(self) -> PortsActual:
        """What was found, as if what is no longer declared were removed by now."""
        return replace(self, blocked="", hint="", proposed=self.left)

    @property
    def digest(self) -> str:
        """What identifies the file that was found; empty when there is none."""
        return digest(self.entry) if self.entry else ""

    @property
    def is_edited(self) -> bool:
        """Whether somebody changed the file since it was written; a loss of power leaves files empty."""
        is_there = self.entry is not None and self.entry.content != b""
        return is_there and self.digest != self.applied

    def kept(self, spec: PortsSpec) -> dict[str, int]:
        """The numbers that stay as they are."""
        low, high = spec.span
        held = ((name, self.numbers[name]) for name in spec.names if name in self.numbers and name not in self.lost)
        return {name: number for name, number in held if low <= number <= high}
