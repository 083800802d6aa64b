"""The entry point. Rule: nothing at its top costs time to import, so that `--version` takes no longer than Python."""

from __future__ import annotations

import atexit
import gc
import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command and give its exit code; never raises, never shows a traceback.

    Args:
        argv: the words after the program's name; None takes them from the process.
    """
    words = sys.argv[1:] if argv is None else argv
    if words[:1] in (["--version"], ["-V"]):
        from reconciler import __version__  # noqa: PLC0415 - start-up

        return _print(f"orchestra {__version__}\n")
    if not words or words in (["--help"], ["-h"], ["help"]):
        from reconciler.cli.commands import help_text  # noqa: PLC0415 - start-up

        return _print(help_text())
    if argv is None and sys.getfilesystemencoding() != "utf-8":
        _begin_again_in_utf8()
    _collect_garbage_rarely()
    try:
        from reconciler.cli.program import run  # noqa: PLC0415 - start-up
    except KeyboardInterrupt:
        return 130
    return run(words)


def _begin_again_in_utf8() -> None:
    """Take the place of this process: what git says of names is read as UTF-8, and the disk must be told the same."""
    import os  # noqa: PLC0415 - start-up

    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606 - ourselves


def _collect_garbage_rarely() -> None:
    """A command makes many objects and ends soon: what a small plan makes is all in use."""
    gc.set_threshold(500_000, 100, 100)
    atexit.register(gc.freeze)  # or Python looks through all of them again, several times, before it ends


def _print(text: str) -> int:
    """Write an answer that needs nothing; a reader who left is no error of ours."""
    if sys.stdout is None:  # closed by whoever started us
        return 1
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None  # or Python complains when it flushes at its end
        return 1
    return 0
