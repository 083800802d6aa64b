"""What surrounds a command: streams, environment, directory, terminal. Rule: nothing else reads them."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, cast

from reconciler.errors import PermanentError, RefusedError, UsageError
from reconciler.model.escaping import escape
from reconciler.model.redaction import Redactor
from reconciler.views.redact import RedactingStream
from reconciler.views.style import Style


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the process was started with; tests give their own."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environment: Mapping[str, str]
    cwd: Path


class Context:
    """The surroundings as a command uses them: every stream redacts, every colour is decided.

    Attributes:
        stdout: the answer.
        stderr: narration.
        cwd: where the command acts, after `-C`.
        environment: the process's own.
        redactor: hides secrets in both streams; `conceal` teaches it.
    """

    def __init__(self, around: Surroundings, *, no_color: bool = False, json: bool = False) -> None:
        self.redactor = Redactor()
        self._stdin = around.stdin
        self._pipe = around.stdout
        self._streams = RedactingStream(around.stdout, self.redactor), RedactingStream(around.stderr, self.redactor)
        self.stdout = cast("TextIO", self._streams[0])
        self.stderr = cast("TextIO", self._streams[1])
        self.environment = around.environment
        self.cwd = around.cwd
        self.json = json
        self.out = Style(not json and wants_colour(around.stdout, around.environment, no_color=no_color))
        self.err = Style(wants_colour(around.stderr, around.environment, no_color=no_color))

    def read_input(self) -> bytes:
        """Read all that is piped in."""
        buffer = getattr(self._stdin, "buffer", None)
        return buffer.read() if buffer else self._stdin.read().encode("utf-8", "surrogateescape")

    @property
    def is_interactive(self) -> bool:
        """Whether there is a person to ask."""
        return self._stdin.isatty() and self.stderr.isatty()

    @property
    def is_live(self) -> bool:
        """Whether the narration can be redrawn."""
        return self.stderr.isatty() and self.environment.get("TERM") != "dumb"

    def answer(self, text: str) -> None:
        """Write to stdout.

        Raises:
            PermanentError: it cannot be written, for example onto a full disk.
        """
        try:
            self.stdout.write(text)
            self.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise PermanentError(f"the answer cannot be written: {error.strerror}") from error

    def answer_path(self, path: str) -> None:
        """Write a path to stdout: byte for byte into a pipe, harmlessly onto a terminal."""
        if self.stdout.isatty() or not isinstance(self._pipe, io.TextIOWrapper):
            self.answer(escape(path) + "\n")
            return
        self.release()
        self._pipe.buffer.write(os.fsencode(path) + b"\n")
        self._pipe.buffer.flush()

    def narrate(self, text: str) -> None:
        """Write to stderr."""
        self.stderr.write(text)
        self.stderr.flush()

    def conceal(self, secrets: Mapping[str, str]) -> None:
        """Keep these values out of all that is written from now on."""
        self.redactor.add(secrets)

    def enter(self, directory: str) -> None:
        """Act in another directory.

        Raises:
            UsageError: it is none.
        """
        target = self.cwd / directory
        if not target.is_dir():
            raise UsageError(f"-C {directory}: there is no such directory", hint="name one that exists")
        self.cwd = target

    def ask(self, question: str) -> str:
        """Ask the person at the terminal and give the answer, stripped; the end of input answers nothing.

        Raises:
            RefusedError: there is nobody to ask.
        """
        if not self.is_interactive:
            raise RefusedError("there is no terminal to ask on")
        self.narrate(question)
        self.release()
        return self._stdin.readline().strip()

    def release(self) -> None:
        """Write what the streams still hold back."""
        for stream in self._streams:
            stream.release()


def surroundings() -> Surroundings:
    """Read them from the process.

    Raises:
        UsageError: the current directory is gone.
    """
    stdin, stdout, stderr = sys.stdin or _nowhere("r"), sys.stdout or _nowhere("w"), sys.stderr or _nowhere("w")
    for stream in (stdout, stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name that the terminal cannot write is no reason to fail
            stream.reconfigure(errors="backslashreplace")
    try:
        cwd = Path.cwd()
    except OSError as error:
        raise UsageError(
            f"the current directory cannot be used: {error.strerror}", hint="cd to one that exists"
        ) from error
    return Surroundings(stdin, stdout, stderr, os.environ, cwd)


def _nowhere(mode: str) -> TextIO:
    """Stand in for a stream that whoever started us has closed."""
    return cast("TextIO", Path(os.devnull).open(mode, encoding="utf-8"))


def wants_colour(stream: TextIO, environment: Mapping[str, str], *, no_color: bool) -> bool:
    """Decide by the flag, then the conventions of no-color.org and force-color.org, then the stream."""
    if no_color or environment.get("NO_COLOR"):
        return False
    if _is_on(environment, ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    if environment.get("CLICOLOR") == "0" or environment.get("TERM") == "dumb":
        return False
    return stream.isatty()


def _is_on(environment: Mapping[str, str], names: Iterable[str]) -> bool:
    return any(environment.get(name, "0") not in {"", "0"} for name in names)
