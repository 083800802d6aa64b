"""A home for the commands of one workspace: what the user has in theirs can be read in it, and what is written stays.

The rule: what is there is a link to the user's own, which cannot be written; a program that puts something in the place
of a link has one of its own from then on. It is filled once: later it is the command's.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from reconciler.clients.refusals import refused

_OF_LINKS = ("", ".config", ".local", ".local/share")
"""What many programs share: a directory of its own, with a link to each thing that is in the user's."""

_EMPTY = (".cache", ".npm", ".local/state")
"""What can be made again."""


def fill_home(home: Path, user: Path) -> None:
    """Make the home, unless there is one.

    Raises:
        PermanentError: the operating system refused.
    """
    if home.exists():
        return
    new = home.with_name(f"{home.name}.new")
    try:
        shutil.rmtree(new, ignore_errors=True)
        for place in (*_OF_LINKS, *_EMPTY):
            (new / place).mkdir(parents=True, exist_ok=True)
        for place in _OF_LINKS:
            _link_all(new / place, user / place)
        new.chmod(0o700)
        new.rename(home)
    except OSError as error:
        raise refused(f"cannot prepare {home}", error) from error


def written_in(home: Path) -> list[str]:
    """What programs put there that they do not make again, as paths below it; nothing when there is no home.

    Raises:
        PermanentError: the operating system refused.
    """
    made = {*_OF_LINKS, *_EMPTY}
    try:
        found = (f"{place}/{name}".lstrip("/") for place in _OF_LINKS for name in _not_linked(home / place))
        return sorted(path for path in found if path not in made)
    except OSError as error:
        raise refused(f"cannot look into {home}", error) from error


def _not_linked(directory: Path) -> list[str]:
    if directory.is_symlink() or not directory.is_dir():
        return []
    with os.scandir(directory) as entries:
        return [entry.name for entry in entries if not entry.is_symlink()]


def _link_all(home: Path, user: Path) -> None:
    if os.access(user, os.R_OK | os.X_OK) and user.is_dir():
        for entry in user.iterdir():
            if not os.path.lexists(home / entry.name):
                (home / entry.name).symlink_to(entry)
