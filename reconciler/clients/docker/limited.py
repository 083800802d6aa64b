"""Limit a program for one who cannot: `python limited.py SECONDS ALIVE [NAME=VALUE ...] PROGRAM [WORD ...]`.

It gets these variables beside its environment. It is ended, with all that it started, after so many seconds, when the
file ALIVE is gone, and when whoever started us is: a library that waits for programs as long as they like is used
through it. Imports nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time

LATE = 124
"""The exit status when it took too long, as that of timeout(1)."""

_TURN_SECONDS = 0.05
_GRACE_SECONDS = 3.0


def run(seconds: float, alive: str, words: list[str]) -> int:
    """Run a program and give its exit status, as a shell does where a signal ended it."""
    parent, end = os.getppid(), time.monotonic() + seconds
    given = list(itertools.takewhile(lambda word: "=" in word, words))
    argv, environment = words[len(given) :], {**os.environ, **dict(word.split("=", 1) for word in given)}
    with subprocess.Popen(argv, env=environment, start_new_session=True) as process:  # noqa: S603 - never a shell
        while time.monotonic() < end and os.getppid() == parent and os.path.exists(alive):  # noqa: PTH110 - quick
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(_TURN_SECONDS)
                return code if code >= 0 else 128 - code
        _end(process)
    if time.monotonic() >= end:
        sys.stderr.write(f"took longer than {seconds:g} s, and was ended\n")
    return LATE


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign, seconds in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C in the terminal reaches orchestra alone, which decides
    sys.exit(run(float(sys.argv[1]), sys.argv[2], sys.argv[3:]))
