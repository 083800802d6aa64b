"""Every kind there is, in one literal list. Those that others stand on come first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reconciler.clients.git import Git, Repository
from reconciler.clients.port_list import PortList
from reconciler.kinds.dependency import DependencyKind
from reconciler.kinds.file import FileKind
from reconciler.kinds.memory import Memory
from reconciler.kinds.ports import PortsKind
from reconciler.kinds.workspace import WorkspaceKind
from reconciler.kinds.workspace.fates import Removal
from reconciler.kinds.workspace.make import Maker
from reconciler.model.address import Address
from reconciler.model.kind import Kind
from reconciler.vault.vault import Vault


def build_kinds(
    git: Git,
    repository: Repository,
    *,
    clone: str | None,
    state: Path,
    global_excludes: str,
    memory: Memory,
    origins: Sequence[str] = (),
    removal: Removal | None = None,
    environment: Mapping[str, str] | None = None,
    on_output: Callable[[Address, str], None] | None = None,
) -> dict[str, Kind[Any, Any, Any]]:
    """Build the kinds of one repository.

    Args:
        git: starts git.
        repository: the repository.
        clone: its identity; None when nothing is to be changed.
        origins: the identities of those that it is a copy of.
        state: a directory outside of the repository, for the list of ports of this host and the parts of archives that
            do not belong into it.
        global_excludes: the text of the user's own global excludes.
        memory: what the kinds learn while a plan is made.
        removal: how what is removed is to be treated.
        environment: the one that commands of the manifest's, and package managers, get.
        on_output: is told what those print, line by line, from any thread.
    """
    vault = Vault.of(git, repository, state, clone, origins) if clone else None
    maker = Maker(git, repository, clone, vault, memory) if clone and vault else None
    kinds: tuple[Kind[Any, Any, Any], ...] = (
        WorkspaceKind(git, repository, maker, memory, removal or Removal(is_declared=False)),
        FileKind(git, clone, global_excludes, memory),
        PortsKind(git, repository, clone, global_excludes, PortList(state), memory),
        DependencyKind(git, clone, environment or {}, global_excludes, memory, on_output),
    )
    return {kind.name: kind for kind in kinds}
