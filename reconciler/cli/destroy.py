"""`orchestra destroy`: save what there is and take it down, and say of the rest why it stays."""

from __future__ import annotations

import argparse

from reconciler.cli.arguments import add_execution, add_full, add_max_destroy, add_selection, age, size_bytes
from reconciler.cli.context import Context
from reconciler.cli.execution import execute
from reconciler.cli.opening import open_here
from reconciler.kinds.workspace.removal import Removal
from reconciler.model.outcome import Report
from reconciler.operations import destroy
from reconciler.operations.execution import Execution
from reconciler.vault.losses import Loss

_LOSSES = {
    "half-done": "lose the state of a merge, rebase or bisect that is half done; files and commits are saved",
    "nested": "lose repositories that lie in a tree",
    "submodules": "lose what is only in submodules",
}


def register(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    add_selection(parser)
    group = parser.add_argument_group("what goes")
    group.add_argument("--merged-only", action="store_true", help="keep what is not merged, or not committed")
    help_age = "keep what somebody worked on since (36h, 7d)"
    group.add_argument("--older-than", type=age, default=None, metavar="AGE", help=help_age)
    help_branches = "remove branches that orchestra made as well; the archives have them"
    group.add_argument("--delete-branches", action="store_true", help=help_branches)
    add_max_destroy(group)
    help_limit = "keep a tree, or a volume, of which more would have to be saved (default: 1G)"
    group.add_argument("--archive-limit", type=size_bytes, default=None, metavar="SIZE", help=help_limit)
    losses = parser.add_argument_group("what may be lost, since no archive holds it")
    help_ignored = "lose the files that git ignores"
    losses.add_argument("--discard-ignored", action="store_true", help=help_ignored)
    for loss, text in _LOSSES.items():
        losses.add_argument(f"--discard-{loss}", action="append_const", dest="discard", const=loss, help=text)
    add_execution(parser, installs=False)
    add_full(parser)


def run(options: argparse.Namespace, context: Context) -> int:
    """Plan, ask, destroy."""

    def operation(given: Execution) -> Report | None:
        session = open_here(options, context)
        wanted = destroy.DestroyOptions(
            targets=tuple(options.targets),
            excludes=tuple(options.excludes),
            all_owners=options.all_owners,
            removal=_removal(options),
            max_destroy=options.max_destroy,
        )
        return destroy.destroy(session, wanted, given).report

    return execute(options, context, "destroy", operation)


def _removal(options: argparse.Namespace) -> Removal:
    limit = {} if options.archive_limit is None else {"limit_bytes": options.archive_limit}
    return Removal(
        merged_only=options.merged_only,
        older_than=options.older_than,
        delete_branches=options.delete_branches,
        given_up=frozenset(map(Loss, options.discard or ())),
        give_up_ignored=options.discard_ignored,
        **limit,
    )
