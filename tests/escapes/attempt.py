"""What an attempt to get a change out of an area is, and the layers that can stop one.

The rule: a layer is told from what is left and from what was said, never from what a row of a table promises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

KERNEL, PRIVATE, IMPORT = "kernel", "private git directory", "import"
"""The disk cannot be written, or the thing is not to be seen; it went no further than a copy; it was not imported."""

GUARD, CHECK, NOTHING = "guard", "check", "nothing"
"""The guard refused it; it went through and `check` refuses the branch; neither."""

UNTRIED = "not run"
"""It would do to the machine what it says."""

GUARDED, SANDBOXED = "guarded tree", "sandbox"
SETTINGS = (GUARDED, SANDBOXED)
"""Where each attempt is run: a column of the page for each."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: a shell script.

    Attributes:
        stopped: by which layer, in each setting.
        remains: what is left of it, in words.
    """

    name: str
    script: str
    stopped: dict[str, str]
    remains: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What became of an attempt.

    Attributes:
        said: all that was said meanwhile.
        is_fine: whether `check` has nothing against the branch.
        is_outside: whether something changed where nothing may.
        is_copied: whether the private git directory is no longer what it was given.
        is_gone: whether it was seen that nothing is left of what it started, or made for itself.
    """

    said: str
    is_fine: bool
    is_outside: bool = False
    is_copied: bool = False
    is_gone: bool = False

    def stopped(self, setting: str) -> str:
        """By which layer."""
        if not self.is_fine:
            return CHECK
        return self._in_a_sandbox() if setting == SANDBOXED else self._by_the_guard(NOTHING)

    def _in_a_sandbox(self) -> str:
        if not self.is_outside and "orchestra: not imported: " in self.said:
            return IMPORT
        by_the_kernel = KERNEL if self.is_gone or _KERNEL.search(self.said) else NOTHING
        return self._by_the_guard(PRIVATE if self.is_copied else by_the_kernel)

    def _by_the_guard(self, otherwise: str) -> str:
        if self.is_outside:
            return NOTHING
        return GUARD if "orchestra: refused: " in self.said else otherwise


REFS = ("for-each-ref", "--format=%(objectname) %(refname)")
"""What git is asked, of the repository and of the private copy."""


def is_copied(given: str, found: str, branch: str) -> bool:
    """Whether a private copy has other refs than it was given, but for its branch."""
    own, never = f" refs/heads/{branch}", (" refs/orchestra/", " refs/stash", " refs/worktree/")
    before = {line for line in given.splitlines() if not any(each in line for each in never)}
    return any(not line.endswith(own) for line in before ^ set(found.splitlines()))


_KERNEL = re.compile(
    r"Read-only file system|Operation not permitted|Permission denied|Device or resource busy|[Cc]ross-device|superuser"
    r"|No such (?:file|process)|nonexistent|[Cc]annot connect|[Ff]ailed to connect|error connecting|[Cc]ouldn't connect"
)
