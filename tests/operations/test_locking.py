"""What a git that is killed leaves is cleared by the run that started it, and by no other."""

from __future__ import annotations

import pytest

from reconciler.errors import PermanentError
from reconciler.operations.locking import locked
from tests.support.world import World

_DIES = ("-c", "alias.die=!kill -9 $PPID", "die")


@pytest.mark.parametrize("is_killed", [True, False])
def test_a_git_that_alone_was_killed_leaves_no_lock(world: World, *, is_killed: bool) -> None:
    """The next command would take it for that of somebody at work."""
    session = world.session()
    lock = world.common_dir / "config.lock"
    with locked(session, "orchestra apply"):
        lock.touch()
        with pytest.raises(PermanentError):
            session.git.run(*(_DIES if is_killed else ("no-such-command",)), git_dir=world.common_dir)
    assert lock.exists() is not is_killed


def test_a_lock_that_was_there_before_is_somebody_elses(world: World) -> None:
    session = world.session()
    lock = world.common_dir / "config.lock"
    lock.touch()
    with locked(session, "orchestra apply"), pytest.raises(PermanentError):
        session.git.run(*_DIES, git_dir=world.common_dir)
    assert lock.exists()
