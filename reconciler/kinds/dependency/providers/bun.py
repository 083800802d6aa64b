"""Bun."""

from __future__ import annotations

from reconciler.kinds.dependency.providers.javascript import NODE_MODULES, workspaces
from reconciler.kinds.dependency.providers.provider import Options, Place, Provider, repeated

_BACKENDS = {"hardlink": "hardlink", "copy": "copyfile"}


def _commands(_place: Place, options: Options) -> tuple[tuple[str, ...], ...]:
    link = ("--backend", _BACKENDS[options.link]) if options.link else ()
    filters = repeated("--filter", options.filters)
    return (("bun", "install", "--frozen-lockfile", "--prefer-offline", "--no-progress", *link, *filters),)


BUN = Provider(
    name="bun",
    program="bun",
    how_to_get="`npm install --global bun`",
    locks=("bun.lock", "bun.lockb"),
    manifests=("package.json",),
    settings=lambda _place, _options: ("bunfig.toml", ".npmrc"),
    members=workspaces,
    owns=NODE_MODULES,
    keeps=("node_modules/.bun",),
    commands=_commands,
    stale=r"lockfile had changes, but lockfile is frozen|[Ff]rozen lockfile",
    how_to_lock="bun install --lockfile-only",
)
