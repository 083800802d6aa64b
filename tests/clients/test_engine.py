"""The client of the engine: what needs no engine to be seen."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reconciler.clients.docker import engine, limited
from reconciler.clients.docker.engine import Container, Place, failure
from reconciler.errors import PermanentError, TransientError


@pytest.mark.parametrize(
    ("ports", "addresses"),
    [
        ("", ()),
        ("5432/tcp", ()),
        ("0.0.0.0:20001->5432/tcp, :::20001->5432/tcp", ("127.0.0.1:20001",)),
        ("127.0.0.1:20001->80/tcp, 10.0.0.1:20002->81/tcp", ("127.0.0.1:20001", "10.0.0.1:20002")),
        ("0.0.0.0:20001->80/tcp, [::]:20001->80/tcp, 443/tcp", ("127.0.0.1:20001",)),
    ],
)
def test_addresses_are_those_that_can_be_reached(ports: str, addresses: tuple[str, ...]) -> None:
    """Once each, and not what is published nowhere."""
    assert Container("1", "a", "running", "i", "w", "s", ports=ports).addresses == addresses


def test_routes_of_the_host_are_read_as_the_kernel_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without that to everywhere; where there is no such list, there are none."""
    head = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
    rows = "eth0\t00000000\t0101A8C0\t3\t0\t0\t0\t00000000\t0\t0\t0\n"
    rows += "tun0\t0000D20A\t00000000\t1\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    (tmp_path / "route").write_text(head + rows)
    monkeypatch.setattr(engine, "_ROUTES", tmp_path / "route")
    assert list(map(str, engine.routes())) == ["10.210.0.0/16"]
    monkeypatch.setattr(engine, "_ROUTES", tmp_path / "gone")
    assert engine.routes() == ()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?", TransientError),
        ("error during connect: Get http://x: EOF", TransientError),
        ("read tcp: connection reset by peer", TransientError),
        ("Error: No such image: x", PermanentError),
    ],
)
def test_failures_are_told_apart(said: str, kind: type[Exception]) -> None:
    """Only of some may another attempt help."""
    assert type(failure(Place(), ("docker", "ps"), said)) is kind


def test_what_a_connection_by_ssh_says_is_told_without_its_wrapping() -> None:
    """The client repeats its request, and the command that it ran."""
    request = 'error during connect: Get "http://docker.example.com/v1.50/containers/json?all=1&filters=%7B%7D": '
    ran = (
        "command [ssh -T -l root -- far docker system dial-stdio] has exited with exit status 255, make sure the URL is"
    )
    refused = "ssh: connect to host far port 22: Connection refused"
    told = failure(Place(host="ssh://root@far"), ("docker", "ps"), f"{request}{ran} valid: stderr={refused}\n\n")
    assert told.message == f"ssh://root@far does not answer: {refused}"
    plain = failure(Place(host="tcp://far:1"), ("docker", "ps"), f"{request}dial tcp 10.0.0.1:1: i/o timeout")
    assert plain.message == "tcp://far:1 does not answer: dial tcp 10.0.0.1:1: i/o timeout"


def _limited(seconds: float, alive: Path, script: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-I", "-S", limited.__file__, str(seconds), str(alive), "sh", "-c", script]
    return subprocess.Popen(argv, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False


@pytest.mark.parametrize("why", ["late", "told", "orphan"])
def test_a_limited_program_ends_with_all_that_it_started(tmp_path: Path, why: str) -> None:
    """When it takes too long, when it is told to, and when whoever started it is gone."""
    alive = tmp_path / "alive"
    alive.touch()
    script = f"sleep 600 & echo $! >{tmp_path}/pid; wait"
    if why == "orphan":
        words = [sys.executable, "-I", "-S", limited.__file__, "600", str(alive), "sh", "-c", script]
        starter = f"import subprocess, time; subprocess.Popen({words!r}); time.sleep(600)"
        process = subprocess.Popen([sys.executable, "-c", starter], text=True, stdout=subprocess.PIPE)
    else:
        process = _limited(0.8 if why == "late" else 600, alive, script)
    while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip()):
        time.sleep(0.01)
    inner = int((tmp_path / "pid").read_text())
    if why == "told":
        alive.unlink()
    if why == "orphan":
        process.kill()
    _, err = process.communicate()
    if why != "orphan":
        assert process.returncode == limited.LATE
        assert ("took longer than 0.8 s" in (err or "")) == (why == "late")
    for _ in range(500):
        if not _is_running(inner):
            return
        time.sleep(0.01)
    os.kill(inner, 9)
    raise AssertionError("what it started runs on")


def test_a_limited_program_gets_variables(tmp_path: Path) -> None:
    """Beside those of everybody; what follows the program is the program's."""
    argv = [sys.executable, "-I", "-S", limited.__file__, "60", str(tmp_path), "A=b=c", "sh", "-c", 'echo "$A $1"']
    assert subprocess.run([*argv, "sh", "D=e"], text=True, capture_output=True, check=True).stdout == "b=c D=e\n"


def test_a_limited_program_gives_its_exit_status(tmp_path: Path) -> None:
    """And what it printed."""
    process = _limited(60, tmp_path, "echo hello; exit 7")
    assert process.communicate()[0] == "hello\n"
    assert process.returncode == 7
