"""Run a command in the foreground: it has our streams, our terminal and the signals that are meant for it.

The rule: called from the main thread, which the kernel takes for the parent: the command dies with it. Nothing else is
started meanwhile that would go on afterwards: what is left then is the command's, and ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO

from reconciler.clients import files
from reconciler.clients.refusals import refused
from reconciler.clients.sandbox.inner import adopt_orphans, end_the_rest
from reconciler.errors import PermanentError, RefusedError

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_MOST_ATTEMPTS = 10
_END = 0  # no signal; see `inner`
_GRACE_SECONDS = 5.0  # a guess: it has only to kill
LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be run.

    Attributes:
        argv: the command and its arguments.
        cwd: where it begins.
        environment: its whole environment.
        around: the program that is to start it, with its arguments.
        passing: what that program says when it failed and may not at the next attempt; empty: nothing.
        limits: what the command is held to where nothing is around it; see `landlock`.
    """

    argv: tuple[str, ...]
    cwd: Path
    environment: Mapping[str, str]
    around: tuple[str, ...] = ()
    passing: str = ""
    limits: Mapping[str, object] | None = None


def run_in_foreground(errand: Errand, lock: IO[bytes], *, turn_seconds: float, on_turn: Callable[[], None]) -> int:
    """Run a command to its end and give its exit status, as a shell does.

    Args:
        errand: the command.
        lock: held by all that starts it, which ends after it and all of its own; never by the command, which could let
            it go.
        turn_seconds: how often `on_turn` is called.
        on_turn: called while the command runs.

    Raises:
        PermanentError: it could not be started.
    """
    control, ours = os.pipe()
    adopt_orphans()
    try:
        with _terminal() as is_foreground, _signals_to(ours):
            process = _start(errand, control, lock, is_foreground=is_foreground)
            os.close(control)
            control = -1
            code = _wait(process, ours, turn_seconds, on_turn)
    finally:
        os.close(ours)
        if control >= 0:
            os.close(control)
        end_the_rest()  # of a launcher that the command killed, where nothing keeps it from that
    return code if code >= 0 else 128 - code


def _start(errand: Errand, control: int, lock: IO[bytes], *, is_foreground: bool) -> subprocess.Popen[bytes]:
    """Start it, again where what is around it failed in passing; never when the command may have been started."""
    for _ in range(_MOST_ATTEMPTS):
        with tempfile.TemporaryFile() as complaints:
            process = _try_to_start(errand, control, lock, complaints, is_foreground=is_foreground)
            if process is not None:
                return process
            complaints.seek(0)
            said = complaints.read().decode("utf-8", "replace").strip()
        if not errand.passing or errand.passing not in said:
            break
    raise PermanentError(f"the command was not started: {said or 'what is to start it does not say why'}")


def _try_to_start(
    errand: Errand, control: int, lock: IO[bytes], complaints: IO[bytes], *, is_foreground: bool
) -> subprocess.Popen[bytes] | None:
    """Start it; None when what is around it ended before the command could be started."""
    text = Path(__file__).with_name("inner.py").read_text("utf-8")
    begun, told = os.pipe()
    with os.fdopen(begun, "rb") as answer, os.fdopen(told, "wb") as telling:
        order = {"argv": errand.argv, "control": control, "begun": told, "foreground": is_foreground}
        order |= {"limits": errand.limits, "lock": lock.fileno()}
        words = (*errand.around, sys.executable, "-IS", "-c", text)
        try:
            with os.fdopen(os.dup(2), "wb") as errors, tempfile.TemporaryFile() as written:
                written.write(json.dumps(order | {"errors": errors.fileno()}).encode("ascii"))
                written.seek(0)
                process = subprocess.Popen(  # noqa: S603 - a list of words, never a shell
                    (*words, str(written.fileno())),  # one word holds no more than 128 KiB
                    cwd=errand.cwd,
                    env=errand.environment,
                    stderr=complaints,
                    pass_fds=(control, told, errors.fileno(), lock.fileno(), written.fileno()),
                    process_group=0,  # a Ctrl-C is the command's alone
                )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise PermanentError(f"cannot run {words[0]} in {errand.cwd}: {reason}") from error
        telling.close()
        if answer.read(1):
            return process
    process.wait()
    return None


def _wait(process: subprocess.Popen[bytes], ours: int, turn_seconds: float, on_turn: Callable[[], None]) -> int:
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return process.wait(turn_seconds)
            on_turn()
    except BaseException:
        _end(process, ours)
        raise


def _end(process: subprocess.Popen[bytes], ours: int) -> None:
    """End it and all that it started: by the launcher, or where that hangs, by what is around it."""
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        os.write(ours, bytes((_END,)))
        process.wait(_GRACE_SECONDS)
    process.kill()
    process.wait()


@contextlib.contextmanager
def _signals_to(control: int) -> Iterator[None]:
    """Pass signals on instead of obeying them."""

    def pass_on(number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(OSError):
            os.write(control, bytes((number,)))

    before = {number: signal.signal(number, pass_on) for number in _PASSED_ON}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _terminal() -> Iterator[bool]:
    """Say whether the terminal is ours, and take it back afterwards from whoever was given it."""
    try:
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield False
        return
    try:
        is_ours = os.tcgetpgrp(terminal) == os.getpgrp()
        yield is_ours
        if is_ours:
            before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            with contextlib.suppress(OSError):
                os.tcsetpgrp(terminal, os.getpgrp())
            signal.signal(signal.SIGTTOU, before)
    finally:
        os.close(terminal)


@contextlib.contextmanager
def alone(directory: Path, name: str) -> Iterator[IO[bytes]]:
    """Hold the lock of a sandbox: what one command leaves is looked at before the next one starts.

    Raises:
        RefusedError: another command runs in it.
        ClientError: the operating system refused.
    """
    files.make_directory(directory.parent, directory.name)
    try:
        descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise refused(str(directory / LOCK), error) from error
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"a command is running in the sandbox of {name}"
            raise RefusedError(message, hint="wait until it has ended") from None
        yield file


def is_busy(directory: Path) -> bool:
    """Whether a command runs in the sandbox that keeps its things there."""
    try:
        descriptor = os.open(directory / LOCK, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
