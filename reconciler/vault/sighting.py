"""A tree as it was seen, and where it stood just before: what is saved, and what the tree is compared with later."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.clients.git import Git
from reconciler.clients.trees import TreeRecord
from reconciler.vault.inventory import Inventory, take_inventory
from reconciler.vault.omissions import Omissions
from reconciler.vault.position import Position, read_position


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of a tree.

    Attributes:
        omissions: what was left out of it.
    """

    position: Position
    inventory: Inventory
    omissions: Omissions

    @property
    def is_complete(self) -> bool:
        """Whether all of it was looked into: whatever is written later is then found when the tree is compared."""
        return not self.inventory.scan.passed_over

    @property
    def files(self) -> int:
        """How many there are, directories included."""
        return len(self.inventory.scan.statuses)


def sight(git: Git, record: TreeRecord, omissions: Omissions) -> Sighting:
    """Look at a tree. It is not touched.

    Raises:
        TransientError: somebody writes there just now.
        PermanentError: git or the operating system refused.
    """
    position = read_position(git, record.git_dir)
    return Sighting(position, take_inventory(git, record.path, record.git_dir, position.head, omissions), omissions)
