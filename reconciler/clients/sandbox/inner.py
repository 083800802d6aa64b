"""What starts a command inside its sandbox: the first process there, which keeps terminal, signals and end in order.

The rule: run as text by another Python, inside, where nothing of ours may be found: it imports the standard library
alone. It outlives nobody: when the command ends, or when who started it is gone, all that is left goes with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import struct
import sys
from typing import Any, NoReturn

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_END = 0  # no signal: who started us wants an end of it
_NOT_FOUND, _NOT_EXECUTABLE, _FAILED = 127, 126, 125  # as shells and `env` say it

# The system call `ioctl`, by what the kernel calls the architecture: also as 32-bit programs reach it.
_IOCTLS = {
    0xC000003E: (16, 0x40000000 | 514),  # x86_64, and its x32
    0x40000003: (54,),  # i386
    0xC00000B7: (29,),  # aarch64
    0x40000028: (54,),  # arm
}
_TYPES_INTO_TERMINALS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050001  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO | EPERM
_LOAD, _EQUALS, _RETURN = 0x20, 0x15, 0x06
_NUMBER, _ARCHITECTURE, _REQUEST = 0, 4, 24  # where in what a filter is given
_ADD_RULE, _RESTRICT_SELF, _CREATE_RULESET = 445, 446, 444  # of Landlock: the same numbers on every architecture
_DROP_FROM_BOUND, _CAPABILITIES = 24, 0x20080522  # PR_CAPBSET_DROP, _LINUX_CAPABILITY_VERSION_3
_NO_NEW_PRIVILEGES, _SECCOMP, _SUBREAPER, _DUMPABLE = 38, 22, 36, 4


def main(order: dict[str, Any]) -> int:
    """Run a command to its end and give its exit status, as a shell does."""
    control: int = order["control"]
    os.set_inheritable(control, False)
    os.set_inheritable(order["lock"], False)  # ours as long as we live: who has it could let it go
    os.dup2(order["errors"], 2)  # until here, it was for what failed before us
    os.close(order["errors"])
    ended, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    for number in (*_PASSED_ON, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    adopt_orphans()
    _libc().prctl(_DUMPABLE, 0, 0, 0, 0)  # a debugger in there could stop us, and nobody would hear of the end
    os.write(order["begun"], b"1")  # from here on, nobody may start the command again
    os.close(order["begun"])
    child = os.fork()
    if child == 0:
        _become(order)
    try:
        return _watch(child, control, ended)
    finally:
        end_the_rest()


def _become(order: dict[str, Any]) -> NoReturn:
    """Turn into the command: a process group of its own, which has the terminal if ours had it."""
    try:
        signal.set_wakeup_fd(-1)
        os.setpgid(0, 0)
        if order["foreground"]:
            _take_terminal()
        for number in (*_PASSED_ON, signal.SIGCHLD, signal.SIGPIPE, signal.SIGTTOU):
            signal.signal(number, signal.SIG_DFL)
        _refuse_typing()
        if order["limits"] is not None:
            _restrict(order["limits"])
        os.execvp(order["argv"][0], order["argv"])  # noqa: S606 - what the user asked for
    except FileNotFoundError as error:
        _fail(order, error, _NOT_FOUND)
    except OSError as error:
        _fail(order, error, _NOT_EXECUTABLE)
    except BaseException as error:  # noqa: BLE001 - never go on as a second launcher
        _fail(order, error, _FAILED)


def _fail(order: dict[str, Any], error: BaseException, code: int) -> NoReturn:
    reason = getattr(error, "strerror", None) or str(error)
    os.write(2, f"orchestra: cannot run {order['argv'][0]}: {reason}\n".encode("utf-8", "backslashreplace"))
    os._exit(code)


def _take_terminal() -> None:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_CLOEXEC)
        os.tcsetpgrp(terminal, os.getpgrp())
        os.close(terminal)


def _watch(child: int, control: int, ended: int) -> int:
    """Pass on what comes, until the command ended or nobody is left who waits for it."""
    while True:
        ready = select.select((control, ended), (), ())[0]
        if ended in ready:
            for number in os.read(ended, 512):
                _pass_on(child, number)
        if control in ready:
            numbers = os.read(control, 512)
            if not numbers or _END in numbers:
                return 128 + signal.SIGKILL
            for number in numbers:
                _pass_on(child, number)
        code = _reap(child)
        if code is not None:
            return code


def _pass_on(child: int, number: int) -> None:
    if number in _PASSED_ON:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, number)


def _reap(child: int) -> int | None:
    """Take note of all that ended; the command's exit status, once it did."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            if pid == 0:
                break
            if os.WIFSTOPPED(status):  # nobody is there who could let it go on again
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(pid, signal.SIGCONT)
            elif pid == child:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
    return None


