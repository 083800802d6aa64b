"""What the resources of a manifest wait for."""

from __future__ import annotations

import pytest

from reconciler.manifest.expand import expand
from tests.support.manifests import load_text


def waits(text: str) -> dict[str, list[str]]:
    """What each workspace depends on."""
    resources = expand(load_text(text), read=lambda _: None, real_path=lambda path: path)
    return {
        each.address.name: [str(needed) for needed in each.depends_on]
        for each in resources
        if each.address.kind == "workspace"
    }


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        pytest.param("worktrees: {b: {base: a}, a: }", ["workspace:a"], id="another's branch"),
        pytest.param("worktrees: {b: {base: x}, a: {branch: x}}", ["workspace:a"], id="by its branch"),
        pytest.param("worktrees: {b: {base: a}, a: {branch: x}}", [], id="not by its name"),
        pytest.param("worktrees: {b: {base: a, needs: a}, a: }", ["workspace:a"], id="needed anyway"),
        pytest.param("worktrees: {b: {base: a--h}, a: {helpers: {h: {eager: true}}}}", ["workspace:a--h"], id="helper"),
        pytest.param("worktrees: {b: {base: a--h}, a: {helpers: {h: }}}", [], id="a helper that apply does not make"),
        pytest.param("defaults: {base: b}\nworktrees: {b: }", [], id="the default base is its own branch"),
        pytest.param("defaults: {base: a}\nworktrees: {b: , a: }", ["workspace:a"], id="the default base is declared"),
    ],
)
def test_a_worktree_waits_for_the_one_whose_branch_is_its_base(text: str, needed: list[str]) -> None:
    """A branch is made before the one that starts from it."""
    assert waits(text)["b"] == needed
