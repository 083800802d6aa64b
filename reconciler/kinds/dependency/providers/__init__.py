"""Package managers, and commands of the manifest's own: one small file each, in one literal list."""

from collections.abc import Mapping
from types import MappingProxyType

from reconciler.kinds.dependency.providers.bun import BUN
from reconciler.kinds.dependency.providers.cargo import CARGO
from reconciler.kinds.dependency.providers.go import GO
from reconciler.kinds.dependency.providers.npm import NPM
from reconciler.kinds.dependency.providers.pip import PIP
from reconciler.kinds.dependency.providers.pnpm import PNPM
from reconciler.kinds.dependency.providers.poetry import POETRY
from reconciler.kinds.dependency.providers.provider import Options, Place, Provider
from reconciler.kinds.dependency.providers.run import RUN
from reconciler.kinds.dependency.providers.uv import UV
from reconciler.kinds.dependency.providers.yarn import YARN

PROVIDERS: Mapping[str, Provider] = MappingProxyType(
    {each.name: each for each in (PNPM, NPM, YARN, BUN, UV, PIP, POETRY, CARGO, GO, RUN)}
)

__all__ = ["PROVIDERS", "Options", "Place", "Provider"]
