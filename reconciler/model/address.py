"""The unique name of a resource."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """`kind:name`, for example `workspace:auth--test` or `file:auth/SESSION.md`."""

    kind: str
    name: str

    def __str__(self) -> str:
        """Write it as `--target` takes it."""
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `kind:name`.

        Raises:
            ValueError: there is no colon, or one side of it is empty.
        """
        kind, colon, name = text.partition(":")
        if not (kind and colon and name):
            message = f"not an address: {text!r}"
            raise ValueError(message)
        return cls(kind, name)
