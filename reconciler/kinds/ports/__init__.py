"""Kind `ports`: numbers that a workspace's programs listen on, unique on the host, and the file that tells them."""

from reconciler.kinds.ports.holders import numbers_of
from reconciler.kinds.ports.kind import PortsKind
from reconciler.kinds.ports.spec import PortsSpec

__all__ = ["PortsKind", "PortsSpec", "numbers_of"]
