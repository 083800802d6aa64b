"""The program that judges one edit of an agent, started as the agent starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_AREA = {"modify": ["packages/auth", "docs/*.md"], "shared": ["pnpm-lock.yaml"], "deny": ["packages/auth/vendor"]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "auth"
    for directory in ("packages/auth/vendor", "packages/ui", "docs/deep"):
        (tree / directory).mkdir(parents=True)
    (tree / "packages/auth/out").symlink_to("../ui")
    (tree / "packages/auth/page.js").symlink_to("../ui/page.js")
    (tree / "packages/ui/in").symlink_to("../auth")
    return tree


def _judge(tree: Path, call: object, declared: object = None) -> tuple[int, str]:
    file = tree.parent / "area.json"
    file.write_text(json.dumps(declared or {"tree": str(tree), **_AREA}))
    words = [sys.executable, "-I", "-m", "reconciler.cli.tool_hook", file]
    given = call if isinstance(call, str) else json.dumps(call)
    done = subprocess.run(words, input=given, capture_output=True, text=True, check=False)
    assert not done.stdout
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    "path",
    [
        *("packages/auth/session.py", "packages/auth/new/deep.py", "docs/index.md", "pnpm-lock.yaml"),
        *(".sub-agents/status.yaml", "packages/ui/in/session.py", "packages/ui/../auth/session.py"),
    ],
)
def test_inside(tree: Path, path: str) -> None:
    assert _judge(tree, {"tool_input": {"file_path": f"{tree}/{path}"}}) == (0, "")
    assert _judge(tree, {"cwd": str(tree), "tool_input": {"file_path": path}}) == (0, "")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("packages/ui/page.js", "packages/ui/page.js is outside of your area"),
        ("packages/auth/vendor/a.py", "packages/auth/vendor/a.py is denied to you by `packages/auth/vendor`"),
        ("docs/deep/index.md", "docs/deep/index.md is outside of your area"),
        ("packages/auth/out/page.js", "packages/ui/page.js is outside of your area"),
        ("packages/auth/page.js", "packages/ui/page.js is outside of your area"),
        ("packages/auth/../ui/page.js", "packages/ui/page.js is outside of your area"),
        (".git/config", ".git/config cannot be committed"),
        ("../other/a.py", "other/a.py lies outside of your worktree"),
        ("/etc/passwd", "/etc/passwd lies outside of your worktree"),
    ],
)
def test_outside_is_refused_with_what_is_allowed(tree: Path, path: str, reason: str) -> None:
    code, said = _judge(tree, {"cwd": str(tree), "tool_input": {"file_path": path}})
    assert code == 2
    assert reason in said
    assert "You may change: packages/auth, docs/*.md, pnpm-lock.yaml; not packages/auth/vendor." in said


def test_a_notebook_is_judged_as_well(tree: Path) -> None:
    assert _judge(tree, {"tool_input": {"notebook_path": f"{tree}/packages/ui/a.ipynb"}})[0] == 2


@pytest.mark.parametrize("call", ["", "[]", "{}", '{"tool_input": {}}', '{"tool_input": {"file_path": 3}}'])
def test_what_cannot_be_read_is_refused(tree: Path, call: str) -> None:
    code, said = _judge(tree, call)
    assert (code, said.startswith("orchestra cannot tell")) == (2, True)


def test_everything_but_git_itself(tree: Path) -> None:
    """An area without bounds does not hold what git cannot record."""
    declared = {"tree": str(tree), "modify": ["**"], "shared": [], "deny": []}
    codes = [
        _judge(tree, {"tool_input": {"file_path": f"{tree}/{path}"}}, declared)[0] for path in ("packages/x", ".git")
    ]
    assert codes == [0, 2]
