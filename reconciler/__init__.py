"""orchestra: declared worktrees, helpers and boundaries for coding agents, converged by plan and apply."""

__version__ = "0.1.0"
