"""Yarn, of both generations: which one a project means, its lock file says."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.kinds.dependency.providers.javascript import NODE_MODULES, workspaces
from reconciler.kinds.dependency.providers.provider import Options, Place, Provider

_OF_BERRY = (".pnp.cjs", ".pnp.loader.mjs", ".yarn/cache", ".yarn/install-state.gz", ".yarn/unplugged")


def _is_berry(place: Place) -> bool:
    return "__metadata:" in place.read("yarn.lock")


def _commands(place: Place, _options: Options) -> tuple[tuple[str, ...], ...]:
    if _is_berry(place):
        return (("yarn", "install", "--immutable"),)
    return (("yarn", "install", "--frozen-lockfile", "--prefer-offline", "--non-interactive"),)


def _environment(_place: Place, _options: Options) -> Mapping[str, str]:
    return {"YARN_ENABLE_TELEMETRY": "0"}


YARN = Provider(
    name="yarn",
    program="yarn",
    runtime="node",
    how_to_get="`npm install --global yarn`, or `corepack enable`",
    locks=("yarn.lock",),
    manifests=("package.json",),
    settings=lambda _place, _options: (".yarnrc", ".yarnrc.yml", ".npmrc"),
    members=workspaces,
    owns=(*NODE_MODULES, *_OF_BERRY),
    commands=_commands,
    environment=_environment,
    stale=r"YN0028|Your lockfile needs to be updated",
    how_to_lock="yarn install",
    unreadable=r"error SyntaxError: .* in \S*yarn\.lock",
    how_to_begin_anew="rm yarn.lock && yarn install",
    transient=r"Error: aborted",
)
