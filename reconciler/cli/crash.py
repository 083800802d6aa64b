"""What happens when orchestra itself is wrong. Rule: one line for the user, all else in a file they can send."""

from __future__ import annotations

import contextlib
import os
import platform
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path

from reconciler import __version__
from reconciler.cli.context import Context
from reconciler.errors import OrchestraError
from reconciler.model.escaping import escape
from reconciler.views.errors import error_document
from reconciler.views.json import line


def tell_crash(error: Exception, words: Sequence[str], context: Context) -> None:
    """Write the report, and say where it is."""
    file = write_report(context.redactor(report_text(error, words)), context)
    what = f"{type(error).__name__}: {error}".split("\n")[0]
    message = f"orchestra failed where it should not ({what})"
    hint = f"the full report is in {file}" if file else "the full report could not be written"
    if context.json:
        context.answer(line(error_document(OrchestraError(message, hint=hint))))
    context.narrate(f"error: {escape(message)}; {escape(hint)}\n")
    context.release()


def report_text(error: Exception, words: Sequence[str]) -> str:
    """Gather what is needed to understand a failure; no environment, since that holds secrets."""
    head = [
        f"orchestra {__version__}, Python {platform.python_version()}, {platform.platform()}",
        f"command line: {list(words)!r}",
        "",
    ]
    return "\n".join(head) + "\n" + "".join(traceback.format_exception(error))


def write_report(text: str, context: Context) -> Path | None:
    """Write a report under the state directory, else among the temporary files; None when neither can be written."""
    for directory in _directories(context):
        with contextlib.suppress(OSError):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor, name = tempfile.mkstemp(prefix="report-", suffix=".txt", dir=directory)
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write(text)
            return Path(name)
    return None


def _directories(context: Context) -> list[Path]:
    state, home = context.environment.get("XDG_STATE_HOME", ""), context.environment.get("HOME", "")
    wanted = [Path(state) / "orchestra"] if state.startswith("/") else []
    if not wanted and home:
        wanted = [Path(home) / ".local" / "state" / "orchestra"]
    return [*wanted, Path(tempfile.gettempdir())]
