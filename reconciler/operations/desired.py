"""What is wanted here and now: the resources of the manifest, those of other owners set aside."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from reconciler.clients.files import real_path
from reconciler.clients.untracked import Untracked
from reconciler.engine.graph import Graph, build_graph
from reconciler.errors import UsageError
from reconciler.kinds.file import FileSpec
from reconciler.kinds.ports.spec import PortsSpec
from reconciler.kinds.workspace import WorkspaceSpec
from reconciler.manifest.declaration import Manifest
from reconciler.manifest.expand import AnyResource, Top, expand
from reconciler.manifest.templates import Reader

KIND_ORDER = ("workspace", "file", "guard", "ports", "containers", "dependency")


@dataclass(frozen=True, slots=True)
class Desired:
    """What a plan is made for.

    Attributes:
        graph: the resources that this run is about.
        set_aside: full names of the workspaces that belong to other owners.
    """

    manifest: Manifest
    graph: Graph
    set_aside: frozenset[str]

    @property
    def workspaces(self) -> frozenset[str]:
        """Full names of the workspaces that this run is about."""
        return frozenset(address.name for address in self.graph.resources if address.kind == "workspace")


def desired(
    manifest: Manifest,
    read: Reader,
    *,
    mine: str | None,
    sources: Untracked | None = None,
    replaced: Collection[str] = (),
    fresh: bool = False,
    top: Top | None = None,
) -> Desired:
    """Expand a manifest.

    Args:
        manifest: what is declared.
        read: reads files of the repository.
        mine: the owner whose worktrees are taken beside the unowned; None takes all.
        sources: what the main worktree holds beside git; None when that is not to be looked at.
        replaced: addresses of files whose edits are to be replaced.
        fresh: trees are made anew although archives of them wait to be brought back.
        top: what is at the top of a tree; left out, every tree has what the repository's own has.

    Raises:
        ManifestError: a template is missing, or the declarations wait for each other in a circle.
        UsageError: an address to replace is not declared.
    """
    owners = {declaration.full_name: declaration.owner for declaration in manifest.declarations}
    others = frozenset(name for name, owner in owners.items() if mine is not None and owner not in {None, mine})
    expanded = expand(manifest, read=cache(read), real_path=cache(real_path), sources=sources, top=top)
    resources = [_marked(each, replaced, fresh=fresh) for each in expanded]
    _require_known(replaced, resources)
    whole = build_graph(resources, KIND_ORDER)  # all of it, so that a circle through another owner's is seen too
    if not others:
        return Desired(manifest, whole, others)
    kept = [resource for resource in whole.resources.values() if _workspace_of(resource) not in others]
    addresses = {resource.address for resource in kept}
    closed = [replace(r, depends_on=tuple(a for a in r.depends_on if a in addresses)) for r in kept]
    return Desired(manifest, build_graph(closed, KIND_ORDER), others)


def _workspace_of(resource: AnyResource) -> str:
    return resource.address.name.partition("/")[0]


def _marked(resource: Any, replaced: Collection[str], *, fresh: bool) -> Any:  # noqa: ANN401 - a resource of any kind
    if fresh and isinstance(resource.spec, WorkspaceSpec):
        return replace(resource, spec=replace(resource.spec, fresh=True))
    if str(resource.address) in replaced and isinstance(resource.spec, FileSpec | PortsSpec):
        return replace(resource, spec=replace(resource.spec, replace=True))
    return resource


def _require_known(replaced: Collection[str], resources: Collection[AnyResource]) -> None:
    known = {str(resource.address) for resource in resources if isinstance(resource.spec, FileSpec | PortsSpec)}
    for address in replaced:
        if address not in known:
            raise UsageError(
                f"--replace {address}: no such file is declared", hint="`orchestra plan` shows the addresses"
            )
