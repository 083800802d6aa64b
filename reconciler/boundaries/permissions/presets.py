"""The agents whose settings can be written, by the name of their program."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from reconciler.boundaries.permissions import claude_code, codex, gemini, opencode
from reconciler.boundaries.permissions.launch import Grounds, Launch


class Preset(NamedTuple):
    """One agent.

    Attributes:
        own: options of the program by which a user would replace what is written for it.
    """

    name: str
    launch: Callable[[Grounds], Launch]
    own: tuple[str, ...] = ()


PRESETS = {
    "claude": Preset("Claude Code", claude_code.launch, ("--settings", "--bare")),
    "codex": Preset("Codex", codex.launch, ("-s", "--sandbox", "--dangerously-bypass-approvals-and-sandbox")),
    "gemini": Preset("Gemini CLI", gemini.launch, ("--policy",)),
    "opencode": Preset("opencode", opencode.launch),
}
