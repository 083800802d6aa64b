"""An engine of a test's own, that it may stop, and reach in other ways than the machine's."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.support.engine import SMALL, docker

# A namespace of the network is made with its loopback switched off; SIOCSIFFLAGS and IFF_UP switch it on.
_WITH_LOOPBACK = """\
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1))
os.execvp(sys.argv[1], sys.argv[1:])
"""


@dataclass(frozen=True)
class OwnEngine:
    """An engine of a test's own, that it may stop; its networks are apart from those of the machine's own engine."""

    directory: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Where it listens."""
        return f"unix://{self.directory}/docker.sock"

    @property
    def is_running(self) -> bool:
        """Whether it was started and did not end: if it did by itself, the test that needs it says so."""
        return any(process.poll() is None for process in self.processes)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        places = {"data-root": "data", "exec-root": "run", "pidfile": "pid"}
        words = [f"--{option}={self.directory}/{name}" for option, name in places.items()]
        with (self.directory / "log").open("ab") as log:
            process = subprocess.Popen(
                [
                    "unshare",
                    "--net",
                    sys.executable,
                    "-c",
                    _WITH_LOOPBACK,
                    "dockerd",
                    f"--host={self.host}",
                    *words,
                    "--iptables=false",
                    "--ip-forward=false",
                ],
                stdin=subprocess.DEVNULL,  # else it would keep the pipe of a worker open
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"},
            )
        self.processes.append(process)
        for _ in range(300):
            if (
                subprocess.run(["docker", "--host", self.host, "version"], capture_output=True, check=False).returncode
                == 0
            ):
                return
            time.sleep(0.1)
        raise AssertionError((self.directory / "log").read_text()[-2000:])

    def stop(self) -> None:
        """Stop it, and wait until it is gone."""
        while self.processes:
            process = self.processes.pop()
            process.terminate()
            process.wait()
        (self.directory / "pid").unlink(missing_ok=True)

    def left(self, clone: str) -> str:
        """What bears the label of a clone there."""
        narrow = ("--quiet", "--filter", f"label=orchestra.clone={clone}")
        listed = (("ps", "--all"), ("network", "ls"), ("volume", "ls"))
        return "".join(docker("--host", self.host, *words, *narrow) for words in listed)


@contextmanager
def short_directory() -> Iterator[Path]:
    """The path of a socket may not be long."""
    with tempfile.TemporaryDirectory(prefix="own", dir="/var/tmp", ignore_cleanup_errors=True) as directory:
        yield Path(directory)


@contextmanager
def own_engine() -> Iterator[OwnEngine]:
    """Give an engine with the small image."""
    if os.getuid() != 0:
        pytest.skip("only root may start an engine")
    with short_directory() as directory:
        engine = OwnEngine(directory)
        engine.start()
        try:
            image = subprocess.run(["docker", "save", SMALL], capture_output=True, check=True).stdout
            subprocess.run(["docker", "--host", engine.host, "load"], input=image, check=True, capture_output=True)
            yield engine
        finally:
            if engine.is_running and (left := docker("--host", engine.host, "ps", "--all", "--quiet").split()):
                docker("--host", engine.host, "rm", "--force", *left)
            engine.stop()


@contextmanager
def listening_on(address: str, engine: OwnEngine) -> Iterator[str]:
    """Let an engine be reached by TCP at an address of this machine, as one elsewhere is; gives `host:`."""
    with socket.create_server((address, 0)) as server:
        threading.Thread(target=_serve, args=(server, engine.host.removeprefix("unix://")), daemon=True).start()
        try:
            yield f"tcp://{address}:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)


def _serve(server: socket.socket, path: str) -> None:
    with contextlib.suppress(OSError):
        while True:
            near, _ = server.accept()
            threading.Thread(target=_connect, args=(near, path), daemon=True).start()


def _connect(near: socket.socket, path: str) -> None:
    with near, socket.socket(socket.AF_UNIX) as far, contextlib.suppress(OSError):
        far.connect(path)
        back = threading.Thread(target=_pass_on, args=(far, near), daemon=True)
        back.start()
        _pass_on(near, far)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while piece := source.recv(1 << 16):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
