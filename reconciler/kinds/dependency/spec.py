"""What is wanted of a dependency, and what was found of it. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.kinds.dependency.providers import PROVIDERS, Options, Place, Provider
from reconciler.kinds.installed import DEPENDENCY
from reconciler.model.address import Address

KIND = DEPENDENCY
COMMAND = "command"
TREE = "tree"


@dataclass(frozen=True, slots=True)
class DependencySpec:
    """A declared dependency.

    Attributes:
        workspace: full name of the workspace whose tree it is installed in.
        tree: that tree.
        provider: who installs it.
        project: where in the tree, `/`-separated; empty for the top.
        options: what else the manifest says.
        time_limit_seconds: how long each command may take.
        declared_environment: what the commands get beside the environment of all, as it is written.
        environment: the same with its values put in; they are never shown, and no mark holds them.
        secrets: all values of the manifest that must not be shown, by the names of their variables.
        was: its address before the workspace was renamed.
    """

    workspace: str
    tree: Path
    provider: str
    project: str = ""
    options: Options = field(default_factory=Options)
    time_limit_seconds: float = 1800.0
    declared_environment: tuple[tuple[str, str], ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    was: Address | None = None

    @property
    def by(self) -> Provider:
        """Who installs it."""
        return PROVIDERS[self.provider]

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The names by which its tree may be marked: the one of now, and the one before it was renamed."""
        return (self.workspace, self.was.name.partition("/")[0]) if self.was else (self.workspace,)

    @property
    def declared(self) -> Mapping[str, str]:
        """What the manifest says, field by field."""
        said = {
            COMMAND: self.options.command,
            "filter": ", ".join(self.options.filters),
            "group": ", ".join(self.options.groups),
            "link": self.options.link or "",
            "requirements": ", ".join(self.options.requirements),
            "outputs": ", ".join(self.options.outputs),
            **{f"env {name}": value for name, value in self.declared_environment},
        }
        return {name: value for name, value in said.items() if value}

    def reads(self, tree: Path) -> tuple[str, ...]:
        """The files that decide what is installed, in the tree where that is now; those that are not there count."""
        return tuple(dict.fromkeys(self.by.inputs(self.place(tree), self.options)))

    def place(self, tree: Path) -> Place:
        """Its directory, in the tree where that is now."""
        return Place(tree, self.project)


@dataclass(frozen=True, slots=True)
class DependencyActual:
    """What was found of a dependency.

    Attributes:
        tree: where its tree is.
        project: where in the tree.
        provider: who installed it, or is to.
        is_marked: it was begun to be installed.
        is_complete: it was seen to be installed, by its mark.
        is_failed: its last installation failed, by its mark.
        is_replaced: another one, which owns the same directory, was installed since.
        facts: what would decide now what is installed, beside what is declared; path of a file to digest and more.
        reads: the files that decide now, as seen from the top of the tree, whether they are there or not.
        applied: what decided when it was installed.
        missing: what it made and is gone.
        foreign: what stands where it will install, and bears no mark.
        blocked: why it cannot be installed, and `hint` the way out.
        lacks: what it reads and is not there, as seen from the top of the tree, where nothing else blocks it.
        is_late: there was no tree yet when it was planned, so that what blocks it could not be told then.
        removable: what its removal would delete, as seen from the top of the tree.
    """

    tree: Path
    project: str = ""
    provider: str = ""
    is_marked: bool = False
    is_complete: bool = False
    is_failed: bool = False
    is_replaced: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    reads: tuple[str, ...] = ()
    applied: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    blocked: str = ""
    hint: str = ""
    lacks: tuple[str, ...] = ()
    is_late: bool = False
    removable: tuple[str, ...] = ()
