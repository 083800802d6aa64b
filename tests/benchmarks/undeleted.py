"""`python -m tests.benchmarks.undeleted destroy ...`: orchestra, but what was to be deleted is put back where it was.

To delete many files takes as long as the disk pleases, and as long for git; the rest of `destroy` is ours.
"""

from __future__ import annotations

import sys

from reconciler.cli.main import main
from reconciler.clients.takedown import put_back
from reconciler.kinds.workspace import parking
from reconciler.kinds.workspace.kind import WorkspaceKind


def run() -> int:
    """Run one command."""
    parking.discard = lambda _common_dir, _git_dir, tree: put_back(tree)
    WorkspaceKind._destroy_branch = lambda *_, **__: None  # type: ignore[method-assign]  # the tree is still on it
    return main()


if __name__ == "__main__":
    sys.exit(run())