def adopt_orphans() -> None:
    """Become the parent of all that loses its own among what we start."""
    _libc().prctl(_SUBREAPER, 1, 0, 0, 0)


def end_the_rest() -> None:
    """End all that is left: whoever lost its parent became a child of ours."""
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, os.WNOHANG)
            for pid in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0)


def _children() -> list[int]:
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208 - names, not paths
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:  # noqa: PTH123 - start-up
            if int(file.read().rpartition(b")")[2].split()[1]) == os.getpid():
                found.append(int(name))
    return found


# --- what the command may not do -------------------------------------------------------------------------------------


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _refuse_typing() -> None:
    """Keep it, and all it starts, from typing into the terminal: what is typed there runs outside when it has ended."""
    program = _filter()
    code = b"".join(struct.pack("HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("HL", len(program), ctypes.addressof(buffer)))
    libc = _libc()
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(_SECCOMP, 2, head, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _restrict(limits: dict[str, Any]) -> None:
    """Let it write to the places that it is granted, and give up what makes root more than others."""
    libc = _libc()
    head = struct.pack("=QQQ", limits["handled"], 0, limits["scoped"])
    ruleset = _checked(_call(libc, _CREATE_RULESET, head, len(head), 0))
    for place, rights in limits["grants"]:
        descriptor = os.open(place, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        _checked(_call(libc, _ADD_RULE, ruleset, 1, struct.pack("=Qi", rights, descriptor), 0))
        os.close(descriptor)
    if os.geteuid() == 0:
        capability = 0
        while libc.prctl(_DROP_FROM_BOUND, capability, 0, 0, 0) == 0:
            capability += 1
    _checked(libc.capset(struct.pack("=Ii", _CAPABILITIES, 0), bytes(24)))
    _checked(_call(libc, _RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _call(libc: ctypes.CDLL, number: int, *arguments: int | bytes) -> int:
    words = [each if isinstance(each, bytes) else ctypes.c_long(each) for each in arguments]
    libc.syscall.restype = ctypes.c_long
    return int(libc.syscall(ctypes.c_long(number), *words))


def _checked(answer: int) -> int:
    if answer < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return answer


def _filter() -> list[tuple[int, int, int, int]]:
    """For the kernel: steps that load, compare (and skip so many when equal, so many when not) or answer."""
    check = [(_LOAD, 0, 0, _REQUEST)]
    check += [(_EQUALS, 0, 1, request) for request in _TYPES_INTO_TERMINALS]
    check[1:] = [step for each in check[1:] for step in (each, (_RETURN, 0, 0, _REFUSE))]
    check += [(_RETURN, 0, 0, _ALLOW)]
    program = [(_LOAD, 0, 0, _ARCHITECTURE)]
    for architecture, numbers in _IOCTLS.items():
        body = [(_LOAD, 0, 0, _NUMBER)]
        for left, number in enumerate(reversed(numbers)):
            body.insert(1, (_EQUALS, left + 1, 0, number))
        body += [(_RETURN, 0, 0, _ALLOW), *check]
        program += [(_EQUALS, 0, len(body), architecture), *body]
    return [*program, (_RETURN, 0, 0, _ALLOW)]


if __name__ == "__main__":
    with os.fdopen(int(sys.argv[1]), "rb") as order:
        told = json.load(order)
    sys.exit(main(told))
