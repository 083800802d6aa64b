"""The list of the ports of a host: read by anybody, changed by who holds its lock, and never a reason to fail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.clients.port_list import Holder, PortList
from reconciler.errors import TransientError

WHO = Holder("clone", "auth", "web", Path("/src/shop/.git/worktrees/auth"))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    """For its owner alone; before it is written there is nothing, not even a directory."""
    ports = PortList(tmp_path / "state/orchestra")
    assert ports.read() == {}
    assert not (tmp_path / "state").exists()
    with ports.locked():
        ports.write({20001: WHO})
    assert ports.read() == {20001: WHO}
    assert (tmp_path / "state/orchestra/ports.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{", b"\xff", b'{"ports": 1}', b'{"ports": {"web": {}}}', b'{"ports": {"1": {"clone": 1}}}'],
)
def test_a_list_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    """Anybody may have edited it; the marks tell."""
    (tmp_path / "ports.json").write_bytes(content)
    assert PortList(tmp_path).read() == {}


def test_an_entry_that_cannot_be_read_takes_no_other_with_it(tmp_path: Path) -> None:
    """Whoever writes the list next would free the numbers of all clones of the host."""
    ports = PortList(tmp_path)
    ports.write({20001: WHO})
    document = json.loads((tmp_path / "ports.json").read_text())
    document["ports"] |= {"20002": "x", "web": document["ports"]["20001"], "20003": {"clone": "c"}}
    (tmp_path / "ports.json").write_text(json.dumps(document))
    assert ports.read() == {20001: WHO}


def test_a_list_that_is_a_directory_or_a_link_is_none(tmp_path: Path) -> None:
    """Nothing is read through a link."""
    (tmp_path / "a/ports.json").mkdir(parents=True)
    assert PortList(tmp_path / "a").read() == {}
    (tmp_path / "b").mkdir()
    (tmp_path / "b/ports.json").symlink_to("/etc/passwd")
    assert PortList(tmp_path / "b").read() == {}


def test_who_waits_too_long_for_the_lock_is_told(tmp_path: Path) -> None:
    """A process that was stopped while it held it keeps nobody for ever."""
    ports, slept, now = PortList(tmp_path), list[float](), iter(range(9))
    with (
        ports.locked(),
        pytest.raises(TransientError, match="given out by another process") as caught,
        ports.locked(timeout_seconds=3, sleep=slept.append, clock=lambda: next(now)),
    ):
        pytest.fail("two hold it")
    assert len(slept) == 2
    assert "ports.lock" in caught.value.hint
    with ports.locked():
        pass
