"""A stream that keeps secrets out of everything written to it, also of what arrives in pieces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from reconciler.model.redaction import Redactor


class RedactingStream:
    """A text stream that redacts, also what arrives in pieces. `release` at the end, and before a prompt."""

    def __init__(self, stream: TextIO, redactor: Redactor) -> None:
        self._stream = stream
        self._redactor = redactor
        self._held = ""

    def write(self, text: str) -> int:
        """Write what cannot be part of a secret; keep the rest back."""
        safe, self._held = self._redactor.split(self._held + text)
        self._stream.write(safe)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write them one after the other."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Flush what was written; what is kept back stays so."""
        self._stream.flush()

    def release(self) -> None:
        """Write what was kept back: nothing follows that could complete it."""
        held, self._held = self._held, ""
        self._stream.write(self._redactor(held))
        self._stream.flush()

    def isatty(self) -> bool:
        """Answer for the stream below."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """Answer for the stream below."""
        return self._stream.fileno()

    @property
    def encoding(self) -> str:
        """Answer for the stream below."""
        return self._stream.encoding
