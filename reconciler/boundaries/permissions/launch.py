"""What a program of an agent is started with, so that it asks before it leaves its area, or cannot leave it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.boundaries.area import Area
from reconciler.boundaries.pattern import Pattern


@dataclass(frozen=True, slots=True)
class Grounds:
    """Where an agent works, and what it may change there.

    Attributes:
        tree: the worktree.
        files: the directory in which the files of the launch will lie.
        hook: the words of the program that judges one edit; it is given the name of a file with the area.
        git_dirs: what git writes to when something is committed in the tree; empty where that is somebody else's care.
        is_sandboxed: whether a sandbox of ours is around the agent, in which its own does not work.
    """

    tree: str
    area: Area
    files: str
    hook: tuple[str, ...]
    git_dirs: tuple[str, ...] = ()
    is_sandboxed: bool = False


@dataclass(frozen=True, slots=True)
class Launch:
    """What is added to the command line of an agent.

    Attributes:
        words: right after the program.
        variables: for its environment.
        files: text by name, to be written to `Grounds.files`.
        gaps: what these settings cannot express.
    """

    words: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    gaps: tuple[str, ...] = ()


def gaps(agent: str, area: Area, instead: Callable[[Pattern], str]) -> Iterator[str]:
    """Say what an agent's settings make of patterns that they cannot express.

    Args:
        agent: its name.
        area: what it may change.
        instead: what can be changed in the place of a pattern, in words; empty where that is the same.
    """
    yield from (f"{agent}: {said}" for pattern in area.allowed if (said := instead(pattern)))
    yield from (f"{agent}: {pattern} is not denied" for pattern in area.deny if instead(pattern))


def told(area: Area) -> str:
    """Say to an agent what it may change."""
    parts = [", ".join(map(str, area.allowed))]
    parts += [f"not {', '.join(map(str, dict.fromkeys(area.deny)))}"] if area.deny else []
    return "; ".join(parts)
