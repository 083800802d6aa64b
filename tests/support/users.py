"""Run programs as root and as somebody who is not: the kernel treats the two differently.

The one rule: an ordinary user can have a repository, and the Python that runs here, and nothing else of ours.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reconciler.clients import files

ROOT = Path(__file__).parent.parent.parent
_UID = 12321
USERS = ("root", "ordinary") if os.getuid() == 0 else ("ordinary",)

# In mounts of its own: directories that only root may enter show nothing but what is needed of them.
_SHOW = """
set -e
hold=$(mktemp -d); mount -t tmpfs tmpfs "$hold"; number=0
for place in $NEEDED; do number=$((number + 1)); mkdir "$hold/$number"; mount --bind "$place" "$hold/$number"; done
for place in $CLOSED; do mount -t tmpfs -o mode=755 tmpfs "$place"; done
number=0
for place in $NEEDED; do number=$((number + 1)); mkdir -p "$place"; mount --bind "$hold/$number" "$place"; done
umount -l "$hold"; rmdir "$hold"
"""


def words_as(user: str, words: Sequence[str]) -> list[str]:
    """The words that run a program as a user."""
    if user == "root" or os.getuid() != 0:
        return [*words]
    become = f'exec setpriv --reuid={_UID} --regid={_UID} --clear-groups "$@"'
    needed = [place for place in dict.fromkeys((sys.base_prefix, sys.prefix, str(ROOT))) if _closed_above(place)]
    closed = list(dict.fromkeys(map(_closed_above, needed)))
    if not needed:
        return ["sh", "-c", become, "sh", *words]
    told = f"NEEDED='{' '.join(needed)}' CLOSED='{' '.join(closed)}'"
    return ["unshare", "--mount", "sh", "-c", f"{told}{_SHOW}{become}", "sh", *words]


def _closed_above(place: str) -> str:
    """The directory on the way to a place that only its owner may enter; empty when there is none."""
    above = [str(each) for each in reversed(Path(place).parents)]
    return next((each for each in above if not Path(each).stat().st_mode & 0o001), "")


@contextmanager
def directory_of(user: str) -> Iterator[Path]:
    """Give a directory on a disk that belongs to a user."""
    place = Path(os.path.realpath(tempfile.mkdtemp(prefix="orchestra-test-", dir="/var/tmp")))
    give_to(user, place)
    try:
        yield place
    finally:
        files.remove_tree(place)


def give_to(user: str, place: Path) -> None:
    """Make a user the owner of a directory and of all that is in it."""
    if user == "root" or os.getuid() != 0:
        return
    os.chown(place, _UID, _UID)
    for directory, inner, names in os.walk(place):
        for name in (*inner, *names):
            os.chown(Path(directory) / name, _UID, _UID, follow_symlinks=False)
