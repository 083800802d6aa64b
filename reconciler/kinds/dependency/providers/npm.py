"""npm."""

from __future__ import annotations

from reconciler.kinds.dependency.providers.javascript import NODE_MODULES, workspaces
from reconciler.kinds.dependency.providers.provider import Options, Place, Provider, repeated


def _commands(_place: Place, options: Options) -> tuple[tuple[str, ...], ...]:
    return (("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund", *repeated("--workspace", options.filters)),)


NPM = Provider(
    name="npm",
    program="npm",
    runtime="node",
    how_to_get="install Node.js, which brings npm",
    locks=("package-lock.json", "npm-shrinkwrap.json"),
    manifests=("package.json",),
    settings=lambda _place, _options: (".npmrc",),
    members=workspaces,
    owns=NODE_MODULES,
    commands=_commands,
    environment=lambda _place, _options: {"npm_config_update_notifier": "false"},
    stale=r"code EUSAGE",
    how_to_lock="npm install --package-lock-only",
    unfinished=r"TAR_ENTRY_ERROR E(?:NOSPC|DQUOT|IO|ROFS)",
    past_cache={"--prefer-offline": "--prefer-online"},  # it keeps what it cannot read, and would read that for ever
)
