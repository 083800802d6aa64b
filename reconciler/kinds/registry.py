"""Every kind there is, in one literal list. Those that others stand on come first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from reconciler.clients.git import Git, Repository
from reconciler.kinds.file import FileKind
from reconciler.kinds.given import CONTAINERS, PORTS
from reconciler.kinds.guard.spec import KIND as GUARD
from reconciler.kinds.installed import DEPENDENCY
from reconciler.kinds.memory import Memory
from reconciler.kinds.workspace import WorkspaceKind
from reconciler.kinds.workspace.removal import Removal
from reconciler.model.address import Address
from reconciler.model.kind import Kind


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
    needed: Collection[str] | None = None,
    is_looking: bool = False,
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
        needed: the names of those that are declared or that something there is of; None builds all.
        is_looking: they are only asked what there is and what is to be done.
    """
    maker = None
    if clone and not is_looking:
        from reconciler.kinds.workspace.make import Maker  # noqa: PLC0415 - start-up: a plan makes nothing
        from reconciler.vault.vault import Vault  # noqa: PLC0415

        maker = Maker(git, repository, clone, Vault.of(git, repository, state, clone, origins), memory)
    kinds: list[Kind[Any, Any, Any]] = [
        WorkspaceKind(git, repository, maker, memory, removal or Removal(is_declared=False)),
        FileKind(git, clone, global_excludes, memory),
    ]
    if needed is None or GUARD in needed:
        from reconciler.kinds.guard.kind import GuardKind  # noqa: PLC0415 - start-up: as below

        home = Path((environment or {}).get("HOME", "/"))
        kinds.append(GuardKind(git, repository, clone, home, memory))
    # Slow to import, the one, and to look for, the other; most plans need neither.
    if needed is None or PORTS in needed:
        from reconciler.clients.port_list import PortList  # noqa: PLC0415
        from reconciler.kinds.ports.kind import PortsKind  # noqa: PLC0415

        kinds.append(PortsKind(git, repository, clone, global_excludes, PortList(state), memory))
    if needed is None or CONTAINERS in needed:
        from reconciler.kinds.containers.kind import ContainersKind  # noqa: PLC0415

        around = (environment or {}, global_excludes, state)
        limit = (removal or Removal()).limit_bytes
        kinds.append(ContainersKind(git, repository, clone, *around, memory, on_output, limit))
    if needed is None or DEPENDENCY in needed:
        from reconciler.kinds.dependency import DependencyKind  # noqa: PLC0415

        kinds.append(DependencyKind(git, clone, environment or {}, global_excludes, memory, on_output))
    return {kind.name: kind for kind in kinds}
