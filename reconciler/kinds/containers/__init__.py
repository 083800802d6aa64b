"""Kind `containers`: one Compose project for a workspace, on a real engine, found by the labels of all that it has."""

from reconciler.kinds.containers.spec import ContainersSpec, PortWish, Source

__all__ = ["ContainersSpec", "PortWish", "Source"]
