"""The real agents with the settings that are written for them, driven by a scripted model: inside works only."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.boundaries.area import Area
from reconciler.boundaries.pattern import parse
from reconciler.boundaries.permissions.launch import Grounds, Launch
from reconciler.boundaries.permissions.presets import PRESETS
from tests.agents.model import Script, model
from tests.support.repository import GitRepo
from tests.support.tools import require, search_path

_HOOK = (sys.executable, "-I", "-m", "reconciler.cli.tool_hook")
_AREA = Area((parse("packages/auth"),), (), (parse("packages/auth/vendor"),))


@pytest.fixture
def grounds(tmp_path: Path) -> Grounds:
    main = GitRepo.init(tmp_path / "shop", {"packages/auth/a.py": "1\n", "packages/ui/p.js": "1\n"})
    tree = main.worktree(tmp_path / "shop.wt/auth", "auth")
    common, git_dir = main.path / ".git", tree.git("rev-parse", "--absolute-git-dir")
    git_dirs = (git_dir, *(str(common / name) for name in ("objects", "refs", "logs")))
    return Grounds(str(tree.path), _AREA, str(tmp_path / "files"), _HOOK, git_dirs)


def _prepare(program: str, grounds: Grounds) -> Launch:
    require(program)
    launch = PRESETS[program].launch(grounds)
    Path(grounds.files).mkdir()
    for name, text in launch.files.items():
        Path(grounds.files, name).write_text(text)
    return launch


def _run(grounds: Grounds, launch: Launch, words: list[str], variables: dict[str, str]) -> None:
    home, temporary = (Path(grounds.files).parent / name for name in ("home", "tmp"))
    home.mkdir()
    temporary.mkdir()
    environment = {"PATH": search_path(), "HOME": str(home), "TMPDIR": str(temporary), **launch.variables, **variables}
    identity = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    identity |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
    done = subprocess.run(
        words,
        cwd=grounds.tree,
        env={**environment, **identity},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_claude_code(grounds: Grounds) -> None:
    """Its edit tools tell the model why; what its shell does others have to stop."""
    places = ("packages/auth/new.py", "packages/ui/new.js", "packages/auth/vendor/new.py", "../new.py")
    script = Script([("Write", {"file_path": f"{grounds.tree}/{place}", "content": "x"}) for place in places])
    launch = _prepare("claude", grounds)
    with model(script) as url:
        words = ["claude", *launch.words, "-p", "go", "--permission-mode", "acceptEdits"]
        quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_TELEMETRY": "1"}
        _run(grounds, launch, words, {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none", **quiet})
    inside, outside, denied, upward = script.results
    assert "created" in inside
    assert "packages/ui/new.js is outside of your area. You may change: packages/auth" in outside
    assert "denied" in denied
    assert "outside of your worktree" in upward
    assert GitRepo(Path(grounds.tree)).status() == "?? packages/auth/new.py"


@pytest.mark.parametrize("is_refused_by_kernel", [True, False])
def test_codex(grounds: Grounds, *, is_refused_by_kernel: bool) -> None:
    """Its own sandbox lets commands write to the area and to what a commit needs; without our settings to the tree."""
    commands = [
        *("echo x > packages/auth/new.py", "git add --all && git commit --quiet -m mine"),
        *("echo x > packages/ui/new.js", "echo x > packages/auth/vendor", "python3 -c \"open('top', 'w')\""),
    ]
    (Path(grounds.tree) / "packages/auth/vendor").mkdir()
    script = Script([("exec_command", {"cmd": command}) for command in commands])
    launch = _prepare("codex", grounds if is_refused_by_kernel else replace(grounds, is_sandboxed=True))
    with model(script) as url:
        provider = f'{{ name = "scripted", base_url = "{url}/v1", env_key = "KEY", wire_api = "responses" }}'
        settings = ('model_provider="scripted"', f"model_providers.scripted={provider}", 'model="scripted"')
        words = ["codex", *launch.words, *(word for each in settings for word in ("-c", each)), "exec", "go"]
        _run(grounds, launch, words, {"KEY": "none"})
    tree = GitRepo(Path(grounds.tree))
    assert tree.git("log", "--format=%s", "-1") == "mine", script.results
    refused = ["Read-only file system" in result for result in script.results]
    assert refused == ([False, False, True, False, True] if is_refused_by_kernel else [False] * 5), script.results
    assert (Path(grounds.tree) / "packages/ui/new.js").exists() is not is_refused_by_kernel
