"""Every error that orchestra raises on purpose.

An error is a value: it says what happened, where, and one way out; it never prints.
Anything that is not in this tree and reaches the command line is a bug of ours.

    OrchestraError                 exit 1
    ├── UsageError                 exit 3   the command line or the surroundings are not as a command needs them
    ├── ManifestError              exit 3   one or many problems in orchestra.yaml, each with its place
    ├── ConflictError              exit 5   the world is not what a plan was made from, or is somebody else's
    ├── LockHeldError              exit 6   another apply is at work in this repository
    ├── RefusedError               exit 7   a protection forbids it
    ├── InterruptedByUserError     exit 130 Ctrl-C
    └── ClientError                exit 1   a program or the operating system said no
        ├── TransientError                  another attempt may help
        └── PermanentError                  another attempt cannot help
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A place in a text file.

    Attributes:
        file: the path as a person would type it from where they stand.
        line: counted from 1.
        column: counted from 1, in characters.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Write it as compilers do, so that editors can jump to it."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, where it is wrong, and one way out.

    Attributes:
        message: what is wrong, one sentence without a full stop.
        where: its place; None when it is not in a file.
        hint: a way out that stands alone; empty when there is none.
        source_line: the text of the line `where` points at, for the caret display; never holds a secret.
    """

    message: str
    where: Location | None = None
    hint: str = ""
    source_line: str = ""

    def __str__(self) -> str:
        """`file:line:column: message`."""
        return f"{self.where}: {self.message}" if self.where else self.message


class OrchestraError(Exception):
    """The root: something a user can be told about without a traceback."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, where: Location | None = None, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What to show; most errors are one problem."""
        return (Problem(self.message, self.where, self.hint),)


class UsageError(OrchestraError):
    """The command cannot be carried out as it was given, or not here."""

    exit_code = 3


class ManifestError(OrchestraError):
    """The manifest is not valid; carries all its problems at once."""

    exit_code = 3

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self._problems = problems

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, in the order of the file."""
        return self._problems


class ConflictError(OrchestraError):
    """What was found is not what the plan was made from, or belongs to somebody else."""

    exit_code = 5


class LockHeldError(OrchestraError):
    """Another command that changes things holds the repository's lock."""

    exit_code = 6


class RefusedError(OrchestraError):
    """A protection, or a missing approval, forbids it."""

    exit_code = 7


class InterruptedByUserError(OrchestraError):
    """The user pressed Ctrl-C."""

    exit_code = 130


class ClientError(OrchestraError):
    """A program, or the operating system, refused."""


class TransientError(ClientError):
    """It may succeed when tried again: a lock held for a moment, a race with another git."""


class PermanentError(ClientError):
    """Trying again cannot help."""
