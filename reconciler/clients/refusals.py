"""What it means that the operating system said no, and the way out: said once, for all that touches files."""

from __future__ import annotations

import errno

from reconciler.errors import PermanentError

HINTS = {
    errno.ENOSPC: "free some space and run the command again",
    errno.EDQUOT: "free some of your quota and run the command again",
    errno.EACCES: "check who may write there",
    errno.EPERM: "check who may write there",
    errno.EFBIG: "files may not be that large there: see `ulimit -f`, and the kind of disk",
    errno.EROFS: "it lies on a disk that cannot be written; mount it writable",
}


def refused(what: str, error: OSError) -> PermanentError:
    """Give the system's refusal a place in our tree.

    Args:
        what: what was tried, or the file: `cannot move a to b`.
        error: what the system said.
    """
    return PermanentError(f"{what}: {error.strerror or error}", hint=HINTS.get(error.errno or 0, ""))
