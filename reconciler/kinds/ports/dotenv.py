"""Values as a file that shells, Compose and the dotenv libraries read alike."""

from __future__ import annotations

from collections.abc import Mapping


def variable(name: str, what: str = "PORT") -> str:
    """`web-api` is told as `WEB_API_PORT`."""
    return f"{name.upper().replace('-', '_')}_{what}"


def dotenv(head: str, values: Mapping[str, str]) -> bytes:
    """Write plain values, which need no quotes, below a comment."""
    return "".join([f"# {head}\n", *(f"{key}={value}\n" for key, value in values.items())]).encode()
