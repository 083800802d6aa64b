from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import GitRepo

HEAVY = {"networkx", "pydantic", "ruamel", "git", "rich", "tenacity", "argparse", "dataclasses", "typing", "json"}


def loaded_by(words: list[str]) -> set[str]:
    script = (
        "import sys; from reconciler.cli.main import main; main(sys.argv[1:]);"
        "print('\\n'.join(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, *words], capture_output=True, text=True, check=True)
    assert done.stdout
    return set(done.stderr.split())


@pytest.mark.parametrize("words", [["--version"], ["--help"], []], ids=["version", "help", "nothing"])
def test_the_commonest_answers_import_nothing(words):
    loaded = loaded_by(words)
    assert loaded & HEAVY == set()
    ours = {name for name in loaded if name.startswith("reconciler")}
    assert ours <= {"reconciler", "reconciler.cli", "reconciler.cli.main", "reconciler.cli.commands"}


CHANGES_THINGS = {
    "reconciler.engine.executor",
    "reconciler.engine.saved_plan",
    "reconciler.kinds.dependency.install",
    "reconciler.kinds.workspace.fates",
    "reconciler.kinds.workspace.make",
    "reconciler.kinds.workspace.remove",
    "reconciler.vault.vault",
    "tenacity",
}


@pytest.mark.parametrize("words", [["plan"], ["apply", "--auto-approve"]], ids=["plan", "apply"])
def test_who_has_nothing_to_do_imports_nothing_that_changes_anything(tmp_path, monkeypatch, words):
    repo = GitRepo.init(tmp_path / "shop", {"main.py": "", "requirements.txt": ""})
    body = "{modify: src, copy: [.env], ports: [web], dependencies: {run: echo}}"
    (repo.path / "orchestra.yaml").write_text(f"worktrees: {{auth: {body}, ui: {body}}}\n")
    (repo.path / ".env").touch()
    monkeypatch.chdir(repo.path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    loaded_by(["apply", "--auto-approve"])
    loaded = loaded_by(words)
    assert loaded & CHANGES_THINGS == set()


def test_a_process_ends_quietly_when_nobody_reads():
    script = f"{sys.executable} -m reconciler --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout in {"0\n", "1\n"}


@pytest.mark.parametrize(
    ("redirection", "code", "told"),
    [
        pytest.param("| true; exit ${PIPESTATUS[0]}", {0, 1}, "", id="nobody-reads"),
        *(
            [
                pytest.param(
                    "> /dev/full", {1}, "error: the answer cannot be written: No space left on device\n", id="full"
                )
            ]
            if Path("/dev/full").exists()
            else []
        ),
        pytest.param(">&-", {0}, "", id="closed"),
        pytest.param(">&- 2>&- <&-", {0}, "", id="all-closed"),
    ],
)
def test_an_answer_that_cannot_be_written_is_no_traceback(redirection, code, told):
    script = f"{sys.executable} -m reconciler completion bash {redirection}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
    assert done.stderr == told
    assert done.returncode in code


def test_help_shows_the_groups_with_the_commands():
    done = subprocess.run([sys.executable, "-m", "reconciler", "--help"], capture_output=True, text=True, check=True)
    for title in ("desired state:", "agents:", "coordination:", "history:", "exit codes:"):
        assert title in done.stdout
    assert "  plan         show the difference between what is declared and what exists\n" in done.stdout


@pytest.mark.parametrize("columns", ["60", "79", "80", "81", "100"])
def test_help_breaks_no_name_at_a_hyphen(columns):
    environment = {**os.environ, "COLUMNS": columns}
    command = [sys.executable, "-m", "reconciler", "exec", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert "`auth--test`" in done.stdout
    assert "--detailed-exitcode)" in done.stdout
