"""The real agents, driven by a scripted model, as `orchestra exec` starts them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.agents.model import Script, model
from tests.support.sandboxed import Shop
from tests.support.tools import require, search_path
from tests.support.users import USERS, directory_of

_INSIDE = "packages/auth/new.py"
_OUTSIDE = ("packages/ui/new.js", "../ui/packages/ui/new.js")
_PYTHON = "python3 -c \"import subprocess; subprocess.run(['touch', 'packages/ui/child'], check=True)\""
_SANDBOXES = ("bubblewrap", "landlock")
_REFUSALS = ("read-only", "permission denied")
"""In small letters, as zsh writes them: Claude Code takes that shell where it is installed."""
_COMMANDS = (
    f"echo 2 > {_INSIDE}",
    f"git add {_INSIDE} && git commit --quiet -m mine",
    *(f"echo x > {place}" for place in _OUTSIDE),
    _PYTHON,
)


@pytest.fixture(params=USERS)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """Give a repository with two workspaces, of root and of somebody who is not."""
    with directory_of(request.param) as directory:
        yield Shop.make(request.param, directory)


def _judge(shop: Shop, results: list[str]) -> None:
    """What the shell was told, what is on the branch, and that nothing else was changed."""
    assert len(results) == len(_COMMANDS)
    refused = [any(word in result.lower() for word in _REFUSALS) for result in results]
    assert refused == [False, False, True, True, True], results
    assert shop.git("log", "--format=%s", "-1", "auth") == "mine"
    assert shop.git("status", "--porcelain", cwd=shop.tree("ui")) == ""
    assert not (shop.tree() / "packages/ui/new.js").exists()
    assert not (shop.tree() / "packages/ui/child").exists()


@pytest.mark.parametrize("sandbox", _SANDBOXES)
def test_claude_code(shop: Shop, sandbox: str) -> None:
    require("claude")
    writes = [("Write", {"file_path": f"{shop.tree()}/{place}", "content": "1\n"}) for place in (_INSIDE, _OUTSIDE[0])]
    shells = [("Bash", {"command": command, "description": "work"}) for command in _COMMANDS]
    script = Script([*writes, *shells])
    with model(script) as url:
        variables = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "none", "PATH": search_path()}
        words = ("claude", "-p", "go", "--permission-mode", "acceptEdits", "--allowedTools", "Bash")
        ran = shop.orchestra("exec", "--sandbox", sandbox, "auth", "--", *words, env=variables)
    assert ran.code == 0, ran
    inside, outside, *results = script.results
    assert "created" in inside, inside
    assert "packages/ui/new.js is outside of your area. You may change: packages/auth, docs/*.md" in outside
    _judge(shop, results)


@pytest.mark.parametrize("sandbox", _SANDBOXES)
def test_codex(shop: Shop, sandbox: str) -> None:
    require("codex")
    script = Script([("exec_command", {"cmd": command}) for command in _COMMANDS])
    with model(script) as url:
        provider = f'{{ name = "scripted", base_url = "{url}/v1", env_key = "OPENAI_API_KEY", wire_api = "responses" }}'
        settings = ('model_provider="scripted"', f"model_providers.scripted={provider}", 'model="scripted"')
        words = ("codex", *(word for each in settings for word in ("-c", each)), "exec", "go")
        ran = shop.orchestra(
            "exec", "--sandbox", sandbox, "auth", "--", *words, env={"OPENAI_API_KEY": "none", "PATH": search_path()}
        )
    assert ran.code == 0, ran
    _judge(shop, script.results)
