"""What the program of a known agent is started with, so that its own tools keep to the area and say why they refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from reconciler.boundaries.permissions.launch import Grounds, Launch
from reconciler.boundaries.permissions.presets import PRESETS


def settings_for(command: Sequence[str], grounds: Grounds, told: Callable[[str], None]) -> Launch:
    """Write the settings of the agent that a command starts; none where it starts no agent that is known.

    Args:
        command: the program and its arguments.
        grounds: where it works.
        told: is given, in words, what the user should know.
    """
    program = Path(command[0]).name
    preset = PRESETS.get(program)
    if preset is None:
        return Launch()
    if own := [word for word in command[1:] if word.partition("=")[0] in preset.own]:
        told(f"{program} is given {own[0]}: the settings that keep {preset.name} in its area are left out")
        return Launch()
    launch = preset.launch(grounds)
    if not grounds.is_sandboxed:
        for gap in launch.gaps:
            told(gap)
    return launch
