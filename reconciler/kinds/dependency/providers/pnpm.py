"""pnpm."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.kinds.dependency.providers.javascript import NODE_MODULES
from reconciler.kinds.dependency.providers.provider import Options, Place, Provider, repeated

_IMPORTERS = re.compile(r"^importers:\n((?:(?: .*)?\n)*)", re.MULTILINE)
_IMPORTER = re.compile(r"^  ['\"]?([^\s'\":][^'\":\n]*)['\"]?:", re.MULTILINE)


def _members(place: Place) -> tuple[str, ...]:
    """The lock file names every project of the workspace."""
    found = _IMPORTERS.search(place.read("pnpm-lock.yaml") + "\n")
    return tuple(name for name in _IMPORTER.findall(found[1]) if name != "." and ".." not in name) if found else ()


def _commands(_place: Place, options: Options) -> tuple[tuple[str, ...], ...]:
    link = (f"--package-import-method={options.link}",) if options.link else ()
    filters = repeated("--filter", options.filters)
    return (("pnpm", "install", "--frozen-lockfile", "--prefer-offline", *link, *filters),)


def _environment(_place: Place, _options: Options) -> Mapping[str, str]:
    # It asks before it makes a node_modules of another pnpm anew, and nobody is there to answer.
    return {"npm_config_confirm_modules_purge": "false", "pnpm_config_confirm_modules_purge": "false"}


PNPM = Provider(
    name="pnpm",
    program="pnpm",
    runtime="node",
    how_to_get="`npm install --global pnpm`",
    locks=("pnpm-lock.yaml",),
    manifests=("package.json",),
    settings=lambda _place, _options: ("pnpm-workspace.yaml", ".npmrc", ".pnpmfile.cjs"),
    members=_members,
    owns=NODE_MODULES,
    keeps=("node_modules/.pnpm",),
    commands=_commands,
    environment=_environment,
    stale=r"ERR_PNPM_OUTDATED_LOCKFILE|ERR_PNPM_NO_LOCKFILE|ERR_PNPM_LOCKFILE_CONFIG_MISMATCH|ERR_PNPM_BROKEN_LOCKFILE",
    how_to_lock="pnpm install --lockfile-only",
    unreadable=r"ERR_PNPM_LOCKFILE_(?:READ_FILE|MISSING_DEPENDENCY)",
    how_to_begin_anew="rm pnpm-lock.yaml && pnpm install --lockfile-only",
    # It says the first of whatever keeps it from knowing a package, that the registry does not let it included.
    transient=r"ERR_PNPM_META_FETCH_FAIL(?!.*(?:HTTP status client error|DECODE_ERROR))|ERR_PNPM_FETCH_5",
)
