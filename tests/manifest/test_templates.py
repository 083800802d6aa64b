"""Templates that cannot be used: each with its place, beside all other mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.operations.validate import validate
from tests.support.manifests import complaints
from tests.support.world import World


def told(world: World) -> list[str]:
    """What `validate` says of the manifest on disk."""
    with pytest.raises(ManifestError) as caught:
        validate(world.session())
    return [line for problem in caught.value.problems for line in (str(problem), problem.hint)]


def test_a_template_behind_a_link_has_a_place(tmp_path: Path) -> None:
    """It is read, not written, and the manifest names it."""
    world = World.make(tmp_path)
    (world.project.path / "etclink").symlink_to("/etc")
    world.declare("auth:\n  files:\n    x: {template: etclink/passwd}\n    y: {template: nope}\n")

    first, hint, second, _ = told(world)
    assert first.startswith("orchestra.yaml:4:7: etclink/passwd cannot be read: ")
    assert hint == "name a file of the repository"
    assert second == "orchestra.yaml:5:7: there is no file nope"


def test_a_helpers_template_behind_a_link_has_a_place(tmp_path: Path) -> None:
    """The same for the directory of templates."""
    world = World.make(tmp_path)
    (world.project.path / "agents").symlink_to("/etc")
    world.declare("auth: {helpers: {t: {template: mine}}}")

    assert told(world)[0].startswith("orchestra.yaml:2:20: agents/")


def test_missing_templates_are_told_beside_other_mistakes() -> None:
    """All at once, in the order of the file."""
    text = """\
worktrees:
  a:
    tsk: x
    files: {f: {template: none}, g: {template: nor}}
    helpers:
      t: {template: nope}
      u: {template: mine}
      v: {template: mine, variables: {x: [1]}}
      -w:
"""
    messages = [
        line.removeprefix("orchestra.yaml:")
        for line in complaints(text, {"agents/templates/mine-agent.md": "{{x}}"})
        if line.startswith("orchestra")
    ]

    assert messages == [
        "3:5: unknown key `tsk`",
        "4:13: there is no file none",
        "4:34: there is no file nor",
        "6:11: there is no template `nope`",
        "7:11: template mine (agents/templates/mine-agent.md:1) uses {{x}}, which has no value",
        "8:42: `x` must be text, not a list",
        "9:7: `-w` is not a name: it begins with `-`, so programs would take it for an option",
    ]
