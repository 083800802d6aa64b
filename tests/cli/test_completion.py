from __future__ import annotations

import argparse
import shutil
import subprocess

import pytest

from reconciler.cli import completion
from reconciler.cli.arguments import NAME, add_selection
from reconciler.cli.commands import SUMMARIES
from reconciler.cli.completion import SCRIPTS, complete
from reconciler.cli.context import Context
from reconciler.cli.program import run
from reconciler.errors import UsageError
from tests.cli.support import Streams


class Planning:
    def register(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name", metavar=NAME, nargs="?")
        parser.add_argument("--prune", action="store_true")
        parser.add_argument("--owner", metavar="WHO")
        add_selection(parser)

    def run(self, options: argparse.Namespace, context: Context) -> int:
        return 0


@pytest.fixture(autouse=True)
def _declared(monkeypatch):
    monkeypatch.setattr(completion, "load", lambda _name: Planning())
    monkeypatch.setattr(completion, "_names", lambda _context: ("auth", "auth--test", "ui"))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param([""], tuple(SUMMARIES), id="nothing"),
        pytest.param(["pl"], ("plan",), id="command"),
        pytest.param(["-C", "x", "pl"], ("plan",), id="command-after-options"),
        pytest.param(["plan", "--pr"], ("--prune",), id="option"),
        pytest.param(["plan", "--target", "a"], ("auth", "auth--test"), id="target"),
        pytest.param(["plan", "--prune", "u"], ("ui",), id="name-after-a-switch"),
        pytest.param(["plan", "--owner", ""], (), id="a-value-nobody-knows"),
        pytest.param(["plan", "--target", "=", "u"], ("ui",), id="as-bash-breaks-words"),
        pytest.param(["plan", "--target=u"], ("--target=ui",), id="as-zsh-does-not"),
        pytest.param(["plan", "auth--"], ("auth--test",), id="helper"),
    ],
)
def test_words_are_completed(words, found):
    assert complete(words, Context(Streams().around)) == found


def test_a_mistake_is_not_told_at_a_tab(monkeypatch):
    def load(_name: str) -> Planning:
        raise UsageError("no")

    monkeypatch.setattr(completion, "load", load)
    assert complete(["xyzzy", ""], Context(Streams().around)) == ()


def test_the_scripts_ask_this_command():
    monkey = Streams()
    assert run(["completion", "--words", "--", "plan", "--pr"], monkey.around) == 0
    assert monkey.out == "--prune\n"


@pytest.mark.parametrize("shell", ["bash", *filter(shutil.which, ("zsh", "fish"))])
def test_a_script_is_printed_and_its_shell_can_read_it(shell):
    streams = Streams()
    assert run(["completion", shell], streams.around) == 0
    assert streams.out == SCRIPTS[shell]
    check = subprocess.run([shell, "-n", "/dev/stdin"], input=streams.out, text=True, capture_output=True, check=False)
    assert (check.returncode, check.stderr) == (0, "")


def test_another_shell_is_refused():
    streams = Streams()
    assert run(["completion", "tcsh"], streams.around) == 3
    assert "bash, zsh, fish" in streams.err


def test_bash_completes(tmp_path):
    script = tmp_path / "completion.bash"
    script.write_text(SCRIPTS["bash"])
    lines = (
        "orchestra() { printf '%s\\n' \"$@\" > \"$0.words\"; printf 'auth\\nauth--test\\n'; }",
        f"source {script}",
        "COMP_WORDS=(orchestra plan --target '') COMP_CWORD=3 COMP_LINE='orchestra plan --target ' COMP_POINT=24",
        "_orchestra",
        "printf '%s,' \"${COMPREPLY[@]}\"",
    )
    program_file = tmp_path / "run"
    program_file.write_text("\n".join(lines))
    done = subprocess.run(["bash", str(program_file)], capture_output=True, text=True, check=True)
    assert done.stdout == "auth,auth--test,"
    assert (tmp_path / "run.words").read_text().split("\n") == [
        "completion",
        "--words",
        "--",
        "plan",
        "--target",
        "",
        "",
    ]
