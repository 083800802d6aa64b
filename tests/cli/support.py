"""A command line in memory: streams that may or may not be terminals, and commands that do what a test says."""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reconciler.cli.context import Context, Surroundings


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@dataclass
class Streams:
    """What a command reads and writes."""

    typed: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = field(default_factory=Path.cwd)

    def __post_init__(self) -> None:
        stream = io.StringIO if self.typed is None else Terminal
        self.stdin, self.stdout, self.stderr = stream(self.typed or ""), stream(), stream()

    @property
    def around(self) -> Surroundings:
        return Surroundings(self.stdin, self.stdout, self.stderr, self.environment, self.cwd)

    @property
    def out(self) -> str:
        return self.stdout.getvalue()

    @property
    def err(self) -> str:
        return self.stderr.getvalue()


@dataclass(frozen=True)
class FakeCommand:
    """A command whose work is a callable."""

    work: Callable[[Context], int]

    def register(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--target")
        parser.add_argument("--prune", action="store_true")

    def run(self, options: argparse.Namespace, context: Context) -> int:
        return self.work(context)
