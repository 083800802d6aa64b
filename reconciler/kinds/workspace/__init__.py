"""Kind `workspace`: a branch with a worktree of its own, or a desk in another's."""

from reconciler.kinds.workspace.kind import WorkspaceKind
from reconciler.kinds.workspace.observe import sparse_lines
from reconciler.kinds.workspace.spec import WorkspaceSpec

__all__ = ["WorkspaceKind", "WorkspaceSpec", "sparse_lines"]
