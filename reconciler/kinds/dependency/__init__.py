"""Kind `dependency`: what package managers install in a tree, and what commands of the manifest make there."""

from reconciler.kinds.dependency.kind import DependencyKind
from reconciler.kinds.dependency.providers import PROVIDERS, Options
from reconciler.kinds.dependency.spec import DependencySpec

__all__ = ["PROVIDERS", "DependencyKind", "DependencySpec", "Options"]
