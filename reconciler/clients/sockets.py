"""Which TCP ports of this host somebody listens on."""

from __future__ import annotations

import contextlib
import errno
import socket
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENS = "0A"
# Where an address of a family is taken, some systems still give the wildcard of it, and the other way round.
_ADDRESSES = (
    (socket.AF_INET, "127.0.0.1"),
    (socket.AF_INET, "0.0.0.0"),  # noqa: S104 - bound for a moment, never listened on
    (socket.AF_INET6, "::1"),
    (socket.AF_INET6, "::"),
)


def listening() -> frozenset[int]:
    """The ports that somebody listens on, as the kernel lists them; none where it has no such list."""
    found: set[int] = set()
    for table in _TABLES:
        with contextlib.suppress(OSError):
            rows = (line.split() for line in table.read_text().splitlines()[1:])
            found.update(int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == _LISTENS)
    return frozenset(found)


def is_free(port: int) -> bool:
    """Whether a program could listen on a port, on any address of this host, IPv4 and IPv6; tried for a moment."""
    return all(_can_bind(family, address, port) for family, address in _ADDRESSES)


def _can_bind(family: socket.AddressFamily, address: str, port: int) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            # What a server that ended left behind does not keep the next one from starting.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind((address, port))
    except OSError as error:
        return _is_no_such_address(error)
    return True


def _is_no_such_address(error: OSError) -> bool:
    """A host without IPv6 has nobody who listens there."""
    return error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT}
